"""How far a member's reporting is: the log month as it stands, and every month that rows were made for."""

from typing import Any

from sqlalchemy import func, select

from hanse_ledger.ids import Month, month_text
from node.member import MemberNode
from node.own.replies import as_json
from node.roles.contributor import Reported
from node.storage.schema import draft, own_row


def report(member: MemberNode) -> bytes:
    """Make and send what is due, and say how far that is."""
    return _as_json(member, member.report())


def reported(member: MemberNode) -> bytes:
    """Say how far the reporting is, without doing anything."""
    return _as_json(member, member.reported())


def _as_json(member: MemberNode, now: Reported) -> bytes:
    return as_json(
        {
            "month": month_text(now.month),
            "due": now.due,
            "reports": now.reports,
            "counting": now.counting,
            "rows": now.rows,
            "months": _months(member),
        }
    )


def _months(member: MemberNode) -> list[dict[str, Any]]:
    """Return each log month's reports, the newest first."""
    month = draft.c.log_month
    reports = select(month, func.count(), func.count().filter(draft.c.counted)).group_by(month)
    rows = select(month, func.count()).select_from(own_row).join(draft).group_by(month)
    with member.standing.database.read() as connection:
        made = {number: count for number, count in connection.execute(rows)}  # noqa: C416 - rows, not pairs
        found = connection.execute(reports.order_by(month.desc())).all()
    return [
        {
            "month": month_text(Month(number)),
            "reports": count,
            "counting": counting,
            "rows": made.get(number, 0),
        }
        for number, count, counting in found
    ]
