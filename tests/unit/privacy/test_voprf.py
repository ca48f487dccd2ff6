import hashlib
from typing import Any

import pytest
from support import vectors

from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import ConsortiumId, PartyId, RequestHash, StewardX
from hanse_ledger.privacy import group, voprf

X1, X2, X3, X4 = (StewardX(x) for x in (1, 2, 3, 4))
TOKENS = vectors("tokens.json")
RFC = vectors("voprf_rfc9497.json")["suites"][0]
SHARES = {StewardX(int(x)): bytes.fromhex(share) for x, share in TOKENS["shares"].items()}
PUBLIC = {StewardX(int(x)): bytes.fromhex(share) for x, share in TOKENS["public_shares"].items()}
BLIND = bytes.fromhex(TOKENS["cases"][0]["blinds"][0])
NONCE = group.scalar_bytes(77)


def unhex(values: list[str]) -> list[bytes]:
    return [bytes.fromhex(value) for value in values]


def evaluated(count: int, *xs: StewardX) -> tuple[list[bytes], dict[StewardX, list[bytes]]]:
    elements: list[bytes] = [voprf.blind(b"ref:DEMO:%d" % i, BLIND) for i in range(count)]
    return elements, {
        x: list(
            voprf.evaluate(key_share=SHARES[x], public_share=PUBLIC[x], elements=elements, nonce=NONCE)[0]
        )
        for x in xs
    }


@pytest.mark.parametrize("case", RFC["vectors"], ids=lambda case: f"batch {case['Batch']}")
def test_rfc_9497_appendix_a_1_2(case: dict[str, Any]) -> None:
    fields = {name: unhex(case[name].split(",")) for name in ("Input", "Blind", "BlindedElement")}
    proof = case["Proof"]
    public = bytes.fromhex(RFC["pkSm"])
    pairs = list(zip(fields["Input"], fields["Blind"], strict=True))

    blinded = [voprf.blind(text, scalar) for text, scalar in pairs]
    evaluations, made = voprf.evaluate(
        key_share=bytes.fromhex(RFC["skSm"]),
        public_share=public,
        elements=blinded,
        nonce=bytes.fromhex(proof["r"]),
    )

    assert blinded == fields["BlindedElement"]
    assert list(evaluations) == unhex(case["EvaluationElement"].split(","))
    assert made.hex() == proof["proof"]
    voprf.verify_evaluation(public_share=public, elements=blinded, evaluations=evaluations, proof=made)
    outputs = [voprf.full_output(*pair, element) for pair, element in zip(pairs, evaluations, strict=True)]
    assert outputs == unhex(case["Output"].split(","))


def test_key_shares_of_the_vectors() -> None:
    slope = group.parse_scalar(SHARES[X2]) - group.parse_scalar(SHARES[X1])
    dealt = voprf.deal_key(bytes.fromhex(TOKENS["key"]), group.scalar_bytes(slope), SHARES)
    assert dealt == SHARES
    assert {x: voprf.public_share(share) for x, share in SHARES.items()} == PUBLIC


@pytest.mark.parametrize("case", TOKENS["cases"], ids=lambda case: f"stewards {case['stewards']}")
def test_tokens_of_the_vectors(case: dict[str, Any]) -> None:
    subjects = [subject.encode() for subject in case["subjects"]]
    blinds = unhex(case["blinds"])
    blinded = [voprf.blind(*pair) for pair in zip(subjects, blinds, strict=True)]
    assert blinded == unhex(case["blinded"])

    answers = {}
    for x in map(StewardX, case["stewards"]):
        evaluations, proof = voprf.evaluate(
            key_share=SHARES[x],
            public_share=PUBLIC[x],
            elements=blinded,
            nonce=bytes.fromhex(case["proof_nonces"][str(x)]),
        )
        assert list(evaluations) == unhex(case["evaluations"][str(x)])
        assert proof.hex() == case["proofs"][str(x)]
        voprf.verify_evaluation(
            public_share=PUBLIC[x], elements=blinded, evaluations=evaluations, proof=proof
        )
        answers[x] = evaluations

    combined = voprf.combine(answers)
    tokens = [voprf.finalize(*triple) for triple in zip(subjects, blinds, combined, strict=True)]
    assert tokens == unhex(case["tokens"])


