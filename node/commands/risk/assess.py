"""`hanse risk assess`: score, grade, matrix and response of a customer, or of all."""

from typing import Annotated, Final

import typer

from node.commands.options import Json, WrongUsageError
from node.commands.output import new_console, print_json, print_line
from node.commands.own_node import on_own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.rendering.figures import frame_of
from node.risk.roles import Actor
from node.risk.service import Run
from node.texts import mark, tr

app: Final = new_app()


@app.command(
    cls=Command, help=mark("Score a customer, place it in the matrix, and say what the policy does about it.")
)
@on_own_node
def assess(
    own: OwnService,
    actor: Actor,
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="[SUBJECT]", show_default=False, help=mark("A subject id; all customers with --all.")
        ),
    ] = None,
    *,
    everybody: Annotated[bool, typer.Option("--all", help=mark("All customers in one run."))] = False,
    respond: Annotated[
        bool, typer.Option("--respond", help=mark("Propose the response where it is another than before."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Print what the policy makes of what is known; with --respond, store what is to be done."""
    if (subject is None) != everybody:
        raise WrongUsageError(tr("SUBJECT or --all says who is assessed."))
    if subject is None:
        run = own.risk.assess_all(actor, respond=respond)
    else:
        run = own.risk.assess(actor, own.subject(subject), respond=respond)
    frame = frame_of(own.consortium)
    if as_json:
        print_json(run.describe())
        return
    from node.rendering.assessment import assessment_blocks, portfolio_blocks  # noqa: PLC0415 - no Rich above
    from node.rendering.terminal import print_blocks  # noqa: PLC0415

    console = new_console()
    if everybody:
        print_blocks(console, portfolio_blocks(run.assessments))
    else:
        print_blocks(console, assessment_blocks(run.assessments[0], frame))
    _say_proposed(run)


def _say_proposed(run: Run) -> None:
    from node.texts import formats  # noqa: PLC0415 - `--json` runs do without Babel

    if run.proposed:
        print_line(tr("New responses: {number}.", number=formats.number(len(run.proposed))))
