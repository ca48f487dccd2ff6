"""What a consortium document may not say: the limits of sections 1, 10 and 12, each with its place."""

from collections.abc import Callable

import pytest
from support_consortium import (
    ALDER,
    AUDITOR,
    BIRCH,
    CHAMBER,
    CONSORTIUM,
    DESK,
    REGULATOR,
    STEWARDS,
    UNION,
    WATCH,
    Document,
    admission,
    canonical,
    changed,
    cosign_key,
    document,
    log_key,
    party_in,
    statement_key,
)
from support_edwards import BASE, TORSION, L, P, add, challenge, decode, multiply
from support_edwards import encode as encode_point

from hanse_ledger.consortium import admission_message, parse_document
from hanse_ledger.errors import DocumentError
from hanse_ledger.privacy.group import IDENTITY, ORDER, multiply_base
from hanse_ledger.signing import SigningKey

DOCUMENT = document()
PLACES = {party["id"]: f"parties[{i}]" for i, party in enumerate(DOCUMENT["parties"])}


def refused(doc: object) -> str:
    """Return the field that the refusal names."""
    return refused_bytes(canonical(doc))


def refused_bytes(raw: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        parse_document(raw)
    return caught.value.field


Change = Callable[[Document], object]


def party(who: str, **values: object) -> Change:
    return lambda d: party_in(d, who).update(values)


def policy(**values: object) -> Change:
    return lambda d: d["policy"].update(values)


def without(name: str, *fields: str) -> Change:
    return lambda d: [party_in(d, name).pop(field) for field in fields]


def renamed(old: str, new: str) -> Change:
    """Rename a party and admit it under its new name, in place or sorted in."""
    return lambda d: (
        party_in(d, old).update(id=new, proof=admission(new, key=statement_key(old))),
        d["parties"].sort(key=lambda one: one["id"]),
    )


def copied(name: str, new: str, **values: object) -> Change:
    return lambda d: (
        d["parties"].append({**party_in(d, name), "id": new, **values}),
        d["parties"].sort(key=lambda one: one["id"]),
    )


def token_key(scalar: int) -> str:
    return multiply_base(scalar).hex()


def through_identity(d: Document) -> None:
    """Keys on a line that goes through the identity at 0."""
    for x, steward in STEWARDS.items():
        party_in(d, steward)["token_key"] = token_key(5 * x)


def forge(public: bytes) -> Change:
    key = statement_key(ALDER)
    proof = key.sign(admission_message(CONSORTIUM, ALDER, public))
    return party(ALDER, statement_key=public.hex(), proof=proof.hex())


OFF_LINE = (ORDER + 1) // 2

REFUSED: dict[str, tuple[Change, str]] = {
    "another format": (lambda d: d.update(format="hanse-consortium/2"), "format"),
    "a consortium with a space": (lambda d: d.update(consortium="hanse example"), "consortium"),
    "a consortium with a plus": (lambda d: d.update(consortium="a+b"), "consortium"),
    "a consortium with a number sign": (lambda d: d.update(consortium="a#b"), "consortium"),
    "a consortium beyond ASCII": (lambda d: d.update(consortium="h\u00e4nse"), "consortium"),
    "a consortium with a newline": (lambda d: d.update(consortium="hanse\n"), "consortium"),
    "a consortium of 101": (lambda d: d.update(consortium="a" * 101), "consortium"),
    "another consortium's proofs": (lambda d: d.update(consortium="other"), "parties[0].proof"),
    "month 0": (lambda d: d.update(first_month="2026-00"), "first_month"),
    "month 13": (lambda d: d.update(first_month="2026-13"), "first_month"),
    "a month of five letters": (lambda d: d.update(first_month="2026-1"), "first_month"),
    "a month with a day": (lambda d: d.update(first_month="2026-01-01"), "first_month"),
    "no parties": (lambda d: d.update(parties=[]), "parties"),
    "parties out of order": (lambda d: d["parties"].reverse(), "parties"),
    "an id twice": (lambda d: d["parties"].insert(0, d["parties"][0]), "parties"),
    **{
        f"a party called {name}": (
            renamed(ALDER, name),
            f"parties[{sorted([*(p for p in PLACES if p != ALDER), name]).index(name)}].id",
        )
        for name in ("stewards", "none", "any", "all", "a", "-a", "Alder", "al_der", "a" * 33, "al der")
    },
    "an id with a newline": (renamed(ALDER, "alder\n"), "parties[0].id"),
    "no roles": (party(ALDER, roles=[]), "parties[0].roles"),
    "a role twice": (party(ALDER, roles=["member", "member"]), "parties[0].roles"),
    "an unknown role": (party(ALDER, roles=["member", "king"]), "parties[0].roles"),
    "a steward that is a member": (
        party(CHAMBER, roles=["member", "steward"]),
        f"{PLACES[CHAMBER]}.roles",
    ),
    "a steward that is a desk": (party(CHAMBER, roles=["steward", "desk"]), f"{PLACES[CHAMBER]}.roles"),
    "a steward that observes": (
        party(CHAMBER, roles=["observer", "steward"]),
        f"{PLACES[CHAMBER]}.roles",
    ),
    "a steward without x": (without(CHAMBER, "x"), f"{PLACES[CHAMBER]}.x"),
    "a steward without K_x": (without(CHAMBER, "token_key"), f"{PLACES[CHAMBER]}.token_key"),
    "a member with x": (party(ALDER, x=9), "parties[0].x"),
    "a member with K_x": (party(ALDER, token_key=token_key(3)), "parties[0].token_key"),
    "x of 0": (party(CHAMBER, x=0), f"{PLACES[CHAMBER]}.x"),
    "x of 256": (party(CHAMBER, x=256), f"{PLACES[CHAMBER]}.x"),
    "an x twice": (party(CHAMBER, x=3), "parties"),
    "the x of one that has left": (
        lambda d: (party(REGULATOR, active=False)(d), party(CHAMBER, x=255)(d)),
        "parties",
    ),
    "an id twice with other keys": (
        copied(
            ALDER,
            ALDER,
            statement_key=statement_key("ash").public.hex(),
            proof=admission(ALDER, key=statement_key("ash")),
            cosign_key=SigningKey(bytes(32)).public.hex(),
        ),
        "parties",
    ),
    "a statement key twice": (
        copied(
            ALDER,
            "ash",
            proof=admission("ash", key=statement_key(ALDER)),
            cosign_key=SigningKey(bytes(32)).public.hex(),
        ),
        "parties",
    ),
    "a cosign key twice": (party(ALDER, cosign_key=cosign_key(BIRCH).public.hex()), "parties"),
    "a key for two purposes": (party(ALDER, cosign_key=statement_key(ALDER).public.hex()), "parties"),
    "another's key for another purpose": (
        party(DESK, log_key=cosign_key(ALDER).public.hex()),
        "parties",
    ),
    "a K_x twice": (party(CHAMBER, token_key=party_in(DOCUMENT, AUDITOR)["token_key"]), "parties"),
    "K_x off the line": (party(CHAMBER, token_key=token_key(OFF_LINE)), "parties"),
    "K_x off the line, of one that has left": (
        lambda d: party_in(d, REGULATOR).update(active=False, token_key=token_key(OFF_LINE)),
        "parties",
    ),
    "K_x of the identity": (party(CHAMBER, token_key=IDENTITY.hex()), "parties"),
    "the last K_x of the identity": (party(REGULATOR, token_key=IDENTITY.hex()), "parties"),
    "one K_x for all": (
        lambda d: [party_in(d, name).update(token_key=token_key(3)) for name in STEWARDS.values()],
        "parties",
    ),
    "K of the identity": (through_identity, "parties"),
    "K_x that is no element": (party(CHAMBER, token_key="ff" * 32), "parties"),
    "the last K_x no element": (party(REGULATOR, token_key="01" + "00" * 31), "parties"),
    "two stewards": (
        lambda d: [party_in(d, name).update(active=False) for name in (CHAMBER, UNION)],
        "parties",
    ),
    "a false proof": (party(ALDER, proof="00" * 64), "parties[0].proof"),
    "another's proof": (party(ALDER, proof=party_in(DOCUMENT, BIRCH)["proof"]), "parties[0].proof"),
    "a proof by another key": (forge(statement_key(BIRCH).public), "parties[0].proof"),
    **{f"a key of small order {raw.hex()[-4:]}": (forge(raw), "parties[0].statement_key") for raw in TORSION},
    "a key that is not canonical": (forge((P + 3).to_bytes(32, "little")), "parties[0].statement_key"),
    "a key that is no point": (forge((2).to_bytes(32, "little")), "parties[0].statement_key"),
    "a key with a sign for an x of 0": (
        forge((1 | 1 << 255).to_bytes(32, "little")),
        "parties[0].statement_key",
    ),
    "a log_key of null": (party(WATCH, log_key=None), f"{PLACES[WATCH]}.log_key"),
    "nobody who orders": (lambda d: d.update(ordering=[]), "ordering"),
    "one who orders twice": (lambda d: d.update(ordering=[DESK, DESK]), "ordering"),
    "an unknown one who orders": (lambda d: d.update(ordering=[DESK, "nobody"]), "ordering[1]"),
    "one who orders without a log_key": (lambda d: d.update(ordering=[DESK, ALDER]), "ordering[1]"),
    "one who orders and has left": (party(DESK, active=False), "ordering[0]"),
    "contributors_min 2": (policy(contributors_min=2), "policy.contributors_min"),
    "warnings_min 1": (policy(warnings_min=1), "policy.warnings_min"),
    "exponent 19": (policy(exponent=19), "policy.exponent"),
    "four bounds": (policy(bounds=[1, 2, 3, 4]), "policy.bounds"),
    "six bounds": (policy(bounds=[1, 2, 3, 4, 5, 6]), "policy.bounds"),
    "bounds that stand still": (policy(bounds=[1, 2, 2, 4, 5]), "policy.bounds"),
    "bounds that fall": (policy(bounds=[1, 3, 2, 4, 5]), "policy.bounds"),
    "a purpose twice": (policy(purposes=["monitoring", "monitoring"]), "policy.purposes"),
    "a currency of small letters": (policy(currency="cny"), "policy.currency"),
    "a rate of no currency": (policy(rates={"EURO": {}}), "policy.rates"),
    "a rate of no month": (policy(rates={"EUR": {"2026": 1}}), "policy.rates.EUR"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_limit_is_kept(name: str) -> None:
    change, field = REFUSED[name]
    assert refused(changed(change)) == field


def test_five_stewards_are_too_many() -> None:
    def fifth(d: Document) -> None:
        entry = {
            **party_in(d, UNION),
            "id": "union-2",
            "x": 8,
            "statement_key": statement_key("union-2").public.hex(),
            "cosign_key": cosign_key("union-2").public.hex(),
            "proof": admission("union-2"),
            "token_key": token_key(1_234_567 + 8 * 7_654_321),
        }
        d["parties"].insert([p["id"] for p in d["parties"]].index(UNION) + 1, entry)

    assert refused(changed(fifth)) == "parties"
    four = changed(fifth)
    party_in(four, REGULATOR)["active"] = False
    assert list(parse_document(canonical(four)).stewards) == [2, 3, 7, 8]


ALLOWED: dict[str, Change] = {
    "three stewards": party(REGULATOR, active=False),
    "an id of 32": renamed(ALDER, "a" * 32),
    "an id of two": renamed(ALDER, "0-"),
    "the least minima": policy(contributors_min=3, warnings_min=2),
    "the largest integers": policy(share_hours=2**53 - 1, retention_months=2**53 - 1, exponent=18),
    "nothing at all": policy(rates={}, purposes=[], inquiries_base=0, bounds=[0, 1, 2, 3, 4]),
    "a name in any script": party(
        ALDER, name="\u94a2\u94c1 \U0001f3ed", group="\u96c6\u56e2", url="https://x/"
    ),
    "a second one who may order": lambda d: (
        party(ALDER, log_key=log_key(ALDER).public.hex())(d),
        d.update(ordering=[ALDER, DESK]),
    ),
    "many roles": party(ALDER, roles=["observer", "desk", "member"]),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_within_the_limits_is_read(name: str) -> None:
    raw = canonical(changed(ALLOWED[name]))
    assert parse_document(raw).raw == raw


def test_integers_end_below_2_to_the_53() -> None:
    raw = canonical(document())
    assert refused_bytes(raw.replace(b'"share_hours":24', b'"share_hours":9007199254740992')) == "document"
    most = raw.replace(b'"share_hours":24', b'"share_hours":9007199254740991')
    assert parse_document(most).policy.share_hours == 2**53 - 1


def test_a_key_of_mixed_order_is_admitted() -> None:
    # Section 5 refuses small order and other spellings, and verifies without cofactor: nothing else.
    secret = 12_345
    mixed = encode_point(add(multiply(secret, BASE), decode(TORSION[4])))
    message = admission_message(CONSORTIUM, ALDER, mixed)
    for nonce in range(1, 1_000):
        r = encode_point(multiply(nonce, BASE))
        h = challenge(r, mixed, message) % L
        proof = r + ((nonce + h * secret) % L).to_bytes(32, "little")
        raw = canonical(changed(party(ALDER, statement_key=mixed.hex(), proof=proof.hex())))
        if h % 8 == 0:
            assert parse_document(raw).parties[ALDER].statement_key == mixed
            return
        assert refused_bytes(raw) == "parties[0].proof"
    raise AssertionError
