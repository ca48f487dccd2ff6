"""A sequencer that forks, shrinks, reorders, withholds or falls silent: what a follower notices and keeps."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support_node import MEMBERS, Bench
from support_tlog import Tree

from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.bodies import Close, Inquiry
from hanse_ledger.checkpoint import AddCheckpoint, Checkpoint, parse_signed_checkpoint, sign_checkpoint
from hanse_ledger.errors import UnavailableError, VerificationError
from hanse_ledger.ids import NodeHash, PartyId, StewardX
from hanse_ledger.merkle import leaf_hash, prove_consistency, root_at
from hanse_ledger.misbehaviour import Fork, Misbehaviour, Shrunk, Withheld, verify_evidence
from hanse_ledger.misbehaviour_file import parse_evidence
from hanse_ledger.policy import verify_checkpoint
from hanse_ledger.signing import SigningKey
from hanse_ledger.witnessing import policy_of
from node.errors import ForkError
from node.health import HealthBoard
from node.ports import Sequencer
from node.roles.outbox import Outbox
from node.roles.party import Standing
from node.roles.witness import Witness
from node.sequencing.gossip import Sighting, decode_sightings, encode_sightings
from node.sequencing.monitor import Monitor
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.sequencing.term import Term
from node.storage.database import Database
from node.watching import LOOK, guarded, watch_log

ALDER, BIRCH = MEMBERS[:2]
STEWARD = STEWARDS[StewardX(1)]
PATIENCE = timedelta(minutes=5)


@dataclass
class Dishonest(Sequencer):
    """A sequencer with the log's key that shows one of several logs, withholds statements, or stops."""

    bench: Bench
    folder: Path
    shown: Sequencer = field(init=False)
    withheld: set[bytes] = field(default_factory=set)
    is_silent: bool = False

    def __post_init__(self) -> None:
        self.shown = self.bench.sequencer
        self._databases: list[Database] = []

    def branch(self, size: int, *statements: bytes) -> SoloSequencer:
        """Another log: the honest one's first statements, then these. Its key is the same."""
        database = Database(self.folder / f"branch-{len(self._databases)}.sqlite")
        self._databases.append(database)
        made = SoloSequencer(replica=Replica(database), log_key=self.bench.log_key)
        indexes, refusal = made.submit_all([*self.bench.replica.log.entries(0, size), *statements])
        assert refusal is None
        assert indexes == list(range(size + len(statements)))
        return made

    def submit(self, statement: bytes) -> int:
        if self.is_silent or statement in self.withheld:
            raise UnavailableError("silent")
        return self.shown.submit(statement)

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        if self.is_silent:
            raise UnavailableError("silent")
        return self.shown.entries(start)

    def tile(self, path: str) -> bytes | None:
        return self.shown.tile(path)

    def close(self) -> None:
        for database in self._databases:
            database.close()


