"""The consortium document: who takes part, with which keys, under which policy (protocol sections 1, 10, 12).

RFC 8785 JSON of text, booleans and integers below 2^53. A `Consortium` that was parsed keeps every limit;
a refusal is a `DocumentError` that names the field.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from hanse_ledger.codec import encode
from hanse_ledger.documents import Fields, number_item, parse_canonical, text_item
from hanse_ledger.errors import DocumentError, LedgerError
from hanse_ledger.ids import ConsortiumId, Month, PartyId, StewardX, parse_month
from hanse_ledger.privacy.group import check_public_shares
from hanse_ledger.signing import PUBLIC_KEY_BYTES, SIGNATURE_BYTES, check_public_key, verify_signature

MEMBER, STEWARD, DESK, OBSERVER = "member", "steward", "desk", "observer"
ROLES: Final = (MEMBER, STEWARD, DESK, OBSERVER)
FORMAT: Final = "hanse-consortium/1"
CONTRIBUTORS_LEAST: Final = 3
WARNINGS_LEAST: Final = 2
STEWARD_COUNTS: Final = (3, 4)
MAY: Final[dict[str, frozenset[str]]] = {
    "report": frozenset({MEMBER}),
    "bulletin": frozenset({MEMBER}),
    "validity": frozenset({STEWARD}),
    "close": frozenset({STEWARD}),
    "inquiry": frozenset({MEMBER, DESK}),
    "fact": frozenset({DESK}),
    "alias": frozenset({DESK}),
    "dispute": frozenset({DESK}),
    "resolution": frozenset({DESK}),
    "propose": frozenset({MEMBER, STEWARD}),
    "vote": frozenset({MEMBER, STEWARD}),
}
"""Which roles may make statements of a kind (section 5); genesis is by the first party that orders."""
BOUNDS: Final = 5
EXPONENT_MOST: Final = 18
"""ISO 4217 knows 0 to 4; without a limit one field could make bounds of any size (ADR 0006)."""

_PARTY_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,31}")
_CONSORTIUM_ID: Final = re.compile(r"[!-~]{1,100}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_RESERVED_IDS: Final = frozenset({"stewards", "none", "any", "all"})
_X_MOST: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One firm or association; the keys that its roles do not call for are None."""

    id: PartyId
    name: str
    roles: frozenset[str]
    group: str
    active: bool
    url: str
    statement_key: bytes
    cosign_key: bytes
    log_key: bytes | None = None
    x: StewardX | None = None
    token_key: bytes | None = None

    @property
    def contributor_group(self) -> str:
        """The group it counts in: without one it is its own (section 1)."""
        return f"group:{self.group}" if self.group else f"party:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules that the parties have agreed on; times in months, hours and UTC days as named."""

    contributors_min: int
    warnings_min: int
    currency: str
    exponent: int
    bounds: tuple[int, ...]
    rates: Mapping[str, Mapping[Month, int]]
    retention_months: int
    purposes: tuple[str, ...]
    inquiries_base: int
    inquiries_per_subject: int
    tokens_per_day: int
    share_hours: int
    dispute_months: int
    bulletin_hours: int

    @property
    def bounds_minor(self) -> tuple[int, ...]:
        """The five exposure bounds in minor units of the reporting currency."""
        return tuple(bound * 10**self.exponent for bound in self.bounds)

    def rates_of(self, month: Month) -> dict[str, int]:
        """Millionths of a reporting minor unit for one foreign minor unit, by currency, in a month."""
        return {currency: table[month] for currency, table in self.rates.items() if month in table}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consortium:
    """A document as parsed; `raw` is its canonical form and `hash` the SHA-256 of that."""

    id: ConsortiumId
    demo: bool
    first_month: Month
    previous: bytes
    parties: Mapping[PartyId, Party]
    ordering: tuple[PartyId, ...]
    policy: Policy
    raw: bytes = field(repr=False)
    hash: bytes
    stewards: Mapping[StewardX, Party] = field(repr=False)
    """The active stewards by x, in order."""

    def party(self, party_id: PartyId) -> Party | None:
        """Return an active party, or None."""
        party = self.parties.get(party_id)
        return party if party is not None and party.active else None

    def groups(self) -> dict[PartyId, str]:
        """Return each party's contributor group, former parties included."""
        return {party.id: party.contributor_group for party in self.parties.values()}


