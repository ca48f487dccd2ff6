"""Attacks on the log: statements a second time, in another order, by another hand (docs/threat-model.md)."""

import hashlib
from collections.abc import Sequence

import pytest
from support_attacks import MEMBERS, Scene
from support_consortium import snapshot

from hanse_ledger import cose
from hanse_ledger.checkpoint import Checkpoint, sign_checkpoint
from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import CorruptionError, RejectedError, StaleHeadError
from hanse_ledger.ids import PartyId
from hanse_ledger.merkle import Frontier, leaf_hash
from hanse_ledger.state import LedgerState
from hanse_ledger.statements import parse_statement

ALDER, OTHER = MEMBERS[0], MEMBERS[-1]


def test_replayed_statement(scene: Scene) -> None:
    scene.log_requests(ALDER, scene.request(ALDER))
    log = _entries(scene)
    raw = log[-1]
    state = _replayed(log)
    before = snapshot(state)
    with pytest.raises(StaleHeadError) as refusal:
        state.apply(raw)
    assert refusal.value.code == "stale_head"
    assert snapshot(state) == before
    # A sequencer answers bytes that stand in the log with their index, and appends nothing.
    assert scene.submit(raw) == len(log) - 1
    assert _entries(scene) == log
    # The same statement with the next seq is not what its party signed.
    with pytest.raises(RejectedError) as forged:
        scene.submit(_with_seq(raw, state.head(PartyId(ALDER)).seq))
    assert forged.value.code == "bad_signature"
    assert _entries(scene) == log


def test_replayed_statement_by_the_ordering_node(scene: Scene) -> None:
    index = scene.log_requests(ALDER, scene.request(ALDER))
    log = _entries(scene)
    _show(scene, [*log, log[index]])
    for party in (ALDER, OTHER):
        standing = scene.member(party).standing
        with pytest.raises(CorruptionError, match="stale_head"):
            standing.catch_up()
        # What stands before it is taken, as the same checkpoint signs it.
        assert snapshot(standing.state) == snapshot(_replayed(log))
    steward = scene.stewards[0]
    with pytest.raises(CorruptionError, match="stale_head"):
        scene.ask(steward, steward, "work", b"")
    scene.honest("desk")
    assert _entries(scene) == log


def test_reordered_statements(scene: Scene) -> None:
    first = scene.log_requests(ALDER, scene.request(ALDER))
    second = scene.log_requests(ALDER, scene.request(ALDER))
    log = _entries(scene)
    turned = list(log)
    turned[first], turned[second] = log[second], log[first]
    state = _replayed(log[:first])
    before = snapshot(state)
    with pytest.raises(StaleHeadError):
        state.apply(log[second])
    assert snapshot(state) == before
    _show(scene, turned)
    standing = scene.member(OTHER).standing
    with pytest.raises(CorruptionError, match="stale_head"):
        standing.catch_up()
    # The log that this node holds is a part of the true one, whatever it was shown.
    held = standing.replica.log.entries(0, 1_000)
    assert held == log[: len(held)]
    assert len(held) <= first
    scene.honest("desk")
    standing.catch_up()
    assert standing.replica.log.entries(0, 1_000) == log


def test_statements_left_out_after_they_were_shown(scene: Scene) -> None:
    scene.log_requests(ALDER, scene.request(ALDER))
    log = _entries(scene)
    other = scene.sign("birch", parse_statement(log[-1]).body)
    standing = scene.member(ALDER).standing
    standing.catch_up()
    before = snapshot(standing.state)
    # Another log of the same length, signed by the true log key: a fork.
    _show(scene, [*log[:-1], other])
    with pytest.raises(CorruptionError, match="another tree"):
        standing.catch_up()
    assert snapshot(standing.state) == before


def _entries(scene: Scene) -> list[bytes]:
    sequencer = scene.member(ALDER).standing.sequencer
    return list(sequencer.entries(0)[1])


def _replayed(log: Sequence[bytes]) -> LedgerState:
    state = LedgerState()
    for raw in log:
        state.apply(raw)
    return state


def _show(scene: Scene, log: Sequence[bytes]) -> None:
    """Let the ordering node serve another log, under a checkpoint with its true log key."""
    key = scene.keys("desk").log
    assert key is not None
    frontier = Frontier()
    for raw in log:
        frontier.append(leaf_hash(raw))
    checkpoint = Checkpoint(origin=scene.consortium.id, size=len(log), root=frontier.root())
    note = sign_checkpoint(checkpoint, key)

    def lie(_caller: PartyId, body: bytes, _reply: bytes) -> bytes:
        return encode([note, list(log[decode(body, limit=16) :])])

    scene.replying("desk", "entries", lie)


def _with_seq(raw: bytes, seq: int) -> bytes:
    """Change a statement's place in its chain, without its party's key."""
    signed = cose.parse(raw, limit=1 << 16)
    _, _, body = decode(signed.payload, limit=1 << 16)
    changed = encode([seq, hashlib.sha256(raw).digest(), body])
    return raw.replace(encode(signed.payload), encode(changed))
