"""`hanse receivables withdraw`: a row that was reported wrongly, taken back as far as that can be done."""

from typing import Annotated, Any

import typer

from hanse_ledger.consortium import MEMBER
from hanse_ledger.ids import month_text, parse_month
from hanse_ledger.privacy.bulletin import Code
from hanse_ledger.subjects import parse_subject
from node.commands.asked_node import AskedNode, on_asked_node
from node.commands.options import Json, Subject, read_month
from node.commands.output import print_json, print_line
from node.commands.own_node import As, person_at
from node.own.disputes import ReasonName
from node.texts import mark, tr


@on_asked_node
def withdraw(
    node: AskedNode,
    subject: Subject,
    *,
    month: Annotated[str, typer.Option(metavar="YYYY-MM", help=mark("The month that the row is about."))],
    reason: Annotated[
        ReasonName,
        typer.Option(help=mark("What was wrong: the row, or whom it is about."), show_default=False),
    ],
    person: As = None,
    as_json: Json = False,
) -> None:
    """Let it leave with the next bulletin; the window that holds the row is withheld as a whole."""
    named, of = parse_subject(subject).id, read_month(month)
    if node.remote is not None:
        content = {"subject": named, "month": month_text(of), "reason": reason}
        withdrawn = node.remote.ask("POST", "/v1/withdrawals", content)
    else:
        with node.member(MEMBER) as member:
            actor = person_at(member.standing, person)
            withdrawn = member.withdrawals.withdraw(actor, named, of, Code[reason.upper()]).describe()
    if as_json:
        print_json(withdrawn)
    else:
        _print(withdrawn)


def _print(withdrawn: dict[str, Any]) -> None:
    from node.texts import formats  # noqa: PLC0415 - `--json` runs do without Babel

    print_line(
        tr(
            "{subject}, {month}: withdrawn with the next bulletin. The window that holds the row is withheld"
            " from the next close of a month on; the row is not reported again.",
            subject=withdrawn["subject"],
            month=formats.month(parse_month(withdrawn["month"])),
        )
    )
