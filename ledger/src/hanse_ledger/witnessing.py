"""Which signatures make a checkpoint of this consortium believed: its tlog-policy (protocol section 6)."""

import re
from collections.abc import Iterable
from typing import Final

from hanse_ledger.consortium import Consortium, Party
from hanse_ledger.ids import ConsortiumId, PartyId
from hanse_ledger.note import Note, NoteVerifier, SignatureLine, SignatureType, parse_note
from hanse_ledger.policy import Policy, PolicyGroup, PolicyLog, PolicyWitness, verify_checkpoint

_GROUP: Final = "stewards"
_PLAIN_URL: Final = re.compile(r"[!-\"$-~]+")


def cosigner_name(consortium: ConsortiumId, party: PartyId) -> str:
    """Return the name that a party's cosigner key signs under."""
    return f"{consortium}/{party}"


def policy_of(consortium: Consortium) -> Policy:
    """Return the policy that a consortium document implies.

    One log for each key that may order, one witness for each active party, and a quorum of all stewards
    but one.
    """
    active = [party for party in consortium.parties.values() if party.active]
    return Policy(
        logs=tuple(
            PolicyLog(key=NoteVerifier(name=consortium.id, public=key, type=SignatureType.ED25519))
            for key in (consortium.parties[party].log_key for party in consortium.ordering)
            if key is not None
        ),
        witnesses=tuple(
            PolicyWitness(
                name=party.id,
                key=NoteVerifier(
                    name=cosigner_name(consortium.id, party.id),
                    public=party.cosign_key,
                    type=SignatureType.COSIGNATURE_V1,
                ),
                url=_witness_url(party),
            )
            for party in active
        ),
        groups=(
            PolicyGroup(
                name=_GROUP,
                threshold=len(consortium.stewards) - 1,
                members=tuple(party.id for party in active if party.x is not None),
            ),
        ),
        quorum=_GROUP,
    )


def answer_checkpoint(raw: bytes, consortium: Consortium) -> str:
    """Cut a cosigned checkpoint down to the one spelling that an answer file carries.

    That is one signature of the log, then the cosignatures of as many stewards as the policy needs, the
    first ones there are in the policy's order, and no other. Raises VerificationError where they are not
    there or a known key's signature does not hold, MalformedError for what is no checkpoint.
    """
    policy = policy_of(consortium)
    verify_checkpoint(raw, policy)
    note = parse_note(raw)
    (stewards,) = policy.groups
    logs = [log.key for log in policy.logs]
    cosigners = [witness.key for witness in policy.witnesses if witness.name in stewards.members]
    lines = (*_lines_of(logs, note)[:1], *_lines_of(cosigners, note)[: stewards.threshold])
    return Note(text=note.text, signatures=lines).encode().decode()


def _lines_of(keys: Iterable[NoteVerifier], note: Note) -> list[SignatureLine]:
    """Return the first line of each key that has signed, in the order of the keys."""
    first = {(line.name, line.key_id): line for line in reversed(note.signatures)}
    return [first[key.name, key.key_id] for key in keys if (key.name, key.key_id) in first]


def _witness_url(party: Party) -> str:
    # Readers refuse a witness without a URL and cut a line at `#`: what would not survive is replaced.
    return party.url if _PLAIN_URL.fullmatch(party.url) else f"http://{party.id}.invalid/"
