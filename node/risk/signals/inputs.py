"""What the signals of one subject are computed from: values only, read once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

from hanse_ledger.ids import Month, SubjectId
from hanse_ledger.privacy.answer import WindowFigures
from node.risk.signals.names import SignalName, Unknown

FactName: TypeAlias = Literal[
    "insolvency_opened", "insolvency_closed", "judgment", "dishonoured_bill", "struck_off"
]


class OwnRow(NamedTuple):
    """One of the firm's own rows; it is in every window of its month that froze in `counted_in` or later.

    Not `is_settled` is one of which the node has not noted yet whether its report counts: it may be in such a
    window, or not.
    """

    month: Month
    condition: int
    delay: int
    delay_days: int
    counted_in: Month
    is_settled: bool = True


class OwnInvoice(NamedTuple):
    """One line of the firm's book; days are ordinals, the amount is in the reporting currency.

    The amount is None where the invoice's currency has no rate.
    """

    invoice_date: int
    due_date: int
    paid_date: int | None
    amount_minor: int | None
    lost_on: int | None
    contested: bool


class StandingFact(NamedTuple):
    """A public fact in force; `position` is its place in the log."""

    kind: FactName
    day: date
    position: int = 0


class Given(NamedTuple):
    """A figure that comes from elsewhere in the member's node: an estimate, or what a person entered."""

    value: float
    interval: tuple[float, float] | None = None
    months: tuple[Month, Month] | None = None
    coverage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a checked answer says: its windows (own rows among them), warning level and dispute mark."""

    last_closed: Month | None
    windows: tuple[WindowFigures, ...]
    level: int
    disputed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything about one subject, as of a day.

    `minimum` is the consortium's `contributors_min`; `answered` is the newest checked answer, `why_not` says
    why there is none; `book_day` is the day of the last import, None before any; `rows` are those own rows
    whose reports count.
    """

    subject: SubjectId = field(repr=False)
    as_of: date
    minimum: int
    answered: Answered | None = field(default=None, repr=False)
    why_not: Unknown = "not_asked"
    rows: tuple[OwnRow, ...] = field(default=(), repr=False)
    book_day: date | None = None
    invoices: tuple[OwnInvoice, ...] = field(default=(), repr=False)
    limit_minor: int | None = field(default=None, repr=False)
    facts: tuple[StandingFact, ...] = field(default=(), repr=False)
    given: Mapping[SignalName, Given] = field(default_factory=dict, repr=False)
