"""A small consortium in memory: keys from seeds, a real document, a log that grows by real statements.

Four stewards whose x are neither their numbers nor close together, a desk that orders, members with and
without a group, one firm that is member and desk, an observer and a member that has left.
"""

import copy
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
import rfc8785

from hanse_ledger.bodies import Body, Bulletin, Genesis, Propose, Report, SealedFor, ShareRef, Validity, Vote
from hanse_ledger.codec import encode
from hanse_ledger.consortium import Consortium, admission_message, genesis_message, parse_document
from hanse_ledger.cose import sign
from hanse_ledger.errors import RejectedError
from hanse_ledger.filings import Dispute
from hanse_ledger.ids import ConsortiumId, KeyId, PartyId, StatementHash, StewardX
from hanse_ledger.privacy.group import scalar_bytes
from hanse_ledger.privacy.shares import Residues, draw_masks, split
from hanse_ledger.privacy.validity import validity_values
from hanse_ledger.privacy.voprf import deal_key, public_share
from hanse_ledger.rows import encode_cells
from hanse_ledger.signing import SigningKey
from hanse_ledger.state import Accepted, LedgerState, ReportEntry
from hanse_ledger.statements import sign_statement

Document = dict[str, Any]

CONSORTIUM = ConsortiumId("hanse.example/test")
DESK = PartyId("desk")
STEWARDS = {
    StewardX(2): PartyId("chamber"),
    StewardX(3): PartyId("auditor"),
    StewardX(7): PartyId("union"),
    StewardX(255): PartyId("regulator"),
}
"""By x, which is neither the order of the ids nor that of the numbers 1 to 4."""
XS = tuple(STEWARDS)
CHAMBER, AUDITOR, UNION, REGULATOR = STEWARDS.values()
ALDER, BIRCH, CEDAR, GONE = PartyId("alder"), PartyId("birch"), PartyId("cedar"), PartyId("gone")
BOTH, WATCH = PartyId("both"), PartyId("watch")
ROLES = {
    ALDER: ["member"],
    BIRCH: ["member"],
    CEDAR: ["member"],
    GONE: ["member"],
    BOTH: ["member", "desk"],
    DESK: ["desk"],
    WATCH: ["observer"],
    **{party: ["steward"] for party in STEWARDS.values()},
}
GROUPS = {BIRCH: "wood", CEDAR: "wood"}
FIRST_MONTH = "2026-01"
TOKEN_SHARES = deal_key(scalar_bytes(1_234_567), scalar_bytes(7_654_321), XS)
LEI = "lei:5493001KJTIIGC8Y1R12"
DUNS = "duns:123456789"


def seed(purpose: str, name: str) -> bytes:
    return hashlib.sha256(f"{purpose} of {name}".encode()).digest()


@cache
def statement_key(party: str) -> SigningKey:
    return SigningKey(seed("statement key", party))


@cache
def cosign_key(party: str) -> SigningKey:
    return SigningKey(seed("cosign key", party))


@cache
def log_key(party: str) -> SigningKey:
    return SigningKey(seed("log key", party))


def admission(party: str, consortium: str = CONSORTIUM, key: SigningKey | None = None) -> str:
    key = statement_key(party) if key is None else key
    return key.sign(admission_message(ConsortiumId(consortium), PartyId(party), key.public)).hex()


def document() -> Document:
    """A fresh document as a JSON value, for tests to change."""
    return {
        "format": "hanse-consortium/1",
        "consortium": CONSORTIUM,
        "demo": False,
        "first_month": FIRST_MONTH,
        "previous": "",
        "parties": [_party(party) for party in sorted(ROLES)],
        "ordering": [DESK],
        "policy": {
            "contributors_min": 4,
            "warnings_min": 2,
            "currency": "CNY",
            "exponent": 2,
            "bounds": [1_000, 10_000, 50_000, 250_000, 1_000_000],
            "rates": {"EUR": {"2026-01": 8_100_000}},
            "retention_months": 36,
            "purposes": ["credit-review", "subject-access"],
            "inquiries_base": 100,
            "inquiries_per_subject": 2,
            "tokens_per_day": 1_000,
            "share_hours": 24,
            "dispute_months": 2,
            "bulletin_hours": 24,
        },
    }


def party_in(doc: Document, party: str) -> Document:
    found: Document = next(one for one in doc["parties"] if one["id"] == party)
    return found


def canonical(doc: object) -> bytes:
    return rfc8785.dumps(doc)  # type: ignore[arg-type]  # tests hand in what may be refused


@cache
def consortium() -> Consortium:
    return parse_document(canonical(document()))


def genesis_body(raw: bytes, signers: Iterable[str] = tuple(sorted(ROLES))) -> Genesis:
    message = genesis_message(hashlib.sha256(raw).digest())
    return Genesis(
        document=raw,
        signatures=tuple((PartyId(party), statement_key(party).sign(message)) for party in signers),
    )


@dataclass
class Ledger:
    """A log with its state; `accept` signs at a party's head and appends."""

    state: LedgerState = field(default_factory=LedgerState)
    entries: list[bytes] = field(default_factory=list)

    def sign(
        self, party: str, body: Body, *, key: SigningKey | None = None, consortium: str = CONSORTIUM
    ) -> bytes:
        head = self.state.head(PartyId(party))
        return sign_statement(
            key=statement_key(party) if key is None else key,
            party=PartyId(party),
            consortium=ConsortiumId(consortium),
            seq=head.seq,
            prev=head.prev,
            body=body,
        )

    def sign_fields(self, party: str, kind: str, value: object) -> bytes:
        """Sign any body at all, also one that no body type can say."""
        head = self.state.head(PartyId(party))
        return sign(
            key=statement_key(party),
            party=PartyId(party),
            consortium=CONSORTIUM,
            name=kind,
            payload=encode([head.seq, head.prev, value]),
        )

    def append(self, raw: bytes) -> Accepted:
        accepted = self.state.apply(raw)
        self.entries.append(raw)
        return accepted

    def accept(self, party: str, body: Body) -> Accepted:
        return self.append(self.sign(party, body))

    def copy(self) -> "Ledger":
        return Ledger(state=copy.deepcopy(self.state), entries=list(self.entries))


