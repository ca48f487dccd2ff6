"""What a desk files: public facts, aliases, disputes and resolutions (protocol sections 2, 8, 9, 12)."""

import re
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Any, ClassVar, Final, Self

from hanse_ledger.bodies import SealedFor, parse_sealed, sealed_fields
from hanse_ledger.errors import MalformedError
from hanse_ledger.fields import as_array, as_bytes, as_text, as_uint
from hanse_ledger.subjects import check_logged_id

DISPUTE_SEALED_BYTES: Final = 1_205
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class FactKind(IntEnum):
    """What a public fact says of its subject."""

    INSOLVENCY_OPENED = 1
    INSOLVENCY_CLOSED = 2
    JUDGMENT = 3
    DISHONOURED_BILL = 4
    STRUCK_OFF = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A public fact about a subject, or the withdrawal of one."""

    kind: ClassVar[str] = "fact"
    subject: str
    fact_kind: int
    day: str
    source: str
    document_hash: bytes
    withdraws: int | None

    def fields(self) -> list[Any]:
        """[id, kind, date, source, document hash, index or null]."""
        return [self.subject, self.fact_kind, self.day, self.source, self.document_hash, self.withdraws]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the body."""
        subject, kind, day, source, document_hash, withdraws = as_array(value, 6, "fact")
        return cls(
            subject=_logged_id(subject),
            fact_kind=as_uint(kind, "kind of fact", least=1, limit=max(FactKind) + 1),
            day=_day(day),
            source=as_text(source, "source", most=200),
            document_hash=as_bytes(document_hash, "document hash"),
            withdraws=None if withdraws is None else as_uint(withdraws, "index"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Two ids of one subject."""

    kind: ClassVar[str] = "alias"
    other: str
    primary: str

    def fields(self) -> list[Any]:
        """[other id, primary id]."""
        return [self.other, self.primary]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the body."""
        other, primary = as_array(value, 2, "alias")
        return cls(other=_logged_id(other), primary=_logged_id(primary))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A desk contests what is reported on a subject, which only the stewards learn."""

    kind: ClassVar[str] = "dispute"
    dispute_hash: bytes
    sealed: tuple[SealedFor, ...]
    reference: str

    def fields(self) -> list[Any]:
        """[dispute hash, [[x, sealing key id, sealed], ...], reference]."""
        return [self.dispute_hash, sealed_fields(self.sealed), self.reference]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the body."""
        dispute_hash, sealed, reference = as_array(value, 3, "dispute")
        return cls(
            dispute_hash=as_bytes(dispute_hash, "dispute hash"),
            sealed=parse_sealed(sealed, DISPUTE_SEALED_BYTES),
            reference=as_text(reference, "reference", most=64),
        )


class DisputeOutcome(IntEnum):
    """How a dispute ended for what was reported."""

    UPHELD = 1
    CORRECTED = 2
    CANNOT_BE_CONFIRMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """How a desk's own dispute ended: 1 upheld, 2 corrected, 3 cannot be confirmed."""

    kind: ClassVar[str] = "resolution"
    dispute: int
    outcome: int

    def fields(self) -> list[Any]:
        """[index of the dispute, outcome]."""
        return [self.dispute, self.outcome]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the body."""
        dispute, outcome = as_array(value, 2, "resolution")
        return cls(
            dispute=as_uint(dispute, "index"),
            outcome=as_uint(outcome, "outcome", least=1, limit=max(DisputeOutcome) + 1),
        )


def _logged_id(value: Any) -> str:
    text = as_text(value, "subject id")
    check_logged_id(text)
    return text


def _day(value: Any) -> str:
    text = as_text(value, "date")
    try:
        valid = _DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        valid = False
    if not valid:
        raise MalformedError("a date is a valid YYYY-MM-DD")
    return text
