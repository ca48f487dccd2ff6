"""Logs of others that this node cosigns, and witnesses of others that it asks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support_node import MEMBERS, Bench
from support_tlog import COSIGNER_KEY, LOG_KEY, WORKED_LOGS, Tree, log_verifier, seeded

from hanse_ledger.checkpoint import AddCheckpoint, Checkpoint, cosign, log_signed, sign_checkpoint
from hanse_ledger.errors import CheckpointConflictError, UnavailableError, VerificationError
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import prove_consistency
from hanse_ledger.note import NoteVerifier, SignatureType, parse_note
from hanse_ledger.policy import SERVED_SIGNATURES_MAX
from node.errors import LogSignatureError, NotFoundError, SettingsError
from node.roles.foreign import (
    ForeignWitness,
    with_signatures_of,
    with_witnesses,
    witness_key,
    witnessed_logs,
)
from node.roles.witness import Witness

ALDER = MEMBERS[0]
WORKED = WORKED_LOGS[1]
TREE = Tree(WORKED.entries)
WITNESS = NoteVerifier(name="w.example/1", public=COSIGNER_KEY.public, type=SignatureType.COSIGNATURE_V1)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    bench = Bench(tmp_path, members=MEMBERS[:2])
    witnessed = witnessed_logs([log_verifier().vkey()])
    yield Witness(replace(bench.standing(ALDER), witnessed=witnessed))
    bench.close()


def checkpoint(size: int, root: bytes | None = None, origin: str = WORKED.origin) -> Checkpoint:
    found = Tree(WORKED.entries[:size]).frontier.root() if root is None else NodeHash(root)
    return Checkpoint(origin=origin, size=size, root=found)


def body(old: int, of: Checkpoint) -> bytes:
    path = prove_consistency(size1=old, size2=of.size, read=TREE.read) if 0 < old < of.size else []
    return AddCheckpoint(old_size=old, path=tuple(path), note=sign_checkpoint(of, LOG_KEY)).encode()


def test_a_foreign_log_is_cosigned_as_it_grows(witness: Witness) -> None:
    witness.add_checkpoint(body(0, checkpoint(5)))
    witness.add_checkpoint(body(5, checkpoint(300)))
    with pytest.raises(CheckpointConflictError, match=r"^300$"):
        witness.add_checkpoint(body(5, checkpoint(300)))
    with pytest.raises(VerificationError):
        witness.add_checkpoint(body(300, checkpoint(300, bytes(32))))


def test_a_log_that_no_setting_names_or_that_has_not_signed(witness: Witness) -> None:
    with pytest.raises(NotFoundError):
        witness.add_checkpoint(body(0, checkpoint(5, origin="another.example/log")))
    note = sign_checkpoint(checkpoint(5), seeded(9))
    with pytest.raises(LogSignatureError):
        witness.add_checkpoint(AddCheckpoint(old_size=0, path=(), note=note).encode())


def test_a_witness_that_has_cosigned_before_is_asked_again_and_its_line_is_verified() -> None:
    asked: list[bytes] = []
    key = COSIGNER_KEY

    def ask(raw: bytes) -> bytes:
        asked.append(raw)
        if len(asked) == 1:
            raise CheckpointConflictError("5")
        return cosign(note, name=WITNESS.name, key=key, timestamp_s=7).encode()

    note = sign_checkpoint(checkpoint(300), LOG_KEY)
    other = cosign(note, name="steward", key=seeded(3), timestamp_s=7).encode()
    served = with_witnesses(note + other, [ForeignWitness(WITNESS, ask)], TREE.read)
    assert asked == [body(0, checkpoint(300)), body(5, checkpoint(300))]
    assert [line.name for line in parse_note(served).signatures] == [WORKED.origin, "steward", WITNESS.name]
    assert log_signed(served) == note
    key = seeded(4)
    assert with_witnesses(note, [ForeignWitness(WITNESS, ask)], TREE.read) == note


def test_a_witness_that_is_silent_changes_nothing() -> None:
    def ask(_raw: bytes) -> bytes:
        raise UnavailableError("silent")

    note = sign_checkpoint(checkpoint(5), LOG_KEY)
    assert with_witnesses(note, [ForeignWitness(WITNESS, ask)], TREE.read) == note


def test_what_a_witness_signed_outlives_its_absence_and_it_is_not_asked_twice() -> None:
    asked: list[bytes] = []

    def ask(raw: bytes) -> bytes:
        asked.append(raw)
        raise UnavailableError("gone")

    note = sign_checkpoint(checkpoint(5), LOG_KEY)
    line = cosign(note, name=WITNESS.name, key=COSIGNER_KEY, timestamp_s=7).encode()
    other = cosign(note, name="steward", key=seeded(3), timestamp_s=7).encode()
    held = with_signatures_of(note + other, note + line)
    assert held == note + other + line
    assert with_witnesses(held, [ForeignWitness(WITNESS, ask)], TREE.read) == held
    assert asked == []
    grown = sign_checkpoint(checkpoint(6), LOG_KEY)
    assert with_signatures_of(grown, held) == grown


def test_no_more_signatures_are_kept_than_every_reader_takes() -> None:
    note = sign_checkpoint(checkpoint(5), LOG_KEY)
    many = note + b"".join(
        cosign(note, name=f"w.example/{number}", key=seeded(3), timestamp_s=7).encode()
        for number in range(SERVED_SIGNATURES_MAX + 1)
    )
    assert len(parse_note(with_signatures_of(note, many)).signatures) == SERVED_SIGNATURES_MAX


@pytest.mark.parametrize("vkey", ["", "name+00000000+AAAA", log_verifier().vkey()])
def test_keys_that_are_no_witness_s(vkey: str) -> None:
    with pytest.raises(SettingsError):
        witness_key(vkey)
    with pytest.raises(SettingsError):
        witnessed_logs([WITNESS.vkey()])
