"""`hanse warning`: what the firm warns others of; it goes with the node's next bulletin."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias

import typer

from hanse_ledger.consortium import MEMBER
from hanse_ledger.ids import month_text
from node.commands.nodes import consortium_in
from node.commands.options import Dir, Json, Subject, WrongUsageError, one_of, parse_day
from node.commands.output import new_console, print_json, print_line, say
from node.commands.own_node import on_own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.risk.own_warnings import OwnWarning
from node.risk.proposals import REASONS, Proposal
from node.risk.roles import Actor
from node.risk.warnings import Raising
from node.texts import mark, tr

app: Final = new_app(help=mark("The firm's own warnings: raise and clear them, see what the book proposes."))

NotifiedOn: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="YYYY-MM-DD",
        show_default=False,
        help=mark("When a natural person's firm was told of the warning; needed for one."),
    ),
]

_REASONS: Final = {
    "collection": mark("placed for collection"),
    "charged_off": mark("charged off"),
    "returned": mark("payment returned unpaid"),
}
_STATES: Final = {
    "waiting": mark("goes with the next bulletin"),
    "in_effect": mark("in effect"),
    "clearing": mark("cleared with the next bulletin"),
    "cleared": mark("cleared"),
    "ended": mark("ended by itself"),
}
_KINDS: Final = {
    "raise": mark("raise"),
    "renew": mark("raise again: it ends with this month"),
    "clear": mark("clear: the book shows no ground for it"),
}


@app.command("raise", cls=Command, help=mark("Raise a warning by hand."))
@on_own_node
def raise_one(
    own: OwnService,
    actor: Actor,
    subject: Subject,
    *,
    reason: Annotated[str, typer.Option(metavar="REASON", help=mark("collection, charged_off or returned."))],
    note: Annotated[str, typer.Option(metavar="TEXT", help=mark("For your firm alone."))] = "",
    notified_on: NotifiedOn = None,
    as_json: Json = False,
) -> None:
    """Others see a level once as many groups warn as the consortium asks for, never who or why."""
    told_on = None if notified_on is None else parse_day(notified_on)
    asked = one_of(REASONS, reason, "--reason")
    raising = Raising(subject=subject, reason=asked, note=note, notified_on=told_on)
    raised = own.warnings.raise_one(actor, raising)
    _print([raised], as_json=as_json)


@app.command(cls=Command, help=mark("Clear a warning that stands."))
@on_own_node
def clear(own: OwnService, actor: Actor, subject: Subject, *, as_json: Json = False) -> None:
    """End it when the next bulletin takes effect."""
    cleared = own.warnings.clear(actor, subject)
    _print([cleared], as_json=as_json)


@app.command("list", cls=Command, help=mark("List the firm's own warnings, the newest first."))
@on_own_node
def list_warnings(
    own: OwnService,
    actor: Actor,
    subject: Annotated[
        str | None, typer.Argument(metavar="SUBJECT", show_default=False, help=mark("Only of this subject."))
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Those that are over too."""
    found = own.warnings.listed(actor, subject=subject)
    if as_json:
        print_json([one.describe() for one in found])
    else:
        _print(found, as_json=False)


@app.command(cls=Command, help=mark("Show what the book proposes, and decide on it."))
@on_own_node
def proposals(
    own: OwnService,
    actor: Actor,
    *,
    confirm: Annotated[
        str | None,
        typer.Option(metavar="SUBJECT", show_default=False, help=mark("Do what is proposed for this one.")),
    ] = None,
    dismiss: Annotated[
        str | None,
        typer.Option(metavar="SUBJECT", show_default=False, help=mark("Do not, as things stand.")),
    ] = None,
    notified_on: NotifiedOn = None,
    as_json: Json = False,
) -> None:
    """Nothing is warned of before a person has confirmed it."""
    if confirm is not None and dismiss is not None:
        raise WrongUsageError(tr("--confirm or --dismiss, not both."))
    if confirm is not None:
        day = None if notified_on is None else parse_day(notified_on)
        _print([own.warnings.confirm(actor, confirm, notified_on=day)], as_json=as_json)
        return
    if dismiss is not None:
        own.warnings.dismiss(actor, dismiss)
    found = own.warnings.proposals(actor)
    if as_json:
        print_json([one.describe() for one in found])
    else:
        _print_proposals(found)


@app.command("round", cls=Command, help=mark("In a demo's folder: let a bulletin period pass."))
def pass_round(*, directory: Dir = None, as_json: Json = False) -> None:
    """All members send their bulletins, all stewards close the period: a demo's clock stands still."""
    with consortium_in(directory) as embedded:
        period = embedded.pass_period()
        for party in embedded.consortium.parties.values():
            if MEMBER in party.roles:
                embedded.member(party.id).send_bulletin()
    if as_json:
        print_json({"period": period})
    else:
        say(tr("Bulletin period {period} is closed; what it brought is in effect.", period=str(period)))


def _print(found: Sequence[OwnWarning], *, as_json: bool) -> None:
    if as_json:
        print_json(found[0].describe())
        return
    if not found:
        print_line(tr("No warning was raised."))
    for one in found:
        print_line(
            tr(
                "{subject}: {reason}, raised by {person}; {state}",
                subject=one.subject,
                reason=tr(_REASONS[one.reason]),
                person=one.raised_by,
                state=_state_words(one),
            )
        )


def _state_words(one: OwnWarning) -> str:
    if one.state == "in_effect" and one.ends_with is not None:
        return tr("in effect until {month} closes", month=month_text(one.ends_with))
    return tr(_STATES[one.state])


def _print_proposals(found: Sequence[Proposal]) -> None:
    from rich.table import Table  # noqa: PLC0415 - `--json` runs do without Rich

    if not found:
        print_line(tr("The book proposes nothing."))
        return
    table: Any = Table(tr("Subject"), tr("Proposal"), tr("Ground"), tr("Invoices"))
    for one in found:
        ground = "" if one.reason is None else tr(_REASONS[one.reason])
        table.add_row(one.subject, tr(_KINDS[one.kind]), ground, str(one.invoices))
    new_console().print(table)
