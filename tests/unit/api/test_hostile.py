"""Hostile requests, by table: each is refused with its code, and the node behind the interface is not asked.

Signed requests are tried on every route for parties; what a signature is about in `test_request_signatures`
is tried here as it comes over a socket.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from support_consortium import ALDER, BIRCH, DESK, Ledger, canonical, document, genesis_body, statement_key
from support_http import API_KEY, Served, signer_of
from support_simulation import StillClock

from hanse_ledger.bodies import Inquiry
from hanse_ledger.consortium import parse_document
from hanse_ledger.ids import ConsortiumId, PartyId
from hanse_ledger.signing import SigningKey
from hanse_ledger.statements import sign_statement

CONSORTIUM = parse_document(canonical(document()))
BODY = b"a body"
ROUTES = ["/v1/tokens/evaluate", "/v1/shares", "/v1/answers", "/v1/seeds", "/v1/seed-hashes", "/v1/transfers"]
COSE, SEQUENCE, JSON = "application/cose", "application/cbor-seq", "application/json"


@dataclass
class Sent:
    """What goes out."""

    headers: dict[str, str]
    body: bytes = BODY


def signed(
    url: str, *, body: bytes = BODY, party: PartyId = ALDER, key: SigningKey | None = None, off_s: int = 0
) -> Sent:
    clock = StillClock(datetime.now(UTC) + timedelta(seconds=off_s))
    signer = signer_of(CONSORTIUM, party, key or statement_key(party), clock)
    return Sent(signer.headers(method="POST", url=url, body=body), body)


def with_header(sent: Sent, name: str, change: Callable[[str], str]) -> Sent:
    return Sent({**sent.headers, name: change(sent.headers[name])}, sent.body)


HOSTILE: Mapping[str, tuple[Callable[[str], Sent], int, str]] = {
    "unsigned": (lambda _url: Sent({}), 401, "request_signature"),
    "another body": (lambda url: Sent(signed(url).headers, b"b body"), 401, "request_signature"),
    "a body cut short": (lambda url: Sent(signed(url).headers, BODY[:-1]), 401, "request_signature"),
    "a body gone on": (lambda url: Sent(signed(url).headers, BODY + b"!"), 401, "request_signature"),
    "for another route": (lambda url: signed(url + "-more"), 401, "request_signature"),
    "for another node": (
        lambda url: signed(url.replace("127.0.0.1", "steward-2.example")),
        401,
        "request_signature",
    ),
    "another's key": (lambda url: signed(url, key=statement_key(BIRCH)), 401, "request_signature"),
    "a stranger": (
        lambda url: signed(url, party=PartyId("stranger"), key=SigningKey(bytes(32))),
        403,
        "not_admitted",
    ),
    "stale": (lambda url: signed(url, off_s=-320), 401, "request_signature"),
    "from the future": (lambda url: signed(url, off_s=320), 401, "request_signature"),
    "a signature of zeros": (
        lambda url: with_header(signed(url), "signature", lambda _: f"hanse=:{'A' * 86}==:"),
        401,
        "request_signature",
    ),
    "another's name over one's signature": (
        lambda url: with_header(
            signed(url), "signature-input", lambda text: text.replace(f" {ALDER}", f" {BIRCH}")
        ),
        401,
        "request_signature",
    ),
    "less covered": (
        lambda url: with_header(
            signed(url), "signature-input", lambda text: text.replace(' "content-digest"', "")
        ),
        401,
        "request_signature",
    ),
    "no signature parameters": (
        lambda url: with_header(signed(url), "signature-input", lambda _: "hanse=()"),
        401,
        "request_signature",
    ),
    "headers that are none": (
        lambda url: with_header(signed(url), "signature-input", lambda _: '";;;,,,('),
        401,
        "request_signature",
    ),
    "an API key for a signature": (
        lambda _url: Sent({"authorization": f"Bearer {API_KEY}"}),
        401,
        "request_signature",
    ),
}


@pytest.mark.parametrize("path", ROUTES)
def test_a_request_that_no_party_has_signed_so_is_refused(
    still_client: httpx.Client, still: Served, still_asked: list[tuple[str, str, bytes]], path: str
) -> None:
    for name, (make, status, code) in HOSTILE.items():
        sent = make(still.url + path)
        answer = still_client.post(path, content=sent.body, headers=sent.headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), name
        assert "signature" not in answer.headers, name
    assert not still_asked


@pytest.mark.parametrize("path", ROUTES)
def test_a_request_is_taken_once(
    still_client: httpx.Client, still: Served, still_asked: list[tuple[str, str, bytes]], path: str
) -> None:
    sent = signed(still.url + path)
    codes = [still_client.post(path, content=sent.body, headers=sent.headers).status_code for _ in range(3)]
    assert (codes, len(still_asked)) == ([200, 401, 401], 1)


def statement(
    ledger: Ledger, *, party: PartyId = ALDER, key: SigningKey | None = None, ahead: int = 0
) -> bytes:
    head = ledger.state.head(party)
    return sign_statement(
        key=key or statement_key(party),
        party=party,
        consortium=CONSORTIUM.id,
        seq=head.seq + ahead,
        prev=head.prev,
        body=Inquiry(request_hashes=(bytes(32),)),
    )


def foreign(_ledger: Ledger) -> bytes:
    return sign_statement(
        key=statement_key(ALDER),
        party=ALDER,
        consortium=ConsortiumId("hanse.example/another"),
        seq=0,
        prev=bytes(32),
        body=Inquiry(request_hashes=(bytes(32),)),
    )


STATEMENTS: Mapping[str, tuple[Callable[[Ledger], bytes], int, str]] = {
    "cut short": (lambda ledger: statement(ledger)[:-1], 400, "malformed"),
    "something before it": (lambda ledger: b"\x00" + statement(ledger), 400, "malformed"),
    "a longer head than needed": (
        lambda ledger: statement(ledger).replace(b"\xd2\x84", b"\xd8\x12\x84", 1),
        400,
        "malformed",
    ),
    "an array without end": (
        lambda ledger: statement(ledger).replace(b"\xd2\x84", b"\xd2\x9f", 1) + b"\xff",
        400,
        "malformed",
    ),
    "a signature that does not hold": (
        lambda ledger: statement(ledger)[:-1] + bytes([statement(ledger)[-1] ^ 1]),
        403,
        "bad_signature",
    ),
    "another's key": (lambda ledger: statement(ledger, key=statement_key(BIRCH)), 403, "not_admitted"),
    "a stranger": (
        lambda ledger: statement(ledger, party=PartyId("stranger"), key=SigningKey(bytes(32))),
        403,
        "not_admitted",
    ),
    "for another consortium": (foreign, 403, "not_admitted"),
    "out of its turn": (lambda ledger: statement(ledger, ahead=1), 409, "stale_head"),
}


def test_a_statement_that_may_not_stand_is_refused_and_leaves_no_trace(client: httpx.Client) -> None:
    ledger = Ledger()
    ledger.append(ledger.sign(DESK, genesis_body(canonical(document()))))
    assert _post(client, ledger.entries[0], COSE).json() == {"index": 0}
    before = client.get("/log/checkpoint").content
    for name, (make, status, code) in STATEMENTS.items():
        for media_type in (COSE, SEQUENCE):
            answer = _post(client, make(ledger), media_type)
            assert (answer.status_code, answer.json()["code"]) == (status, code), (name, media_type)
            assert client.get("/log/checkpoint").content == before, name
    assert _post(client, statement(ledger), COSE).json() == {"index": 1}


def _post(client: httpx.Client, body: bytes, media_type: str) -> httpx.Response:
    return client.post("/v1/statements", content=body, headers={"content-type": media_type})


NO_JSON = [
    (b"", JSON),
    (b"{", JSON),
    (b"\xff\xfe{}", JSON),
    (b"[" * 60_000, JSON),
    (b'{"subjects": ["ref:DEMO:1"], "purpose": "monitoring"', JSON),
    (b'{"subjects": ["ref:DEMO:1"], "purpose": "\xed\xa0\x80"}', JSON),
    (b'{"subjects": "ref:DEMO:1", "purpose": "monitoring"}', JSON),
    (b'{"subjects": [1e999], "purpose": "monitoring"}', JSON),
    (b"subjects=ref:DEMO:1", "application/x-www-form-urlencoded"),
]


@pytest.mark.parametrize("path", ["/v1/inquiries", "/v1/months/close", "/v1/api-keys"])
def test_what_is_no_json_of_a_route_is_refused_without_its_content(
    still_client: httpx.Client, still_asked: list[tuple[str, str, bytes]], path: str
) -> None:
    for body, media_type in NO_JSON:
        headers = {"authorization": f"Bearer {API_KEY}", "content-type": media_type}
        answer = still_client.post(path, content=body, headers=headers)
        assert answer.status_code in {400, 415}, body[:60]
        assert answer.headers["content-type"] == "application/problem+json"
        assert "DEMO" not in answer.text
    assert not still_asked
