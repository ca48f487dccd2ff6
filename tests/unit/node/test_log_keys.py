"""The keys that sign for a log while a vote gives whoever orders it another one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_consortium import DESK, Ledger, adopt, canonical, document, genesis_body, log_key, party_in, seed

from hanse_ledger.checkpoint import log_keys
from hanse_ledger.errors import VerificationError
from hanse_ledger.note import NoteVerifier, SignatureType
from hanse_ledger.policy import verify_log_signature
from hanse_ledger.signing import SigningKey
from hanse_ledger.witnessing import policy_of
from node.keyring import KeyRing
from node.keystore import PartyKeys
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.storage.database import Database

NEXT = SigningKey(seed("next log key", DESK))


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    database = Database(tmp_path / "log.sqlite")
    yield Replica(database)
    database.close()


def ring(*following: SigningKey) -> KeyRing:
    keys = PartyKeys(
        statement=SigningKey(seed("statement key", DESK)),
        cosign=SigningKey(seed("cosign key", DESK)),
        log=log_key(DESK),
        key_share=None,
        following=following,
    )
    return KeyRing(keys)


def voted() -> Ledger:
    ledger = Ledger()
    ledger.append(ledger.sign(DESK, genesis_body(canonical(document()))))
    adopt(ledger, lambda doc: party_in(doc, DESK).update(log_key=NEXT.public.hex()))
    return ledger


def signed_by(note: bytes, ledger: Ledger) -> list[SigningKey]:
    name, found = ledger.state.consortium.id, log_keys(note)
    return [
        key
        for key in (log_key(DESK), NEXT)
        if NoteVerifier(name=name, public=key.public, type=SignatureType.ED25519).key_id in found
    ]


def test_who_orders_alone_signs_with_both_from_the_vote_on(replica: Replica) -> None:
    ledger, held = voted(), ring(NEXT)
    sequencer = SoloSequencer(
        replica=replica,
        log_key=log_key(DESK),
        voted=lambda consortium: held.log_key(consortium.parties[DESK]),
    )
    for raw in ledger.entries[:-1]:
        sequencer.submit(raw)
        assert signed_by(sequencer.entries(0)[0], ledger) == [log_key(DESK)]
    sequencer.submit(ledger.entries[-1])
    note = sequencer.entries(0)[0]
    assert signed_by(note, ledger) == [log_key(DESK), NEXT]
    for one in ledger.state.documents:
        assert verify_log_signature(note, policy_of(one)).size == len(ledger.entries)


def test_without_the_new_key_the_old_one_signs_and_nobody_who_has_read_the_vote_believes_it(
    replica: Replica,
) -> None:
    ledger, held = voted(), ring()
    sequencer = SoloSequencer(
        replica=replica,
        log_key=log_key(DESK),
        voted=lambda consortium: held.log_key(consortium.parties[DESK]),
    )
    sequencer.submit_all(ledger.entries)
    note = sequencer.entries(0)[0]
    assert signed_by(note, ledger) == [log_key(DESK)]
    with pytest.raises(VerificationError):
        verify_log_signature(note, policy_of(ledger.state.consortium))


def test_a_party_that_may_not_order_has_no_such_key() -> None:
    consortium = voted().state.consortium
    assert ring(NEXT).log_key(consortium.parties[DESK]) is NEXT
    assert ring().log_key(consortium.parties[DESK]) is None
    others = [party for party in consortium.parties.values() if party.log_key is None]
    assert others
    assert [ring(NEXT).log_key(party) for party in others] == [None] * len(others)
