"""Founders for tests of key generation, honest ones and one that signs what it likes."""

from collections.abc import Mapping, Sequence
from typing import Any

from hanse_ledger.codec import decode
from hanse_ledger.cose import parse
from hanse_ledger.ids import ConsortiumId, PartyId, StewardX
from hanse_ledger.privacy import dkg
from hanse_ledger.privacy.dkg_messages import MESSAGE_LIMIT, Founder, Kind, Roster
from hanse_ledger.signing import SigningKey

STEEL = ConsortiumId("hanse.example/steel")


def signing_key(x: int) -> SigningKey:
    return SigningKey(bytes([x]) * 32)


def roster_of(xs: Sequence[int], *, consortium: str = STEEL, run: int = 1) -> Roster:
    founders = tuple(
        Founder(x=StewardX(x), party=PartyId(f"steward-{x}"), statement_key=signing_key(x).public) for x in xs
    )
    return Roster(consortium=ConsortiumId(consortium), run=run, founders=founders)


def participants_of(roster: Roster, seed: bytes = b"") -> dict[StewardX, dkg.Participant]:
    return {
        x: dkg.Participant(roster=roster, x=x, signing_key=signing_key(x), seed=(seed + bytes([x]) * 32)[:32])
        for x in roster.xs
    }


def fields_of(raw: bytes) -> list[Any]:
    fields: list[Any] = decode(parse(raw, limit=MESSAGE_LIMIT).payload, limit=MESSAGE_LIMIT)
    return fields


def signed_anew(me: dkg.Participant, kind: Kind, raw: bytes, changes: Mapping[int, Any]) -> bytes:
    """Return a message of `me` with other fields, by their place, under its own signature."""
    fields = [changes.get(place, value) for place, value in enumerate(fields_of(raw))]
    return dkg._sign(me, kind, fields[0], fields[2:])
