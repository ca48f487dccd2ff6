"""Cosigning: never two checkpoints that do not fit together; and getting enough cosignatures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_node import MEMBERS, Bench

from consortium_config.sample import STEWARDS
from hanse_ledger.bodies import Inquiry
from hanse_ledger.checkpoint import AddCheckpoint, Checkpoint, sign_checkpoint
from hanse_ledger.errors import (
    CheckpointConflictError,
    MalformedError,
    UnavailableError,
    VerificationError,
)
from hanse_ledger.ids import NodeHash, StewardX
from hanse_ledger.merkle import prove_consistency
from hanse_ledger.note import parse_signature_lines
from hanse_ledger.policy import verify_checkpoint
from hanse_ledger.signing import SigningKey
from hanse_ledger.witnessing import cosigner_name, policy_of
from node.errors import LogSignatureError, NotFoundError
from node.roles.witness import Witness
from node.storage.database import Moment

ALDER, BIRCH = MEMBERS[:2]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, members=MEMBERS[:2])
    grow(made, 4)
    yield made
    made.close()


def grow(bench: Bench, count: int) -> None:
    for _ in range(count):
        bench.log(ALDER, Inquiry(request_hashes=(bench.entropy(32),)))


def note(bench: Bench, size: int, root: bytes | None = None, key: SigningKey | None = None) -> bytes:
    found = bench.replica.root(size) if root is None else NodeHash(root)
    checkpoint = Checkpoint(origin=bench.consortium.id, size=size, root=found)
    return sign_checkpoint(checkpoint, key or bench.log_key)


def body(bench: Bench, old: int, size: int, signed: bytes | None = None) -> bytes:
    path: tuple[NodeHash, ...] = ()
    if 0 < old < size <= bench.state.size:
        path = tuple(prove_consistency(size1=old, size2=size, read=bench.replica.log.node))
    return AddCheckpoint(old_size=old, path=path, note=signed or note(bench, size)).encode()


def cosign(bench: Bench, raw: bytes) -> None:
    (line,) = parse_signature_lines(Witness(bench.standing(ALDER)).add_checkpoint(raw))
    assert line.name == cosigner_name(bench.consortium.id, ALDER)


def last(bench: Bench) -> tuple[int, NodeHash] | None:
    return bench.standing(ALDER).replica.log.last_cosigned(bench.consortium.id)


def test_cosigns_what_it_has_replayed_as_it_grows(bench: Bench) -> None:
    for old, size in ((0, 3), (3, 5)):
        cosign(bench, body(bench, old, size))
        assert last(bench) == (size, bench.replica.root(size))
    grow(bench, 6)
    cosign(bench, body(bench, 5, 11))
    bench.reopen(ALDER)
    assert last(bench) == (11, bench.replica.root(11))


def test_says_which_size_it_has_cosigned_to_whoever_names_another(bench: Bench) -> None:
    cosign(bench, body(bench, 0, 3))
    for old in (0, 2, 4):
        with pytest.raises(CheckpointConflictError, match=r"^3$"):
            cosign(bench, body(bench, old, 5))
    assert last(bench) == (3, bench.replica.root(3))


def test_the_same_size_again_is_cosigned_again_and_another_tree_of_it_is_not(bench: Bench) -> None:
    cosign(bench, body(bench, 0, 5))
    cosign(bench, body(bench, 5, 5))
    with pytest.raises(VerificationError):
        cosign(bench, body(bench, 5, 5, note(bench, 5, bytes(32))))
    assert last(bench) == (5, bench.replica.root(5))


def test_a_fork_is_refused(bench: Bench) -> None:
    cosign(bench, body(bench, 0, 3))
    path = tuple(prove_consistency(size1=3, size2=5, read=bench.replica.log.node))
    for signed, proof in (
        (note(bench, 5, bytes(32)), path),
        (note(bench, 5), ()),
        (note(bench, 5), path[::-1]),
        (note(bench, 9, bytes(32)), path),
    ):
        with pytest.raises(VerificationError):
            cosign(bench, AddCheckpoint(old_size=3, path=proof, note=signed).encode())
    assert last(bench) == (3, bench.replica.root(3))


def test_a_first_checkpoint_of_a_tree_that_is_not_its_own(bench: Bench) -> None:
    """Nothing to be consistent with: the node's own copy of the log decides."""
    for signed in (note(bench, 5, bytes(32)), note(bench, 9, bytes(32))):
        with pytest.raises(VerificationError):
            cosign(bench, body(bench, 0, 9, signed))
    assert last(bench) is None


