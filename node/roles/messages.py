"""The stewards' signed messages beside the log (protocol section 12): read where they come, signed anew."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hanse_ledger.codec import decode
from hanse_ledger.consortium import Consortium, Party
from hanse_ledger.cose import open_message, parse, sign
from hanse_ledger.errors import UnavailableError, VerificationError
from hanse_ledger.fields import as_array, as_bytes, as_list, as_uint, check_ascending
from hanse_ledger.ids import KeyId, Month, StewardX, quarter_of
from hanse_ledger.privacy.sealing import PUBLIC_KEY_BYTES, check_sealing_key
from node.roles.party import Standing

_REPLY_LIMIT: Final = 1 << 20
_MESSAGE_LIMIT: Final = 1 << 14
_KEYS_MOST: Final = 256
_X_LIMIT: Final = 256


def read_sealing_key(reply: bytes, *, consortium: Consortium, steward: Party, month: Month) -> bytes:
    """Return the public key that a steward's reply gives for a log month.

    Raises MalformedError or VerificationError for a message that does not hold, UnavailableError when there
    is no key for the month.
    """
    for raw in as_list(decode(reply, limit=_REPLY_LIMIT), 0, _KEYS_MOST, "sealing keys"):
        payload = _open(raw, "sealing-key", consortium, steward)
        named, x, key, first, last = as_array(payload, 5, "sealing key")
        if (named, x) != (consortium.id, steward.x):
            raise VerificationError("a sealing key of another steward")
        if as_uint(first, "first month") <= month <= as_uint(last, "last month"):
            key = as_bytes(key, "sealing key", size=PUBLIC_KEY_BYTES)
            check_sealing_key(key)
            return bytes(key)
    raise UnavailableError("a steward has no sealing key for the log month")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedPlace:
    """Which seed: the set X, the steward y that does not hold it, the first month of the quarter."""

    stewards: tuple[StewardX, ...]
    y: StewardX
    quarter: Month

    @property
    def holders(self) -> tuple[StewardX, ...]:
        """All of X but y; the first one draws the seed."""
        return tuple(x for x in self.stewards if x != self.y)

    @property
    def drawer(self) -> StewardX:
        """The lowest of the holders."""
        return self.holders[0]

    def fields(self) -> list[Any]:
        """Return the first three fields of a seed's messages."""
        return [list(self.stewards), self.y, self.quarter]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedMessage:
    """A drawn seed on its way to the other holders."""

    place: SeedPlace
    hash: bytes
    sealed: tuple[tuple[StewardX, KeyId, bytes], ...] = field(repr=False)


def read_seed(raw: bytes, *, consortium: Consortium, drawer: Party) -> SeedMessage:
    """Read a seed message; raises MalformedError or VerificationError, also where another should draw."""
    stewards, y, quarter, seed_hash, sealed = as_array(_open(raw, "seed", consortium, drawer), 5, "seed")
    place = _place(stewards, y, quarter)
    if place.drawer != drawer.x:
        raise VerificationError("the lowest of the holders draws a seed")
    parts = [as_array(part, 3, "sealed seed") for part in as_list(sealed, 1, 255, "sealed seeds")]
    message = SeedMessage(
        place=place,
        hash=as_bytes(seed_hash, "seed hash"),
        sealed=tuple((_x(x), KeyId(as_bytes(key, "key id")), bytes(raw)) for x, key, raw in parts),
    )
    if tuple(x for x, _, _ in message.sealed) != place.holders[1:]:
        raise VerificationError("a seed is sealed to each other holder")
    return message


def read_seed_hash(raw: bytes, *, consortium: Consortium, holder: Party) -> tuple[SeedPlace, bytes]:
    """Read a holder's word on which seed it holds."""
    payload = _open(raw, "seed-hash", consortium, holder)
    stewards, y, quarter, seed_hash = as_array(payload, 4, "seed hash")
    place = _place(stewards, y, quarter)
    if holder.x not in place.holders:
        raise VerificationError("the word of a steward that does not hold the seed")
    return place, as_bytes(seed_hash, "seed hash")


def renewed(raw: bytes, standing: Standing) -> bytes:
    """Return a message of one's own that was stored, signed by the key that is in force by now."""
    signed = parse(raw, limit=_MESSAGE_LIMIT)
    if signed.key_id == standing.key.key_id:
        return raw
    return sign(
        key=standing.key,
        party=standing.id,
        consortium=signed.consortium,
        name=signed.name,
        payload=signed.payload,
    )


def _open(raw: object, name: str, consortium: Consortium, steward: Party) -> Any:
    if not isinstance(raw, bytes):
        raise VerificationError(f"a {name} message is bytes")
    return open_message(
        raw,
        name=name,
        consortium=consortium.id,
        party=steward.id,
        public=steward.statement_key,
        limit=_MESSAGE_LIMIT,
    )


def _place(stewards: Any, y: Any, quarter: Any) -> SeedPlace:
    xs: Sequence[StewardX] = [_x(x) for x in as_list(stewards, 3, 4, "stewards")]
    check_ascending(xs, "stewards")
    place = SeedPlace(stewards=tuple(xs), y=_x(y), quarter=Month(as_uint(quarter, "quarter")))
    if place.y not in place.stewards or quarter_of(place.quarter) != place.quarter:
        raise VerificationError("no seed has that place")
    return place


def _x(value: Any) -> StewardX:
    return StewardX(as_uint(value, "x", least=1, limit=_X_LIMIT))
