"""A consortium dealt in memory: everybody's keys in one hand, as only a test may have them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from hanse_ledger.bodies import Genesis
from hanse_ledger.consortium import Consortium, admission_message, genesis_message, parse_document
from hanse_ledger.ids import ConsortiumId, PartyId, StewardX
from hanse_ledger.privacy.group import WIDE_BYTES, Scalar, scalar_from_entropy
from hanse_ledger.privacy.voprf import deal_key, public_share
from hanse_ledger.signing import SEED_BYTES, SigningKey

Entropy: TypeAlias = Callable[[int], bytes]

CONSORTIUM: Final = ConsortiumId("hanse.example/fake")
STEWARDS: Final = {StewardX(x): PartyId(f"steward-{x}") for x in (1, 2, 3, 4)}
DESK: Final = PartyId("desk")
PURPOSES: Final = ("credit-review", "onboarding", "monitoring")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """One party's private keys; only the desk orders the log."""

    statement: SigningKey
    cosign: SigningKey
    log: SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """A document with everybody's keys, and the stewards' shares of the token key."""

    consortium: Consortium
    keys: Mapping[PartyId, Keys] = field(repr=False)
    key_shares: Mapping[StewardX, Scalar] = field(repr=False)

    def genesis(self) -> Genesis:
        """Return the body of entry 0: the document, signed by all."""
        message = genesis_message(self.consortium.hash)
        signatures = ((party, keys.statement.sign(message)) for party, keys in sorted(self.keys.items()))
        return Genesis(document=self.consortium.raw, signatures=tuple(signatures))

    def successor(self, entropy: Entropy) -> "Dealt":
        """Return the next document, in which every steward has new keys for statements and cosignatures."""
        fresh = {party: _keys(entropy) for party in STEWARDS.values()}
        document = json.loads(self.consortium.raw) | {"previous": self.consortium.hash.hex()}
        for party in document["parties"]:
            if party["id"] in fresh:
                party.update(_public(party["id"], fresh[party["id"]]))
        return replace(self, consortium=_parsed(document), keys={**self.keys, **fresh})


def deal(*, member: PartyId, first_month: str, purposes: Sequence[str], entropy: Entropy) -> Dealt:
    """Found a consortium of four stewards, a desk that orders, and one member."""
    shares = deal_key(_scalar(entropy), _scalar(entropy), STEWARDS)
    parties = sorted([*STEWARDS.values(), DESK, member])
    keys = {party: _keys(entropy) for party in parties}
    xs = {party: x for x, party in STEWARDS.items()}
    document = {
        "format": "hanse-consortium/1",
        "consortium": CONSORTIUM,
        "demo": True,
        "first_month": first_month,
        "previous": "",
        "parties": [_party(party, keys[party], xs.get(party), shares) for party in parties],
        "ordering": [DESK],
        "policy": _policy(purposes),
    }
    return Dealt(consortium=_parsed(document), keys=keys, key_shares=shares)


def _party(
    party: PartyId, keys: Keys, x: StewardX | None, shares: Mapping[StewardX, Scalar]
) -> dict[str, Any]:
    role = "steward" if x is not None else "desk" if party == DESK else "member"
    fields: dict[str, Any] = {
        "id": party,
        "name": party.replace("-", " ").title(),
        "roles": [role],
        "group": "",
        "active": True,
        "url": "",
        **_public(party, keys),
    }
    if party == DESK:
        fields["log_key"] = keys.log.public.hex()
    if x is not None:
        fields |= {"x": x, "token_key": public_share(shares[x]).hex()}
    return fields


def _public(party: PartyId, keys: Keys) -> dict[str, str]:
    admission = admission_message(CONSORTIUM, party, keys.statement.public)
    return {
        "statement_key": keys.statement.public.hex(),
        "proof": keys.statement.sign(admission).hex(),
        "cosign_key": keys.cosign.public.hex(),
    }


def _policy(purposes: Sequence[str]) -> dict[str, Any]:
    return {
        "contributors_min": 4,
        "warnings_min": 2,
        "currency": "CNY",
        "exponent": 2,
        "bounds": [1_000, 10_000, 50_000, 250_000, 1_000_000],
        "rates": {},
        "retention_months": 36,
        "purposes": list(purposes),
        "inquiries_base": 5_000,
        "inquiries_per_subject": 0,
        "tokens_per_day": 100_000,
        "share_hours": 24,
        "dispute_months": 2,
        "bulletin_hours": 24,
    }


def _parsed(document: Mapping[str, Any]) -> Consortium:
    # With ASCII names, text and integers, sorted JSON without spaces is the RFC 8785 form.
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return parse_document(text.encode())


def _keys(entropy: Entropy) -> Keys:
    made = (SigningKey(entropy(SEED_BYTES)) for _ in range(3))
    return Keys(statement=next(made), cosign=next(made), log=next(made))


def _scalar(entropy: Entropy) -> Scalar:
    return scalar_from_entropy(entropy(WIDE_BYTES))