def test_from_nothing_on_there_is_nothing_to_prove(bench: Bench) -> None:
    proof = tuple(prove_consistency(size1=2, size2=5, read=bench.replica.log.node))
    empty = note(bench, 0, bytes(32))
    for raw in (
        AddCheckpoint(old_size=0, path=proof, note=note(bench, 5)).encode(),
        AddCheckpoint(old_size=0, path=(), note=empty).encode(),
    ):
        with pytest.raises(VerificationError):
            cosign(bench, raw)
    assert last(bench) is None


def test_shows_the_checkpoint_that_it_cosigned_last_as_it_was(bench: Bench) -> None:
    log = bench.standing(ALDER).replica.log
    assert log.cosigned_note(bench.consortium.id) is None
    for old, size in ((0, 3), (3, 5)):
        line = Witness(bench.standing(ALDER)).add_checkpoint(body(bench, old, size))
        assert log.cosigned_note(bench.consortium.id) == note(bench, size) + line


def test_what_the_log_has_not_signed(bench: Bench) -> None:
    with pytest.raises(LogSignatureError):
        cosign(bench, body(bench, 0, 5, note(bench, 5, key=SigningKey(bytes(32)))))
    elsewhere = sign_checkpoint(
        Checkpoint(origin="hanse.example/other", size=5, root=bench.replica.root(5)), bench.log_key
    )
    with pytest.raises(NotFoundError):
        cosign(bench, body(bench, 0, 5, elsewhere))
    extended = sign_checkpoint(
        Checkpoint(origin=bench.consortium.id, size=5, root=bench.replica.root(5), extensions=("more",)),
        bench.log_key,
    )
    for malformed in (b"old x\n\n", body(bench, 0, 5, extended)):
        with pytest.raises(MalformedError):
            cosign(bench, malformed)
    assert last(bench) is None


@pytest.mark.parametrize(("moment", "is_stored"), [("before", False), ("in", False), ("after", True)])
def test_it_stores_what_it_signs_before_the_signature_leaves(
    bench: Bench, moment: Moment, *, is_stored: bool
) -> None:
    cosign(bench, body(bench, 0, 3))

    def fail(now: Moment) -> None:
        if now == moment:
            raise OSError("the disk says no")

    bench.probes[ALDER] = fail
    with pytest.raises(OSError, match="disk"):
        cosign(bench, body(bench, 3, 5))
    bench.probes.clear()
    bench.reopen(ALDER)
    assert last(bench) == ((5 if is_stored else 3), bench.replica.root(5 if is_stored else 3))


class TestCosigned:
    def test_a_checkpoint_that_the_policy_accepts(self, bench: Bench) -> None:
        size, found = bench.member(ALDER).cosigned_checkpoint()
        assert size == 5
        checkpoint = verify_checkpoint(found.encode(), policy_of(bench.consortium))
        assert (checkpoint.size, checkpoint.root) == (5, bench.replica.root(5))

    def test_nobody_is_asked_twice_until_the_log_has_grown(self, bench: Bench) -> None:
        first = bench.member(ALDER).cosigned_checkpoint()
        bench.asked.clear()
        assert bench.member(ALDER).cosigned_checkpoint() == first
        assert bench.asked == []
        grow(bench, 3)
        size, found = bench.member(ALDER).cosigned_checkpoint()
        assert size == 8
        verify_checkpoint(found.encode(), policy_of(bench.consortium))
        # The sizes that the stewards cosigned last are known: one round is enough.
        assert len(bench.asked) == 4

    def test_others_may_have_had_newer_ones_cosigned(self, bench: Bench) -> None:
        bench.member(ALDER).cosigned_checkpoint()
        grow(bench, 2)
        bench.member(BIRCH).cosigned_checkpoint()
        grow(bench, 1)
        size, found = bench.member(ALDER).cosigned_checkpoint()
        assert size == 8
        verify_checkpoint(found.encode(), policy_of(bench.consortium))

    def test_three_of_four_stewards_are_enough_and_two_are_not(self, bench: Bench) -> None:
        bench.silent.add(STEWARDS[StewardX(2)])
        _, found = bench.member(ALDER).cosigned_checkpoint()
        verify_checkpoint(found.encode(), policy_of(bench.consortium))
        bench.silent.add(STEWARDS[StewardX(4)])
        grow(bench, 1)
        with pytest.raises(UnavailableError):
            bench.member(ALDER).cosigned_checkpoint()

    def test_a_cosignature_that_does_not_hold_is_not_counted(self, bench: Bench) -> None:
        for x in (1, 3):
            bench.tamper[STEWARDS[StewardX(x)], "add-checkpoint"] = lambda _caller, _body, reply: (
                reply[:-9] + b"AAAA" + reply[-5:]
            )
        with pytest.raises(UnavailableError):
            bench.member(ALDER).cosigned_checkpoint()
