"""`hanse risk matrix`: who stands where, by the likelihood of trouble and by what it would mean."""

from typing import Annotated, Final

import typer

from node.commands.options import Json
from node.commands.output import new_console, print_json
from node.commands.own_node import on_own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.risk.roles import Actor
from node.texts import mark

app: Final = new_app()


@app.command(cls=Command, help=mark("Show the risk matrix, with all customers or one."))
@on_own_node
def matrix(
    own: OwnService,
    actor: Actor,
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="[SUBJECT]", show_default=False, help=mark("A subject id; everybody without it.")
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Count customers by cell; one that is not placed stands in no cell."""
    if subject is None:
        run = own.risk.assess_all(actor, respond=False)
    else:
        run = own.risk.assess(actor, own.subject(subject))
    risks = own.register.live(None if subject is None else [one.subject for one in run.assessments])
    if as_json:
        print_json(run.describe_matrix(risks))
        return
    # `--json` runs do without Rich.
    from node.rendering.assessment import customer_matrix_blocks, matrix_blocks  # noqa: PLC0415
    from node.rendering.terminal import print_blocks  # noqa: PLC0415

    if subject is None:
        blocks = matrix_blocks(run.assessments, run.policy)
    else:
        one = run.assessments[0]
        blocks = customer_matrix_blocks(one, run.policy, risks.get(one.subject, []))
    print_blocks(new_console(), blocks)
