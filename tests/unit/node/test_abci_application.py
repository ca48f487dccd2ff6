"""The ABCI application as CometBFT drives it: nothing is durable before a commit, everything is after it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_abci import Driver
from support_consortium import (
    ALDER,
    BIRCH,
    DESK,
    STEWARDS,
    XS,
    Ledger,
    canonical,
    document,
    genesis_body,
)

from hanse_ledger.bodies import Close, Inquiry
from hanse_ledger.errors import CorruptionError, UnavailableError
from hanse_ledger.ids import Month
from hanse_ledger.merkle import EMPTY_ROOT, leaf_hash
from hanse_ledger.policy import verify_log_signature
from hanse_ledger.witnessing import policy_of
from node.sequencing.cometbft import abci_pb2 as abci
from node.sequencing.cometbft.server import answer_bytes
from node.storage.database import Moment


@pytest.fixture
def ledger() -> Ledger:
    """What the log should be."""
    made = Ledger()
    made.append(made.sign(DESK, genesis_body(canonical(document()))))
    return made


@pytest.fixture
def driver(tmp_path: Path, ledger: Ledger) -> Iterator[Driver]:
    made = Driver(tmp_path, ledger.entries[0])
    yield made
    made.database.close()


def inquiry(ledger: Ledger, party: str, number: int) -> bytes:
    raw = ledger.sign(party, Inquiry(request_hashes=(number.to_bytes(32, "big"),)))
    ledger.append(raw)
    return raw


def check_same(driver: Driver, ledger: Ledger) -> None:
    """The stored log is that of the ledger, signed, and the application hash is its root."""
    log = driver.app.replica.log
    assert log.entries(0, 1_000) == ledger.entries
    note = log.checkpoint()
    assert note is not None
    signed = verify_log_signature(note, policy_of(ledger.state.consortium))
    root = ledger.state.frontier.root()
    assert (signed.size, signed.root) == (len(ledger.entries), root)
    assert driver.info().last_block_app_hash == root


def test_before_the_first_block_there_is_nothing(driver: Driver, ledger: Ledger) -> None:
    assert (driver.info().last_block_height, driver.info().last_block_app_hash) == (0, b"")
    for _ in range(2):
        begun = driver.app.answer(abci.Request(init_chain=abci.InitChainRequest(chain_id="c")))
        assert begun.init_chain.app_hash == EMPTY_ROOT
    assert driver.block().app_hash == EMPTY_ROOT
    assert driver.info().last_block_height == 1
    assert driver.app.replica.log.size() == 0
    assert driver.block(ledger.entries[0]).app_hash == ledger.state.frontier.root()


def test_before_its_genesis_is_here_nothing_else_is_refused_for_good(driver: Driver, ledger: Ledger) -> None:
    """Others may have founded the log a block ago: whoever brought it brings it again."""
    raw = inquiry(ledger, ALDER, 1)
    assert driver.check(raw).log.startswith("unavailable: ")
    driver.block(ledger.entries[0])
    assert driver.check(raw).code == 0


def test_the_log_begins_with_the_trusted_genesis_alone(driver: Driver, ledger: Ledger) -> None:
    other = Ledger()
    changed = document()
    changed["policy"]["retention_months"] += 1
    strange = other.sign(DESK, genesis_body(canonical(changed)))
    assert driver.check(strange).log.startswith("rule: ")
    assert driver.prepare(strange, ledger.entries[0]) == [ledger.entries[0]]
    assert driver.block(strange).tx_results[0].code == 1
    assert driver.app.replica.log.size() == 0
    assert driver.check(ledger.entries[0]).code == 0
    assert driver.block(ledger.entries[0]).tx_results[0].code == 0
    check_same(driver, ledger)
    # Every validator brings it; those that come later are told that it stands.
    assert driver.check(ledger.entries[0]).log.startswith("rule: ")


def test_a_block_is_durable_at_its_commit_and_not_before(driver: Driver, ledger: Ledger) -> None:
    driver.block(ledger.entries[0])
    raws = [inquiry(ledger, (ALDER, BIRCH)[number % 2], number) for number in range(5)]
    decided = driver.finalize(*raws)
    assert driver.app.replica.log.size() == 1
    assert driver.app.size == 1
    driver.restart()
    assert driver.info().last_block_height == 1
    assert driver.finalize(*raws).SerializeToString() == decided.SerializeToString()
    driver.commit()
    check_same(driver, ledger)


def test_a_block_decided_again_without_a_commit_gives_the_same_bytes(driver: Driver, ledger: Ledger) -> None:
    driver.block(ledger.entries[0])
    raws = [inquiry(ledger, ALDER, number) for number in range(3)]
    first = driver.finalize(*raws)
    assert driver.finalize(*raws).SerializeToString() == first.SerializeToString()
    driver.commit()
    check_same(driver, ledger)


def test_a_refused_statement_has_a_code_and_no_effect(driver: Driver, ledger: Ledger) -> None:
    driver.block(ledger.entries[0])
    other = Ledger()
    other.append(ledger.entries[0])
    skipped = inquiry(other, ALDER, 8)
    late = inquiry(other, ALDER, 9)
    good = inquiry(ledger, BIRCH, 1)
    tampered = skipped[:-1] + bytes([skipped[-1] ^ 1])
    decided = driver.finalize(late, good, good, tampered, b"", b"\x00garbage")
    assert [one.code for one in decided.tx_results] == [1, 0, 1, 1, 1, 1]
    codes = [one.log.partition(":")[0] for one in decided.tx_results]
    assert codes == ["stale_head", "", "stale_head", "bad_signature", "malformed", "malformed"]
    driver.commit()
    check_same(driver, ledger)


def test_the_mempool_takes_a_chain_in_its_order_only(driver: Driver, ledger: Ledger) -> None:
    driver.block(ledger.entries[0])
    first, second, third = (inquiry(ledger, ALDER, number) for number in range(3))
    assert driver.check(second).log.startswith("stale_head: ")
    assert [driver.check(raw).code for raw in (first, second, third)] == [0, 0, 0]
    assert driver.check(first).code == 1
    driver.block(first)
    # After a block, what is left is looked at again, in its order.
    assert [driver.check(raw, again=True).code for raw in (first, second, third)] == [1, 0, 0]
    tampered = third[:-1] + bytes([third[-1] ^ 1])
    driver.block(second)
    assert driver.check(tampered).log.startswith("bad_signature: ")


def test_a_proposal_holds_what_will_be_accepted_within_its_limit(driver: Driver, ledger: Ledger) -> None:
    driver.block(ledger.entries[0])
    raws = [inquiry(ledger, ALDER, number) for number in range(4)]
    lost = Ledger()
    lost.append(ledger.entries[0])
    fork = lost.sign(ALDER, Inquiry(request_hashes=(bytes(32),)))
    assert driver.prepare(raws[1], raws[0], fork, raws[1], b"garbage", raws[2]) == raws[:3]
    most = sum(len(raw) + 5 for raw in raws[:2])
    assert driver.prepare(*raws, most=most) == raws[:2]
    assert driver.prepare(*raws, most=most - 1) == raws[:1]


def test_a_proposal_that_no_honest_node_makes_is_rejected(driver: Driver, ledger: Ledger) -> None:
    driver.block(ledger.entries[0])
    one, two = inquiry(ledger, ALDER, 0), inquiry(ledger, BIRCH, 1)
    assert driver.process(one, two) == driver.process() == 1
    assert driver.process(one, one) == driver.process(one, b"garbage") == driver.process(b"") == 2


def test_what_the_log_refuses_now_is_not_proposed_and_leaves_the_mempool(
    driver: Driver, ledger: Ledger
) -> None:
    """In its place of the chain, signed, and refused: `close` of a month that is not due."""
    driver.block(ledger.entries[0])
    early = ledger.sign(STEWARDS[XS[0]], Close(month=Month(ledger.state.log_month + 1)))
    good = inquiry(ledger, ALDER, 0)
    # Another node may be a block ahead: what is new is not refused for that.
    assert [driver.check(raw).code for raw in (early, good)] == [0, 0]
    assert driver.prepare(early, good) == [good]
    assert driver.process(early, good) == 2
    leaf = leaf_hash(early)
    driver.outcomes.expect([leaf])
    driver.block(good)
    assert driver.check(early, again=True).log.startswith("rule: ")
    assert getattr(driver.outcomes.of(leaf, 0), "code", None) == "rule"
    driver.outcomes.forget([leaf])


def test_a_tampered_statement_further_on_in_a_chain_is_not_proposed(driver: Driver, ledger: Ledger) -> None:
    driver.block(ledger.entries[0])
    first, second = (inquiry(ledger, ALDER, number) for number in range(2))
    tampered = second[:-1] + bytes([second[-1] ^ 1])
    assert driver.prepare(first, tampered, second) == [first, second]
    assert driver.process(first, tampered) == 2


def test_what_a_proposer_may_propose_every_other_accepts(driver: Driver, ledger: Ledger) -> None:
    driver.block(ledger.entries[0])
    raws = [inquiry(ledger, (ALDER, BIRCH)[number % 3 == 0], number) for number in range(9)]
    for start in range(9):
        chosen = driver.prepare(*raws[start:], *raws[:start], *raws[start::2])
        assert driver.process(*chosen) == 1


def test_a_commit_whose_outcome_was_not_known_is_looked_up(driver: Driver, ledger: Ledger) -> None:
    """The database went away after it had stored the block; the application lives on."""
    driver.block(ledger.entries[0])
    driver.finalize(inquiry(ledger, ALDER, 0))
    driver.moment = "after"
    with pytest.raises(OSError, match="disk"):
        driver.commit()
    assert driver.info().last_block_height == 2
    driver.block(inquiry(ledger, BIRCH, 1))
    check_same(driver, ledger)


def test_a_copy_that_was_read_again_in_the_middle_of_a_block_is_not_committed(
    driver: Driver, ledger: Ledger
) -> None:
    driver.block(ledger.entries[0])
    raw = inquiry(ledger, ALDER, 0)
    decided = driver.finalize(raw)
    driver.app.replica.forget()
    with pytest.raises(UnavailableError):
        driver.commit()
    assert driver.info().last_block_height == 1
    assert driver.finalize(raw).SerializeToString() == decided.SerializeToString()
    driver.commit()
    check_same(driver, ledger)


def test_a_block_out_of_turn_stops_the_application(driver: Driver, ledger: Ledger) -> None:
    driver.block(ledger.entries[0])
    with pytest.raises(CorruptionError):
        driver.finalize(height=3)


@pytest.mark.parametrize(("moment", "was_stored"), [("before", False), ("in", False), ("after", True)])
def test_a_commit_that_fails_is_whole_or_nothing(
    driver: Driver, ledger: Ledger, moment: Moment, *, was_stored: bool
) -> None:
    driver.block(ledger.entries[0])
    raws = [inquiry(ledger, ALDER, number) for number in range(3)]
    decided = driver.finalize(*raws)
    driver.moment = moment
    with pytest.raises(OSError, match="disk"):
        driver.commit()
    driver.restart()
    assert driver.info().last_block_height == (2 if was_stored else 1)
    if not was_stored:
        assert driver.finalize(*raws).SerializeToString() == decided.SerializeToString()
        driver.commit()
    check_same(driver, ledger)


def test_who_waits_is_told_once_it_is_durable(driver: Driver, ledger: Ledger) -> None:
    driver.block(ledger.entries[0])
    taken, other = inquiry(ledger, ALDER, 0), b"garbage"
    leaves = [leaf_hash(taken), leaf_hash(other)]
    driver.outcomes.expect(leaves)
    driver.finalize(taken, other)
    assert driver.outcomes.of(leaves[0], 0) is None
    driver.commit()
    assert driver.outcomes.of(leaves[0], 0) == 1
    refused = driver.outcomes.of(leaves[1], 0)
    assert getattr(refused, "code", None) == "malformed"
    assert driver.outcomes.of(leaves[1], 0) is None
    driver.outcomes.forget(leaves)


@pytest.mark.parametrize("body", [b"", b"\xff\xff", abci.Request().SerializeToString(), b"\x22\x00"])
def test_what_is_no_request_is_answered_and_changes_nothing(
    driver: Driver, ledger: Ledger, body: bytes
) -> None:
    answer = abci.Response.FromString(answer_bytes(driver.app, body))
    assert answer.WhichOneof("value") == "exception"
    driver.block(ledger.entries[0])
    check_same(driver, ledger)


@pytest.mark.parametrize(
    "kind",
    [
        "flush",
        "list_snapshots",
        "offer_snapshot",
        "load_snapshot_chunk",
        "apply_snapshot_chunk",
        "extend_vote",
        "verify_vote_extension",
    ],
)
def test_every_other_request_has_its_own_answer(driver: Driver, kind: str) -> None:
    request = abci.Request()
    getattr(request, kind).SetInParent()
    assert driver.app.answer(request).WhichOneof("value") == kind


def test_echo_and_queries_are_answered(driver: Driver) -> None:
    request = abci.Request(echo=abci.EchoRequest(message="hello"))
    assert driver.app.answer(request).echo.message == "hello"
    assert driver.app.answer(abci.Request(query=abci.QueryRequest())).query.code == 1
