"""A run of own statements, when the sequencer fails and when another writer of the party comes between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, select
from support_node import MEMBERS, Bench, Failing, invoice, subject, take_book
from support_postgres import Places
from support_transfers import vote_in

from consortium_config.changing import next_document
from hanse_ledger.bodies import Close, Inquiry, Report, ShareRef
from hanse_ledger.errors import NotAdmittedError, NotPermittedError, StaleHeadError, UnavailableError
from hanse_ledger.ids import KeyId, StewardX
from hanse_ledger.merkle import leaf_hash
from node.ports import Sequencer
from node.roles.outbox import Outbox
from node.storage.schema import draft, outbox, own_row

ALDER = MEMBERS[0]


@pytest.fixture
def bench(tmp_path: Path, places: Places) -> Iterator[Bench]:
    made = Bench(tmp_path, places=places, members=MEMBERS[:4])
    yield made
    made.close()


def an_inquiry(number: int) -> Inquiry:
    return Inquiry(request_hashes=(number.to_bytes(32, "big"),))


def put(bench: Bench, *numbers: int) -> list[int]:
    box = Outbox(bench.standing(ALDER))
    with bench.standing(ALDER).database.write() as connection:
        return [box.put(connection, an_inquiry(number)) for number in numbers]


def flush(bench: Bench) -> None:
    Outbox(bench.standing(ALDER)).flush()


def stored(bench: Bench) -> list[bytes]:
    with bench.standing(ALDER).database.read() as connection:
        return list(connection.execute(select(outbox.c.statement).order_by(outbox.c.seq)).scalars())


def numbers_logged(bench: Bench) -> list[int]:
    """The numbers of the inquiries in the log, in its order."""
    hashes = {n.to_bytes(32, "big"): n for n in range(100)}
    log = bench.replica.log.entries(1, 100)
    return [next(n for h, n in hashes.items() if h in raw and n) for raw in log]


def test_a_run_is_chained_and_sent_in_order(bench: Bench) -> None:
    bench.standing(ALDER).catch_up()
    assert put(bench, 1, 2) == [0, 1]
    assert put(bench, 3) == [2]
    assert bench.state.size == 1
    flush(bench)
    assert numbers_logged(bench) == [1, 2, 3]
    # The node's own copy has them when flush returns.
    assert bench.standing(ALDER).state.head(ALDER).seq == 3
    flush(bench)
    assert put(bench, 4) == [3]
    flush(bench)
    assert numbers_logged(bench) == [1, 2, 3, 4]


def test_a_long_run_is_sent_whole_and_once(bench: Bench) -> None:
    bench.sequencer = Failing(bench.sequencer, lose_answers=1)
    bench.standing(ALDER).catch_up()
    put(bench, *range(1, 41))
    with pytest.raises(UnavailableError):
        flush(bench)
    flush(bench)
    assert numbers_logged(bench) == list(range(1, 41))


def test_what_was_stored_is_sent_after_a_restart_as_the_same_bytes(bench: Bench) -> None:
    bench.standing(ALDER).catch_up()
    put(bench, 1, 2)
    before = stored(bench)
    bench.reopen(ALDER)
    assert stored(bench) == before
    flush(bench)
    assert bench.replica.log.entries(1, 10) == before


def test_what_a_lost_write_took_along_is_not_sent(bench: Bench) -> None:
    bench.standing(ALDER).catch_up()
    box = Outbox(bench.standing(ALDER))

    def put_and_fail() -> None:
        with bench.standing(ALDER).database.write() as connection:
            box.put(connection, an_inquiry(1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        put_and_fail()
    assert put(bench, 2) == [0]
    flush(bench)
    assert numbers_logged(bench) == [2]


@pytest.mark.parametrize(("requests", "answers"), [(1, 0), (0, 1), (0, 2), (2, 0)])
def test_an_unknown_outcome_is_made_certain_by_sending_again(
    bench: Bench, requests: int, answers: int
) -> None:
    bench.sequencer = Failing(bench.sequencer, lose_requests=requests, lose_answers=answers)
    bench.standing(ALDER).catch_up()
    put(bench, 1, 2)
    for _ in range(requests + answers):
        with pytest.raises(UnavailableError):
            flush(bench)
        assert len(stored(bench)) == 2
    flush(bench)
    assert numbers_logged(bench) == [1, 2]


def test_where_another_writer_took_the_place_all_that_waits_is_dropped(bench: Bench) -> None:
    bench.standing(ALDER).catch_up()
    put(bench, 1, 2)
    dropped = stored(bench)
    bench.log(ALDER, an_inquiry(9))
    flush(bench)
    assert stored(bench) == []
    assert not any(Outbox(bench.standing(ALDER)).is_pending(seq) for seq in (0, 1))
    assert put(bench, 3) == [1]
    assert Outbox(bench.standing(ALDER)).is_pending(1)
    flush(bench)
    assert numbers_logged(bench) == [9, 3]
    assert all(bench.replica.log.index_of(leaf_hash(raw)) is None for raw in dropped)


def test_a_run_on_another_s_place_is_dropped_even_where_its_first_statements_are_past(bench: Bench) -> None:
    """The node hears of the other's statement by itself before it sends: seq 0 is past, seq 1 hangs on it."""
    bench.standing(ALDER).catch_up()
    put(bench, 1, 2)
    bench.log(ALDER, an_inquiry(9))
    bench.standing(ALDER).catch_up()
    flush(bench)
    assert stored(bench)[1:] == []
    assert put(bench, 3) == [1]
    flush(bench)
    assert numbers_logged(bench) == [9, 3]


