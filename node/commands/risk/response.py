"""`hanse risk response`: what is to be done about customers: decide on it, and say that it is done."""

from typing import Annotated, Final, TypeAlias

import typer

from node.commands.options import Json, one_of, parse_day
from node.commands.output import new_console, print_json, print_line
from node.commands.own_node import on_own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.rendering.figures import frame_of
from node.risk.notice import notice_of
from node.risk.policy import RiskPolicy, parse_policy
from node.risk.responses import STATES, Response
from node.risk.roles import Actor
from node.texts import current, mark, tr

app: Final = new_app(
    help=mark("What is to be done about customers: list it, decide on it, say that it is done.")
)

_LISTED_MOST: Final = 500
ResponseId: TypeAlias = Annotated[
    str, typer.Argument(metavar="ID", help=mark("A response's id, or its beginning."))
]


@app.command("list", cls=Command, help=mark("List responses, the newest first."))
@on_own_node
def list_responses(
    own: OwnService,
    actor: Actor,
    *,
    state: Annotated[
        str | None,
        typer.Option(metavar="STATE", show_default=False, help=mark("proposed, approved, done or rejected.")),
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="SUBJECT", show_default=False, help=mark("Of one customer alone."))
    ] = None,
    due_by: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", show_default=False, help=mark("Only what is due by this day.")),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show up to 500."""
    asked = None if state is None else one_of(STATES, state, "--state")
    day = None if due_by is None else parse_day(due_by)
    found = own.responses.listed(
        actor,
        state=asked,
        subject=None if subject is None else own.subject(subject),
        due_by=day,
        limit=_LISTED_MOST,
    )
    frame = frame_of(own.consortium)
    if as_json:
        print_json([one.describe() for one in found])
        return
    from node.rendering.assessment import response_blocks  # noqa: PLC0415 - `--json` runs do without Rich
    from node.rendering.terminal import print_blocks  # noqa: PLC0415

    print_blocks(new_console(), response_blocks(found, frame))


@app.command(cls=Command, help=mark("Approve a response that is proposed."))
@on_own_node
def approve(own: OwnService, actor: Actor, response: ResponseId, *, as_json: Json = False) -> None:
    """Only the roles that the policy names for the amount may."""
    decided = own.responses.approve(actor, own.responses.find(actor, response).id)
    _show(decided, as_json=as_json)


@app.command(cls=Command, help=mark("Reject a response that is proposed."))
@on_own_node
def reject(
    own: OwnService,
    actor: Actor,
    response: ResponseId,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help=mark("Why."))],
    as_json: Json = False,
) -> None:
    """Only the roles that the policy names for the amount may."""
    decided = own.responses.reject(actor, own.responses.find(actor, response).id, reason=reason)
    _show(decided, as_json=as_json)


@app.command(cls=Command, help=mark("Say that an approved response is done, and what came of it."))
@on_own_node
def done(
    own: OwnService,
    actor: Actor,
    response: ResponseId,
    *,
    outcome: Annotated[str, typer.Option(metavar="TEXT", help=mark("What came of it."))],
    as_json: Json = False,
) -> None:
    """Close the response."""
    finished = own.responses.finish(actor, own.responses.find(actor, response).id, outcome=outcome)
    _show(finished, as_json=as_json)


@app.command(
    cls=Command, help=mark("Write to the customer why: an adverse-action notice that names no source.")
)
@on_own_node
def notice(own: OwnService, actor: Actor, response: ResponseId, *, as_json: Json = False) -> None:
    """Print the text; --json has it in both languages."""
    found = own.responses.find(actor, response)
    texts = notice_of(found, _policy_of(own, found))
    if as_json:
        print_json({"id": found.id, "notice": texts})
    else:
        print_line(texts[current()])


def _policy_of(own: OwnService, found: Response) -> RiskPolicy:
    return parse_policy(own.policy.one(found.policy).raw)


def _show(one: Response, *, as_json: bool) -> None:
    if as_json:
        print_json(one.describe())
        return
    from node.rendering.assessment import STATES as IN_WORDS  # noqa: PLC0415 - `--json` runs do without Rich

    print_line(tr("The response is {state}.", state=tr(IN_WORDS[one.state])))
