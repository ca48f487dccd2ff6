"""The firm's own warnings as they are stored, and how each stands by what is known of its bulletin."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, Row, Select, select

from hanse_ledger.ids import Month, SubjectId, month_text
from node.risk.proposals import Reason, Stands
from node.roles.warned import LASTS_MONTHS
from node.storage.bulletin_schema import bulletin_item, own_warning
from node.storage.bulletins import log_month_seen
from node.storage.facts import primary_id

State: TypeAlias = Literal["waiting", "in_effect", "clearing", "cleared", "ended"]
"""Raised and not yet in effect; in effect; cleared and still in effect; over by a clear; over by itself."""
Source: TypeAlias = Literal["hand", "book"]

_CLEAR: Final = bulletin_item.alias("clear")
WARNINGS: Final = (
    select(
        own_warning,
        bulletin_item.c.took_effect.label("raised_in"),
        bulletin_item.c.log_month,
        _CLEAR.c.took_effect.label("cleared_in"),
    )
    .join(bulletin_item, bulletin_item.c.id == own_warning.c.raise_item)
    .outerjoin(_CLEAR, _CLEAR.c.id == own_warning.c.clear_item)
    .order_by(own_warning.c.number.desc())
)
"""What `read_warnings` reads, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWarning:
    """One warning of the firm's own."""

    number: int
    subject: SubjectId = field(repr=False)
    reason: Reason
    source: Source
    note: str = field(repr=False)
    raised_by: str
    raised_at: str
    cleared_by: str | None
    cleared_at: str | None
    state: State
    ends_with: Month | None
    """The log month with whose close it ends by itself, once it is in effect."""
    lapses: bool
    """Whether that month is running."""

    def describe(self) -> dict[str, Any]:
        """Return the warning as it is shown."""
        return {
            "number": self.number,
            "subject": self.subject,
            "reason": self.reason,
            "source": self.source,
            "note": self.note,
            "raised_by": self.raised_by,
            "raised_at": self.raised_at,
            "cleared_by": self.cleared_by,
            "cleared_at": self.cleared_at,
            "state": self.state,
            "ends_with": None if self.ends_with is None else month_text(self.ends_with),
        }


def read_warnings(connection: Connection, query: Select[Any] = WARNINGS) -> list[OwnWarning]:
    """Return the warnings that a query gives, by the log month that the node noted last."""
    log_month = log_month_seen(connection)
    return [_own_warning(row, log_month) for row in connection.execute(query)]


def standing_warnings(connection: Connection) -> dict[SubjectId, list[OwnWarning]]:
    """Return the warnings that stand or will, by primary id, the newest first: one may follow another."""
    found: dict[SubjectId, list[OwnWarning]] = defaultdict(list)
    for one in read_warnings(connection, WARNINGS.where(own_warning.c.clear_item.is_(None))):
        if one.state in ("waiting", "in_effect"):
            found[primary_id(connection, one.subject)].append(one)
    return dict(found)


def how_stands(found: list[OwnWarning]) -> Stands:
    """Return how a subject's warnings stand: the newest counts."""
    if not found:
        return "no"
    return "lapses" if found[0].lapses else "stands"


def _own_warning(row: Row[Any], log_month: Month | None) -> OwnWarning:
    ends_with = None if row.log_month is None else Month(row.log_month + LASTS_MONTHS)
    return OwnWarning(
        number=row.number,
        subject=SubjectId(row.subject),
        reason=row.reason,
        source=row.source,
        note=row.note,
        raised_by=row.raised_by,
        raised_at=row.raised_at,
        cleared_by=row.cleared_by,
        cleared_at=row.cleared_at,
        state=_state(row, ends_with, log_month),
        ends_with=ends_with,
        lapses=ends_with is not None and log_month == ends_with,
    )


def _state(row: Row[Any], ends_with: Month | None, log_month: Month | None) -> State:
    if row.cleared_in is not None:
        return "cleared"
    if ends_with is not None and log_month is not None and log_month > ends_with:
        return "ended"
    if row.clear_item is not None:
        return "clearing"
    return "waiting" if row.raised_in is None else "in_effect"
