"""Signals against the rows and invoices that their sums were made of, which only this file knows."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import inf
from typing import NamedTuple, get_args

from hypothesis import given
from hypothesis import strategies as st
from support_signals import BOOK_DAY, DECEMBER, NOW, SUBJECT, answered

from hanse_ledger.ids import Month
from hanse_ledger.privacy.answer import WindowFigures
from hanse_ledger.rows import CONDITIONS, DELAY_UPPER, DELAYS, EXPOSURES
from hanse_ledger.windows import BAND_LOWER
from node.risk.signals.catalogue import KINDS
from node.risk.signals.compute import signals_of
from node.risk.signals.inputs import Inputs, OwnInvoice, OwnRow
from node.risk.signals.names import SignalName, Unknown
from node.risk.signals.value import Signal, Signals

OWN = 0
"""The group that looks."""
NESTED: tuple[SignalName, ...] = (
    "network.late_share",
    "network.past_due_share",
    "network.past_due_61_share",
    "network.past_due_91_share",
    "network.lost_share",
)
DELAY_NAMES: tuple[SignalName, ...] = ("own.delay_mean_days", "own.delay_median_days", "own.delay_p90_days")
DAY = BOOK_DAY.toordinal()


class Line(NamedTuple):
    """What one group reported for one month."""

    condition: int
    exposure: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Who reported what on one subject, by month and group, and the minimum that windows froze with."""

    lines: Mapping[tuple[int, int], Line]
    minimum: int

    def months(self) -> list[int]:
        """Return the months that froze, each as a window of its own."""
        found = sorted({month for month, _ in self.lines})
        return [month for month in found if len(self.groups(month)) >= self.minimum]

    def groups(self, month: int) -> list[int]:
        return [group for at, group in self.lines if at == month]

    def band(self, month: int) -> int:
        return sum(lower <= len(self.groups(month)) for lower in BAND_LOWER) - 1

    def recent(self) -> list[int]:
        return [month for month in self.months() if month > DECEMBER - 12]

    def compared(self) -> list[int]:
        """Return the months in which surely enough others remain, by the lower end of the band."""
        return [
            month
            for month in self.recent()
            if (month, OWN) not in self.lines or BAND_LOWER[self.band(month)] - 1 >= self.minimum
        ]

    def signals(self) -> Signals:
        return signals_of(
            Inputs(
                subject=SUBJECT,
                as_of=NOW,
                minimum=self.minimum,
                answered=answered(*(self._window(month) for month in self.months())),
                rows=tuple(
                    OwnRow(Month(month), line.condition, _delay(line.days), line.days, Month(month))
                    for (month, group), line in self.lines.items()
                    if group == OWN
                ),
            )
        )

    def _window(self, month: int) -> WindowFigures:
        lines = [self.lines[month, group] for group in self.groups(month)]
        return WindowFigures(
            months=(Month(month),),
            frozen_at=Month(month),
            band=self.band(month),
            condition=tuple(sum(one.condition == place for one in lines) for place in range(CONDITIONS)),
            exposure=tuple(sum(one.exposure == place for one in lines) for place in range(EXPOSURES)),
            delay=tuple(sum(_delay(one.days) == place for one in lines) for place in range(DELAYS)),
            cells=None,
        )


def _delay(days: int) -> int:
    return bisect_left(DELAY_UPPER, days)


def _line(condition: int, exposure: int, days: int) -> Line:
    return Line(condition, exposure, days if condition else 0)


lines = st.builds(_line, st.integers(0, 7), st.integers(0, 5), st.integers(-20, 150))
worlds = st.builds(
    World,
    lines=st.dictionaries(
        st.tuples(st.integers(DECEMBER - 13, DECEMBER), st.integers(OWN, 11)), lines, max_size=60
    ),
    minimum=st.integers(3, 5),
)
small_worlds = st.builds(
    World,
    lines=st.dictionaries(
        st.tuples(st.integers(DECEMBER - 4, DECEMBER), st.integers(OWN, 8)), lines, min_size=8, max_size=40
    ),
    minimum=st.integers(3, 4),
)
either = worlds | small_worlds


