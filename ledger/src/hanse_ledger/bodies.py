"""What statements say: one body type a kind (protocol sections 5 and 12).

Parsing checks everything that can be seen in the bytes alone; what needs the log so far is `state`'s.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, Self

from hanse_ledger.errors import MalformedError, RuleError
from hanse_ledger.fields import as_array, as_bytes, as_list, as_text, as_uint, check_ascending
from hanse_ledger.ids import KeyId, Month, PartyId, StewardX
from hanse_ledger.signing import SIGNATURE_BYTES

STATEMENT_LIMIT: Final = 65_535
DOCUMENT_LIMIT: Final = 60_000
INQUIRY_LIMIT: Final = 1_024
REPORT_ROWS_LEAST, REPORT_ROWS_MOST = 64, 1_024
SHARE_LIMIT: Final = 1 << 20
BULLETIN_SEALED_BYTES: Final = 1_880
VALIDITY_VALUES: Final = 8
P: Final = (1 << 31) - 1
_X_LIMIT: Final = 256
_UNLIMITED: Final = STATEMENT_LIMIT


class Body(Protocol):
    """What a statement says; each type also has a `parse` that is the inverse of `fields`."""

    kind: ClassVar[str]

    def fields(self) -> list[Any]:
        """Return the CBOR array of section 12."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis:
    """The consortium document with the signature of every party in it, by party."""

    kind: ClassVar[str] = "genesis"
    document: bytes
    signatures: tuple[tuple[PartyId, bytes], ...]

    def fields(self) -> list[Any]:
        """[document, [[party, signature], ...]]."""
        return [self.document, [list(pair) for pair in self.signatures]]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the body."""
        document, signatures = as_array(value, 2, "genesis")
        pairs = [as_array(pair, 2, "genesis signature") for pair in as_list(signatures, 1, 256, "signatures")]
        return cls(
            document=_document(document, DOCUMENT_LIMIT),
            signatures=tuple(
                (PartyId(as_text(party, "party")), as_bytes(signature, "signature", size=SIGNATURE_BYTES))
                for party, signature in pairs
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRef:
    """One steward's sealed share as a report names it."""

    x: StewardX
    sealing_key_id: KeyId
    sha256: bytes
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Rows have been shared: their evidence roots, the rows hash, the sealed shares' hashes by x."""

    kind: ClassVar[str] = "report"
    evidence_roots: tuple[bytes, ...]
    rows_hash: bytes
    shares: tuple[ShareRef, ...]

    def fields(self) -> list[Any]:
        """[roots, rows hash, [[x, sealing key id, SHA-256, size], ...]]."""
        shares = [[s.x, s.sealing_key_id, s.sha256, s.size] for s in self.shares]
        return [list(self.evidence_roots), self.rows_hash, shares]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the body."""
        roots, rows_hash, shares = as_array(value, 3, "report")
        as_list(roots, REPORT_ROWS_LEAST, REPORT_ROWS_MOST, "evidence roots")
        if len(roots) & (len(roots) - 1):
            raise MalformedError("the number of evidence roots is a power of two")
        refs = tuple(cls._share(share) for share in as_list(shares, 1, 255, "shares"))
        check_ascending([ref.x for ref in refs], "shares")
        return cls(
            evidence_roots=tuple(as_bytes(root, "evidence root") for root in roots),
            rows_hash=as_bytes(rows_hash, "rows hash"),
            shares=refs,
        )

    @staticmethod
    def _share(value: Any) -> ShareRef:
        x, key_id, sha256, size = as_array(value, 4, "share")
        return ShareRef(
            x=_steward_x(x),
            sealing_key_id=KeyId(as_bytes(key_id, "sealing key id")),
            sha256=as_bytes(sha256, "SHA-256"),
            size=as_uint(size, "size", least=1, limit=SHARE_LIMIT + 1),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFor:
    """Bytes on the log that one steward alone can open."""

    x: StewardX
    sealing_key_id: KeyId
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """A member's warnings and withdrawals of one period, sealed to each steward."""

    kind: ClassVar[str] = "bulletin"
    period: int
    bulletin_hash: bytes
    sealed: tuple[SealedFor, ...]

    def fields(self) -> list[Any]:
        """[period, bulletin hash, [[x, sealing key id, sealed], ...]]."""
        return [self.period, self.bulletin_hash, sealed_fields(self.sealed)]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the body."""
        period, bulletin_hash, sealed = as_array(value, 3, "bulletin")
        return cls(
            period=as_uint(period, "period"),
            bulletin_hash=as_bytes(bulletin_hash, "bulletin hash"),
            sealed=parse_sealed(sealed, BULLETIN_SEALED_BYTES),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """A steward's eight values, or None, for report entries, by entry index."""

    kind: ClassVar[str] = "validity"
    entries: tuple[tuple[int, tuple[int, ...] | None], ...]

    def fields(self) -> list[Any]:
        """[[[entry index, values or null], ...]]."""
        return [[[index, None if values is None else list(values)] for index, values in self.entries]]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the body."""
        (entries,) = as_array(value, 1, "validity")
        parsed = tuple(cls._entry(entry) for entry in as_list(entries, 0, _UNLIMITED, "entries"))
        check_ascending([index for index, _ in parsed], "entries")
        return cls(entries=parsed)

    @staticmethod
    def _entry(value: Any) -> tuple[int, tuple[int, ...] | None]:
        index, values = as_array(value, 2, "validity entry")
        if values is not None:
            values = tuple(as_uint(z, "value", limit=P) for z in as_array(values, VALIDITY_VALUES, "values"))
        return as_uint(index, "entry index"), values


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """A month has ended."""

    kind: ClassVar[str] = "close"
    month: Month

    def fields(self) -> list[Any]:
        """[0, month]."""
        return [0, self.month]

    @classmethod
    def parse(cls, value: Any) -> "Close | ClosePeriod":
        """Read either form of a close."""
        if isinstance(value, list) and value and value[0] == 1 and value[0] is not True:
            _, period, missing = as_array(value, 3, "close of a period")
            indexes = [as_uint(i, "index") for i in as_list(missing, 0, _UNLIMITED, "unopened")]
            check_ascending(indexes, "unopened")
            return ClosePeriod(period=as_uint(period, "period"), unopened=tuple(indexes))
        what, month = as_array(value, 2, "close of a month")
        as_uint(what, "kind of close", limit=1)
        return cls(month=Month(as_uint(month, "month")))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePeriod:
    """A bulletin period has ended; `unopened` lists what this steward could not open to its hash."""

    kind: ClassVar[str] = "close"
    period: int
    unopened: tuple[int, ...]

    def fields(self) -> list[Any]:
        """[1, period, [index, ...]]."""
        return [1, self.period, list(self.unopened)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """Hashes of requests that stewards may now answer."""

    kind: ClassVar[str] = "inquiry"
    request_hashes: tuple[bytes, ...]

    def fields(self) -> list[Any]:
        """[[request hash, ...]]."""
        return [list(self.request_hashes)]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the body."""
        (hashes,) = as_array(value, 1, "inquiry")
        parsed = tuple(as_bytes(h, "request hash") for h in as_list(hashes, 1, INQUIRY_LIMIT, "requests"))
        if len(set(parsed)) != len(parsed):
            raise RuleError("an inquiry names each request once")
        return cls(request_hashes=parsed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose:
    """The whole next consortium document."""

    kind: ClassVar[str] = "propose"
    document: bytes

    def fields(self) -> list[Any]:
        """[document]."""
        return [self.document]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the body."""
        (document,) = as_array(value, 1, "propose")
        return cls(document=_document(document, STATEMENT_LIMIT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A vote for the document with this SHA-256; it may come before the proposal."""

    kind: ClassVar[str] = "vote"
    document_hash: bytes

    def fields(self) -> list[Any]:
        """[SHA-256 of a document]."""
        return [self.document_hash]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the body."""
        (document_hash,) = as_array(value, 1, "vote")
        return cls(document_hash=as_bytes(document_hash, "document hash"))


def _steward_x(value: Any) -> StewardX:
    return StewardX(as_uint(value, "steward's x", least=1, limit=_X_LIMIT))


def _document(value: Any, limit: int) -> bytes:
    if not isinstance(value, bytes) or not 0 < len(value) <= limit:
        raise MalformedError(f"a document is bytes, at most {limit}")
    return value


def sealed_fields(sealed: tuple[SealedFor, ...]) -> list[Any]:
    """Return [[x, sealing key id, sealed], ...]."""
    return [[s.x, s.sealing_key_id, s.sealed] for s in sealed]


def parse_sealed(value: Any, size: int) -> tuple[SealedFor, ...]:
    """Read sealed bytes of one size for distinct stewards in the order of x."""
    items = [as_array(item, 3, "sealed") for item in as_list(value, 1, 255, "sealed")]
    sealed = tuple(
        SealedFor(
            x=_steward_x(x),
            sealing_key_id=KeyId(as_bytes(key_id, "sealing key id")),
            sealed=as_bytes(ciphertext, "sealed bytes", size=size),
        )
        for x, key_id, ciphertext in items
    )
    check_ascending([s.x for s in sealed], "sealed")
    return sealed
