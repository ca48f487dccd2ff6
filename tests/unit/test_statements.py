"""What can be seen in a statement's bytes alone: section 12's table, kind by kind."""

import hashlib
from typing import Any

import pytest
from support import vectors

from hanse_ledger.codec import encode
from hanse_ledger.cose import sign
from hanse_ledger.errors import MalformedError, RejectedError, RuleError
from hanse_ledger.ids import ConsortiumId, PartyId
from hanse_ledger.merkle import leaf_hash
from hanse_ledger.signing import SigningKey
from hanse_ledger.statements import KINDS, NO_PREVIOUS, parse_statement, sign_statement

KEY = SigningKey(bytes([1]) * 32)
H = bytes(range(32))
P = 2**31 - 1
LEI, DUNS = "lei:5493001KJTIIGC8Y1R12", "duns:123456789"
VALUES = [0, 1, 2, 3, 4, 5, 6, P - 1]
SHARES = [[x, H, H, 1] for x in (1, 2, 255)]


def sealed(size: int) -> list[Any]:
    return [[x, H, bytes(size)] for x in (1, 2, 3)]


VALID: list[tuple[str, list[Any]]] = [
    ("genesis", [b"{}", [["alder", bytes(64)]]]),
    ("genesis", [bytes(60_000), [["alder", bytes(64)], ["birch", bytes(64)]]]),
    ("report", [[H] * 64, H, SHARES]),
    ("report", [[H] * 1_024, H, [[1, H, H, 2**20]]]),
    ("bulletin", [0, H, sealed(1_880)]),
    ("bulletin", [2**63 - 1, H, sealed(1_880)]),
    ("validity", [[[0, VALUES], [7, None], [8, VALUES]]]),
    ("close", [0, 24_312]),
    ("close", [1, 0, []]),
    ("close", [1, 3, [0, 5, 2**63 - 1]]),
    ("inquiry", [[H]]),
    ("inquiry", [[bytes([i // 256, i % 256]) + bytes(30) for i in range(1_024)]]),
    ("fact", [LEI, 1, "2026-01-31", "", H, None]),
    ("fact", [DUNS, 5, "2024-02-29", "\u6c34" * 66, H, 3]),
    ("fact", ["uscc:91350100M000100Y43", 3, "0001-01-01", "x" * 200, H, 0]),
    ("alias", [DUNS, LEI]),
    ("dispute", [H, sealed(1_205), ""]),
    ("dispute", [H, sealed(1_205), "x" * 64]),
    ("resolution", [0, 1]),
    ("resolution", [2**63 - 1, 3]),
    ("propose", [b"{}"]),
    ("vote", [H]),
]

MALFORMED: list[tuple[str, str, Any]] = [
    ("empty document", "genesis", [b"", [["alder", bytes(64)]]]),
    ("document of 60,001", "genesis", [bytes(60_001), [["alder", bytes(64)]]]),
    ("document as text", "genesis", ["{}", [["alder", bytes(64)]]]),
    ("no signatures", "genesis", [b"{}", []]),
    ("signature of 63", "genesis", [b"{}", [["alder", bytes(63)]]]),
    ("signature without a party", "genesis", [b"{}", [[bytes(64)]]]),
    ("party as bytes", "genesis", [b"{}", [[b"alder", bytes(64)]]]),
    *((f"{n} rows", "report", [[H] * n, H, SHARES]) for n in (0, 1, 32, 63, 65, 96, 1_000, 1_023)),
    ("root of 31", "report", [[*[H] * 63, H[:31]], H, SHARES]),
    ("root as text", "report", [[*[H] * 63, "0" * 32], H, SHARES]),
    ("rows hash of 33", "report", [[H] * 64, H + b"\0", SHARES]),
    ("rows hash null", "report", [[H] * 64, None, SHARES]),
    ("no shares", "report", [[H] * 64, H, []]),
    ("x falling", "report", [[H] * 64, H, SHARES[::-1]]),
    ("x twice", "report", [[H] * 64, H, [SHARES[0], SHARES[0]]]),
    *((f"x {x!r}", "report", [[H] * 64, H, [[x, H, H, 1]]]) for x in (0, 256, True, None, "1")),
    *((f"size {n!r}", "report", [[H] * 64, H, [[1, H, H, n]]]) for n in (0, 2**20 + 1, True, None)),
    ("key id of 31", "report", [[H] * 64, H, [[1, H[:31], H, 1]]]),
    ("share hash of 31", "report", [[H] * 64, H, [[1, H, H[:31], 1]]]),
    ("share of three", "report", [[H] * 64, H, [[1, H, H]]]),
    *((f"{n} sealed bytes", "bulletin", [0, H, sealed(n)]) for n in (0, 1_205, 1_879, 1_881)),
    ("period 2^63", "bulletin", [2**63, H, sealed(1_880)]),
    ("period true", "bulletin", [True, H, sealed(1_880)]),
    ("sealed falling", "bulletin", [0, H, sealed(1_880)[::-1]]),
    ("sealed twice", "bulletin", [0, H, [sealed(1_880)[0]] * 2]),
    ("entry index twice", "validity", [[[1, None], [1, None]]]),
    ("entries falling", "validity", [[[2, None], [1, None]]]),
    *((f"value {z!r}", "validity", [[[0, [*VALUES[:7], z]]]]) for z in (P, 2**32, None, True, b"")),
    *((f"{n} values", "validity", [[[0, [0] * n]]]) for n in (0, 7, 9)),
    ("values false", "validity", [[[0, False]]]),
    ("entry of three", "validity", [[[0, None, None]]]),
    ("entry index 2^63", "validity", [[[2**63, None]]]),
    ("entries null", "validity", [None]),
    *((f"close of kind {k!r}", "close", [k, 0]) for k in (2, True, False, None, "0")),
    ("month with a list", "close", [0, 1, []]),
    ("month null", "close", [0, None]),
    ("period without a list", "close", [1, 0]),
    ("period kind true", "close", [True, 0, []]),
    ("listed twice", "close", [1, 0, [1, 1]]),
    ("listed falling", "close", [1, 0, [2, 1]]),
    ("listed text", "close", [1, 0, ["1"]]),
    ("close empty", "close", []),
    ("close null", "close", None),
    ("no request", "inquiry", [[]]),
    ("1,025 requests", "inquiry", [[bytes([i // 256, i % 256]) + bytes(30) for i in range(1_025)]]),
    ("request of 31", "inquiry", [[H[:31]]]),
    *((f"fact {k!r}", "fact", [LEI, k, "2026-01-31", "", H, None]) for k in (0, 6, True, None)),
    *(
        (f"day {day!r}", "fact", [LEI, 1, day, "", H, None])
        for day in ("", "2026-02-30", "2025-02-29", "2026-1-31", "20260131", "2026-01-31T00", "0000-01-01")
    ),
    *(
        (f"day {day!r}", "fact", [LEI, 1, day, "", H, None])
        for day in ("2026-W05-6", "2026-01-31\n", " 2026-01-31", "\uff12026-01-31", "2026-13-01", None)
    ),
    ("source of 201", "fact", [LEI, 1, "2026-01-31", "x" * 201, H, None]),
    ("source of 201 in 67", "fact", [LEI, 1, "2026-01-31", "\u6c34" * 67, H, None]),
    ("source as bytes", "fact", [LEI, 1, "2026-01-31", b"", H, None]),
    ("document hash null", "fact", [LEI, 1, "2026-01-31", "", None, None]),
    ("withdraws false", "fact", [LEI, 1, "2026-01-31", "", H, False]),
    ("id as bytes", "fact", [LEI.encode(), 1, "2026-01-31", "", H, None]),
    ("alias as bytes", "alias", [DUNS.encode(), LEI]),
    *((f"{n} sealed bytes", "dispute", [H, sealed(n), ""]) for n in (0, 1_204, 1_206, 1_880)),
    ("reference of 65", "dispute", [H, sealed(1_205), "x" * 65]),
    ("reference of 66 in 22", "dispute", [H, sealed(1_205), "\u6c34" * 22]),
    ("reference null", "dispute", [H, sealed(1_205), None]),
    *((f"outcome {k!r}", "resolution", [0, k]) for k in (0, 4, True, None)),
    ("index null", "resolution", [None, 1]),
    ("proposal empty", "propose", [b""]),
    ("proposal as text", "propose", ["{}"]),
    ("vote of 31", "vote", [H[:31]]),
    ("vote as text", "vote", [H.hex()]),
]

BAD_IDS = [
    "",
    "lei",
    "lei:",
    "lei:5493001KJTIIGC8Y1R13",
    "lei:5493001kjtiigc8y1r12",
    "LEI:5493001KJTIIGC8Y1R12",
    "lei:5493001KJTIIGC8Y1R12:",
    "lei:5493001KJTIIGC8Y1R12:X",
    " lei:5493001KJTIIGC8Y1R12",
    "uscc:91350100M000100Y44",
    "uscc:91350100M000100Y4",
    "duns:12345678",
    "duns:1234567890",
    "duns:12345678A",
    "duns:\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19",
    "vat:DE",
    "vat:D1:123",
    "vat:DEU:123",
    "crn:de:123",
    "ref:LIST",
    "ref::1",
    "ref:LIST:" + "1" * 65,
    "ref:LIST:1-2",
    "ref:LIST:1\n",
    "tax:DE:123",
]


def signed(kind: str, body: Any, *, seq: Any = 0, prev: Any = NO_PREVIOUS) -> bytes:
    return sign(
        key=KEY,
        party=PartyId("alder"),
        consortium=ConsortiumId("hanse.example/test"),
        name=kind,
        payload=encode([seq, prev, body]),
    )


def test_every_kind_has_a_valid_form_here() -> None:
    assert {kind for kind, _ in VALID} == KINDS


@pytest.mark.parametrize(("kind", "fields"), VALID, ids=[kind for kind, _ in VALID])
def test_a_valid_body_is_read_and_written_back(kind: str, fields: list[Any]) -> None:
    raw = signed(kind, fields, seq=2**32 - 1, prev=H)
    statement = parse_statement(raw)
    assert (statement.kind, statement.party, statement.seq, statement.prev) == (kind, "alder", 2**32 - 1, H)
    assert statement.body.fields() == fields
    again = sign_statement(
        key=KEY,
        party=statement.party,
        consortium=statement.signed.consortium,
        seq=statement.seq,
        prev=statement.prev,
        body=statement.body,
    )
    assert again == raw


@pytest.mark.parametrize(("kind", "fields"), VALID, ids=[kind for kind, _ in VALID])
def test_a_body_has_exactly_its_fields(kind: str, fields: list[Any]) -> None:
    for body in ([*fields, None], [*fields, 0], fields[:-1], {1: fields}, None, b"", fields[0]):
        with pytest.raises(MalformedError):
            parse_statement(signed(kind, body))


@pytest.mark.parametrize(
    ("kind", "body"), [case[1:] for case in MALFORMED], ids=[f"{kind}: {name}" for name, kind, _ in MALFORMED]
)
def test_a_malformed_body_is_refused(kind: str, body: Any) -> None:
    with pytest.raises(MalformedError):
        parse_statement(signed(kind, body))


def test_an_inquiry_names_each_request_once() -> None:
    with pytest.raises(RuleError):
        parse_statement(signed("inquiry", [[H, bytes(32), H]]))


@pytest.mark.parametrize("text", BAD_IDS)
def test_only_subject_ids_are_filed(text: str) -> None:
    for kind, body in (
        ("fact", [text, 1, "2026-01-31", "", H, None]),
        ("alias", [text, LEI]),
        ("alias", [DUNS, text]),
    ):
        with pytest.raises(RuleError):
            parse_statement(signed(kind, body))


@pytest.mark.parametrize(
    "text", ["vat:DE:1", "vat:ZZ:1", "crn:XX:A1", "ref:A:" + "Z" * 64, "uscc:91350100M000100Y43", LEI, DUNS]
)
def test_what_a_library_may_change_decides_nothing(text: str) -> None:
    assert parse_statement(signed("fact", [text, 1, "2026-01-31", "", H, None])).kind == "fact"


@pytest.mark.parametrize("seq", [2**32, -1, True, None, "0", b""])
def test_seq_is_an_integer_below_2_to_the_32(seq: object) -> None:
    with pytest.raises(MalformedError):
        parse_statement(signed("vote", [H], seq=seq))


@pytest.mark.parametrize("prev", [b"", H[:31], H + b"\0", None, 0, "0" * 32])
def test_prev_is_a_hash(prev: object) -> None:
    with pytest.raises(MalformedError):
        parse_statement(signed("vote", [H], prev=prev))


@pytest.mark.parametrize("kind", ["", "payout", "Vote", "answer", "vote ", "vote+cbor"])
def test_an_unknown_kind_is_refused(kind: str) -> None:
    with pytest.raises(MalformedError):
        parse_statement(signed(kind, [H]))


@pytest.mark.parametrize("payload", [[], [0], [0, H], [0, H, [H], 0], {0: 0}, None])
def test_a_payload_has_three_fields(payload: object) -> None:
    raw = sign(
        key=KEY,
        party=PartyId("alder"),
        consortium=ConsortiumId("hanse.example/test"),
        name="vote",
        payload=encode(payload),
    )
    with pytest.raises(MalformedError):
        parse_statement(raw)


def test_a_statement_has_65_535_bytes_at_most() -> None:
    smallest = len(signed("propose", [b""]))
    # The document's length takes two bytes more then, the payload's one.
    document = bytes(65_535 - smallest - 3)
    assert len(signed("propose", [document])) == 65_535
    assert parse_statement(signed("propose", [document])).kind == "propose"
    with pytest.raises(MalformedError):
        parse_statement(signed("propose", [document + b"\0"]))


def test_vectors_have_the_bytes_that_we_would_sign() -> None:
    given = vectors("statements.json")
    key = SigningKey(bytes.fromhex(given["private_key"]))
    for link in given["chain"]:
        raw = bytes.fromhex(link["statement"])
        statement = parse_statement(raw)
        assert (statement.kind, statement.seq, statement.prev.hex()) == (
            link["kind"],
            link["seq"],
            link["prev"],
        )
        assert leaf_hash(raw).hex() == link["leaf_hash"]
        assert hashlib.sha256(raw).hexdigest() == link["statement_hash"]
        again = sign_statement(
            key=key,
            party=statement.party,
            consortium=statement.signed.consortium,
            seq=statement.seq,
            prev=statement.prev,
            body=statement.body,
        )
        assert again == raw


def test_refused_vectors_of_form_are_refused_by_their_bytes_alone() -> None:
    refused = {
        case["name"]: bytes.fromhex(case["statement"]) for case in vectors("statements.json")["refused"]
    }
    needs_the_log = set()
    for name, raw in refused.items():
        try:
            parse_statement(raw)
        except RejectedError:
            continue
        needs_the_log.add(name)
    assert needs_the_log == {
        "another consortium",
        "signature altered",
        "first statement with a previous hash",
        "sequence skips one",
        "kind of another role",
        "unknown party",
        "a report that leaves a steward out",
        "a bulletin for a later period",
        "key of another party",
    }
