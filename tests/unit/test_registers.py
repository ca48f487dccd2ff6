"""What stood in a period, and what of it took effect, from values alone."""

import pytest

from hanse_ledger.bodies import ClosePeriod
from hanse_ledger.ids import Month, PartyId
from hanse_ledger.registers import Bulletins, SealedEntry

ALDER, BIRCH = PartyId("alder"), PartyId("birch")


def entry(index: int, *, period: int = 0, party: PartyId = ALDER, log_month: int = 100) -> SealedEntry:
    return SealedEntry(
        index=index,
        party=party,
        seq=index,
        hash=bytes(32),
        period=period,
        log_month=Month(log_month),
        is_dispute=False,
    )


def close(*unopened: int, period: int = 0) -> ClosePeriod:
    return ClosePeriod(period=period, unopened=unopened)


@pytest.mark.parametrize(
    ("closes", "expected"),
    [
        ([], None),
        ([close()], None),
        ([close(), close()], 11),
        ([close(), close(5)], None),
        ([close(5), close()], None),
        # What comes after the two that closed it decides nothing.
        ([close(), close(), close(5)], 11),
        ([close(4), close(3)], 11),
    ],
)
def test_an_entry_takes_effect_with_the_second_close_unless_one_of_the_two_lists_it(
    closes: list[ClosePeriod], expected: int | None
) -> None:
    bulletins = Bulletins()
    bulletins.add(entry(5))
    for index, body in enumerate(closes, 10):
        bulletins.add_close(body, index)
    assert bulletins.took_effect(entry(5)) == expected


def test_a_close_of_another_period_changes_nothing() -> None:
    bulletins = Bulletins()
    bulletins.add(entry(5, period=1))
    for index in (10, 11):
        bulletins.add_close(close(5, period=0), index)
    for index in (12, 13):
        bulletins.add_close(close(period=1), index)
    assert bulletins.took_effect(entry(5, period=1)) == 13


def test_entries_are_found_by_place_by_log_month_and_by_member() -> None:
    bulletins = Bulletins()
    assert (list(bulletins.since(0)), bulletins.first_since(Month(0))) == ([], 0)
    entries = [entry(3), entry(7, party=BIRCH), entry(9, period=1, log_month=102)]
    for one in entries:
        bulletins.add(one)
    assert [list(bulletins.since(index)) for index in (0, 4, 10)] == [entries, entries[1:], []]
    assert [bulletins.first_since(Month(month)) for month in (99, 101, 102, 103)] == [3, 9, 9, 10]
    assert bulletins.of_member(BIRCH, 0) == entries[1]
    assert bulletins.of_member(BIRCH, 1) is None
