import dataclasses
import json
import random

import pytest
import rfc8785

from consortium_config.draft import (
    PartyCard,
    admission_proof,
    draft_document,
    encode_card,
    parse_card,
)
from consortium_config.sample import demo_policy
from hanse_ledger.consortium import Consortium, Policy
from hanse_ledger.errors import DocumentError
from hanse_ledger.ids import ConsortiumId, PartyId, StewardX, month_of
from hanse_ledger.privacy.group import scalar_from_entropy
from hanse_ledger.privacy.voprf import deal_key, public_share
from hanse_ledger.signing import SigningKey

STEEL = ConsortiumId("hanse.example/steel")
POLICY = demo_policy(currency="EUR", exponent=2)
RANDOM = random.Random(3)
SHARES = deal_key(
    scalar_from_entropy(RANDOM.randbytes(64)),
    scalar_from_entropy(RANDOM.randbytes(64)),
    [StewardX(x) for x in (1, 2, 5)],
)


def card(party: str, role: str, x: int | None = None, *, orders: bool = False) -> PartyCard:
    key = SigningKey(RANDOM.randbytes(32))
    return PartyCard(
        consortium=STEEL,
        id=PartyId(party),
        name=f"{party} 有限公司",
        roles=(role,),
        statement_key=key.public,
        proof=admission_proof(key, consortium=STEEL, party=PartyId(party)),
        cosign_key=SigningKey(RANDOM.randbytes(32)).public,
        log_key=SigningKey(RANDOM.randbytes(32)).public if orders else None,
        x=None if x is None else StewardX(x),
        token_key=None if x is None else public_share(SHARES[StewardX(x)]),
    )


CARDS = [
    card("zinc", "member"),
    card("audit", "steward", 5),
    card("guild", "steward", 1, orders=True),
    card("bureau", "steward", 2),
    card("acme", "member"),
]


def drafted(cards: list[PartyCard] = CARDS, ordering: str = "guild", policy: Policy = POLICY) -> Consortium:
    return draft_document(
        consortium=STEEL,
        first_month=month_of(2027, 1),
        cards=cards,
        ordering=[PartyId(ordering)],
        policy=policy,
    )


def test_the_draft_holds_what_the_cards_say_in_the_canonical_form() -> None:
    consortium = drafted()
    document = json.loads(consortium.raw)
    assert consortium.raw == rfc8785.dumps(document)
    assert document["demo"] is False
    assert document["previous"] == ""
    assert document["first_month"] == "2027-01"
    assert [party["id"] for party in document["parties"]] == ["acme", "audit", "bureau", "guild", "zinc"]
    acme, audit, *_ = document["parties"]
    assert set(acme) == {
        "id", "name", "roles", "group", "active", "url", "statement_key", "proof", "cosign_key",
    }  # fmt: skip
    assert (audit["x"], audit["roles"], audit["active"]) == (5, ["steward"], True)
    assert audit["token_key"] == public_share(SHARES[StewardX(5)]).hex()
    assert consortium.policy == POLICY


def test_the_order_of_the_cards_does_not_matter() -> None:
    assert drafted(CARDS[::-1]).raw == drafted().raw


def test_exchange_rates_stand_under_their_months() -> None:
    policy = dataclasses.replace(POLICY, rates={"CNY": {month_of(2027, 2): 128_400}})
    consortium = drafted(policy=policy)
    assert json.loads(consortium.raw)["policy"]["rates"] == {"CNY": {"2027-02": 128_400}}
    assert consortium.policy.rates_of(month_of(2027, 2)) == {"CNY": 128_400}


def test_a_card_survives_its_file() -> None:
    for one in CARDS:
        assert parse_card(encode_card(one)) == one


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", "hanse-party/2"),
        ("proof", "00"),
        ("statement_key", "XY" * 32),
        ("roles", "steward"),
        ("x", 0),
        ("x", 256),
        ("x", None),
        ("surplus", 1),
    ],
)
def test_a_card_that_is_not_in_its_form_is_refused(field: str, value: str | int | None) -> None:
    fields = json.loads(encode_card(CARDS[1]))
    with pytest.raises(DocumentError):
        parse_card(rfc8785.dumps({**fields, field: value}))


def test_a_card_with_a_field_missing_or_out_of_form_is_refused() -> None:
    fields = json.loads(encode_card(CARDS[1]))
    with pytest.raises(DocumentError, match="cosign_key"):
        parse_card(rfc8785.dumps({name: fields[name] for name in fields if name != "cosign_key"}))
    with pytest.raises(DocumentError):
        parse_card(json.dumps(fields, indent=1).encode())


def test_a_card_for_another_consortium_is_refused() -> None:
    stranger = dataclasses.replace(CARDS[0], consortium=ConsortiumId("hanse.example/wood"))
    with pytest.raises(DocumentError, match="zinc"):
        drafted([stranger, *CARDS[1:]])


def test_a_proof_for_another_party_is_refused() -> None:
    with pytest.raises(DocumentError, match="proof"):
        drafted([dataclasses.replace(CARDS[0], id=PartyId("iron")), *CARDS[1:]])


def test_limits_of_the_document_hold_for_drafts() -> None:
    with pytest.raises(DocumentError, match="ordering"):
        drafted(ordering="acme")
    with pytest.raises(DocumentError, match="3 or 4 stewards"):
        drafted([one for one in CARDS if one.id != "audit"])
    with pytest.raises(DocumentError, match="contributors_min"):
        drafted(policy=dataclasses.replace(POLICY, contributors_min=2))
    with pytest.raises(DocumentError, match="bounds"):
        drafted(policy=dataclasses.replace(POLICY, bounds=(1, 2, 3, 5, 4)))
    with pytest.raises(DocumentError, match="Unicode"):
        drafted([dataclasses.replace(CARDS[0], name="\ud800"), *CARDS[1:]])
