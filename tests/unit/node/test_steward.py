"""What a steward keeps, says and refuses: shares that wait, its word on reports, the close of a month."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from support_node import FIRST, MEMBERS, Bench, after, invoice, take_book
from support_postgres import Places

from consortium_config.sample import STEWARDS
from hanse_ledger.errors import BudgetError, CorruptionError, MalformedError, NotAdmittedError
from hanse_ledger.ids import Month, PartyId, StewardX, month_end
from node.roles.steward import Steward
from node.storage.database import Moment
from node.storage.schema import opened, share_in, share_out, window

ALDER, BIRCH = MEMBERS[:2]
ONE = STEWARDS[StewardX(1)]


@pytest.fixture
def bench(tmp_path: Path, places: Places) -> Iterator[Bench]:
    made = Bench(
        tmp_path,
        places=places,
        members=MEMBERS[:2],
        change=lambda document: document["policy"].update(share_hours=24),
    )
    take_book(made.member(ALDER), {"C1": [invoice("R1", "2024-10-02", "2024-10-20")]})
    yield made
    made.close()


def waiting_shares(bench: Bench, x: int = 1) -> list[bytes]:
    with bench.standing(STEWARDS[StewardX(x)]).database.read() as connection:
        return list(connection.execute(select(share_in.c.sealed)).scalars())


def test_a_key_share_that_is_not_its_own_stops_it(bench: Bench) -> None:
    other = bench.demo.keys[STEWARDS[StewardX(2)]].key_share or b""
    with pytest.raises(CorruptionError):
        Steward(standing=bench.standing(ONE), key_share=other, links=dict)


def test_strangers_and_unknown_messages_are_refused(bench: Bench) -> None:
    with pytest.raises(NotAdmittedError):
        bench.steward(1).handle(PartyId("stranger"), "sealing-keys", b"")
    with pytest.raises(MalformedError):
        bench.steward(1).handle(ALDER, "work", b"")


def test_sealed_bytes_are_kept_under_their_hash_up_to_a_limit_for_each_party(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.roles.steward.PENDING_BYTES_MOST", 10)
    steward = bench.steward(1)
    assert steward.handle(ALDER, "shares", b"12345678") == hashlib.sha256(b"12345678").digest()
    # The same again takes no more room.
    steward.handle(ALDER, "shares", b"12345678")
    with pytest.raises(BudgetError):
        steward.handle(ALDER, "shares", b"abc")
    steward.handle(ALDER, "shares", b"ab")
    steward.handle(BIRCH, "shares", b"abc")
    assert sorted(waiting_shares(bench)) == [b"12345678", b"ab", b"abc"]
    for body in (b"", bytes((1 << 20) + 1)):
        with pytest.raises(MalformedError):
            steward.handle(ALDER, "shares", body)


def test_a_share_is_opened_once_and_its_sealed_bytes_go(bench: Bench) -> None:
    bench.work()
    bench.member(ALDER).report()
    assert len(waiting_shares(bench)) == 1
    assert bench.work() == 0
    assert waiting_shares(bench) == []
    with bench.standing(ONE).database.read() as connection:
        (row,) = connection.execute(select(opened)).all()
    assert (row.member, len(row.tokens), len(row.months), len(row.share)) == (ALDER, 64 * 32, 128, 64 * 224)


def test_what_it_will_say_is_stored_before_it_leaves_and_said_once(bench: Bench) -> None:
    bench.work()
    bench.member(ALDER).report()
    moments: tuple[Moment, ...] = ("in", "after")
    for moment in moments:
        failing: list[Moment] = [moment]

        def fail(now: Moment, failing: list[Moment] = failing) -> None:
            if now in failing:
                failing.clear()
                raise OSError("the disk says no")

        bench.probes[ONE] = fail
        with pytest.raises(OSError, match="disk"):
            bench.steward(1).work()
        bench.probes.clear()
        bench.reopen(ONE)
    assert bench.work() == 0
    (entry,) = bench.state.reports.values()
    assert entry.counts_at is not None


def corrupted(bench: Bench, x: int) -> None:
    """Let the member send a steward other bytes than its report names, of the same size."""
    with bench.standing(ALDER).database.write() as connection:
        row = connection.execute(select(share_out).where(share_out.c.x == x)).one()
        bench.steward(x).handle(ALDER, "shares", row.sealed[:-1] + bytes([row.sealed[-1] ^ 1]))


def test_bytes_that_the_report_does_not_name_are_no_share(bench: Bench) -> None:
    """The true share is waited for: whoever sends junk changes nothing."""
    bench.work()
    bench.silent.add((ONE, "shares"))
    bench.member(ALDER).report()
    corrupted(bench, 1)
    assert bench.work() == 1
    bench.silent.clear()
    bench.reopen(ALDER)
    bench.member(ALDER).report()
    assert bench.work() == 0
    assert bench.state.report_of(ALDER, 0).counts_at is not None  # type: ignore[union-attr]


def test_time_runs_from_when_the_steward_saw_the_entry(bench: Bench) -> None:
    bench.work()
    bench.silent.add((ONE, "shares"))
    bench.member(ALDER).report()
    assert bench.steward(1).work() == 1
    bench.clock.time += timedelta(hours=24) - timedelta(seconds=1)
    bench.reopen(ONE)
    assert bench.steward(1).work() == 1
    bench.clock.time += timedelta(seconds=1)
    assert bench.steward(1).work() == 0
    entry = bench.state.report_of(ALDER, 0)
    assert entry is not None
    assert entry.published[StewardX(1)] is None
    # That is final: a share that comes now changes nothing.
    bench.silent.clear()
    bench.work()
    assert bench.state.report_of(ALDER, 0).published[StewardX(1)] is None  # type: ignore[union-attr]


class TestClosing:
    def test_a_month_is_closed_when_it_has_ended_and_not_before(self, bench: Bench) -> None:
        bench.clock.time = after(FIRST) - timedelta(hours=10)
        assert bench.clock.now().date() == month_end(FIRST)
        assert bench.steward(1).close_month() is None
        bench.clock.time = after(FIRST)
        assert bench.steward(1).close_month() == FIRST
        assert bench.state.closed_at(FIRST) is None
        assert bench.steward(2).close_month() == FIRST
        assert bench.state.closed_at(FIRST) is not None

    def test_only_with_a_word_on_every_report_before(self, bench: Bench) -> None:
        bench.work()
        bench.member(ALDER).report()
        assert bench.steward(1).close_month() is None
        bench.work()
        assert bench.steward(1).close_month() == FIRST

    def test_closing_twice_files_one_statement(self, bench: Bench) -> None:
        for _ in range(3):
            assert bench.steward(1).close_month() == FIRST
            bench.reopen(ONE)
        assert bench.state.size == 2

    def test_others_may_have_closed_it_and_it_is_filed_all_the_same(self, bench: Bench) -> None:
        for x in (1, 2):
            bench.steward(x).close_month(FIRST)
        assert bench.steward(3).close_month(FIRST) == FIRST
        assert bench.state.has_closed(FIRST, STEWARDS[StewardX(3)])

    def test_no_other_month_can_be_closed(self, bench: Bench) -> None:
        assert bench.steward(1).close_month(Month(FIRST - 1)) is None
        assert bench.steward(1).close_month(Month(FIRST + 1)) is None
        assert bench.state.size == 1

    def test_what_closes_is_frozen_by_every_steward_once_it_hears_of_it(self, tmp_path: Path) -> None:
        (tmp_path / "four").mkdir()
        bench = Bench(tmp_path / "four", members=MEMBERS[:4])
        for member in bench.members:
            take_book(bench.member(member), {"C1": [invoice("R1", "2024-10-02", "2024-10-20")]})
        bench.work()
        bench.end_month(FIRST)
        bench.reopen()
        bench.work()
        found = set()
        for x in STEWARDS:
            with bench.standing(STEWARDS[x]).database.read() as connection:
                (row,) = connection.execute(select(window)).all()
            found.add((row.token, row.frozen_at, row.months, row.groups))
            assert len(row.share) == 224
        assert len(found) == 1
        bench.close()
