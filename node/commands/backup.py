"""`hanse backup`: an encrypted copy of one party's node, which may be running."""

from pathlib import Path
from typing import Annotated, Final

import typer

from node.backup import encrypt, make_backup
from node.bootstrap import KEYS_FILE
from node.clocks import SystemClock
from node.commands.options import Config, Json, PassphraseFile, WrongUsageError
from node.commands.output import print_json, print_line
from node.commands.secrets import ask_passphrase
from node.commands.tree import Command, new_app
from node.files import OWNER_ONLY, write_new
from node.keystore import open_keys
from node.settings import load_settings
from node.texts import mark, tr

app: Final = new_app()


@app.command(cls=Command, help=mark("Copy a node, running or stopped, into one encrypted file."))
def backup(
    *,
    config: Config,
    out: Annotated[
        Path,
        typer.Option(dir_okay=False, metavar="FILE", help=mark("A new file, such as alder.tar.gz.age.")),
    ],
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Encrypt the copy with the passphrase of the node's key file."""
    if out.exists():
        raise WrongUsageError(tr("--out is a file that is there already."))
    settings = load_settings(config)
    passphrase = ask_passphrase(passphrase_file or settings.passphrase_file)
    open_keys(settings.folder / KEYS_FILE, passphrase)
    packed, manifest = make_backup(config, now=SystemClock().now())
    write_new(out, encrypt(packed, passphrase.secret.decode()), OWNER_ONLY)
    if as_json:
        print_json({**manifest.describe(), "out": str(out)})
        return
    print_line(tr("The node of {party} is copied to {file}.", party=manifest.party, file=out))
    print_line(tr("It opens with the passphrase of the key file."))