BOOK = {"C1": [invoice("R1", "2024-10-02", "2024-10-20")]}


def reported_rows(bench: Bench) -> list[tuple[str, int | None, bool]]:
    query = select(own_row.c.subject, draft.c.seq, draft.c.counted).join(draft)
    with bench.standing(ALDER).database.read() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_member_reports_again_when_another_writer_comes_between(bench: Bench) -> None:
    member = bench.member(ALDER)
    take_book(member, BOOK)
    bench.work()
    bench.sequencer = Failing(bench.sequencer, lose_requests=1)
    bench.reopen(ALDER)
    with pytest.raises(UnavailableError):
        bench.member(ALDER).report()
    assert reported_rows(bench) == [(subject("C1"), 0, False)]
    bench.log(ALDER, an_inquiry(9))
    for _ in range(3):
        bench.member(ALDER).report()
        bench.work()
    assert reported_rows(bench) == [(subject("C1"), 1, True)]
    assert [entry.seq for entry in bench.state.reports.values()] == [1]


def test_a_report_of_another_writer_in_the_same_place_is_not_taken_for_the_own_one(bench: Bench) -> None:
    """It counts for whoever sent it; this node's rows have not been reported by it."""
    member = bench.member(ALDER)
    take_book(member, BOOK)
    bench.work()
    bench.sequencer = Failing(bench.sequencer, lose_requests=1)
    bench.reopen(ALDER)
    with pytest.raises(UnavailableError):
        bench.member(ALDER).report()
    bench.log(ALDER, a_report_of_nobody())
    bench.member(ALDER).report()
    entry = bench.state.report_of(ALDER, 0)
    assert entry is not None
    entry_of_node = bench.standing(ALDER).state.report_of(ALDER, 0)
    assert entry_of_node is not None
    # As if the other writer's shares had come and held.
    entry_of_node.counts_at = entry_of_node.index + 1
    assert not bench.member(ALDER).counts(bench.first)
    for _ in range(3):
        bench.member(ALDER).report()
        bench.work()
    (row,) = reported_rows(bench)
    assert row[1] != 0
    assert bench.state.report_of(ALDER, 1) is not None


def a_report_of_nobody() -> Report:
    return Report(
        evidence_roots=tuple(bytes([i]) * 32 for i in range(64)),
        rows_hash=bytes(32),
        shares=tuple(
            ShareRef(x=StewardX(x), sealing_key_id=KeyId(bytes(32)), sha256=bytes([x]) * 32, size=1)
            for x in (1, 2, 3, 4)
        ),
    )


@dataclass
class Behind(Sequencer):
    """A node that agrees with others and is behind: it refuses, or shows less, a few times."""

    inner: Sequencer
    refusals: int = 0
    is_taken: bool = False
    """Whether another one has taken the statement all the same."""
    hidden: int = 0
    note: bytes = b""

    def submit(self, statement: bytes) -> int:
        if not self.refusals:
            return self.inner.submit(statement)
        self.refusals -= 1
        if self.is_taken:
            self.inner.submit(statement)
        raise StaleHeadError(party=ALDER, expected=0, got=1)

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        note, entries = self.inner.entries(start)
        if self.hidden and entries:
            self.hidden -= 1
            return self.note, []
        self.note = note
        return note, entries

    def tile(self, path: str) -> bytes | None:
        return self.inner.tile(path)


@pytest.mark.parametrize(
    "fault", [{"refusals": 2}, {"refusals": 2, "is_taken": True}, {"hidden": 2}], ids=str
)
def test_a_node_that_is_behind_makes_nobody_say_that_another_came_first(
    bench: Bench, fault: dict[str, int]
) -> None:
    bench.sequencer = behind = Behind(bench.sequencer)
    bench.standing(ALDER).catch_up()
    put(bench, 1)
    for name, value in fault.items():
        setattr(behind, name, value)
    assert Outbox(bench.standing(ALDER)).log(lambda *_: an_inquiry(2)) == 2
    assert numbers_logged(bench) == [1, 2]


def test_what_lost_its_place_is_made_anew_and_what_is_refused_for_good_is_told(bench: Bench) -> None:
    bench.standing(ALDER).catch_up()
    put(bench, 1)
    bench.log(ALDER, an_inquiry(9))
    places: list[int] = []

    def make(_connection: Connection, seq: int) -> Inquiry:
        places.append(seq)
        return an_inquiry(2)

    assert Outbox(bench.standing(ALDER)).log(make) == 2
    assert (numbers_logged(bench), places) == ([9, 2], [1, 1])
    with pytest.raises(NotPermittedError):
        Outbox(bench.standing(ALDER)).log(lambda *_: Close(month=bench.state.consortium.first_month))
    assert stored(bench) == []


def test_who_has_left_is_told_so_and_not_to_try_again(bench: Bench) -> None:
    member = bench.member(ALDER)
    member.tokens.tokens([subject("C1")])
    vote_in(bench, next_document(bench.state.consortium, leaving=[ALDER]))
    with pytest.raises(NotAdmittedError):
        list(member.inquire([subject("C1")], "credit-review"))
    assert stored(bench) == []


def test_a_sequencer_that_refuses_what_the_log_accepts_loses_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.roles.outbox._PATIENCE_S", 0.3)
    bench.sequencer = behind = Behind(bench.sequencer, refusals=100)
    bench.standing(ALDER).catch_up()
    put(bench, 1)
    with pytest.raises(UnavailableError, match="is refused"):
        flush(bench)
    assert len(stored(bench)) == 1
    behind.refusals = 0
    flush(bench)
    assert numbers_logged(bench) == [1]