@dataclass
class Watched:
    """One node that watches the sequencer."""

    bench: Bench
    liar: Dishonest
    folder: Path
    party: PartyId = ALDER
    term: Term = field(default_factory=lambda: Term(orderer=DESK_ID))
    board: HealthBoard = field(init=False)
    standing: Standing = field(init=False)
    monitor: Monitor = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start it, or start it again, from what it has stored."""
        self.bench.reopen(self.party)
        self.board = HealthBoard()
        standing = replace(self.bench.standing(self.party), sequencer=self.liar)
        self.standing, self.monitor = watch_log(
            standing, folder=self.folder, term=self.term, board=self.board, patience=PATIENCE
        )

    def problems(self) -> dict[str, str | None]:
        return {one.code: one.evidence for one in self.board.now.problems}

    def evidence(self, code: str) -> Misbehaviour:
        """What is kept for a problem, read from its file as a third person would and verified."""
        name = self.problems()[code]
        assert name is not None
        raw = (self.folder / "evidence" / name).read_bytes()
        assert json.loads(raw)["kept_by"] == self.party
        found = parse_evidence(raw)
        verify_evidence(found, policy_of(self.bench.consortium))
        return found

    def pass_time(self, by: timedelta) -> None:
        self.bench.clock.time += by


def let_alder_order(document: dict[str, Any]) -> None:
    document["ordering"].append(ALDER)
    (party,) = (one for one in document["parties"] if one["id"] == ALDER)
    party["log_key"] = SigningKey(bytes(31) + b"7").public.hex()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, members=MEMBERS[:2], change=let_alder_order)
    for number in range(4):
        made.log(BIRCH, inquiry(number))
    yield made
    made.close()


@pytest.fixture
def liar(bench: Bench, tmp_path: Path) -> Iterator[Dishonest]:
    made = Dishonest(bench, tmp_path)
    yield made
    made.close()


@pytest.fixture
def watched(bench: Bench, liar: Dishonest, tmp_path: Path) -> Watched:
    made = Watched(bench, liar, tmp_path / "node")
    made.monitor.look([])
    assert (made.board.now.size, made.board.now.status) == (5, "ok")
    return made


def inquiry(number: int) -> Inquiry:
    return Inquiry(request_hashes=(number.to_bytes(32, "big"),))


def two_at_one_place(bench: Bench) -> tuple[bytes, bytes]:
    return bench.sign(BIRCH, inquiry(100)), bench.sign(BIRCH, inquiry(200))


def assert_halted(watched: Watched) -> None:
    """It says nothing that rests on the log, shows why, and goes on so after a restart."""
    before = watched.standing.replica.log.entries(0, 100)
    for _ in range(2):
        assert watched.board.now.status == "halted"
        assert isinstance(watched.evidence("fork"), Fork)
        with pytest.raises(ForkError):
            watched.standing.catch_up()
        handle = guarded(lambda _caller, _verb, _body: b"", watched.monitor)
        with pytest.raises(ForkError):
            handle(BIRCH, "answers", b"")
        assert handle(ALDER, LOOK, encode_sightings([])) == b"\x80"
        assert watched.standing.replica.log.entries(0, 100) == before
        watched.start()


def test_two_trees_of_one_size(bench: Bench, liar: Dishonest, watched: Watched) -> None:
    one, other = two_at_one_place(bench)
    fork = liar.branch(5, other)
    bench.sequencer.submit(one)
    watched.monitor.look([])
    liar.shown = fork
    watched.monitor.look([])
    assert_halted(watched)
    found = watched.evidence("fork")
    assert isinstance(found, Fork)
    assert found.smaller.checkpoint.size == found.larger.checkpoint.size == 6
    assert {found.smaller.source, found.larger.source} == {"sequencer", "own copy"}


def test_statements_in_another_order(bench: Bench, liar: Dishonest, watched: Watched) -> None:
    one, other = bench.sign(ALDER, inquiry(1)), bench.sign(BIRCH, inquiry(2))
    fork = liar.branch(5, other, one)
    for raw in (one, other):
        bench.sequencer.submit(raw)
    watched.monitor.look([])
    liar.shown = fork
    watched.monitor.look([])
    assert_halted(watched)


def test_another_branch_that_is_longer(bench: Bench, liar: Dishonest, watched: Watched) -> None:
    one, other = two_at_one_place(bench)
    fork = liar.branch(5, other, bench.sign(ALDER, inquiry(3)), bench.sign(STEWARD, Close(month=bench.first)))
    bench.sequencer.submit(one)
    watched.monitor.look([])
    liar.shown = fork
    watched.monitor.look([])
    assert_halted(watched)
    found = watched.evidence("fork")
    assert isinstance(found, Fork)
    assert (found.smaller.checkpoint.size, found.larger.checkpoint.size) == (6, 8)


@pytest.mark.parametrize("length", [1, 3])
def test_what_another_node_shows(bench: Bench, liar: Dishonest, watched: Watched, length: int) -> None:
    """The sequencer shows each node a log of its own; one look at the other's checkpoint is enough."""
    one, other = two_at_one_place(bench)
    more = [bench.sign(ALDER, inquiry(7))][: length - 1]
    fork = liar.branch(5, other, *more)
    bench.sequencer.submit(one)
    watched.monitor.look([])
    watched.monitor.look(decode_sightings(encode_sightings([sighting(watched, fork)])))
    assert_halted(watched)
    found = watched.evidence("fork")
    assert isinstance(found, Fork)
    assert "steward-2" in {found.smaller.source, found.larger.source}


