import hashlib
import random

import pytest

from consortium_config.sample import DemoConsortium, demo_document
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import DocumentError
from hanse_ledger.ids import PartyId, StewardX, month_of
from hanse_ledger.privacy.group import interpolate, multiply_base, parse_element, parse_scalar
from hanse_ledger.signing import SigningKey
from hanse_ledger.state import LedgerState
from hanse_ledger.statements import sign_statement

MEMBERS = [PartyId(name) for name in ("cedar", "alder", "birch")]


def dealt(members: list[PartyId] = MEMBERS, seed: int = 1) -> DemoConsortium:
    return demo_document(
        members=members,
        currency="CNY",
        exponent=2,
        first_month=month_of(2018, 11),
        entropy=random.Random(seed).randbytes,
    )


def test_the_demo_says_what_interfaces_promises() -> None:
    consortium = dealt().consortium
    assert consortium.demo
    assert consortium == parse_document(consortium.raw)
    assert list(consortium.parties) == [
        "alder", "birch", "cedar", "desk", "steward-1", "steward-2", "steward-3", "steward-4",
    ]  # fmt: skip
    assert consortium.ordering == ("desk",)
    assert consortium.first_month == month_of(2018, 11)
    assert {x: party.id for x, party in consortium.stewards.items()} == {
        x: f"steward-{x}" for x in range(1, 5)
    }
    policy = consortium.policy
    assert (policy.contributors_min, policy.inquiries_base, policy.inquiries_per_subject) == (4, 5_000, 0)
    assert (policy.tokens_per_day, policy.share_hours, policy.currency, policy.exponent) == (
        100_000,
        0,
        "CNY",
        2,
    )
    assert policy.purposes == ("credit-review", "onboarding", "monitoring", "subject-access")


def test_every_key_is_its_partys_own_and_used_once() -> None:
    demo = dealt()
    seeds = []
    for party_id, keys in demo.keys.items():
        party = demo.consortium.parties[party_id]
        assert SigningKey(keys.statement_seed).public == party.statement_key
        assert SigningKey(keys.cosign_seed).public == party.cosign_key
        assert (keys.log_seed is not None) == (party.log_key is not None) == (party_id == "desk")
        seeds += [keys.statement_seed, keys.cosign_seed, *filter(None, [keys.log_seed])]
    assert len(set(seeds)) == len(seeds) == 2 * 8 + 1


def test_the_key_shares_lie_on_one_line_under_the_public_ones() -> None:
    demo = dealt()
    stewards = demo.consortium.stewards
    shares = {x: demo.keys[party.id].key_share for x, party in stewards.items()}
    points = {}
    for x, share in shares.items():
        assert share is not None
        assert multiply_base(parse_scalar(share)) == stewards[x].token_key
        points[x] = parse_element(stewards[x].token_key or b"")
    keys = {interpolate({x: points[x], y: points[y]}) for x in points for y in points if x < y}
    assert len(keys) == 1
    assert (
        interpolate({StewardX(1): points[StewardX(1)], StewardX(2): points[StewardX(2)]}, 4)
        == points[StewardX(4)]
    )
    assert all(keys.key_share is None for party, keys in demo.keys.items() if "steward" not in party)


def test_the_ledger_accepts_it_as_its_first_entry() -> None:
    demo = dealt()
    state = LedgerState()
    raw = sign_statement(
        key=SigningKey(demo.keys[PartyId("desk")].statement_seed),
        party=PartyId("desk"),
        consortium=demo.consortium.id,
        seq=0,
        prev=bytes(32),
        body=demo.genesis,
    )
    accepted = state.apply(raw)
    assert accepted.index == 0
    assert state.consortium.hash == hashlib.sha256(demo.genesis.document).digest()


def test_other_entropy_gives_other_keys_and_the_same_gives_the_same() -> None:
    assert dealt(seed=1).consortium.raw == dealt(seed=1).consortium.raw
    one, other = dealt(seed=1).consortium, dealt(seed=2).consortium
    assert not {p.statement_key for p in one.parties.values()} & {
        p.statement_key for p in other.parties.values()
    }


@pytest.mark.parametrize("members", [["desk"], ["steward-2"], ["alder", "alder"], ["Alder"], ["a"], ["any"]])
def test_a_member_id_that_is_none_or_taken_is_refused(members: list[str]) -> None:
    with pytest.raises(DocumentError):
        dealt([PartyId(member) for member in members])


def test_keys_never_show_themselves() -> None:
    demo = dealt()
    shown = repr(demo) + str(demo.keys) + "".join(repr(keys) for keys in demo.keys.values())
    secrets = [
        secret
        for keys in demo.keys.values()
        for secret in (keys.statement_seed, keys.cosign_seed, keys.log_seed, keys.key_share)
        if secret is not None
    ]
    assert len(secrets) > 2 * len(demo.keys)
    for secret in secrets:
        assert repr(secret) not in shown
        assert secret.hex() not in shown
