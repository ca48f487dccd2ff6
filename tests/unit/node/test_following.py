"""A replica, and the follower that brings it up to a sequencer which may lie."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import Connection
from support_consortium import (
    ALDER,
    BIRCH,
    DESK,
    Ledger,
    adopt,
    canonical,
    consortium,
    document,
    genesis_body,
    log_key,
    party_in,
    seed,
)
from support_tlog import Tree

from hanse_ledger.bodies import Inquiry
from hanse_ledger.checkpoint import Checkpoint, sign_checkpoint
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import CorruptionError, RejectedError, UnavailableError, VerificationError
from hanse_ledger.merkle import Frontier, leaf_hash
from hanse_ledger.misbehaviour import Fork, Refused, verify_evidence
from hanse_ledger.signing import SigningKey
from hanse_ledger.state import LedgerState
from hanse_ledger.witnessing import policy_of
from node.ports import Sequencer
from node.sequencing.faults import SequencerFaultError
from node.sequencing.follower import Follower
from node.sequencing.replica import Replica
from node.storage.database import Database, Moment


def inquire(ledger: Ledger, party: str, number: int) -> bytes:
    raw = ledger.sign(party, Inquiry(request_hashes=(number.to_bytes(32, "big"),)))
    ledger.append(raw)
    return raw


def founded(inquiries: int = 0) -> Ledger:
    ledger = Ledger()
    ledger.append(ledger.sign(DESK, genesis_body(canonical(document()))))
    for number in range(inquiries):
        inquire(ledger, (ALDER, BIRCH)[number % 2], number)
    return ledger


@dataclass
class Told(Sequencer):
    """A sequencer that says what a test tells it to."""

    entries_held: list[bytes]
    batch: int = 256
    key: SigningKey = field(default_factory=lambda: log_key(DESK))
    more_keys: tuple[SigningKey, ...] = ()
    size: int | None = None
    """The size of the checkpoint it shows; None for all of them."""
    root: bytes | None = None
    calls: int = 0
    is_silent: bool = False
    tree_of: list[bytes] | None = None
    """The statements whose hash tiles it shows; None for those it holds."""

    def submit(self, statement: bytes) -> int:
        raise AssertionError(statement)

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        self.calls += 1
        assert self.calls < 1_000, "the follower asks for ever"
        if self.is_silent:
            raise UnavailableError("silent")
        size = len(self.entries_held) if self.size is None else self.size
        frontier = Frontier()
        for raw in self.entries_held[:size]:
            frontier.append(leaf_hash(raw))
        root = frontier.root() if self.root is None else self.root
        checkpoint = Checkpoint(origin=consortium().id, size=size, root=root)  # type: ignore[arg-type]
        note = sign_checkpoint(checkpoint, self.key, *self.more_keys)
        return note, self.entries_held[start : start + self.batch]

    def tile(self, path: str) -> bytes | None:
        held = self.tree_of or self.entries_held
        return Tree(held[: self.size]).tiles().get(path)


class Armed:
    """A probe that breaks the next write at a moment."""

    def __init__(self) -> None:
        self.moment: Moment | None = None

    def __call__(self, moment: Moment) -> None:
        if moment == self.moment:
            self.moment = None
            raise OSError("the disk says no")


@pytest.fixture
def armed() -> Armed:
    return Armed()


@pytest.fixture
def reopen(tmp_path: Path, armed: Armed) -> Iterator[Callable[[], Replica]]:
    opened: list[Database] = []

    def open_replica() -> Replica:
        opened.append(Database(tmp_path / "node.sqlite", probe=armed))
        return Replica(opened[-1])

    yield open_replica
    for database in opened:
        database.close()


@pytest.fixture
def replica(reopen: Callable[[], Replica]) -> Replica:
    return reopen()


def follow(replica: Replica, told: Told, size: int | None = None) -> None:
    Follower(replica=replica, source=told, trusted=consortium()).catch_up(size)


def assert_holds(replica: Replica, entries: list[bytes]) -> None:
    """Stored, in memory and read again from what is stored: all the same."""
    assert replica.log.entries(0, 1_000) == entries
    frontier = Frontier()
    for raw in entries:
        frontier.append(leaf_hash(raw))
    assert (replica.state.size, replica.state.frontier.root()) == (len(entries), frontier.root())
    if entries:
        assert replica.root(len(entries)) == frontier.root()


class TestReplica:
    def test_the_state_is_what_is_stored(self, replica: Replica, reopen: Callable[[], Replica]) -> None:
        ledger = founded(6)
        accepted = replica.append(ledger.entries)
        assert [one.index for one in accepted] == list(range(7))
        assert_holds(replica, ledger.entries)
        again = reopen()
        assert_holds(again, ledger.entries)
        assert again.state.head(ALDER) == ledger.state.head(ALDER)

    def test_a_refused_statement_takes_those_before_it_along(self, replica: Replica) -> None:
        ledger = founded(1)
        replica.append(ledger.entries)
        fine = inquire(ledger, ALDER, 7)
        with pytest.raises(RejectedError):
            replica.append([fine, fine])
        assert_holds(replica, ledger.entries[:2])
        replica.append([fine])
        assert_holds(replica, ledger.entries)

    def test_a_refusal_costs_no_replay(self, replica: Replica) -> None:
        ledger = founded(3)
        replica.append(ledger.entries)
        state = replica.state
        for raw in (ledger.entries[-1], b"rubbish", ledger.entries[0]):
            with pytest.raises(RejectedError):
                replica.append([raw])
            assert replica.state is state
        assert_holds(replica, ledger.entries)

    @pytest.mark.parametrize(("moment", "is_kept"), [("before", False), ("in", False), ("after", True)])
    def test_a_failed_write_drops_the_state(
        self, replica: Replica, armed: Armed, moment: Moment, *, is_kept: bool
    ) -> None:
        ledger = founded()
        replica.append(ledger.entries)
        raw = inquire(ledger, ALDER, 1)
        armed.moment = moment
        with pytest.raises(OSError, match="disk"):
            replica.append([raw])
        assert_holds(replica, ledger.entries[: 2 if is_kept else 1])

    def test_what_else_is_to_be_written_fails_with_it(self, replica: Replica) -> None:
        ledger = founded(1)

        def fail(_connection: Connection, state: LedgerState) -> None:
            assert state.size == 2
            raise CorruptionError

        with pytest.raises(CorruptionError):
            replica.append(ledger.entries, fail)
        assert_holds(replica, [])

    def test_roots_of_earlier_sizes(self, replica: Replica) -> None:
        ledger = founded(9)
        replica.append(ledger.entries)
        frontier = Frontier()
        for size, raw in enumerate(ledger.entries, start=1):
            frontier.append(leaf_hash(raw))
            assert replica.root(size) == frontier.root()


class TestFollower:
    def test_takes_everything_in_batches(self, replica: Replica) -> None:
        ledger = founded(300)
        told = Told(ledger.entries)
        follow(replica, told)
        assert_holds(replica, ledger.entries)
        assert told.calls == 2
        note, _ = told.entries(0)
        assert replica.log.checkpoint() == note

    def test_goes_on_from_where_it_stands(self, replica: Replica) -> None:
        ledger = founded(3)
        told = Told(list(ledger.entries), batch=2)
        follow(replica, told)
        for number in range(4):
            told.entries_held.append(inquire(ledger, BIRCH, 100 + number))
        follow(replica, told)
        assert_holds(replica, ledger.entries)

    def test_stops_as_soon_as_it_holds_enough(self, replica: Replica) -> None:
        told = Told(founded(9).entries, batch=4)
        follow(replica, told, 5)
        assert replica.state.size == 8
        follow(replica, told, 8)
        assert told.calls == 2

    def test_a_silent_sequencer_changes_nothing(self, replica: Replica) -> None:
        told = Told(founded(2).entries)
        follow(replica, told)
        told.is_silent = True
        with pytest.raises(UnavailableError):
            follow(replica, told)
        assert_holds(replica, told.entries_held)

    def test_a_checkpoint_that_another_key_signed(self, replica: Replica) -> None:
        with pytest.raises(CorruptionError):
            follow(replica, Told(founded(2).entries, key=log_key("somebody")))
        assert_holds(replica, [])

    def test_a_signed_root_over_other_statements(self, replica: Replica) -> None:
        with pytest.raises(CorruptionError, match="tiles that do not fit the signed root of 3"):
            follow(replica, Told(founded(2).entries, root=bytes(32)))
        assert_holds(replica, [])

    def test_a_fork_after_the_statements_that_it_holds(self, replica: Replica) -> None:
        ledger, fork = founded(2), founded(2)
        follow(replica, Told(list(ledger.entries)))
        inquire(ledger, ALDER, 50)
        inquire(fork, ALDER, 51)
        follow(replica, Told(list(ledger.entries)))
        with pytest.raises(CorruptionError, match="statement 3 is another one"):
            follow(replica, Told(fork.entries))
        assert_holds(replica, ledger.entries)

    def test_a_fork_that_is_longer_is_refused_too(self, replica: Replica) -> None:
        ledger, fork = founded(2), founded(2)
        inquire(ledger, ALDER, 50)
        follow(replica, Told(ledger.entries))
        inquire(fork, ALDER, 51)
        inquire(fork, BIRCH, 52)
        with pytest.raises(CorruptionError):
            follow(replica, Told(fork.entries))
        assert_holds(replica, ledger.entries)

    def test_a_statement_that_is_refused(self, replica: Replica) -> None:
        ledger = founded(2)
        with pytest.raises(CorruptionError, match="statement 3 is refused: stale_head"):
            follow(replica, Told([*ledger.entries, ledger.entries[-1]]))
        assert_holds(replica, ledger.entries)

    @pytest.mark.parametrize("place", [0, 3, 255, 256, 300])
    def test_fetched_statements_that_are_not_those_of_the_signed_tree(
        self, replica: Replica, place: int
    ) -> None:
        """Changed on the way, in the middle of catching up: the first one is named, nothing of it stored."""
        ledger = founded(300)
        changed = list(ledger.entries)
        changed[place] = changed[place][:-1] + bytes([changed[place][-1] ^ 1])
        told = Told(changed, tree_of=ledger.entries, root=Tree(ledger.entries).frontier.root())
        with pytest.raises(SequencerFaultError, match=f"statement {place} is not the one") as caught:
            follow(replica, told)
        assert (caught.value.code, caught.value.index, caught.value.evidence) == ("tiles", place, None)
        assert_holds(replica, ledger.entries[: 256 * (place // 256)])

    @pytest.mark.parametrize("size", [258, 290])
    def test_a_fork_is_proved_by_the_log_s_own_signatures(self, replica: Replica, size: int) -> None:
        ledger, fork = founded(1), founded(1)
        for number in range(size - 2):
            inquire(ledger, ALDER, 500 + number)
            inquire(fork, ALDER, (500 if number < 255 else 900) + number)
        for number in range(20):
            inquire(fork, BIRCH, 2_000 + number)
        follow(replica, Told(ledger.entries))
        for shown in (Told(fork.entries), Told(fork.entries, size=size), Told(fork.entries, size=258)):
            with pytest.raises(SequencerFaultError, match="statement 257 is another one") as caught:
                follow(replica, shown)
            assert (caught.value.code, caught.value.index) == ("fork", 257)
            assert isinstance(caught.value.evidence, Fork)
            verify_evidence(caught.value.evidence, policy_of(consortium()))
            assert_holds(replica, ledger.entries)

    def test_a_refused_statement_is_proved_to_stand_in_the_log(self, replica: Replica) -> None:
        ledger = founded(260)
        entries = [*ledger.entries[:3], ledger.entries[1], *ledger.entries[3:]]
        with pytest.raises(SequencerFaultError, match="statement 3 is refused") as caught:
            follow(replica, Told(entries))
        found = caught.value.evidence
        assert isinstance(found, Refused)
        verify_evidence(found, policy_of(consortium()))
        assert (found.index, found.statement, found.code) == (3, entries[3], "stale_head")
        with pytest.raises(VerificationError):
            verify_evidence(replace(found, index=4), policy_of(consortium()))
        assert_holds(replica, ledger.entries[:3])

    def test_an_older_checkpoint_of_the_same_log_is_no_harm(self, replica: Replica) -> None:
        ledger = founded(8)
        follow(replica, Told(ledger.entries))
        follow(replica, Told(ledger.entries, size=5))
        assert_holds(replica, ledger.entries)

    def test_an_older_checkpoint_of_another_tree(self, replica: Replica) -> None:
        ledger = founded(8)
        follow(replica, Told(ledger.entries))
        with pytest.raises(CorruptionError, match="another tree of 5"):
            follow(replica, Told(ledger.entries, size=5, root=bytes(32)))

    @pytest.mark.parametrize("size", [4, 7, 9])
    def test_statements_that_no_checkpoint_covers_are_left(self, replica: Replica, size: int) -> None:
        """A sequencer that shows more than it has signed: nothing of it is taken, nobody asks for ever."""
        ledger = founded(8)
        follow(replica, Told(ledger.entries[:7]))
        follow(replica, Told(ledger.entries, size=size))
        assert_holds(replica, ledger.entries[: max(7, size)])
        follow(replica, Told(ledger.entries, size=3))
        assert_holds(replica, ledger.entries[: max(7, size)])

    def test_a_write_that_fails_is_made_up_for(self, replica: Replica, armed: Armed) -> None:
        ledger = founded(5)
        moments: tuple[Moment, ...] = ("in", "after")
        for moment in moments:
            armed.moment = moment
            with pytest.raises(OSError, match="disk"):
                follow(replica, Told(ledger.entries))
            inquire(ledger, ALDER, 60 + len(ledger.entries))
        follow(replica, Told(ledger.entries))
        assert_holds(replica, ledger.entries)


class TestAnotherLogKey:
    """A vote gives the log another key: who has read it believes that one, who has not the old one."""

    NEXT = SigningKey(seed("next log key", DESK))

    def voted(self) -> tuple[Ledger, Consortium]:
        ledger = founded(2)
        public = self.NEXT.public.hex()
        return ledger, adopt(ledger, lambda doc: party_in(doc, DESK).update(log_key=public))

    def test_both_sign_until_all_have_followed(self, replica: Replica) -> None:
        ledger, _ = self.voted()
        told = Told(ledger.entries, more_keys=(self.NEXT,))
        follow(replica, told)
        told.key, told.more_keys = self.NEXT, ()
        told.entries_held = [*ledger.entries, inquire(ledger, ALDER, 7)]
        follow(replica, told)
        assert_holds(replica, ledger.entries)

    def test_the_old_key_is_believed_no_more_once_the_vote_was_read(self, replica: Replica) -> None:
        ledger, _ = self.voted()
        told = Told(ledger.entries, more_keys=(self.NEXT,))
        follow(replica, told)
        told.more_keys, told.entries_held = (), [*ledger.entries, inquire(ledger, ALDER, 7)]
        with pytest.raises(SequencerFaultError) as fault:
            follow(replica, told)
        assert fault.value.code == "log_signature"

    def test_who_was_away_is_told_the_document_in_force(self, replica: Replica) -> None:
        ledger, second = self.voted()
        told = Told(ledger.entries, key=self.NEXT)
        with pytest.raises(SequencerFaultError):
            follow(replica, told)
        Follower(replica=replica, source=told, trusted=second).catch_up()
        assert_holds(replica, ledger.entries)
        assert replica.state.consortium == second

    def test_a_stranger_s_document_makes_nobody_believed_but_its_key(self, replica: Replica) -> None:
        ledger, second = self.voted()
        told = Told(ledger.entries, key=log_key(ALDER))
        with pytest.raises(SequencerFaultError):
            Follower(replica=replica, source=told, trusted=second).catch_up()
        assert replica.log.size() == 0
