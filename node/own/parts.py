"""What a firm's own rows add to the windows of an answer: it alone can take them out (section 9, point 6)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from hanse_ledger.ids import Month, SubjectId, month_text
from hanse_ledger.privacy.answer import WindowFigures
from hanse_ledger.rows import CONDITIONS, DELAYS, EXPOSURES, Row
from node.storage.book import counting_rows, row_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPart:
    """What a member's own rows add to a window: one row a month, by class, and their exact figures."""

    condition: tuple[int, ...]
    exposure: tuple[int, ...]
    delay: tuple[int, ...]
    rows: tuple[tuple[Month, Row], ...] = field(repr=False)

    def describe(self) -> dict[str, Any]:
        """Return the part as it is stored and shown: rows as [month, highest balance, mean days]."""
        return {
            "condition": list(self.condition),
            "exposure": list(self.exposure),
            "delay": list(self.delay),
            "rows": [[month_text(month), row.peak_minor, row.delay_days] for month, row in self.rows],
        }


def own_parts(connection: Connection, subject: SubjectId, windows: Sequence[WindowFigures]) -> list[OwnPart]:
    """Return a member's own rows in each window of an answer about a subject."""
    records = counting_rows(connection, subject)
    return [
        _part(
            [
                (Month(record.month), row_of(record))
                for record in records
                if record.month in window.months and record.counted_in <= window.frozen_at
            ]
        )
        for window in windows
    ]


def _part(rows: Sequence[tuple[Month, Row]]) -> OwnPart:
    return OwnPart(
        condition=tuple(sum(row.condition == i for _, row in rows) for i in range(CONDITIONS)),
        exposure=tuple(sum(row.exposure == i for _, row in rows) for i in range(EXPOSURES)),
        delay=tuple(sum(row.delay == i for _, row in rows) for i in range(DELAYS)),
        rows=tuple(rows),
    )
