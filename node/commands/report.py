"""`hanse report`: a member's rows that are due, made, sent and brought to count."""

from typing import Final

from hanse_ledger.consortium import MEMBER
from hanse_ledger.ids import PartyId, month_text
from node.bootstrap import Embedded
from node.commands.nodes import consortium_in, pick_party
from node.commands.options import Dir, Json, Party
from node.commands.output import print_json, print_line, progress
from node.commands.tree import Command, new_app
from node.roles.contributor import Reported
from node.texts import mark, tr

_ROUNDS: Final = 20
"""How often stewards and member take turns: a report counts after two or three."""

app: Final = new_app()


@app.command(cls=Command, help=mark("Make and send the rows that are due."))
def report(*, directory: Dir = None, party: Party = None, as_json: Json = False) -> None:
    """Go on until every report counts, or waits for somebody else."""
    with consortium_in(directory) as embedded:
        member = pick_party(embedded.consortium, party, MEMBER)
        reported = _send(embedded, member)
        demo = embedded.consortium.demo
    if as_json:
        print_json(_document(member, reported, demo=demo))
        return
    _print(reported, demo=demo)


def _send(embedded: Embedded, member: PartyId) -> Reported:
    node = embedded.member(member)
    with progress(lambda _: tr("Reports that count")) as step:
        reported = node.report()
        for _ in range(_ROUNDS):
            step("", reported.counting, reported.reports)
            if not reported.due or reported.counting == reported.reports:
                break
            embedded.work()
            reported = node.report()
    return reported


def _document(member: PartyId, reported: Reported, *, demo: bool) -> dict[str, object]:
    return {
        "party": member,
        "month": month_text(reported.month),
        "due": reported.due,
        "reports": reported.reports,
        "counting": reported.counting,
        "rows": reported.rows,
        "demo": demo,
    }


def _print(reported: Reported, *, demo: bool) -> None:
    from node.rendering.words import DEMO_LABEL  # noqa: PLC0415 - `--json` runs do without Babel
    from node.texts import formats  # noqa: PLC0415

    month = formats.month(reported.month)
    if demo:
        print_line(tr(DEMO_LABEL))
    if not reported.due:
        print_line(tr("Nothing is due: {month} has not ended.", month=month))
    elif not reported.reports:
        print_line(tr("Nothing to report for {month}: the book has no row for it.", month=month))
    elif reported.counting == reported.reports:
        values = {"rows": formats.number(reported.rows), "reports": formats.number(reported.reports)}
        print_line(
            tr("{month} is reported: rows {rows}, reports {reports}, all count.", month=month, **values)
        )
    else:
        values = {name: formats.number(getattr(reported, name)) for name in ("rows", "reports", "counting")}
        print_line(
            tr(
                "{month} is on its way: rows {rows}, reports {reports}, of which {counting} count so far;"
                " run the command again.",
                month=month,
                **values,
            )
        )
