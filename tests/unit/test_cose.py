import hashlib

import cbor2
import pytest
from support import vectors

from hanse_ledger.codec import encode
from hanse_ledger.cose import open_message, parse, sign
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import ConsortiumId, PartyId
from hanse_ledger.signing import SigningKey

KEY = SigningKey(bytes([1]) * 32)
PARTY, CONSORTIUM = PartyId("alder"), ConsortiumId("hanse.example/test")
HEADER = {1: -19, 3: "application/vnd.hanse.answer+cbor", 4: KEY.key_id, 15: {1: PARTY, 3: CONSORTIUM}}
LIMIT = 10_000


def signed(payload: bytes = b"\x80", **overrides: str) -> bytes:
    names = {"party": PARTY, "consortium": CONSORTIUM, "name": "answer", **overrides}
    return sign(
        key=KEY,
        party=PartyId(names["party"]),
        consortium=ConsortiumId(names["consortium"]),
        name=names["name"],
        payload=payload,
    )


def outer(*parts: object, tag: int | None = 18) -> bytes:
    return cbor2.dumps(list(parts) if tag is None else cbor2.CBORTag(tag, list(parts)), canonical=True)


def with_header(header: object) -> bytes:
    return outer(cbor2.dumps(header, canonical=True), {}, b"\x80", bytes(64))


def open_answer(raw: bytes, *, public: bytes = KEY.public, limit: int = LIMIT) -> object:
    return open_message(raw, name="answer", consortium=CONSORTIUM, party=PARTY, public=public, limit=limit)


def test_the_vectors_have_this_form() -> None:
    given = vectors("statements.json")
    key = SigningKey(bytes.fromhex(given["private_key"]))
    for link in given["chain"]:
        message = parse(bytes.fromhex(link["statement"]), limit=65_535)
        assert (message.name, message.party, message.consortium) == (
            link["kind"],
            given["party"],
            given["origin"],
        )
        assert message.key_id == hashlib.sha256(bytes.fromhex(given["public_key"])).digest()
        message.verify(key.public)
        again = sign(
            key=key,
            party=message.party,
            consortium=message.consortium,
            name=message.name,
            payload=message.payload,
        )
        assert again.hex() == link["statement"]


def test_what_is_signed_is_the_sig_structure_of_rfc_9052() -> None:
    message = parse(signed(), limit=LIMIT)
    structure = encode(["Signature1", message.protected, b"", message.payload])
    assert KEY.sign(structure) == message.signature
    with pytest.raises(VerificationError):
        message.verify(SigningKey(bytes([2]) * 32).public)


def test_a_header_as_it_should_be_is_read() -> None:
    assert parse(with_header(HEADER), limit=LIMIT).name == "answer"


@pytest.mark.parametrize(
    "header",
    [
        [],
        {},
        {**HEADER, 2: 0},
        {key: value for key, value in HEADER.items() if key != 4},
        {**HEADER, 1: -8},
        {**HEADER, 1: 19},
        {**HEADER, 1: "EdDSA"},
        {**HEADER, 1: None},
        {**HEADER, 3: 60},
        {**HEADER, 3: "application/cbor"},
        {**HEADER, 3: "application/vnd.hanse.answer"},
        {**HEADER, 3: "application/vnd.hanse.answer+json"},
        {**HEADER, 3: "Application/vnd.hanse.answer+cbor"},
        {**HEADER, 4: KEY.key_id[:31]},
        {**HEADER, 4: KEY.key_id + b"\0"},
        {**HEADER, 4: KEY.key_id.hex()},
        {**HEADER, 15: {}},
        {**HEADER, 15: {1: PARTY}},
        {**HEADER, 15: {1: PARTY, 2: CONSORTIUM}},
        {**HEADER, 15: {1: PARTY, 3: CONSORTIUM, 4: 0}},
        {**HEADER, 15: {1: 1, 3: CONSORTIUM}},
        {**HEADER, 15: {1: PARTY, 3: b"hanse.example/test"}},
        {**HEADER, 15: [PARTY, CONSORTIUM]},
    ],
)
def test_another_header_is_refused(header: object) -> None:
    with pytest.raises(MalformedError):
        parse(with_header(header), limit=LIMIT)


PROTECTED = encode(HEADER)
INDEFINITE = b"\xbf" + PROTECTED[1:] + b"\xff"


@pytest.mark.parametrize(
    "raw",
    [
        outer(PROTECTED, {}, b"\x80", bytes(64), tag=None),
        outer(PROTECTED, {}, b"\x80", bytes(64), tag=17),
        b"\xd2" + outer(PROTECTED, {}, b"\x80", bytes(64)),
        outer(PROTECTED, {}, b"\x80"),
        outer(PROTECTED, {}, b"\x80", bytes(64), 0),
        outer(PROTECTED, {4: b""}, b"\x80", bytes(64)),
        outer(PROTECTED, [], b"\x80", bytes(64)),
        outer(PROTECTED, None, b"\x80", bytes(64)),
        outer(PROTECTED, {}, None, bytes(64)),
        outer(PROTECTED, {}, "", bytes(64)),
        outer(PROTECTED, {}, b"\x80", bytes(63)),
        outer(PROTECTED, {}, b"\x80", bytes(65)),
        outer(PROTECTED, {}, b"\x80", "0" * 64),
        outer(HEADER, {}, b"\x80", bytes(64)),
        outer(b"", {}, b"\x80", bytes(64)),
        outer(INDEFINITE, {}, b"\x80", bytes(64)),
        outer(PROTECTED + b"\0", {}, b"\x80", bytes(64)),
        cbor2.dumps(cbor2.CBORTag(18, {1: 2})),
        cbor2.dumps(cbor2.CBORTag(18, b"")),
        b"",
        signed() + b"\0",
        signed()[:-1],
    ],
)
def test_another_form_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        parse(raw, limit=LIMIT)


def test_a_message_is_opened_by_name_party_consortium_and_key() -> None:
    assert open_answer(signed(encode([1, None]))) == [1, None]


@pytest.mark.parametrize(
    "raw",
    [
        signed(party="birch"),
        signed(consortium="hanse.example/tset"),
        signed(name="evaluation"),
        signed()[:-1] + bytes([signed()[-1] ^ 1]),
    ],
)
def test_another_message_is_not_opened(raw: bytes) -> None:
    with pytest.raises(VerificationError):
        open_answer(raw)


def test_a_message_names_the_key_that_it_is_signed_with() -> None:
    with pytest.raises(VerificationError):
        open_answer(signed(), public=SigningKey(bytes([2]) * 32).public)
    protected = encode({**HEADER, 4: bytes(32)})
    signature = KEY.sign(encode(["Signature1", protected, b"", b"\x80"]))
    with pytest.raises(VerificationError, match="key"):
        open_answer(outer(protected, {}, b"\x80", signature))


@pytest.mark.parametrize("payload", [b"", b"\x18\x00", b"\x80\x80", b"\xf9\x00\x00"])
def test_a_payload_is_canonical_too(payload: bytes) -> None:
    with pytest.raises(MalformedError):
        open_answer(signed(payload))


def test_a_message_has_a_limit() -> None:
    raw = signed()
    assert open_answer(raw, limit=len(raw)) == []
    with pytest.raises(MalformedError):
        open_answer(raw, limit=len(raw) - 1)