def _with(world: World, month: int, found: list[Line]) -> World:
    """Return a world in which the first groups, one's own among them, have reported these for a month."""
    others = {key: one for key, one in world.lines.items() if key[0] != month}
    return replace(world, lines=others | {(month, group): one for group, one in enumerate(found)})


def _mean(found: list[Line]) -> float:
    return sum(max(0, one.days) for one in found) / len(found)


@given(either)
def test_the_interval_holds_the_exact_mean_that_the_classes_hide(world: World) -> None:
    signal = world.signals()["network.days_beyond_terms"]
    shown = [one for (month, _), one in world.lines.items() if month in world.recent() and one.condition]
    if not shown:
        assert signal.unknown in {"no_window", "no_recent_window", "nothing_due"}
        return
    assert signal.interval is not None
    low, high = signal.interval
    assert low - 1e-9 <= _mean(shown) <= high + 1e-9


@given(either)
def test_shares_are_shares_and_nest_and_exposures_are_a_distribution(world: World) -> None:
    found = world.signals()
    values = [found[name].value for name in NESTED]
    if None not in values:
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=True)
        assert all(0 <= value <= 1 for value in known)
    exposures = [
        found[name].value for name in KINDS if name.startswith("network.exposure_") and name[-1] != "d"
    ]
    if exposures[0] is not None:
        assert abs(sum(value for value in exposures if value is not None) - 1) < 1e-9


@given(either)
def test_the_others_alone_are_at_least_the_minimum_and_what_they_are_said_to_be(world: World) -> None:
    signal = world.signals()["versus.others_days"]
    months = world.compared()
    others = [
        one
        for (month, group), one in world.lines.items()
        if month in months and group != OWN and one.condition
    ]
    assert all(len(set(world.groups(month)) - {OWN}) >= world.minimum for month in months)
    if not others:
        assert signal.unknown is not None
        return
    assert signal.interval is not None
    assert signal.interval[0] - 1e-9 <= _mean(others) <= signal.interval[1] + 1e-9


@given(either, st.data())
def test_nothing_shown_of_the_others_depends_on_windows_with_too_few_of_them(
    world: World, data: st.DataObject
) -> None:
    """What a thin window holds may be anything: no `versus` signal changes with it."""
    thin = st.lists(lines, min_size=world.minimum, max_size=world.minimum)
    found, others = data.draw(thin), data.draw(thin)[1:]
    world = _with(world, DECEMBER, found)
    assert DECEMBER in set(world.recent()) - set(world.compared())
    before, after = world.signals(), _with(world, DECEMBER, [found[OWN], *others]).signals()
    assert before["network.breadth"].value is not None
    assert all(before[name] == after[name] for name, kind in KINDS.items() if kind.source == "versus")


@given(either, st.data())
def test_no_network_signal_depends_on_months_that_never_had_the_minimum(
    world: World, data: st.DataObject
) -> None:
    few = st.lists(lines, min_size=world.minimum - 1, max_size=world.minimum - 1)
    before, after = (_with(world, DECEMBER, data.draw(few)) for _ in range(2))
    assert before.signals() == after.signals()


@given(either, st.data())
def test_a_worse_row_never_makes_a_better_figure(world: World, data: st.DataObject) -> None:
    many = st.lists(lines.filter(lambda one: one.condition > 0), min_size=6, max_size=9)
    world = _with(world, DECEMBER, data.draw(many))
    place = data.draw(st.sampled_from([key for key, one in world.lines.items() if one.condition]))
    line = world.lines[place]
    worse = Line(
        data.draw(st.integers(line.condition, 7)), line.exposure, line.days + data.draw(st.integers(0, 90))
    )
    before, after = world.signals(), replace(world, lines={**world.lines, place: worse}).signals()
    for name in ("network.days_beyond_terms", *NESTED):
        old, new = before[name].value, after[name].value
        assert (old is None) == (new is None)
        if old is not None and new is not None:
            assert new >= old - 1e-9