def parse_document(raw: bytes) -> Consortium:
    """Read a consortium document from untrusted bytes; raises DocumentError naming the field."""
    fields = Fields(parse_canonical(raw), "")
    if fields.text("format") != FORMAT:
        fields.refuse("format", f"must be {FORMAT}")
    consortium_id = ConsortiumId(fields.text("consortium"))
    if _CONSORTIUM_ID.fullmatch(consortium_id) is None or "+" in consortium_id or "#" in consortium_id:
        fields.refuse("consortium", "must be 1 to 100 printable ASCII characters without space, + or #")
    demo = fields.flag("demo")
    first_month = _month(fields.text("first_month"), "first_month")
    previous = fields.hex("previous", 32, empty=True)
    parties = fields.list_of("parties", lambda value, place: _party(value, place, consortium_id))
    ordering = fields.list_of("ordering", text_item)
    policy = parse_policy(fields.take("policy"))
    fields.done()
    _check_parties(parties)
    by_id = {party.id: party for party in parties}
    _check_ordering(ordering, by_id)
    return assemble(
        id=consortium_id,
        demo=demo,
        first_month=first_month,
        previous=previous,
        parties=parties,
        ordering=tuple(PartyId(party) for party in ordering),
        policy=policy,
        raw=raw,
    )


def assemble(
    *,
    id: ConsortiumId,  # noqa: A002 - the field's name
    demo: bool,
    first_month: Month,
    previous: bytes,
    parties: Iterable[Party],
    ordering: tuple[PartyId, ...],
    policy: Policy,
    raw: bytes,
) -> Consortium:
    """Put a `Consortium` together from values that keep the limits already."""
    by_id = {party.id: party for party in parties}
    active = [p for p in by_id.values() if p.active and p.x is not None]
    return Consortium(
        id=id,
        demo=demo,
        first_month=first_month,
        previous=previous,
        parties=by_id,
        ordering=ordering,
        policy=policy,
        raw=raw,
        hash=hashlib.sha256(raw).digest(),
        stewards={p.x: p for p in sorted(active, key=lambda p: p.x or 0) if p.x is not None},
    )


def check_next(current: Consortium, following: Consortium) -> None:
    """Refuse a proposal that does not follow `current`, or drops a party or an x (section 12)."""
    if following.previous != current.hash:
        raise DocumentError(field="previous", reason="must be the hash of the document in force")
    if following.id != current.id:
        raise DocumentError(field="consortium", reason="stays as it is")
    if following.first_month != current.first_month:
        raise DocumentError(field="first_month", reason="stays as it is")
    for party in current.parties.values():
        kept = following.parties.get(party.id)
        if kept is None:
            raise DocumentError(field="parties", reason=f"{party.id} is gone; who leaves has active false")
        if party.x is not None and kept.x != party.x:
            raise DocumentError(field="parties", reason=f"{party.id} must keep its x")


def admission_message(consortium: ConsortiumId, party: PartyId, key: bytes) -> bytes:
    """Return what a new statement key signs, raw, to be admitted (section 12)."""
    return encode(["hanse/v1/admission", consortium, party, key])


def genesis_message(document_hash: bytes) -> bytes:
    """Return what every founder signs, raw, over the document's SHA-256 (section 12)."""
    return encode(["hanse/v1/genesis", document_hash])


def verify_genesis(consortium: Consortium, signatures: Iterable[tuple[PartyId, bytes]]) -> None:
    """Check that every party, in the order of ids, has signed the document.

    Raises DocumentError for a missing or extra signature, VerificationError for a false one.
    """
    pairs = list(signatures)
    if [party for party, _ in pairs] != list(consortium.parties):
        raise DocumentError(field="signatures", reason="must be one of every party, by id")
    if consortium.previous:
        raise DocumentError(field="previous", reason="must be empty at genesis")
    message = genesis_message(consortium.hash)
    for party, signature in pairs:
        key = consortium.parties[party].statement_key
        verify_signature(public=key, message=message, signature=signature)


def _party(value: object, place: str, consortium: ConsortiumId) -> Party:
    fields = Fields(value, place)
    party_id = PartyId(fields.text("id"))
    if _PARTY_ID.fullmatch(party_id) is None or party_id in _RESERVED_IDS:
        fields.refuse("id", "must be 2 to 32 of a-z, 0-9 and -, and no word of the witness policy")
    roles = _roles(fields)
    is_steward = STEWARD in roles
    party = Party(
        id=party_id,
        name=fields.text("name"),
        roles=frozenset(roles),
        group=fields.text("group", empty=True),
        active=fields.flag("active"),
        url=fields.text("url", empty=True),
        statement_key=_statement_key(fields, consortium, party_id),
        cosign_key=fields.hex("cosign_key", PUBLIC_KEY_BYTES),
        log_key=fields.hex("log_key", PUBLIC_KEY_BYTES) if fields.has("log_key") else None,
        x=StewardX(fields.number("x", least=1, most=_X_MOST)) if is_steward else None,
        token_key=fields.hex("token_key", 32) if is_steward else None,
    )
    fields.done()
    return party


