"""`hanse risk model`: the card of the model in force, or of an earlier one."""

from typing import Annotated, Final

import typer

from node.commands.options import Json
from node.commands.output import new_console, print_json
from node.commands.own_node import on_own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.risk.roles import Actor, require
from node.texts import mark

app: Final = new_app()


@app.command(cls=Command, help=mark("Show the card of a fitted model: what it is, and how good."))
@on_own_node
def model(
    own: OwnService,
    actor: Actor,
    *,
    version: Annotated[
        int | None,
        typer.Option(min=1, metavar="NUMBER", show_default=False, help=mark("An earlier version.")),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what was kept when it was fitted."""
    require(actor, "model.view")
    found = own.models.one(version)
    if as_json:
        print_json(found.describe())
    else:
        from node.rendering.model_card import print_card  # noqa: PLC0415 - `--json` runs do without Rich

        print_card(new_console(), found.describe())
