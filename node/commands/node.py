"""`hanse node`: one party's node in a process of its own."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Final

import typer

from node.commands.output import refuse
from node.commands.tree import Command, new_app
from node.texts import mark

app: Final = new_app(help=mark("Run one party's node."))


@app.callback()
def _nodes() -> None:
    """Keep `run` a command of a group, as others may join it."""


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
