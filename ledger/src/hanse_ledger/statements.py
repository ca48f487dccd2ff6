"""Statements: the leaves of the log, each one link of its party's hash chain (protocol section 5)."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from hanse_ledger import cose
from hanse_ledger.bodies import (
    STATEMENT_LIMIT,
    Body,
    Bulletin,
    Close,
    Genesis,
    Inquiry,
    Propose,
    Report,
    Validity,
    Vote,
)
from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import MalformedError
from hanse_ledger.fields import as_array, as_bytes, as_uint
from hanse_ledger.filings import Alias, Dispute, Fact, Resolution
from hanse_ledger.ids import ConsortiumId, PartyId, StatementHash
from hanse_ledger.signing import SigningKey

NO_PREVIOUS: Final = StatementHash(bytes(32))
_SEQ_LIMIT: Final = 1 << 32
_REMEMBERED: Final = 256
"""How many of the last statements need not be read again: a validator is shown each of a block five times."""

_KINDS: Final[dict[str, Any]] = {
    body.kind: body
    for body in (
        Genesis, Report, Bulletin, Validity, Close, Inquiry, Fact, Alias, Dispute, Resolution, Propose, Vote,
    )
}  # fmt: skip
KINDS: Final = frozenset(_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement; its signature has not been checked by parsing it."""

    signed: cose.Signed
    seq: int
    prev: bytes
    body: Body

    @property
    def kind(self) -> str:
        """The kind, such as `report`."""
        return self.body.kind

    @property
    def party(self) -> PartyId:
        """Whose statement it says it is."""
        return self.signed.party


def sign_statement(
    *, key: SigningKey, party: PartyId, consortium: ConsortiumId, seq: int, prev: bytes, body: Body
) -> bytes:
    """Return the statement's exact bytes; `prev` is SHA-256 of the party's previous statement."""
    payload = encode([seq, prev, body.fields()])
    return cose.sign(key=key, party=party, consortium=consortium, name=body.kind, payload=payload)


def parse_statement(raw: bytes) -> Statement:
    """Read a statement of any kind from untrusted bytes; raises MalformedError or RuleError."""
    return _parse(raw)


@lru_cache(maxsize=_REMEMBERED)
def _parse(raw: bytes) -> Statement:
    signed = cose.parse(raw, limit=STATEMENT_LIMIT)
    body_type = _KINDS.get(signed.name)
    if body_type is None:
        raise MalformedError("a statement of an unknown kind")
    seq, prev, body = as_array(decode(signed.payload, limit=STATEMENT_LIMIT), 3, "payload")
    return Statement(
        signed=signed,
        seq=as_uint(seq, "seq", limit=_SEQ_LIMIT),
        prev=as_bytes(prev, "prev"),
        body=body_type.parse(body),
    )