def shown_another_tree(bench: Bench, liar: Dishonest, watched: Watched) -> SoloSequencer:
    """One of those that agree signs a tree of its own, beside the one that this node follows."""
    one, other = two_at_one_place(bench)
    fork = liar.branch(5, other)
    bench.sequencer.submit(one)
    watched.monitor.look([])
    watched.monitor.look([sighting(watched, fork)])
    return fork


def agreeing(bench: Bench, liar: Dishonest, folder: Path, party: PartyId) -> Watched:
    made = Watched(bench, liar, folder, party=party, term=Term(orderer=None))
    made.monitor.look([])
    return made


def test_one_of_those_that_agree_halts_no_other(bench: Bench, liar: Dishonest, tmp_path: Path) -> None:
    watched = agreeing(bench, liar, tmp_path / "node", ALDER)
    shown_another_tree(bench, liar, watched)
    for _ in range(2):
        assert watched.board.now.status == "degraded"
        assert isinstance(watched.evidence("dissent"), Fork)
        watched.standing.catch_up()
        # Kept, and said after a restart too.
        watched.start()
        watched.monitor.look([])


def test_a_follower_believes_the_tree_that_the_quorum_has_cosigned(
    bench: Bench, liar: Dishonest, tmp_path: Path
) -> None:
    watched = agreeing(bench, liar, tmp_path / "node", BIRCH)
    fork = shown_another_tree(bench, liar, watched)
    assert not watched.problems()
    _, cosigned = bench.member(BIRCH).cosigned_checkpoint()
    watched.monitor.look([Sighting(source=DESK_ID, note=cosigned.encode())])
    watched.monitor.look([sighting(watched, fork)])
    assert set(watched.problems()) == {"dissent"}
    watched.pass_time(2 * PATIENCE)
    watched.monitor.look([])
    assert not watched.board.now.halted


def test_a_follower_that_no_quorum_backs_halts_in_the_end(
    bench: Bench, liar: Dishonest, tmp_path: Path
) -> None:
    watched = agreeing(bench, liar, tmp_path / "node", BIRCH)
    shown_another_tree(bench, liar, watched)
    watched.monitor.look([])
    assert watched.problems() == {}
    watched.pass_time(PATIENCE)
    watched.monitor.look([])
    assert watched.board.now.status == "halted"
    assert isinstance(watched.evidence("fork"), Fork)


def test_whoever_signs_many_trees_fills_no_memory_and_hides_no_fork(
    bench: Bench, liar: Dishonest, tmp_path: Path
) -> None:
    watched = agreeing(bench, liar, tmp_path / "node", BIRCH)
    fork = shown_another_tree(bench, liar, watched)
    watched.pass_time(PATIENCE / 2)
    for number in range(100):
        tree = Checkpoint(origin=bench.consortium.id, size=6, root=NodeHash(number.to_bytes(32, "big")))
        watched.monitor.see(sign_checkpoint(tree, bench.log_key))
    assert len(watched.monitor._contested) == 64
    watched.monitor.look([])
    assert not watched.board.now.halted
    watched.pass_time(PATIENCE / 2)
    watched.monitor.look([])
    found = watched.evidence("fork")
    assert isinstance(found, Fork)
    assert fork.entries(0)[0] in (found.smaller.note, found.larger.note)


def sighting(watched: Watched, other: SoloSequencer) -> Sighting:
    note, _ = other.entries(0)
    shown, read = parse_signed_checkpoint(note).size, other.replica.log.node
    size = watched.board.now.checkpoint_size or 0
    if shown <= size:
        return Sighting(source="steward-2", note=note)
    path = tuple(prove_consistency(size1=size, size2=shown, read=read))
    return Sighting(source="steward-2", note=note, size=size, prefix_root=root_at(size, read), path=path)