def _roles(fields: Fields) -> tuple[str, ...]:
    roles = fields.list_of("roles", text_item)
    if not roles or len(set(roles)) != len(roles) or not set(roles) <= set(ROLES):
        fields.refuse("roles", f"must be some of {', '.join(ROLES)}, each once")
    if STEWARD in roles and len(roles) > 1:
        fields.refuse("roles", "a steward has no other role")
    return roles


def _statement_key(fields: Fields, consortium: ConsortiumId, party: PartyId) -> bytes:
    key = fields.hex("statement_key", PUBLIC_KEY_BYTES)
    proof = fields.hex("proof", SIGNATURE_BYTES)
    try:
        check_public_key(key)
    except LedgerError as error:
        fields.refuse("statement_key", str(error))
    try:
        message = admission_message(consortium, party, key)
        verify_signature(public=key, message=message, signature=proof)
    except LedgerError:
        fields.refuse("proof", "is no signature of the statement key over its admission")
    return key


def _check_parties(parties: tuple[Party, ...]) -> None:
    ids = [party.id for party in parties]
    if ids != sorted(set(ids)):
        raise DocumentError(field="parties", reason="must be sorted by id, each once")
    keys = Counter(
        key for p in parties for key in (p.statement_key, p.cosign_key, p.log_key, p.token_key) if key
    )
    if keys and max(keys.values()) > 1:
        raise DocumentError(field="parties", reason="no two keys may be the same")
    stewards = [party for party in parties if party.x is not None]
    if len({party.x for party in stewards}) != len(stewards):
        raise DocumentError(field="parties", reason="no two stewards may have the same x")
    if sum(party.active for party in stewards) not in STEWARD_COUNTS:
        raise DocumentError(field="parties", reason="3 or 4 stewards must be active")
    try:
        check_public_shares({p.x: p.token_key for p in stewards if p.x and p.token_key})
    except LedgerError as error:
        raise DocumentError(field="parties", reason=f"token_key: {error}") from error


def _check_ordering(ordering: tuple[str, ...], parties: Mapping[PartyId, Party]) -> None:
    if not ordering or len(set(ordering)) != len(ordering):
        raise DocumentError(field="ordering", reason="must name at least one party, each once")
    for i, party_id in enumerate(ordering):
        party = parties.get(PartyId(party_id))
        if party is None or not party.active or party.log_key is None:
            raise DocumentError(field=f"ordering[{i}]", reason="must name an active party with a log_key")


def parse_policy(value: object) -> Policy:
    """Read a document's `policy` from a JSON value; raises DocumentError naming the field."""
    fields = Fields(value, "policy")
    policy = Policy(
        contributors_min=fields.number("contributors_min", least=CONTRIBUTORS_LEAST),
        warnings_min=fields.number("warnings_min", least=WARNINGS_LEAST),
        currency=_currency(fields.text("currency"), "policy.currency"),
        exponent=fields.number("exponent", most=EXPONENT_MOST),
        bounds=_bounds(fields),
        rates=_rates(fields.mapping("rates")),
        retention_months=fields.number("retention_months"),
        purposes=fields.list_of("purposes", text_item),
        inquiries_base=fields.number("inquiries_base"),
        inquiries_per_subject=fields.number("inquiries_per_subject"),
        tokens_per_day=fields.number("tokens_per_day"),
        share_hours=fields.number("share_hours"),
        dispute_months=fields.number("dispute_months"),
        bulletin_hours=fields.number("bulletin_hours"),
    )
    fields.done()
    if len(set(policy.purposes)) != len(policy.purposes):
        raise DocumentError(field="policy.purposes", reason="must name each purpose once")
    return policy


def _bounds(fields: Fields) -> tuple[int, ...]:
    bounds = fields.list_of("bounds", number_item)
    if len(bounds) != BOUNDS or list(bounds) != sorted(set(bounds)):
        fields.refuse("bounds", "must be five integers that rise")
    return bounds


def _rates(value: Mapping[str, object]) -> dict[str, dict[Month, int]]:
    rates: dict[str, dict[Month, int]] = {}
    for currency, table in value.items():
        place = f"policy.rates.{_currency(currency, 'policy.rates')}"
        months = Fields(table, place)
        rates[currency] = {
            _month(text, place): months.number(text) for text in (table if isinstance(table, dict) else ())
        }
    return rates


def _currency(text: str, place: str) -> str:
    if _CURRENCY.fullmatch(text) is None:
        raise DocumentError(field=place, reason="must be three capital letters")
    return text


def _month(text: str, place: str) -> Month:
    try:
        return parse_month(text)
    except ValueError:
        raise DocumentError(field=place, reason="must be a month YYYY-MM") from None