@given(either)
def test_every_name_is_there_known_or_with_a_reason(world: World) -> None:
    found = world.signals()
    assert list(found) == list(KINDS)
    assert all(map(_is_sound, found.values()))
    assert all(one.unknown == "no_book" for name, one in found.items() if _is_of_the_book(name))


def _is_sound(signal: Signal) -> bool:
    """Say whether a signal is known, inside its interval, or has a reason of the catalogue why it is not."""
    if signal.value is None:
        return signal.interval is None and signal.unknown in get_args(Unknown)
    low, high = signal.interval or (-inf, inf)
    return signal.unknown is None and low <= signal.value <= high


def _is_of_the_book(name: SignalName) -> bool:
    return KINDS[name].source == "own" and name != "own.limit_minor"


days = st.integers(DAY - 500, DAY + 60)
invoices = st.builds(
    OwnInvoice,
    invoice_date=days,
    due_date=days,
    paid_date=st.none() | days,
    amount_minor=st.integers(1, 10**6),
    lost_on=st.none() | days,
    contested=st.booleans(),
)
books = st.lists(invoices, max_size=8)


def _signals(book: list[OwnInvoice], limit_minor: int | None = None, day: date = BOOK_DAY) -> Signals:
    return signals_of(
        Inputs(
            subject=SUBJECT,
            as_of=NOW,
            minimum=4,
            book_day=day,
            invoices=tuple(book),
            limit_minor=limit_minor,
        )
    )


@given(books, st.none() | st.integers(0, 10**6))
def test_the_book_s_figures_stay_in_their_bounds_and_add_up(
    book: list[OwnInvoice], limit_minor: int | None
) -> None:
    found = _signals(book, limit_minor)
    assert all(map(_is_sound, found.values()))
    assert all(found[name].unknown for name, kind in KINDS.items() if kind.source in {"network", "versus"})
    total = found["own.open_minor"].value
    if total is None:
        assert {found[name].unknown for name in KINDS if _is_of_the_book(name)} == {"no_invoice"}
        return
    parts = [found[name].value for name in KINDS if name.startswith("own.ageing_")]
    contested = found["own.contested_minor"].value
    assert contested is not None
    assert sum(part for part in parts if part is not None) + contested == total
    for name in ("own.past_due_share", "own.past_due_61_share", "own.past_due_91_share"):
        share = found[name].value
        assert (share is None) == (total == 0)
        assert share is None or 0 <= share <= 1
    dbt = found["own.days_beyond_terms"].value
    assert dbt is None or 0 <= dbt <= 105
    mean, median, p90 = (found[name].value for name in DELAY_NAMES)
    if mean is not None and median is not None and p90 is not None:
        assert 0 <= median <= p90
        assert 0 <= mean <= max(500, p90)


@given(books, invoices, st.integers(0, 300), st.integers(0, 300))
def test_a_later_payment_never_makes_a_better_delay(
    book: list[OwnInvoice], line: OwnInvoice, paid_ago: int, later_by: int
) -> None:
    made = min(line.invoice_date, DAY - 301)
    paid = line._replace(invoice_date=made, paid_date=DAY - paid_ago)
    later = paid._replace(paid_date=min(DAY, DAY - paid_ago + later_by))
    before, after = _signals([*book, paid]), _signals([*book, later])
    for name in DELAY_NAMES:
        old, new = before[name].value, after[name].value
        assert (old is None) == (new is None)
        if old is not None and new is not None:
            assert new >= old - 1e-9


@given(books)
def test_what_happens_after_the_day_of_the_book_changes_nothing(book: list[OwnInvoice]) -> None:
    """No figure looks ahead: payments and invoices of later days are as if they were not there."""
    earlier = BOOK_DAY - timedelta(days=100)
    day = earlier.toordinal()
    known = [
        one._replace(
            paid_date=one.paid_date if one.paid_date is not None and one.paid_date <= day else None,
            lost_on=one.lost_on if one.lost_on is not None and one.lost_on <= day else None,
        )
        for one in book
        if one.invoice_date <= day
    ]
    assert _signals(book, day=earlier) == _signals(known, day=earlier)