def test_a_request_to_cosign_another_branch(bench: Bench, liar: Dishonest, watched: Watched) -> None:
    one, other = two_at_one_place(bench)
    fork = liar.branch(5, other)
    bench.sequencer.submit(one)
    watched.monitor.look([])
    body = AddCheckpoint(old_size=0, path=(), note=fork.entries(0)[0]).encode()
    with pytest.raises(ForkError):
        Witness(watched.standing).add_checkpoint(body)
    assert_halted(watched)


def test_a_larger_tree_that_turns_out_to_be_another(bench: Bench, liar: Dishonest, watched: Watched) -> None:
    """Seen before the own copy has grown so far: compared once it has, though nobody proved anything."""
    one, other = two_at_one_place(bench)
    fork = liar.branch(5, other)
    watched.monitor.see(fork.entries(0)[0])
    bench.sequencer.submit(one)
    watched.monitor.look([])
    assert_halted(watched)


def test_what_other_nodes_show_of_the_same_log_is_no_harm(
    bench: Bench, liar: Dishonest, watched: Watched
) -> None:
    behind, ahead = liar.branch(3), liar.branch(5, bench.sign(BIRCH, inquiry(100)))
    bench.sequencer.submit(bench.sign(BIRCH, inquiry(100)))
    watched.monitor.look([sighting(watched, behind), sighting(watched, ahead)])
    assert (watched.board.now.status, watched.board.now.size) == ("ok", 6)


def test_a_proof_that_does_not_hold_proves_nothing(bench: Bench, liar: Dishonest, watched: Watched) -> None:
    ahead = liar.branch(5, bench.sign(BIRCH, inquiry(100)))
    shown = sighting(watched, ahead)
    false = replace(shown, prefix_root=leaf_hash(b"made up"))
    forged = replace(shown, note=shown.note.replace(b"\n6\n", b"\n7\n"))
    watched.monitor.look([false, forged])
    # A tree of 6 was signed and the sequencer shows 5.
    assert set(watched.problems()) == {"shrunk"}


def test_a_smaller_tree_than_before(bench: Bench, liar: Dishonest, watched: Watched) -> None:
    bench.log(BIRCH, inquiry(100))
    past = liar.branch(5)
    watched.monitor.look([])
    liar.shown = past
    watched.monitor.look([])
    found = watched.evidence("shrunk")
    assert isinstance(found, Shrunk)
    assert (found.before.checkpoint.size, found.after.checkpoint.size) == (6, 5)
    liar.shown = bench.sequencer
    watched.monitor.look([])
    assert watched.board.now.status == "ok"


def test_a_silent_sequencer(liar: Dishonest, watched: Watched) -> None:
    liar.is_silent = True
    watched.pass_time(PATIENCE / 2)
    watched.monitor.look([])
    assert watched.problems() == {}
    watched.pass_time(PATIENCE)
    watched.monitor.look([])
    assert set(watched.problems()) == {"stalled"}
    liar.is_silent = False
    watched.monitor.look([])
    assert watched.problems() == {}


def put(watched: Watched) -> bytes:
    with watched.standing.database.write() as connection:
        Outbox(watched.standing).put(connection, inquiry(900))
    return watched.bench.sign(ALDER, inquiry(900))


def test_a_sequencer_that_takes_nothing_more(liar: Dishonest, watched: Watched) -> None:
    statement = put(watched)
    liar.withheld = {statement}
    watched.monitor.look([])
    watched.pass_time(PATIENCE)
    assert watched.monitor.look([]) == []
    assert set(watched.problems()) == {"stalled"}


def test_statements_of_one_party_that_are_passed_over(
    bench: Bench, liar: Dishonest, watched: Watched
) -> None:
    statement = put(watched)
    liar.withheld = {statement}
    assert watched.monitor.look([]) == []
    bench.log(BIRCH, inquiry(100))
    watched.pass_time(PATIENCE)
    # First it is to be brought another way; if it stays out all the same, that is evidence.
    assert watched.monitor.look([]) == [statement]
    assert watched.problems() == {"withheld": None}
    watched.pass_time(PATIENCE)
    bench.log(BIRCH, inquiry(101))
    assert watched.monitor.look([]) == [statement]
    found = watched.evidence("withheld")
    assert isinstance(found, Withheld)
    assert found.statement == statement
    assert (found.before.checkpoint.size, found.after.checkpoint.size) == (5, 7)
    bench.sequencer.submit(statement)
    assert watched.monitor.look([]) == []
    assert watched.problems() == {}


