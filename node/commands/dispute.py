"""`hanse dispute`: what a subject contests, opened and resolved by a desk, answered by contributors."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias

import typer

from hanse_ledger.consortium import DESK, MEMBER
from hanse_ledger.filings import DisputeOutcome
from hanse_ledger.ids import Month, parse_month
from hanse_ledger.privacy.bulletin import Code
from hanse_ledger.subjects import parse_subject
from node.commands.asked_node import AskedNode, on_asked_node
from node.commands.options import Json, Subject, read_month
from node.commands.output import print_json, print_line
from node.commands.own_node import As, person_at
from node.commands.tree import Command, new_app
from node.own.disputes import AnswerName, OutcomeName
from node.texts import mark, tr

app: Final = new_app(help=mark("Disputes: open and resolve them as a desk, answer them as a member."))

Index: TypeAlias = Annotated[
    int, typer.Argument(metavar="INDEX", min=0, help=mark("The dispute's place in the log."))
]
Lines: TypeAlias = Sequence[dict[str, Any]]

_STATES: Final = {
    "filed": mark("filed; in effect once its bulletin period closes"),
    "void": mark("without effect: a steward could not open it; open it again"),
    "resolved": mark("resolved"),
}
_SAID: Final = {
    "confirmed": mark("confirmed"),
    "corrected": mark("corrected"),
    "cannot_be_confirmed": mark("cannot be confirmed"),
    "upheld": mark("upheld"),
}
_ITEMS: Final = {
    "waiting": mark("waits for the next bulletin"),
    "sent": mark("sent"),
    "in_effect": mark("in effect"),
}


@app.command("open", cls=Command, help=mark("Open a dispute for a subject, as a desk."))
@on_asked_node
def open_(
    node: AskedNode,
    subject: Subject,
    *,
    reference: Annotated[
        str, typer.Option(metavar="TEXT", help=mark("Your own reference; everybody can read it on the log."))
    ],
    as_json: Json = False,
) -> None:
    """Only the stewards learn whom it is about; they mark the subject until the resolution."""
    named = parse_subject(subject).id
    if node.remote is not None:
        case = node.remote.ask("POST", "/v1/cases", {"subject": named, "reference": reference})
    else:
        with node.member(DESK) as desk:
            case = desk.cases.open(named, reference).describe()
    _print([case], _case_words, as_json=as_json)


@app.command(cls=Command, help=mark("Resolve a dispute that your desk has opened."))
@on_asked_node
def resolve(
    node: AskedNode,
    index: Index,
    *,
    outcome: Annotated[OutcomeName, typer.Option(help=mark("How it ended."), show_default=False)],
    as_json: Json = False,
) -> None:
    """End the mark on the subject; no window is withheld by it."""
    if node.remote is not None:
        case = node.remote.ask("POST", f"/v1/cases/{index}/resolve", {"outcome": outcome})
    else:
        with node.member(DESK) as desk:
            case = desk.cases.resolve(index, DisputeOutcome[outcome.upper()]).describe()
    _print([case], _case_words, as_json=as_json)


@app.command("list", cls=Command, help=mark("List a desk's disputes, or a member's own rows in them."))
@on_asked_node
def list_disputes(
    node: AskedNode,
    *,
    person: As = None,
    contested: Annotated[
        bool, typer.Option("--contested", help=mark("Of a running node: own rows, not a desk's disputes."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Show a member's rows to people who may see them (--as)."""
    if node.remote is not None:
        found, is_desk = node.remote.items("/v1/contested" if contested else "/v1/cases"), not contested
    else:
        with node.member(MEMBER, DESK) as member:
            is_desk = DESK in member.standing.party.roles and not contested
            member.standing.catch_up()
            if is_desk:
                found = [case.describe() for case in member.cases.listed()]
            else:
                member.contests.fetch()
                actor = person_at(member.standing, person)
                found = [row.describe() for row in member.contests.listed(actor)]
    _print(found, _case_words if is_desk else _row_words, as_json=as_json, is_list=True)


@app.command(cls=Command, help=mark("Ask for a subject, as its desk, how often it was inquired on."))
@on_asked_node
def access(
    node: AskedNode,
    subject: Subject,
    *,
    as_json: Json = False,
) -> None:
    """Log an inquiry for subject access; who asked before, nobody tells."""
    named = parse_subject(subject).id
    if node.remote is not None:
        learnt = node.remote.ask("POST", "/v1/subject-access", {"subject": named})
    else:
        with node.member(DESK) as desk:
            learnt = desk.access.learn(named).describe()
    if as_json:
        print_json(learnt)
    else:
        _print_learnt(learnt)


@app.command(cls=Command, help=mark("Say of own rows in a dispute whether they hold."))
@on_asked_node
def answer(
    node: AskedNode,
    index: Index,
    *,
    said: Annotated[AnswerName, typer.Option(help=mark("What is true of them."), show_default=False)],
    month: Annotated[
        list[str] | None,
        typer.Option(
            metavar="YYYY-MM",
            show_default=False,
            help=mark("Only the rows of this month; all that wait for an answer without it."),
        ),
    ] = None,
    person: As = None,
    as_json: Json = False,
) -> None:
    """Let it leave with the next bulletin that has room."""
    months: list[Month] = [read_month(text) for text in month or []]
    if node.remote is not None:
        content = {"said": said, "months": month or []}
        rows = node.remote.ask("POST", f"/v1/contested/{index}/answer", content)["items"]
    else:
        with node.member(MEMBER) as member:
            member.contests.fetch()
            actor = person_at(member.standing, person)
            answered = member.contests.answer(actor, index, Code[said.upper()], months)
            rows = [row.describe() for row in answered]
    _print(rows, _row_words, as_json=as_json, is_list=True)


def _print(found: Lines, words: Any, *, as_json: bool, is_list: bool = False) -> None:
    if as_json:
        print_json(list(found) if is_list else found[0])
        return
    if not found:
        print_line(tr("There is no dispute."))
    for one in found:
        print_line(words(one))


def _print_learnt(learnt: dict[str, Any]) -> None:
    if not learnt["inquiries"]:
        print_line(tr("No inquiry named the subject in a closed month."))
    for one in learnt["inquiries"]:
        print_line(f"{_month(one['month'])}  {one['purpose']}  {one['count']}")
    if not learnt["checked"]:
        print_line(tr("Only two stewards have counted: there may have been more."))


def _case_words(case: dict[str, Any]) -> str:
    if case["state"] == "open":
        state = tr("open; contributors answer until {month} closes", month=_month(case["respond_by"]))
    else:
        state = tr(_STATES[case["state"]])
    if case["outcome"] is not None:
        state = f"{state}: {tr(_SAID[case['outcome']])}"
    return f"{case['index']:>8}  {case['reference']}  {case['subject']}  {state}"


def _row_words(row: dict[str, Any]) -> str:
    if row["said"] is None:
        state = tr("answer before {month} closes", month=_month(row["respond_by"]))
    else:
        state = f"{tr(_SAID[row['said']])}, {tr(_ITEMS[row['state']])}"
    return f"{row['dispute']:>8}  {row['subject']}  {_month(row['month'])}  {state}"


def _month(text: str) -> str:
    from node.texts import formats  # noqa: PLC0415 - `--json` runs do without Babel

    return formats.month(parse_month(text))