def adopt(ledger: Ledger, change: Callable[[Document], object]) -> Consortium:
    """Propose the changed document and let everybody vote until it is in force."""
    current = ledger.state.consortium
    following = json.loads(current.raw)
    following["previous"] = current.hash.hex()
    change(following)
    raw = canonical(following)
    ledger.accept(ALDER, Propose(document=raw))
    for party in (ALDER, BIRCH, BOTH, CEDAR, *STEWARDS.values()):
        if ledger.state.consortium.raw != raw:
            ledger.accept(party, Vote(document_hash=hashlib.sha256(raw).digest()))
    assert ledger.state.consortium.raw == raw
    return ledger.state.consortium


def founded() -> Ledger:
    """A log whose only entry is genesis, by the desk."""
    ledger = Ledger()
    ledger.accept(DESK, genesis_body(canonical(document())))
    return ledger


def share_refs(xs: Iterable[int] = XS, size: int = 1_000) -> tuple[ShareRef, ...]:
    return tuple(
        ShareRef(x=StewardX(x), sealing_key_id=KeyId(bytes(32)), sha256=bytes([x]) * 32, size=size)
        for x in xs
    )


def sealed_for(size: int, xs: Iterable[int] = XS) -> tuple[SealedFor, ...]:
    return tuple(
        SealedFor(x=StewardX(x), sealing_key_id=KeyId(bytes(32)), sealed=bytes([x]) * size) for x in xs
    )


def report(rows: int = 64, xs: Iterable[int] = XS, rows_hash: bytes = bytes(32)) -> Report:
    return Report(evidence_roots=(bytes(32),) * rows, rows_hash=rows_hash, shares=share_refs(xs))


def bulletin(period: int = 0, xs: Iterable[int] = XS) -> Bulletin:
    return Bulletin(period=period, bulletin_hash=bytes(32), sealed=sealed_for(1_880, xs))


def dispute(xs: Iterable[int] = XS, reference: str = "D-1") -> Dispute:
    return Dispute(dispute_hash=bytes(32), sealed=sealed_for(1_205, xs), reference=reference)


def shared_rows(rows: int = 64, xs: Iterable[StewardX] = XS) -> dict[StewardX, Residues]:
    """One-hot rows of every class, split with masks from a fixed key."""
    cells = encode_cells(*(np.arange(rows) % classes for classes in (8, 6, 8)))
    return split(cells, draw_masks(bytes(32), rows), xs)


def values_of(entry: ReportEntry, shares: dict[StewardX, Residues]) -> dict[StewardX, tuple[int, ...]]:
    """What every steward of the entry publishes if nobody lies."""
    seeds = {x: hashlib.sha256(b"seed %d" % x).digest() for x in entry.stewards}
    return {
        x: tuple(
            validity_values(
                x=x,
                stewards=entry.stewards,
                share=shares[x],
                seeds={y: each for y, each in seeds.items() if y != x},
                leaf_hash=entry.leaf,
                root_before=entry.root_before,
            )
        )
        for x in entry.stewards
    }


def publish(*entries: tuple[int, tuple[int, ...] | None]) -> Validity:
    return Validity(entries=entries)


def snapshot(value: Any) -> Any:
    """Return everything that an object holds, all the way down, as values that compare."""
    if isinstance(value, Consortium):
        return value.hash
    if isinstance(value, dict):
        return {key: snapshot(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [snapshot(item) for item in value]
    if is_dataclass(value):
        return {one.name: snapshot(getattr(value, one.name)) for one in fields(value)}
    held = {**getattr(value, "__dict__", {}), **{name: getattr(value, name) for name in _slots(value)}}
    if held:
        return {name: snapshot(item) for name, item in held.items()}
    return frozenset(value) if isinstance(value, set) else value


def refuse(ledger: Ledger, raw: bytes, error: type[RejectedError]) -> RejectedError:
    """Check that the ledger refuses `raw` with exactly this error, and stays as it was."""
    before = snapshot(ledger.state)
    with pytest.raises(RejectedError) as caught:
        ledger.state.apply(raw)
    assert type(caught.value) is error, caught.value
    assert snapshot(ledger.state) == before
    return caught.value


def chain_hash(raw: bytes) -> StatementHash:
    return StatementHash(hashlib.sha256(raw).digest())


def changed(change: Callable[[Document], object], base: Document | None = None) -> Document:
    """Return a document after `change`, which works on a copy."""
    doc = copy.deepcopy(document() if base is None else base)
    change(doc)
    return doc


def _slots(value: object) -> list[str]:
    return [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]


def _party(party: PartyId) -> Document:
    entry: Document = {
        "id": party,
        "name": party.title(),
        "roles": ROLES[party],
        "group": GROUPS.get(party, ""),
        "active": party != GONE,
        "url": "",
        "statement_key": statement_key(party).public.hex(),
        "proof": admission(party),
        "cosign_key": cosign_key(party).public.hex(),
    }
    if party == DESK:
        entry["log_key"] = log_key(party).public.hex()
    for x, steward in STEWARDS.items():
        if steward == party:
            entry |= {"x": x, "token_key": public_share(TOKEN_SHARES[x]).hex()}
    return entry