def test_a_statement_that_acceptance_refuses(bench: Bench, liar: Dishonest, watched: Watched) -> None:
    """Ordered by a sequencer that accepts anything: named, kept, and nothing of it taken."""
    late = bench.sign(BIRCH, inquiry(100))
    bench.sequencer.submit(late)
    watched.monitor.look([])
    careless = Careless(bench.replica.log.entries(0, 100), bench.log_key, bench)
    careless.held.append(late)
    liar.shown = careless
    watched.monitor.look([])
    assert watched.problems() == {"refused": "refused-6-0.json"}
    watched.evidence("refused")
    assert watched.standing.state.size == 6
    assert watched.board.now.status == "degraded"


@dataclass
class Careless(Sequencer):
    """A sequencer that looks at nothing before it signs."""

    held: list[bytes]
    key: SigningKey
    bench: Bench

    def submit(self, statement: bytes) -> int:
        self.held.append(statement)
        return len(self.held) - 1

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        tree = Tree(self.held)
        checkpoint = Checkpoint(
            origin=self.bench.consortium.id, size=len(self.held), root=tree.frontier.root()
        )
        return sign_checkpoint(checkpoint, self.key), self.held[start:]

    def tile(self, path: str) -> bytes | None:
        return Tree(self.held).tiles().get(path)


def test_a_former_orderer_s_signature_binds_nobody(bench: Bench, liar: Dishonest, watched: Watched) -> None:
    """After a handover at 5, what the old key signs beyond 5 is no fork; within 5 it is one still."""
    _, other = two_at_one_place(bench)
    watched.term = Term(orderer=ALDER, since=5)
    watched.start()
    watched.monitor.see(liar.branch(5, other).entries(0)[0])
    assert set(watched.problems()) == {"former_orderer"}


def test_a_new_term_ends_the_halt(bench: Bench, liar: Dishonest, watched: Watched) -> None:
    one, other = two_at_one_place(bench)
    fork = liar.branch(5, other)
    bench.sequencer.submit(one)
    watched.monitor.look([])
    with pytest.raises(ForkError):
        watched.monitor.see(fork.entries(0)[0])
    watched.term = Term(orderer=DESK_ID, since=6)
    watched.start()
    watched.monitor.look([])
    assert watched.board.now.status == "ok"
    assert (watched.folder / "evidence" / "fork-6-0.json").exists()


Change = Callable[[Misbehaviour], Misbehaviour]


@pytest.mark.parametrize(
    "change",
    [
        lambda fork: replace(fork, smaller=fork.larger),
        lambda fork: replace(fork, prefix_root=fork.smaller.checkpoint.root),
        lambda fork: replace(fork, path=fork.path[1:]),
        lambda fork: replace(
            fork, larger=replace(fork.larger, note=fork.larger.note.replace(b"\n8\n", b"\n9\n"))
        ),
    ],
)
def test_made_up_evidence_is_refused(bench: Bench, liar: Dishonest, watched: Watched, change: Change) -> None:
    test_another_branch_that_is_longer(bench, liar, watched)
    found = watched.evidence("fork")
    with pytest.raises(VerificationError):
        verify_evidence(change(found), policy_of(bench.consortium))


def test_cosignatures_that_others_show_are_kept(bench: Bench, watched: Watched) -> None:
    """The newest checkpoint as the policy asks for it, after a restart too; never with fewer of them."""
    log = watched.standing.replica.log
    _, cosigned = bench.member(BIRCH).cosigned_checkpoint()
    watched.monitor.look([Sighting(source=DESK_ID, note=cosigned.encode())])
    assert log.checkpoint() == cosigned.encode()
    watched.start()
    watched.monitor.look([Sighting(source=DESK_ID, note=bench.sequencer.entries(0)[0])])
    kept = watched.standing.replica.log.checkpoint()
    assert kept == cosigned.encode()
    verify_checkpoint(kept, policy_of(bench.consortium))
