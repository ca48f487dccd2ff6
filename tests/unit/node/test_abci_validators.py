"""Validators follow the document in force: by the application's updates, the same at every validator."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support_abci import Driver
from support_consortium import (
    AUDITOR,
    CHAMBER,
    DESK,
    REGULATOR,
    UNION,
    Document,
    Ledger,
    adopt,
    canonical,
    document,
    genesis_body,
    log_key,
    party_in,
    seed,
)

from hanse_ledger.checkpoint import log_keys
from hanse_ledger.note import NoteVerifier, SignatureType
from hanse_ledger.signing import SigningKey
from node.sequencing.cometbft import abci_pb2 as abci
from node.sequencing.cometbft.validators import POWER
from node.storage.database import Moment
from node.storage.validators import stored_validators

FOUR = (DESK, CHAMBER, AUDITOR, UNION)
KEYS = {party: log_key(party).public for party in (*FOUR, REGULATOR)}
NEXT = SigningKey(seed("next log key", DESK))


def orders(doc: Document, *parties: str) -> None:
    for party in parties:
        party_in(doc, party)["log_key"] = log_key(party).public.hex()
    doc["ordering"] = list(parties)


def keyless(doc: Document) -> None:
    """A fifth, whose log key is no point of the curve."""
    orders(doc, *FOUR, REGULATOR)
    party_in(doc, REGULATOR)["log_key"] = "ff" * 32


@pytest.fixture
def ledger() -> Ledger:
    """What the log should be: four parties agree."""
    made, doc = Ledger(), document()
    orders(doc, *FOUR)
    made.append(made.sign(DESK, genesis_body(canonical(doc))))
    return made


@pytest.fixture
def open_driver(tmp_path: Path, ledger: Ledger) -> Iterator[Callable[..., Driver]]:
    made: list[Driver] = []

    def open_one(name: str = "one", **more: object) -> Driver:
        folder = tmp_path / name
        folder.mkdir()
        validators = [KEYS[party] for party in FOUR]
        made.append(Driver(folder, ledger.entries[0], validators=validators, more=more))
        made[-1].block(ledger.entries[0])
        return made[-1]

    yield open_one
    for driver in made:
        driver.database.close()


def voted(ledger: Ledger, change: Callable[[Document], object]) -> list[bytes]:
    """Return the statements that put a changed document in force."""
    before = len(ledger.entries)
    adopt(ledger, change)
    return ledger.entries[before:]


def given(decided: abci.FinalizeBlockResponse) -> dict[bytes, int]:
    return {one.pub_key.ed25519: one.power for one in decided.validator_updates}


def kept(driver: Driver) -> set[bytes]:
    with driver.database.read() as connection:
        return set(stored_validators(connection))


def test_the_founding_document_changes_nobody(open_driver: Callable[..., Driver]) -> None:
    driver = open_driver()
    assert kept(driver) == {KEYS[party] for party in FOUR}
    assert given(driver.finalize()) == {}


def test_one_comes_one_goes_one_changes_its_key(open_driver: Callable[..., Driver], ledger: Ledger) -> None:
    driver = open_driver()
    comes = voted(ledger, lambda doc: orders(doc, *FOUR, REGULATOR))
    assert given(driver.block(*comes[:-1])) == {}
    assert given(driver.block(comes[-1])) == {KEYS[REGULATOR]: POWER}
    assert given(driver.block()) == {}
    goes = voted(ledger, lambda doc: orders(doc, DESK, CHAMBER, AUDITOR, REGULATOR))
    assert given(driver.block(*goes)) == {KEYS[UNION]: 0}
    driver.restart()
    changes = voted(ledger, lambda doc: party_in(doc, DESK).update(log_key=NEXT.public.hex()))
    assert given(driver.block(*changes)) == {KEYS[DESK]: 0, NEXT.public: POWER}
    assert kept(driver) == {NEXT.public, *(KEYS[party] for party in (CHAMBER, AUDITOR, REGULATOR))}
    assert driver.app.replica.log.entries(0, 1_000) == ledger.entries


def test_updates_are_the_same_bytes_at_every_validator_however_often_it_starts(
    open_driver: Callable[..., Driver], ledger: Ledger
) -> None:
    steady, shaken = open_driver(), open_driver("two")
    changes = [
        lambda doc: orders(doc, *FOUR, REGULATOR),
        lambda doc: orders(doc, DESK, CHAMBER, REGULATOR, AUDITOR),
        lambda doc: party_in(doc, AUDITOR).update(log_key=NEXT.public.hex()),
    ]
    for change in changes:
        block = voted(ledger, change)
        decided = steady.block(*block).SerializeToString()
        shaken.finalize(*block)
        shaken.restart()
        shaken.finalize(*block)
        assert shaken.finalize(*block).SerializeToString() == decided
        shaken.commit()
        shaken.restart()
        assert kept(shaken) == kept(steady)


def test_two_documents_in_one_block_are_one_step(open_driver: Callable[..., Driver], ledger: Ledger) -> None:
    """One that goes and comes back within a block stays: each key stands in the updates once."""
    driver = open_driver()
    there = voted(ledger, lambda doc: orders(doc, DESK, CHAMBER, AUDITOR))
    back = voted(ledger, lambda doc: orders(doc, *FOUR))
    assert given(driver.block(*there, *back)) == {}
    moved = voted(ledger, lambda doc: orders(doc, DESK, CHAMBER, AUDITOR))
    again = voted(
        ledger,
        lambda doc: (
            party_in(doc, UNION).pop("log_key"),
            party_in(doc, REGULATOR).update(log_key=KEYS[UNION].hex()),
            doc.update(ordering=[DESK, CHAMBER, AUDITOR, REGULATOR]),
        ),
    )
    # The key has gone over to another party, for CometBFT it is the same validator.
    assert given(driver.block(*moved, *again)) == {}


@pytest.mark.parametrize(
    "change",
    [
        lambda doc: orders(doc, DESK),
        lambda doc: orders(doc, DESK, CHAMBER),
        lambda doc: orders(doc, REGULATOR, "watch", DESK),
        keyless,
    ],
    ids=["one", "two", "strangers", "no key"],
)
def test_a_set_that_could_not_go_on_changes_nobody_and_is_told(
    open_driver: Callable[..., Driver],
    ledger: Ledger,
    caplog: pytest.LogCaptureFixture,
    change: Callable[[Document], object],
) -> None:
    differ: list[bool] = []
    driver = open_driver(differ=differ.append)
    with caplog.at_level(logging.CRITICAL):
        assert given(driver.block(*voted(ledger, change))) == {}
        for _ in range(3):
            assert given(driver.block()) == {}
    assert [line.message.partition(",")[0] for line in caplog.records] == ["the validators stay as they are"]
    assert kept(driver) == {KEYS[party] for party in FOUR}
    assert differ == [False, *([True] * 4)]
    # The document is in force all the same, and the next one is reached from where they are.
    better = voted(ledger, lambda doc: orders(doc, *FOUR, REGULATOR))
    assert given(driver.block(*better)) == {KEYS[REGULATOR]: POWER}
    assert not differ[-1]


@pytest.mark.parametrize(("moment", "is_kept"), [("before", False), ("in", False), ("after", True)])
def test_the_set_is_stored_with_its_block_or_not_at_all(
    open_driver: Callable[..., Driver], ledger: Ledger, moment: Moment, *, is_kept: bool
) -> None:
    driver = open_driver()
    block = voted(ledger, lambda doc: orders(doc, *FOUR, REGULATOR))
    first = given(driver.finalize(*block))
    driver.moment = moment
    with pytest.raises(OSError, match="disk"):
        driver.commit()
    driver.restart()
    assert (KEYS[REGULATOR] in kept(driver)) == is_kept
    if not is_kept:
        assert given(driver.finalize(*block)) == first
        driver.commit()
    assert given(driver.block()) == {}


def test_both_keys_sign_the_log_once_the_vote_is_in_it(
    open_driver: Callable[..., Driver], ledger: Ledger
) -> None:
    told: list[frozenset[bytes]] = []
    keys = {key.public: key for key in (log_key(DESK), NEXT)}
    driver = open_driver(
        voted=lambda consortium: keys.get(consortium.parties[DESK].log_key), agree=told.append
    )
    assert signers(driver) == [log_key(DESK)]
    block = voted(ledger, lambda doc: party_in(doc, DESK).update(log_key=NEXT.public.hex()))
    driver.block(*block[:-1])
    assert signers(driver) == [log_key(DESK)]
    driver.block(*block[-1:])
    assert signers(driver) == [log_key(DESK), NEXT]
    # The old key decides on one block more.
    assert (KEYS[DESK] in told[-1], NEXT.public in told[-1]) == (True, False)
    driver.block()
    assert (KEYS[DESK] in told[-1], NEXT.public in told[-1]) == (False, True)


def signers(driver: Driver) -> list[SigningKey]:
    note = driver.app.replica.log.checkpoint()
    assert note is not None
    found = log_keys(note)
    name = driver.app.replica.state.consortium.id
    return [
        key
        for key in (log_key(DESK), NEXT)
        if NoteVerifier(name=name, public=key.public, type=SignatureType.ED25519).key_id in found
    ]


def test_an_older_database_without_validators_gives_no_update(tmp_path: Path, ledger: Ledger) -> None:
    """What CometBFT has is not known there: nothing is given that it might not be able to apply."""
    folder = tmp_path / "old"
    folder.mkdir()
    driver = Driver(folder, ledger.entries[0], validators=())
    driver.block(ledger.entries[0])
    assert given(driver.block(*voted(ledger, lambda doc: orders(doc, *FOUR, REGULATOR)))) == {}
    driver.database.close()