@pytest.mark.parametrize(
    "attack", ["proof", "swap", "identity", "short", "other key", "scalar", "long proof"]
)
def test_a_false_evaluation_is_found(attack: str) -> None:
    elements, answers = evaluated(2, X1)
    evaluations, public = answers[X1], PUBLIC[X1]
    _, proof = voprf.evaluate(key_share=SHARES[X1], public_share=PUBLIC[X1], elements=elements, nonce=NONCE)
    voprf.verify_evaluation(public_share=public, elements=elements, evaluations=evaluations, proof=proof)
    match attack:
        case "proof":
            proof = bytes([proof[0] ^ 1]) + proof[1:]
        case "swap":
            evaluations.reverse()
        case "identity":
            evaluations[0] = group.IDENTITY
        case "short":
            evaluations.pop()
        case "other key":
            public = PUBLIC[X2]
        case "scalar":
            # The same s modulo the order, not in its canonical encoding.
            s = group.parse_scalar(proof[32:]) + group.ORDER
            proof = proof[:32] + s.to_bytes(32, "little")
        case "long proof":
            proof += b"\0"
    with pytest.raises(VerificationError):
        voprf.verify_evaluation(public_share=public, elements=elements, evaluations=evaluations, proof=proof)


@pytest.mark.parametrize("count", [0, 1_001])
def test_a_batch_has_one_to_a_thousand_elements(count: int) -> None:
    element = voprf.blind(b"ref:DEMO:1", BLIND)
    with pytest.raises(MalformedError):
        voprf.evaluate(key_share=SHARES[X1], public_share=PUBLIC[X1], elements=[element] * count, nonce=NONCE)
    with pytest.raises(VerificationError):
        voprf.verify_evaluation(
            public_share=PUBLIC[X1],
            elements=[element] * count,
            evaluations=[element] * count,
            proof=bytes(64),
        )


@pytest.mark.parametrize("element", [group.IDENTITY, b"\xff" * 32, bytes(31)])
def test_a_steward_evaluates_no_identity_and_no_malformed_element(element: bytes) -> None:
    with pytest.raises(MalformedError):
        voprf.evaluate(key_share=SHARES[X1], public_share=PUBLIC[X1], elements=[element], nonce=NONCE)


@pytest.mark.parametrize("scalar", [bytes(32), group.ORDER.to_bytes(32, "little"), bytes(33)])
def test_keys_blinds_and_nonces_are_canonical_and_not_zero(scalar: bytes) -> None:
    element = voprf.blind(b"a", BLIND)
    with pytest.raises(MalformedError):
        voprf.blind(b"a", scalar)
    with pytest.raises(MalformedError):
        voprf.finalize(b"a", scalar, element)
    with pytest.raises(MalformedError):
        voprf.public_share(scalar)
    with pytest.raises(MalformedError):
        voprf.evaluate(key_share=scalar, public_share=PUBLIC[X1], elements=[element], nonce=NONCE)
    with pytest.raises(MalformedError):
        voprf.evaluate(key_share=SHARES[X1], public_share=PUBLIC[X1], elements=[element], nonce=scalar)


def test_an_input_is_at_most_65535_bytes() -> None:
    voprf.blind(bytes(65_535), BLIND)
    with pytest.raises(MalformedError):
        voprf.blind(bytes(65_536), BLIND)


def test_a_deal_that_gives_a_steward_zero_is_refused() -> None:
    with pytest.raises(MalformedError):
        voprf.deal_key(group.scalar_bytes(6), group.scalar_bytes(-2), [X1, X2, X3])


def test_two_stewards_do_for_eight_elements_and_no_more() -> None:
    _, answers = evaluated(9, X1, X4)
    with pytest.raises(VerificationError):
        voprf.combine(answers)
    eight = {x: elements[:8] for x, elements in answers.items()}
    assert len(voprf.combine(eight)) == 8


def test_uneven_answers_and_other_numbers_of_stewards_are_not_combined() -> None:
    _, answers = evaluated(2, X1, X2, X3)
    with pytest.raises(VerificationError):
        voprf.combine(answers)
    with pytest.raises(VerificationError):
        voprf.combine({X1: answers[X1], X2: answers[X2][:1]})
    with pytest.raises(VerificationError):
        voprf.agreed_elements({X1: answers[X1], X2: answers[X2]})


def test_evaluations_that_combine_to_the_identity_are_refused() -> None:
    # 2 E_1 - E_2 at x = 1, 2.
    element = voprf.blind(b"a", BLIND)
    with pytest.raises(VerificationError):
        voprf.combine({X1: [element], X2: [group.multiply(2, element)]})


@pytest.mark.parametrize("xs", [(X1, X2, X3), (X1, X2, X4), (X2, X3, X4), (X1, X2, X3, X4)])
def test_three_or_four_that_agree_give_what_two_give(xs: tuple[StewardX, ...]) -> None:
    _, answers = evaluated(3, *xs)
    agreement = voprf.agreed_elements(answers)
    assert agreement.elements == voprf.combine({x: answers[x] for x in xs[:2]})
    assert agreement.deviating == ()


