"""`hanse node`: one party's node in a process of its own."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Final

import typer

from node.commands.options import Home, Json, Mail, PassphraseFile
from node.commands.output import print_json, print_line, refuse
from node.commands.tree import Command, new_app
from node.founding.configuration import write_node
from node.founding.home import Home as HomeFolder
from node.founding.letters import Letters
from node.texts import mark, tr

app: Final = new_app(help=mark("Run one party's node."))


@app.command(cls=Command, help=mark("Write a founded party's configuration into its folder."))
def config(
    *,
    home: Home,
    mail: Mail,
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help=mark("Where the node listens."))],
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Write node.toml, with the document and genesis beside it."""
    path = write_node(HomeFolder(home), Letters(mail), listen=listen, passphrase_file=passphrase_file)
    if as_json:
        print_json({"config": str(path)})
        return
    print_line(tr("Start the node with: {command}", command=f"hanse node run --config {path}"))


@app.command(cls=Command, help=mark("Run one party's node until it is told to stop."))
def run(
    *,
    config: Annotated[
        Path,
        typer.Option(
            exists=True, dir_okay=False, metavar="FILE", help=mark("The node's configuration (TOML).")
        ),
    ],
) -> None:
    """Serve HTTP and do what is due."""
    # By name: imports point down, and the server stands above this package.
    if import_module("api.asgi").serve(config):
        refuse()
