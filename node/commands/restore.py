"""`hanse restore`: a node from its backup, whole or not at all."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from node.backup import decrypt
from node.bootstrap import KEYS_FILE
from node.commands.options import Json, PassphraseFile
from node.commands.output import print_json, print_line, say
from node.commands.secrets import ask_passphrase
from node.commands.tree import Command, new_app
from node.keystore import open_keys
from node.restore import others_over_http, rejoin, unpacked
from node.texts import mark, tr

app: Final = new_app()


@app.command(cls=Command, help=mark("Bring a node back from its backup."))
def restore(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help=mark("What backup wrote."))
    ],
    *,
    home: Annotated[
        Path, typer.Option("--dir", metavar="HOME", file_okay=False, help=mark("A new or empty folder."))
    ],
    offline: Annotated[
        bool,
        typer.Option("--offline", help=mark("Ask no other node for the log; only where there is none.")),
    ] = False,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Check everything, take the newest log from the other nodes, then put the folder in its place."""
    passphrase = ask_passphrase(passphrase_file)
    packed = decrypt(file.read_bytes(), passphrase.secret.decode())
    with unpacked(packed, home) as (manifest, settings):
        open_keys(settings.folder / KEYS_FILE, passphrase)
        new, heard = 0, tuple[str, ...]()
        if not offline:
            with others_over_http(settings) as others:
                new, heard = rejoin(settings, others)
    config = home / manifest.config
    document: dict[str, Any] = {
        **manifest.describe(),
        "dir": str(home),
        "new_statements": new,
        "heard": list(heard),
    }
    if as_json:
        print_json(document)
        return
    if offline:
        say(tr("No other node was asked: if one has a newer log, this node may contradict what it signed."))
    else:
        print_line(tr("New statements from {parties}: {count}.", parties=", ".join(heard), count=new))
    if settings.passphrase_file is not None:
        print_line(tr("The passphrase file is not in a backup; put it where node.toml names it."))
    print_line(tr("Start the node with: {command}", command=f"hanse node run --config {config}"))
