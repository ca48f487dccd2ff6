"""`hanse risk response`: what is to be done about customers: decide on it, and say that it is done."""

from typing import Annotated, Final, TypeAlias

import typer

from node.commands.options import Dir, Json, Party, WrongUsageError, parse_day
from node.commands.output import new_console, print_json, print_line
from node.commands.own_node import As, NodeConfig, acting, own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.rendering.figures import frame_of
from node.risk.notice import notice_of
from node.risk.policy import RiskPolicy, parse_policy
from node.risk.responses import STATES, Response, State
from node.texts import current, mark, tr

app: Final = new_app(
    help=mark("What is to be done about customers: list it, decide on it, say that it is done.")
)

_LISTED_MOST: Final = 500
ResponseId: TypeAlias = Annotated[
    str, typer.Argument(metavar="ID", help=mark("A response's id, or its beginning."))
]


@app.command("list", cls=Command, help=mark("List responses, the newest first."))
def list_responses(
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
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Show up to 500."""
    asked, day = _state(state), None if due_by is None else parse_day(due_by)
    with own_node(directory, party, config) as own:
        found = own.responses.listed(
            acting(own, person),
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
def approve(
    response: ResponseId,
    *,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Only the roles that the policy names for the amount may."""
    with own_node(directory, party, config) as own:
        actor = acting(own, person)
        decided = own.responses.approve(actor, own.responses.find(actor, response).id)
    _show(decided, as_json=as_json)


@app.command(cls=Command, help=mark("Reject a response that is proposed."))
def reject(
    response: ResponseId,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help=mark("Why."))],
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Only the roles that the policy names for the amount may."""
    with own_node(directory, party, config) as own:
        actor = acting(own, person)
        decided = own.responses.reject(actor, own.responses.find(actor, response).id, reason=reason)
    _show(decided, as_json=as_json)


@app.command(cls=Command, help=mark("Say that an approved response is done, and what came of it."))
def done(
    response: ResponseId,
    *,
    outcome: Annotated[str, typer.Option(metavar="TEXT", help=mark("What came of it."))],
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Close the response."""
    with own_node(directory, party, config) as own:
        actor = acting(own, person)
        finished = own.responses.finish(actor, own.responses.find(actor, response).id, outcome=outcome)
    _show(finished, as_json=as_json)


@app.command(
    cls=Command, help=mark("Write to the customer why: an adverse-action notice that names no source.")
)
def notice(
    response: ResponseId,
    *,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Print the text; --json has it in both languages."""
    with own_node(directory, party, config) as own:
        found = own.responses.find(acting(own, person), response)
        texts = notice_of(found, _policy_of(own, found))
    if as_json:
        print_json({"id": found.id, "notice": texts})
    else:
        print_line(texts[current()])


def _policy_of(own: OwnService, found: Response) -> RiskPolicy:
    return parse_policy(own.policy.one(found.policy).raw)


def _state(text: str | None) -> State | None:
    found = next((state for state in STATES if state == text), None)
    if text is not None and found is None:
        raise WrongUsageError(tr("--state is one of: {names}", names=", ".join(STATES)))
    return found


def _show(one: Response, *, as_json: bool) -> None:
    if as_json:
        print_json(one.describe())
        return
    from node.rendering.assessment import STATES as IN_WORDS  # noqa: PLC0415 - `--json` runs do without Rich

    print_line(tr("The response is {state}.", state=tr(IN_WORDS[one.state])))
