"""Estimates of paying late: a life table of payments, shrunken towards what the firm's customers are like.

On its way to payment an invoice passes the bounds of the delay classes one after the other: 0, 5, 10, 20, 30
days beyond terms and more. Of those that came to a bound, the share that passed it is estimated for each
bound by itself, as if `STRENGTH` more had come to it and gone on as is usual; the chance of being later than
30 days is the product of the shares up to there (a product-limit estimate; ADR 0023 says why). What is open
past due has passed some bounds and not yet come to the next: it counts as far as it has come. A window's row
counts like `ROW_WEIGHT` paid invoices of its delay class.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hanse_ledger.ids import Month, SubjectId
from hanse_ledger.privacy.answer import WindowFigures
from hanse_ledger.rows import DELAY_UPPER, DELAYS
from hanse_ledger.windows import BAND_TEXT
from node.risk.signals.bands import is_enough_without_own
from node.risk.signals.book import YEAR_DAYS, Book, book_of
from node.risk.signals.inputs import Given, Inputs, OwnInvoice
from node.risk.signals.names import SignalName
from node.risk.signals.sums import usable
from node.risk.signals.versus import rows_in

STRENGTH: Final = 3.0
"""How many invoices the prior is worth at each bound."""
ROW_WEIGHT: Final = 1.5
"""How many invoices a row of a window is worth: it stands for all that fell due in a month."""
_ALL: Final = 20.0
"""How many customers the prior of all is worth in that of those with windows, and of those without."""
_DAYS: Final[Mapping[SignalName, int]] = {"estimate.late10": 10, "estimate.late30": 30}
_BOUNDS: Final = len(DELAY_UPPER)

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one subject's payments, as numbers of invoices by delay class.

    `ended` were paid or are lost, `still_open` have come so far; `windows` are those that were counted.
    """

    ended: tuple[float, ...]
    still_open: tuple[float, ...]
    windows: tuple[WindowFigures, ...] = field(default=(), repr=False)

    @property
    def size(self) -> float:
        """How many invoices this is."""
        return sum(self.ended) + sum(self.still_open)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """The usual share that passes each bound: of subjects with a window, and of those without."""

    seen: Floats = field(repr=False)
    unseen: Floats = field(repr=False)


def evidence_of(inputs: Inputs) -> Evidence:
    """Return what the firm's own invoices and the windows say together; own rows count once.

    Contested invoices count nowhere, lost ones as later than every bound.
    """
    ended, still_open = [0.0] * DELAYS, [0.0] * DELAYS
    if inputs.book_day is not None:
        book = book_of(inputs.invoices, book_day=inputs.book_day, as_of=inputs.as_of)
        _count_book(book, ended, still_open)
    windows = _windows(inputs)
    for window in windows:
        _count_window(window, inputs, ended)
    return Evidence(ended=tuple(ended), still_open=tuple(still_open), windows=tuple(windows))


def learn(evidence: Iterable[Evidence]) -> Prior:
    """Return the prior that the firm's customers make: each counts more the more is known of it, up to one.

    These are the weights of a beta-binomial mean: n invoices weigh n / (n + STRENGTH).
    """
    every = list(evidence)
    come, passed = _life_table(every)
    is_seen = np.array([bool(one.windows) for one in every], dtype=np.bool_)
    usual = _usual(come, passed, np.full(_BOUNDS, 0.5), 1)
    return Prior(
        seen=_usual(come[is_seen], passed[is_seen], usual, _ALL),
        unseen=_usual(come[~is_seen], passed[~is_seen], usual, _ALL),
    )


def chances(evidence: Sequence[Evidence], prior: Prior, *, days: int) -> Floats:
    """Return each subject's chance of paying an invoice more than `days` late; `days` is a class's bound.

    Where nothing is known this is the prior's: whoever shows it says that it is unknown.
    """
    come, passed = _life_table(evidence)
    is_seen = np.array([bool(one.windows) for one in evidence], dtype=np.bool_)
    usual = np.where(is_seen[:, None], prior.seen, prior.unseen)
    shares = (passed + STRENGTH * usual) / (come + STRENGTH)
    result: Floats = shares[:, : DELAY_UPPER.index(days) + 1].prod(axis=1)
    return result


def estimates(inputs: Mapping[SubjectId, Inputs], prior: Prior) -> dict[SubjectId, dict[SignalName, Given]]:
    """Return the estimates that are signals, of those subjects of whom anything is known."""
    known = [(one, found) for one in inputs.values() if (found := evidence_of(one)).size]
    evidence = [found for _, found in known]
    values = {name: chances(evidence, prior, days=days).tolist() for name, days in _DAYS.items()}
    return {
        one.subject: {name: _given(found, values[name][place]) for name in _DAYS}
        for place, (one, found) in enumerate(known)
    }


def _given(evidence: Evidence, value: float) -> Given:
    windows = evidence.windows
    if not windows:
        return Given(value=value, coverage=f"{evidence.size:g}")
    months: list[Month] = [month for one in windows for month in (one.months[0], one.months[-1])]
    return Given(
        value=value,
        months=(min(months), max(months)),
        coverage=BAND_TEXT[min(one.band for one in windows)],
    )


def _count_book(book: Book, ended: list[float], still_open: list[float]) -> None:
    for one in book.lines:
        if one.contested:
            continue
        if one.lost_on is not None and one.lost_on <= book.day:
            ended[-1] += 1
        elif book.is_open(one):
            if one.due_date < book.day:
                still_open[_class(one, book.day)] += 1
        elif one.paid_date is not None and book.day - one.paid_date < YEAR_DAYS:
            ended[_class(one, one.paid_date)] += 1


def _class(one: OwnInvoice, day: int) -> int:
    return bisect_left(DELAY_UPPER, day - one.due_date)


def _windows(inputs: Inputs) -> list[WindowFigures]:
    if inputs.answered is None:
        return []
    return usable(inputs.answered.windows, inputs.answered.last_closed, inputs.minimum)[0]


def _count_window(window: WindowFigures, inputs: Inputs, ended: list[float]) -> None:
    """Add a window's rows, without one's own where enough firms surely remain without them."""
    condition, delay = list(window.condition or ()), list(window.delay or ())
    if is_enough_without_own(window.band, inputs.minimum):
        for row in rows_in(window, inputs.rows):
            condition[row.condition] -= 1
            delay[row.delay] -= 1
    # A row in which nothing fell due lies in delay class 0 by definition (protocol section 3).
    delay[0] -= condition[0]
    for place, count in enumerate(delay):
        ended[place] += ROW_WEIGHT * max(0, count)


def _life_table(evidence: Sequence[Evidence]) -> tuple[Floats, Floats]:
    """Return (n, 7) invoices that came to each bound and showed whether they pass it, and those that did."""
    ended = np.array([one.ended for one in evidence]).reshape(-1, DELAYS)
    still_open = np.array([one.still_open for one in evidence]).reshape(-1, DELAYS)
    ended_from, open_from = (_from_class(counts) for counts in (ended, still_open))
    passed = ended_from[:, 1:] + open_from[:, 1:]
    return ended_from[:, :-1] + open_from[:, 1:], passed


def _from_class(counts: Floats) -> Floats:
    """Return how many lie in each class or a later one."""
    result: Floats = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]
    return result


def _usual(come: Floats, passed: Floats, base: Floats, base_customers: float) -> Floats:
    """Return the weighted mean share that passes each bound, with `base` as that of some more customers."""
    weight = 1 / (come + STRENGTH)
    result: Floats = ((weight * passed).sum(axis=0) + base_customers * base) / (
        (weight * come).sum(axis=0) + base_customers
    )
    return result
