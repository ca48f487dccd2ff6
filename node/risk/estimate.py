"""Estimates of paying late: a life table of payments, shrunken towards what the firm's customers are like.

On its way to payment an invoice passes the bounds of the delay classes one after the other: 0, 5, 10, 20, 30
days beyond terms and more. Of those that came to a bound, the share that passed it is estimated for each
bound by itself, as if `STRENGTH` more had come to it and gone on as is usual; the chance of being later than
30 days is the product of the shares up to there (a product-limit estimate; ADR 0023 says why). What is open
past due has passed some bounds and not yet come to the next: it counts as far as it has come. A window's row
counts like `ROW_WEIGHT` paid invoices of its delay class.
"""

import operator
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, NamedTuple, TypeAlias

from hanse_ledger.ids import Month
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
_NOBODY: Final = (0.5,) * len(DELAY_UPPER)

Shares: TypeAlias = tuple[float, ...]
"""The share that passes each bound, of what came to it."""


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


class Prior(NamedTuple):
    """The usual share that passes each bound: of subjects with a window, and of those without."""

    seen: Shares
    unseen: Shares


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
    seen, unseen = _Sums(), _Sums()
    for one in evidence:
        (seen if one.windows else unseen).add(one)
    usual = (seen + unseen).shares(_NOBODY, 1)
    return Prior(seen=seen.shares(usual, _ALL), unseen=unseen.shares(usual, _ALL))


def chance(evidence: Evidence, prior: Prior, *, days: int) -> float:
    """Return the chance that the subject pays an invoice more than `days` late; `days` is a class's bound.

    Where nothing is known this is the prior's: whoever shows it says that it is unknown.
    """
    return _chances(evidence, prior)[DELAY_UPPER.index(days)]


def estimates(inputs: Inputs, prior: Prior) -> dict[SignalName, Given]:
    """Return the estimates that are signals; none where nothing is known of the subject."""
    evidence = evidence_of(inputs)
    if not evidence.size:
        return {}
    by_bound = _chances(evidence, prior)
    return {name: _given(evidence, by_bound[DELAY_UPPER.index(days)]) for name, days in _DAYS.items()}


def _chances(evidence: Evidence, prior: Prior) -> list[float]:
    """Return the chance of passing each bound: the product of the shares that pass it and those before."""
    usual = prior.seen if evidence.windows else prior.unseen
    return list(
        accumulate(
            (
                (passed + STRENGTH * share) / (come + STRENGTH)
                for (come, passed), share in zip(_life_table(evidence), usual, strict=True)
            ),
            operator.mul,
        )
    )


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


class _At(NamedTuple):
    """Invoices that came to a bound and showed whether they pass it, and those that passed."""

    come: float
    passed: float


def _life_table(evidence: Evidence) -> list[_At]:
    """Return what came to each bound, and what passed it."""
    ended, still_open = _from_class(evidence.ended), _from_class(evidence.still_open)
    return [
        _At(ended[bound] + still_open[bound + 1], ended[bound + 1] + still_open[bound + 1])
        for bound in range(len(DELAY_UPPER))
    ]


def _from_class(counts: Sequence[float]) -> list[float]:
    """Return how many lie in each class or a later one."""
    return list(accumulate(reversed(counts)))[::-1]


class _Sums:
    """Weighted sums over customers, at each bound."""

    def __init__(self) -> None:
        self._come, self._passed = [0.0] * len(DELAY_UPPER), [0.0] * len(DELAY_UPPER)

    def add(self, evidence: Evidence) -> None:
        """Add a customer."""
        for bound, (come, passed) in enumerate(_life_table(evidence)):
            self._come[bound] += come / (come + STRENGTH)
            self._passed[bound] += passed / (come + STRENGTH)

    def __add__(self, other: "_Sums") -> "_Sums":
        """Add up the customers of both."""
        both = _Sums()
        both._come = [a + b for a, b in zip(self._come, other._come, strict=True)]
        both._passed = [a + b for a, b in zip(self._passed, other._passed, strict=True)]
        return both

    def shares(self, base: Shares, customers: float) -> Shares:
        """Return the mean share that passes each bound, with `base` as that of some more customers."""
        return tuple(
            (passed + customers * share) / (come + customers)
            for come, passed, share in zip(self._come, self._passed, base, strict=True)
        )
