"""Verifying ahead changes nothing that acceptance decides; it only takes its time off it."""

from itertools import chain

import pytest
from support_consortium import ALDER, DESK, Ledger, canonical, document, genesis_body

from hanse_ledger import signing
from hanse_ledger.bodies import Inquiry
from hanse_ledger.errors import SignatureRefusedError
from hanse_ledger.state import LedgerState
from node.sequencing.ahead import BATCH, verified_ahead

COUNT = 100


@pytest.fixture
def statements() -> list[bytes]:
    """Genesis, then a batch that is worth it."""
    ledger = Ledger()
    ledger.append(ledger.sign(DESK, genesis_body(canonical(document()))))
    for number in range(COUNT):
        ledger.append(ledger.sign(ALDER, Inquiry(request_hashes=(number.to_bytes(32, "big"),))))
    return ledger.entries


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)


def founded(statements: list[bytes]) -> LedgerState:
    # Making them verified them.
    signing._verify.cache_clear()
    state = LedgerState()
    state.apply(statements[0])
    return state


def remembered() -> int:
    return signing._verify.cache_info().currsize


def verify_all(statements: list[bytes], state: LedgerState) -> None:
    """Take every part; together they are the statements in their order."""
    assert list(chain.from_iterable(verified_ahead(statements, state))) == statements


def test_acceptance_finds_what_was_verified(statements: list[bytes]) -> None:
    state = founded(statements)
    before = remembered()
    verify_all(statements[1:], state)
    assert (remembered() - before, state.size) == (COUNT, 1)
    misses = signing._verify.cache_info().misses
    for raw in statements[1:]:
        state.apply(raw)
    assert signing._verify.cache_info().misses == misses


@pytest.mark.parametrize("place", [1, 17, COUNT])
def test_a_signature_that_does_not_hold_is_refused_in_its_place(statements: list[bytes], place: int) -> None:
    state = founded(statements)
    statements[place] = statements[place][:-1] + bytes([statements[place][-1] ^ 1])
    verify_all(statements[1:], state)
    for raw in statements[1:place]:
        state.apply(raw)
    with pytest.raises(SignatureRefusedError):
        state.apply(statements[place])


@pytest.mark.parametrize("garbage", [b"", b"\xd2\x84", bytes(300)])
def test_what_is_no_statement_is_left_to_acceptance(statements: list[bytes], garbage: bytes) -> None:
    verify_all([garbage, *statements[1:], garbage], founded(statements))


def test_few_statements_or_a_log_without_genesis_are_left_alone(statements: list[bytes]) -> None:
    state = founded(statements)
    before = remembered()
    verify_all(statements[1:9], state)
    verify_all(statements, LedgerState())
    assert remembered() == before


def test_of_many_no_more_are_verified_ahead_than_are_remembered(statements: list[bytes]) -> None:
    state = founded(statements)
    many = statements[1:] * (BATCH // COUNT + 1)
    misses = signing._verify.cache_info().misses
    parts = verified_ahead([*many, *many], state)
    assert next(parts) == many[:64]
    parts.close()
    # A thread may have begun with the same statement as another: both count.
    assert signing._verify.cache_info().misses - misses <= signing.REMEMBERED // 2
    verify_all(many, state)
