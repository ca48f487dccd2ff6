"""The demo consortium: one dealer makes everybody's keys, and the document says so (`"demo": true`)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from consortium_config.draft import PartyCard, admission_proof, draft_document
from consortium_config.founding import assemble_genesis, sign_document
from hanse_ledger.bodies import Genesis
from hanse_ledger.consortium import DESK, MEMBER, STEWARD, Consortium, Policy
from hanse_ledger.ids import ConsortiumId, Month, PartyId, StewardX
from hanse_ledger.privacy.group import WIDE_BYTES, Scalar, scalar_from_entropy
from hanse_ledger.privacy.voprf import deal_key, public_share
from hanse_ledger.signing import SEED_BYTES, SigningKey

Entropy: TypeAlias = Callable[[int], bytes]
"""Returns that many uniform bytes that nobody can guess, other ones at each call."""

DEMO_CONSORTIUM: Final = ConsortiumId("hanse.example/demo")
DESK_ID: Final = PartyId("desk")
STEWARDS: Final = {StewardX(x): PartyId(f"steward-{x}") for x in (1, 2, 3, 4)}
ORDERING: Final = DESK_ID
"""Whoever orders sees no more than anybody else; a desk does it, so that any steward can be down."""
PURPOSES: Final = ("credit-review", "onboarding", "monitoring", "subject-access")


@dataclass(frozen=True, slots=True, kw_only=True)
class DealtKeys:
    """One party's private keys as seeds of 32 bytes.

    Only the ordering party has a `log_seed`; a steward's `key_share` is its k_x.
    """

    statement_seed: bytes = field(repr=False)
    cosign_seed: bytes = field(repr=False)
    log_seed: bytes | None = field(default=None, repr=False)
    key_share: Scalar | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoConsortium:
    """A founded demo: the document, the body of entry 0, and every party's private keys."""

    consortium: Consortium
    genesis: Genesis
    keys: Mapping[PartyId, DealtKeys] = field(repr=False)


def demo_policy(*, currency: str, exponent: int) -> Policy:
    """Return the rules of `hanse demo` (interfaces.md): no time-out for shares, budgets out of the way."""
    return Policy(
        contributors_min=4,
        warnings_min=2,
        currency=currency,
        exponent=exponent,
        bounds=(1_000, 10_000, 50_000, 250_000, 1_000_000),
        rates={},
        retention_months=120,
        purposes=PURPOSES,
        inquiries_base=5_000,
        inquiries_per_subject=0,
        tokens_per_day=100_000,
        share_hours=0,
        dispute_months=2,
        bulletin_hours=24,
    )


def demo_document(
    *,
    members: Iterable[PartyId],
    currency: str,
    exponent: int,
    first_month: Month,
    entropy: Entropy,
    consortium: ConsortiumId = DEMO_CONSORTIUM,
) -> DemoConsortium:
    """Found the demo: `steward-1` to `steward-4`, `desk` and these members; the desk orders.

    Raises DocumentError for a member's id that is none, is given twice or is taken by the others.
    """
    shares = deal_key(_scalar(entropy), _scalar(entropy), STEWARDS)
    seats: list[tuple[PartyId, str, StewardX | None]] = [
        *((party, STEWARD, x) for x, party in STEWARDS.items()),
        (DESK_ID, DESK, None),
        *((party, MEMBER, None) for party in members),
    ]
    cards, keys = [], {}
    for party, role, x in seats:
        keys[party] = DealtKeys(
            statement_seed=entropy(SEED_BYTES),
            cosign_seed=entropy(SEED_BYTES),
            log_seed=entropy(SEED_BYTES) if party == ORDERING else None,
            key_share=None if x is None else shares[x],
        )
        cards.append(_card(consortium, party, role, x, keys[party]))
    drafted = draft_document(
        consortium=consortium,
        first_month=first_month,
        cards=cards,
        ordering=(ORDERING,),
        policy=demo_policy(currency=currency, exponent=exponent),
        demo=True,
    )
    signatures = {
        party: sign_document(drafted, party=party, key=SigningKey(dealt.statement_seed))
        for party, dealt in keys.items()
    }
    return DemoConsortium(consortium=drafted, genesis=assemble_genesis(drafted, signatures), keys=keys)


def _card(
    consortium: ConsortiumId, party: PartyId, role: str, x: StewardX | None, keys: DealtKeys
) -> PartyCard:
    statement_key = SigningKey(keys.statement_seed)
    return PartyCard(
        consortium=consortium,
        id=party,
        name=party.replace("-", " ").title(),
        roles=(role,),
        statement_key=statement_key.public,
        proof=admission_proof(statement_key, consortium=consortium, party=party),
        cosign_key=SigningKey(keys.cosign_seed).public,
        log_key=None if keys.log_seed is None else SigningKey(keys.log_seed).public,
        x=x,
        token_key=None if keys.key_share is None else public_share(keys.key_share),
    )


def _scalar(entropy: Entropy) -> Scalar:
    return scalar_from_entropy(entropy(WIDE_BYTES))
