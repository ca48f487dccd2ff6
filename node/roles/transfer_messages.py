"""The signed messages by which a steward gets its values from two others (docs/adr/0032)."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

from hanse_ledger.codec import decode, encode
from hanse_ledger.consortium import Consortium, Party
from hanse_ledger.cose import open_message
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.fields import as_array, as_bytes, as_list, as_uint, check_ascending
from hanse_ledger.ids import KeyId, Month, NodeHash, StewardX, quarter_of
from hanse_ledger.privacy.shares import X_MOST
from hanse_ledger.privacy.transfer import NONCE_BYTES, LineCheck, Pair
from hanse_ledger.privacy.validity import REPETITIONS, STEWARDS_LEAST, STEWARDS_MOST
from hanse_ledger.transfers import KEY, Unit, read_unit

REQUEST: Final = "transfer-request"
MASKS: Final = "transfer-masks"
PART: Final = "transfer-part"
CHECK: Final = "transfer-check"
VALUES: Final = "transfer-values"

UNITS_AT_ONCE: Final = 64
"""Of one check message: what another steward computes while others wait for it."""
ATTEMPT_BYTES: Final = 16
SMALL: Final = 1 << 16
LARGE: Final = 1 << 20
_KEYS_MOST: Final = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a steward asks of a pair: one unit, as of a log size, in an attempt of its own.

    `own_keys` and `second_keys` are what the receiver and the second one serve as their sealing keys.
    """

    attempt: bytes
    pair: Pair
    log_size: int
    unit: Unit
    own_keys: bytes = field(repr=False)
    second_keys: bytes = field(repr=False)

    def fields(self) -> list[Any]:
        """Return the message's payload."""
        pair = self.pair
        place = [self.attempt, pair.receiver, pair.first, pair.second, self.log_size, self.unit.fields()]
        return [*place, self.own_keys, self.second_keys]