@pytest.mark.parametrize("liar", [X1, X2, X3])
def test_of_three_a_deviating_steward_is_found_but_cannot_be_named(liar: StewardX) -> None:
    _, answers = evaluated(2, X1, X2, X3)
    answers[liar][1] = answers[liar][0]
    with pytest.raises(VerificationError):
        voprf.agreed_elements(answers)


@pytest.mark.parametrize("liar", [X1, X2, X3, X4])
def test_of_four_a_deviating_steward_is_named(liar: StewardX) -> None:
    _, answers = evaluated(2, X1, X2, X3, X4)
    honest = voprf.agreed_elements(answers).elements
    answers[liar][1] = answers[liar][0]
    assert voprf.agreed_elements(answers) == voprf.Agreement(elements=honest, deviating=(liar,))


def test_of_four_one_that_aims_at_the_identity_is_named() -> None:
    _, answers = evaluated(1, X1, X2, X3, X4)
    honest = voprf.agreed_elements(answers).elements
    answers[X1] = [group.multiply(pow(2, -1, group.ORDER), answers[X2][0])]
    assert voprf.agreed_elements(answers) == voprf.Agreement(elements=honest, deviating=(X1,))


def test_two_liars_of_four_leave_no_token() -> None:
    _, answers = evaluated(2, X1, X2, X3, X4)
    answers[X1][1], answers[X3][1] = answers[X1][0], answers[X3][0]
    with pytest.raises(VerificationError):
        voprf.agreed_elements(answers)


def request(**changes: object) -> list[object]:
    element = bytes(voprf.blind(b"a", BLIND))
    fields: dict[str, object] = {
        "consortium": "hanse.example/steel",
        "party": "acme",
        "nonce": bytes(16),
        "elements": [element],
    }
    return list((fields | changes).values())


def test_an_evaluation_request_goes_out_and_in() -> None:
    made = voprf.EvaluationRequest(
        consortium=ConsortiumId("hanse.example/steel"),
        party=PartyId("acme"),
        nonce=bytes(range(16)),
        elements=(voprf.blind(b"a", BLIND), voprf.blind(b"b", BLIND)),
    )
    raw = voprf.encode_evaluation_request(made)
    # Array of four, text of 19, as protocol section 12 orders the fields.
    assert raw.startswith(b"\x84\x73hanse.example/steel\x64acme\x50" + bytes(range(16)) + b"\x82\x58\x20")
    assert voprf.parse_evaluation_request(raw) == made
    assert made.hash == hashlib.sha256(raw).digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"elements": []},
        {"elements": [group.IDENTITY]},
        {"elements": [b"\xff" * 32]},
        {"elements": [bytes(31)]},
        {"elements": 7},
        {"elements": [bytes(voprf.blind(b"a", BLIND))] * 1_001},
        {"nonce": bytes(15)},
        {"nonce": "0" * 16},
        {"party": b"acme"},
        {"party": "a" * 33},
        {"consortium": "h" * 101},
        {"more": 1},
    ],
    ids=str,
)
def test_a_malformed_evaluation_request_is_refused(changes: dict[str, object]) -> None:
    voprf.parse_evaluation_request(encode(request()))
    with pytest.raises(MalformedError):
        voprf.parse_evaluation_request(encode(request(**changes)))


def test_a_request_of_a_thousand_elements_is_read() -> None:
    elements = [bytes(voprf.blind(b"a", BLIND))] * 1_000
    assert len(voprf.parse_evaluation_request(encode(request(elements=elements))).elements) == 1_000


def test_an_evaluation_goes_out_and_in() -> None:
    _, answers = evaluated(2, X3)
    made = voprf.Evaluation(
        request_hash=RequestHash(bytes(32)),
        x=X3,
        elements=tuple(map(group.parse_element, answers[X3])),
        proof=bytes(64),
    )
    payload = voprf.encode_evaluation(made)
    assert payload == [bytes(32), 3, answers[X3], bytes(64)]
    assert voprf.parse_evaluation(decode(encode(payload), limit=1_000)) == made


@pytest.mark.parametrize(
    ("place", "value"),
    [(0, bytes(31)), (1, 0), (1, 256), (1, True), (2, []), (2, [group.IDENTITY]), (3, bytes(63)), (3, None)],
)
def test_a_malformed_evaluation_is_refused(place: int, value: object) -> None:
    payload: list[object] = [bytes(32), 3, [bytes(voprf.blind(b"a", BLIND))], bytes(64)]
    voprf.parse_evaluation(payload)
    payload[place] = value
    with pytest.raises(MalformedError):
        voprf.parse_evaluation(payload)
    with pytest.raises(MalformedError):
        voprf.parse_evaluation(payload[:3])
