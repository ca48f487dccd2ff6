"""`hanse risk fit`: a probability of paying late, fitted on the firm's own history."""

from typing import Final

from node.commands.options import Json
from node.commands.output import new_console, print_json, refuse
from node.commands.own_node import on_own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.risk.roles import Actor
from node.texts import mark

app: Final = new_app()


@app.command(cls=Command, help=mark("Fit a probability of paying late on the firm's own history."))
@on_own_node
def fit(own: OwnService, actor: Actor, *, as_json: Json = False) -> None:
    """Keep the model with its card; exit 1 where its probabilities may not be shown."""
    fitted = own.models.fit(actor)
    if as_json:
        print_json(fitted.describe())
    else:
        from node.rendering.model_card import print_card  # noqa: PLC0415 - `--json` runs do without Rich

        print_card(new_console(), fitted.describe())
    if fitted.state != "ready":
        refuse()
