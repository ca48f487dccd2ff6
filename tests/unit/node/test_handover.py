"""Handing the sequencing to another party: planned, after the old one died, after it forked the log."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support_node import MEMBERS, Bench

from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.bodies import Inquiry
from hanse_ledger.checkpoint import AddCheckpoint, parse_signed_checkpoint
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.misbehaviour import Fork, verify_evidence
from hanse_ledger.misbehaviour_file import parse_evidence
from hanse_ledger.policy import verify_log_signature
from hanse_ledger.signing import SigningKey
from hanse_ledger.witnessing import policy_of
from node.errors import SettingsError
from node.handover import HandoverError, StoredCopy, Successor, TakenOver, check_may_order, take_over
from node.roles.outbox import Outbox
from node.roles.witness import Witness
from node.sequencing.follower import Follower
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.sequencing.term import Term
from node.storage.database import Database
from node.storage.log import LogStore

ALDER, BIRCH = MEMBERS[:2]
NEXT_KEY = SigningKey(bytes(31) + b"7")
EVERYBODY = [*STEWARDS.values(), BIRCH]


def let_alder_order(document: dict[str, Any]) -> None:
    document["ordering"].append(ALDER)
    (party,) = (one for one in document["parties"] if one["id"] == ALDER)
    party["log_key"] = NEXT_KEY.public.hex()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, members=MEMBERS[:2], change=let_alder_order)
    grow(made, 4)
    yield made
    made.close()


@pytest.fixture
def sequencer(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "next.sqlite")) as made:
        yield made


def grow(bench: Bench, count: int, party: PartyId = BIRCH) -> None:
    for _ in range(count):
        bench.log(party, Inquiry(request_hashes=(bench.entropy(32),)))


def follow(bench: Bench, *parties: PartyId) -> None:
    for party in parties:
        bench.standing(party).catch_up()


def cosign(bench: Bench, *parties: PartyId) -> None:
    note, _ = bench.sequencer.entries(0)
    for party in parties:
        Witness(bench.standing(party)).add_checkpoint(AddCheckpoint(old_size=0, path=(), note=note).encode())


def hand_over(bench: Bench, sequencer: Database, *parties: PartyId, **how: Any) -> TakenOver:
    """Let ALDER take over from what these parties hold, in this order; all stewards are in reach."""
    heard = how.pop("heard", STEWARDS.values())
    successor = Successor(
        trusted=bench.consortium, genesis=bench.genesis, folder=bench.folder, log_key=NEXT_KEY
    )
    return take_over(
        successor,
        sequencer=sequencer,
        holders={party: StoredCopy(bench.standing(party).replica) for party in parties},
        cosigned={
            party: bench.standing(party).replica.log.cosigned_note(bench.consortium.id) for party in heard
        },
        **how,
    )


def go_on(bench: Bench, sequencer: Database, *parties: PartyId) -> SoloSequencer:
    """Let the parties follow the new orderer, and send what their outboxes hold."""
    ordering = SoloSequencer(replica=Replica(sequencer), log_key=NEXT_KEY)
    for _ in range(2):
        for party in parties:
            standing = bench.standing(party)
            follower = Follower(replica=standing.replica, source=ordering, trusted=bench.consortium)
            again = replace(standing, sequencer=ordering, catch_up=follower.catch_up)
            again.catch_up()
            Outbox(again).flush()
    roots = {bench.standing(party).state.frontier.root() for party in parties}
    assert roots == {ordering.replica.state.frontier.root()}
    return ordering


def test_planned(bench: Bench, sequencer: Database) -> None:
    """Everybody holds the same: the next one goes on there, and every chain with it."""
    follow(bench, ALDER, *EVERYBODY)
    cosign(bench, *STEWARDS.values())
    taken = hand_over(bench, sequencer, ALDER, *EVERYBODY)
    assert (taken.size, taken.gathered.others, taken.gathered.silent) == (5, {}, ())
    checkpoint = verify_log_signature(taken.note, policy_of(bench.consortium))
    assert (checkpoint.size, checkpoint.root) == (5, bench.replica.root(5))
    term = Term(orderer=ALDER, since=5)
    assert term.covers(taken.note, bench.consortium)
    ordering = go_on(bench, sequencer, ALDER, *EVERYBODY)
    following = bench.sign(BIRCH, Inquiry(request_hashes=(bytes(32),)))
    assert ordering.submit(following) == 5
    newest, _ = ordering.entries(0)
    assert term.covers(newest, bench.consortium)
    go_on(bench, sequencer, ALDER, *EVERYBODY)


def test_the_old_one_died_and_its_followers_are_at_different_sizes(bench: Bench, sequencer: Database) -> None:
    """The longest copy counts. What nobody has followed is sent again by its sender: the same bytes."""
    follow(bench, ALDER, *EVERYBODY)
    grow(bench, 3)
    follow(bench, STEWARDS[StewardX(1)], STEWARDS[StewardX(2)])
    cosign(bench, STEWARDS[StewardX(2)])
    follow(bench, BIRCH)
    with bench.standing(BIRCH).database.write() as connection:
        Outbox(bench.standing(BIRCH)).put(connection, Inquiry(request_hashes=(bytes(32),)))
    lost = bench.sign(BIRCH, Inquiry(request_hashes=(bytes(32),)))
    bench.sequencer.submit(lost)
    taken = hand_over(bench, sequencer, ALDER, *EVERYBODY)
    assert taken.size == 8
    assert taken.gathered.sizes[ALDER] == 5
    ordering = go_on(bench, sequencer, ALDER, *EVERYBODY)
    assert ordering.entries(8)[1] == [lost]


@pytest.mark.parametrize("at", [5, 7])
def test_less_than_a_steward_has_cosigned_is_refused(bench: Bench, sequencer: Database, at: int) -> None:
    grow(bench, 3)
    follow(bench, ALDER, *EVERYBODY)
    cosign(bench, *STEWARDS.values())
    with pytest.raises(HandoverError, match="steward-1 has cosigned 8 statements"):
        hand_over(bench, sequencer, ALDER, *EVERYBODY, at=at)
    assert LogStore(sequencer).size() == 0


def test_too_few_stewards_in_reach(bench: Bench, sequencer: Database) -> None:
    follow(bench, ALDER)
    with pytest.raises(UnavailableError):
        hand_over(bench, sequencer, ALDER, heard=list(STEWARDS.values())[:2])


def test_after_a_fork_somebody_decides_and_who_followed_the_other_branch_is_named(
    bench: Bench, sequencer: Database
) -> None:
    follow(bench, ALDER, *EVERYBODY)
    fork = SoloSequencer(replica=Replica(Database(bench.folder / "fork.sqlite")), log_key=bench.log_key)
    fork.submit_all(bench.replica.log.entries(0, 5))
    one, other = (bench.sign(BIRCH, Inquiry(request_hashes=(bytes([n]) * 32,))) for n in (1, 2))
    bench.sequencer.submit(one)
    fork.submit(other)
    astray = STEWARDS[StewardX(3)]
    follow(bench, ALDER, *(party for party in EVERYBODY if party != astray))
    standing = bench.standing(astray)
    Follower(replica=standing.replica, source=fork, trusted=bench.consortium).catch_up()
    with pytest.raises(HandoverError, match=f"{astray}: statement 5 is another one"):
        hand_over(bench, sequencer, ALDER, *EVERYBODY)
    found = parse_evidence((bench.folder / "evidence" / f"handover-{astray}.json").read_bytes())
    assert isinstance(found, Fork)
    verify_evidence(found, policy_of(bench.consortium))
    taken = hand_over(bench, sequencer, ALDER, *EVERYBODY, decided=True)
    assert (taken.size, set(taken.gathered.others)) == (6, {astray})
    ordering = go_on(bench, sequencer, ALDER, *(party for party in EVERYBODY if party != astray))
    assert ordering.entries(5)[1] == [one]


def test_it_may_be_run_again_and_never_over_another_log(bench: Bench, sequencer: Database) -> None:
    follow(bench, ALDER)
    assert hand_over(bench, sequencer, ALDER, at=3).size == 3
    assert hand_over(bench, sequencer, ALDER).size == 5
    with pytest.raises(HandoverError, match="another log or a longer one"):
        hand_over(bench, sequencer, ALDER, at=4)
    assert not list(bench.folder.glob(".take-over*"))


def test_nobody_orders_what_it_has_not(bench: Bench, sequencer: Database) -> None:
    own, empty, first = bench.standing(ALDER).replica.log, LogStore(sequencer), Term(orderer=DESK_ID)
    check_may_order(empty, own, first, DESK_ID)
    for term in (Term(orderer=ALDER), Term(orderer=DESK_ID, since=5)):
        with pytest.raises(SettingsError):
            check_may_order(empty, own, term, DESK_ID)
    follow(bench, ALDER)
    with pytest.raises(SettingsError):
        check_may_order(empty, own, first, DESK_ID)
    check_may_order(bench.replica.log, own, first, DESK_ID)
    note = hand_over(bench, sequencer, ALDER).note
    assert parse_signed_checkpoint(note).size == 5
    check_may_order(empty, own, Term(orderer=ALDER, since=5), DESK_ID)
    with pytest.raises(SettingsError):
        check_may_order(empty, own, Term(orderer=ALDER, since=6), DESK_ID)
