"""`hanse node`: one party's node in a process of its own."""

import os
from importlib import import_module
from pathlib import Path
from typing import Annotated, Final, cast, get_args

import typer

from hanse_ledger.consortium import parse_document
from node.commands.options import Config, Home, Json, Mail, PassphraseFile, WrongUsageError, file_option
from node.commands.output import print_json, print_line, refuse
from node.commands.tree import Command, new_app
from node.founding.configuration import write_node
from node.founding.home import Home as HomeFolder
from node.founding.letters import Letters
from node.founding.validator import write_validator
from node.settings import Engine, load_settings
from node.texts import mark, tr
from node.uncollected import uncollected

app: Final = new_app(help=mark("Run one party's node."))


@app.command(cls=Command, help=mark("Write a founded party's configuration into its folder."))
def config(
    *,
    home: Home,
    mail: Mail,
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help=mark("Where the node listens."))],
    engine: Annotated[
        str, typer.Option(metavar="ENGINE", help=mark("How the log is ordered: solo or cometbft."))
    ] = "solo",
    peer_listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            show_default=False,
            help=mark("Where a validator's CometBFT listens for the others."),
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Write node.toml, with the document and genesis beside it."""
    if engine not in get_args(Engine):
        raise WrongUsageError(tr("--engine is solo or cometbft."))
    path = write_node(
        HomeFolder(home),
        Letters(mail),
        listen=listen,
        passphrase_file=passphrase_file,
        engine=cast("Engine", engine),
        peer_listen=peer_listen,
    )
    if as_json:
        print_json({"config": str(path)})
        return
    print_line(tr("Start the node with: {command}", command=f"hanse node run --config {path}"))


@app.command(
    "init-cometbft",
    cls=Command,
    help=mark("Write the folder of a validator's CometBFT: configuration, genesis and keys."),
)
def init_cometbft(
    *,
    config: Config,
    cards: Annotated[
        Path,
        typer.Option(
            exists=True,
            file_okay=False,
            metavar="FOLDER",
            help=mark("Where the parties' cards are, as they were at the founding."),
        ),
    ],
    following: Annotated[
        Path | None,
        file_option(
            mark("The next document, which lets the party order; before its vote is over."), "--next"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write what is missing, and the configuration anew: what was signed last is never touched."""
    to_come = None if following is None else parse_document(following.read_bytes())
    found = write_validator(load_settings(config), Letters(cards), os.environ, to_come)
    if as_json:
        print_json({"home": str(found.home), "validators": list(found.validators), "node_id": found.node_id})
        return
    print_line(tr("CometBFT's folder: {path}", path=found.home))
    print_line(tr("Validators: {parties}.", parties=", ".join(found.validators)))


@app.command(cls=Command, help=mark("Run one party's node until it is told to stop."))
def run(
    *,
    config: Config,
) -> None:
    """Serve HTTP and do what is due."""
    # By name: imports point down, and the server stands above this package. There is no garbage in it.
    with uncollected():
        server = import_module("api.asgi")
    if server.serve(config):
        refuse()