def read_request(raw: bytes, *, consortium: Consortium, receiver: Party) -> Request:
    """Read a steward's request; raises MalformedError or VerificationError."""
    attempt, x, first, second, size, unit, own, of_second = as_array(
        _open(raw, REQUEST, consortium, receiver, SMALL), 8, "a request"
    )
    pair = Pair(receiver=_x(x), first=_x(first), second=_x(second))
    if pair.receiver != receiver.x:
        raise VerificationError("a steward asks for its own values")
    return Request(
        attempt=as_bytes(attempt, "attempt", size=ATTEMPT_BYTES),
        pair=pair,
        log_size=as_uint(size, "log size"),
        unit=read_unit(unit),
        own_keys=_some_bytes(own, _KEYS_MOST),
        second_keys=_some_bytes(of_second, _KEYS_MOST),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """The masks that the first one seals to the second, or a part that either seals to the receiver."""

    key_id: KeyId
    sealed: bytes = field(repr=False)


def sealed_fields(request: bytes, sealed: Sealed) -> list[Any]:
    """Return the payload of a sealed answer to a request."""
    return [request_hash(request), sealed.key_id, sealed.sealed]


def read_sealed(raw: object, name: str, request: bytes, *, consortium: Consortium, sender: Party) -> Sealed:
    """Read a pair's answer to this request; raises MalformedError or VerificationError."""
    answers, key_id, sealed = as_array(_open(raw, name, consortium, sender, LARGE), 3, name)
    if answers != request_hash(request):
        raise VerificationError("an answer to another request")
    return Sealed(key_id=KeyId(as_bytes(key_id, "key id")), sealed=_some_bytes(sealed, LARGE))


def sealed_info(name: str, consortium: Consortium, request: bytes, sender: StewardX, to: StewardX) -> bytes:
    """Bind what is sealed to its request, so to unit, pair and attempt, and to who sends it to whom."""
    return encode([f"hanse/v1/{name}", consortium.id, request_hash(request), sender, to])


def request_hash(request: bytes) -> bytes:
    """Return the SHA-256 of a signed request."""
    return hashlib.sha256(request).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedUnit:
    """A unit to be held against the others', as of the log size it was asked for, and its content's hash."""

    unit: Unit
    asked_at: int
    content_hash: bytes

    def fields(self) -> list[Any]:
        """Return what stands in messages."""
        return [*self.unit.fields(), self.asked_at, self.content_hash]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What all other active stewards are asked to compute their values for; seeds are those of a quarter."""

    line: LineCheck
    quarter: Month
    units: tuple[CheckedUnit, ...]

    def fields(self) -> list[Any]:
        """Return the message's payload."""
        line = self.line
        place = [list(line.stewards), self.quarter, line.nonce, line.size, line.root]
        return [*place, [one.fields() for one in self.units]]


def read_check(raw: bytes, *, consortium: Consortium, receiver: Party) -> Checked:
    """Read a steward's check message; raises MalformedError or VerificationError."""
    stewards, quarter, nonce, size, root, units = as_array(
        _open(raw, CHECK, consortium, receiver, SMALL), 6, "a check"
    )
    xs = [_x(x) for x in as_list(stewards, STEWARDS_LEAST, STEWARDS_MOST, "stewards")]
    check_ascending(xs, "stewards")
    month = Month(as_uint(quarter, "quarter"))
    if receiver.x not in xs or month != quarter_of(month):
        raise VerificationError("a steward checks its own values, in a quarter")
    line = LineCheck(
        consortium=consortium.id,
        receiver=receiver.x,
        stewards=tuple(xs),
        nonce=as_bytes(nonce, "nonce", size=NONCE_BYTES),
        size=as_uint(size, "log size"),
        root=NodeHash(as_bytes(root, "root")),
    )
    checked = tuple(_checked_unit(one) for one in as_list(units, 1, UNITS_AT_ONCE, "units"))
    return Checked(line=line, quarter=month, units=checked)


def read_values(
    raw: bytes, check: bytes, *, count: int, consortium: Consortium, sender: Party
) -> list[list[int] | None]:
    """Read a steward's values for each unit of a check; None for one of which it holds another content."""
    answers, values = as_array(_open(raw, VALUES, consortium, sender, SMALL), 2, "values")
    if answers != request_hash(check):
        raise VerificationError("values for another check")
    return [_four(one) for one in as_list(values, count, count, "values")]


def decode_pair(body: bytes) -> tuple[bytes, bytes | None]:
    """Read CBOR [request, masks or null] or [part, masks or null]; raises MalformedError."""
    one, masks = as_array(decode(body, limit=2 * LARGE), 2, "two messages")
    return _some_bytes(one, LARGE), None if masks is None else _some_bytes(masks, SMALL)


def _checked_unit(value: Any) -> CheckedUnit:
    kind, place, offset, asked_at, content_hash = as_array(value, 5, "a unit")
    unit = read_unit([kind, place, offset])
    if unit == KEY:
        raise MalformedError("the token key is held against K_x, not against others' shares")
    return CheckedUnit(
        unit=unit,
        asked_at=as_uint(asked_at, "log size"),
        content_hash=as_bytes(content_hash, "content hash"),
    )


def _four(value: Any) -> list[int] | None:
    if value is None:
        return None
    return [as_uint(one, "a value") for one in as_list(value, REPETITIONS, REPETITIONS, "values")]


def _open(raw: object, name: str, consortium: Consortium, steward: Party, limit: int) -> Any:
    return open_message(
        _some_bytes(raw, limit),
        name=name,
        consortium=consortium.id,
        party=steward.id,
        public=steward.statement_key,
        limit=limit,
    )


def _some_bytes(value: object, most: int) -> bytes:
    if not isinstance(value, bytes) or len(value) > most:
        raise MalformedError(f"a message has at most {most} bytes")
    return value


def _x(value: Any) -> StewardX:
    return StewardX(as_uint(value, "x", least=1, limit=X_MOST + 1))
