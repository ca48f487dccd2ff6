"""Signed replies: bound to one request, taken from the one party that was asked, and from nobody else."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from support_consortium import ALDER, BIRCH, canonical, document, statement_key
from support_simulation import StillClock

from hanse_ledger.consortium import parse_document
from hanse_ledger.ids import ConsortiumId
from hanse_ledger.signing import SigningKey
from node.errors import ReplySignatureError
from node.links.replies import ReplySigner, ReplyVerifier
from node.links.rfc9421 import SignedRequest, sign_headers
from node.links.signatures import RequestSigner

CONSORTIUM = parse_document(canonical(document()))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "http://steward.example/v1/shares"
TYPE = "application/cose"


def request(body: bytes = b"a message", url: str = URL, nonce: int = 1) -> SignedRequest:
    signer = RequestSigner(
        consortium=CONSORTIUM.id,
        party=ALDER,
        key=lambda: statement_key(ALDER),
        clock=StillClock(NOW),
        entropy=lambda size: nonce.to_bytes(size, "big"),
    )
    headers = signer.headers(method="POST", url=url, body=body)
    return SignedRequest(method="POST", url=url, headers=headers)


@dataclass
class Answer:
    """BIRCH's signed reply to a request of ALDER's, as it comes over the wire."""

    request: SignedRequest = field(default_factory=request)
    status: int = 200
    body: bytes = b"the reply"
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.headers = self.headers or self.signed()

    def signed(self, key: SigningKey | None = None, name: str = CONSORTIUM.id) -> dict[str, str]:
        signer = ReplySigner(
            consortium=ConsortiumId(name),
            party=BIRCH,
            key=lambda: key or statement_key(BIRCH),
            clock=StillClock(NOW),
        )
        signature = signer.headers(self.request, status=self.status, media_type=TYPE, body=self.body)
        return {"content-type": TYPE, **signature}

    def verify(self, at: datetime = NOW) -> None:
        verifier = ReplyVerifier(consortium=lambda: CONSORTIUM, party=BIRCH, clock=StillClock(at))
        verifier.verify(self.request, status=self.status, headers=self.headers, body=self.body)


@pytest.mark.parametrize("status", [200, 403, 422, 503])
def test_what_the_party_has_signed_is_taken_whatever_it_says(status: int) -> None:
    Answer(status=status).verify()
    Answer(status=status, body=b"").verify()


def test_the_bytes_are_those_of_the_standard() -> None:
    """The signature base of RFC 9421, sections 2.4 and 2.5, by hand, under a key of another library."""
    answer = Answer()
    label, parameters = answer.headers["signature-input"].split("=", 1)
    assert (label, parameters) == (
        "hanse",
        (
            '("@status" "content-type" "content-digest" "@method";req "@target-uri";req'
            ' "content-digest";req "signature";key="hanse";req)'
            f';created={int(NOW.timestamp())};keyid="{CONSORTIUM.id} {BIRCH}";alg="ed25519";tag="hanse"'
        ),
    )
    asked = answer.request.headers
    lines = [
        '"@status": 200',
        '"content-type": application/cose',
        # printf 'the reply' | openssl dgst -sha256 -binary | base64
        '"content-digest": sha-256=:Qz8vN6QKoL6uqkBbD0f553tItJVGT1mDfJVpqafCMh8=:',
        '"@method";req: POST',
        f'"@target-uri";req: {URL}',
        # printf 'a message' | openssl dgst -sha256 -binary | base64
        '"content-digest";req: sha-256=:9TwJyjlxekXGLZrKj4ET7dv9X4HcqwszscGDQHUiXmg=:',
        f'"signature";key="hanse";req: {asked["signature"].removeprefix("hanse=")}',
        f'"@signature-params": {parameters}',
    ]
    signature = base64.b64decode(answer.headers["signature"].removeprefix("hanse=:").removesuffix(":"))
    public = Ed25519PublicKey.from_public_bytes(statement_key(BIRCH).public)
    public.verify(signature, "\n".join(lines).encode())


def test_a_reply_is_bound_to_its_request_as_the_example_of_the_standard() -> None:
    """RFC 9421, section 2.4: the response's signature base, from which our key signs."""
    asked = (
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
    )
    said = (
        "sha-512=:0Y6iCBzGg5rZtoXS95Ijz03mslf6KAMCloESHObfwnHJDbkkWWQz6PhhU9kxsTbARtY2PTBOzq24uJFpHsMuAg==:"
    )
    components = (
        '"@status"', '"content-digest"', '"content-type"',
        '"@authority";req', '"@method";req', '"@path";req', '"content-digest";req',
    )  # fmt: skip
    message: Any = SimpleNamespace(
        status_code=503,
        headers={"content-digest": said, "content-type": "application/json"},
        request=SimpleNamespace(
            method="POST",
            url="https://example.com/foo?param=Value&Pet=dog",
            headers={"content-digest": asked},
        ),
    )
    signed: list[bytes] = []

    def sign(base: bytes) -> bytes:
        signed.append(base)
        return bytes(64)

    key: Any = SimpleNamespace(sign=sign)
    created = datetime.fromtimestamp(1618884479, UTC)
    sign_headers(message, covered=components, named="test-key-ecc-p256", key=key, created=created)
    assert signed[0].decode().splitlines()[:-1] == [
        '"@status": 503',
        f'"content-digest": {said}',
        '"content-type": application/json',
        '"@authority";req: example.com',
        '"@method";req: POST',
        '"@path";req: /foo',
        f'"content-digest";req: {asked}',
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"status": 403},
        {"body": b"another reply"},
        {"body": b""},
        {"request": request(nonce=2)},
        {"request": request(body=b"another message")},
        {"request": request(url="http://steward.example/v1/answers")},
        {"request": request(url="http://other.example/v1/shares")},
    ],
    ids=["status", "body", "no body", "another nonce", "another body", "another path", "another steward"],
)
def test_a_reply_to_another_request_or_of_other_content(other: dict[str, Any]) -> None:
    with pytest.raises(ReplySignatureError):
        replace(Answer(), **other).verify()


@pytest.mark.parametrize("seconds", [-301, -300, 300, 301])
def test_a_stale_reply(seconds: int) -> None:
    answer, at = Answer(), NOW + timedelta(seconds=seconds)
    if abs(seconds) <= 300:
        answer.verify(at)
        return
    with pytest.raises(ReplySignatureError, match="created"):
        answer.verify(at)


def _without(*names: str) -> Callable[[dict[str, str]], object]:
    return lambda headers: [headers.pop(name) for name in names]


def _replacing(name: str, was: str, now: str) -> Callable[[dict[str, str]], object]:
    def change(headers: dict[str, str]) -> None:
        assert was in headers[name]
        headers[name] = headers[name].replace(was, now)

    return change


CHANGES: dict[str, Callable[[dict[str, str]], object]] = {
    "unsigned": _without("signature", "signature-input"),
    "no digest": _without("content-digest"),
    "no media type": _without("content-type"),
    "another media type": _replacing("content-type", "cose", "cbor"),
    "twice": _replacing("signature", "hanse=", "hanse=:AAAA:, hanse="),
    "the status is not covered": _replacing("signature-input", '"@status" ', ""),
    "the body is not covered": _replacing("signature-input", ' "content-digest" ', " "),
    "the request is not covered": _replacing("signature-input", ' "signature";key="hanse";req', ""),
    "another party": _replacing("signature-input", f" {BIRCH}", f" {ALDER}"),
    "another tag": _replacing("signature-input", 'tag="hanse"', 'tag="other"'),
    "another alg": _replacing("signature-input", 'alg="ed25519"', 'alg="hmac-sha256"'),
    "no created": _replacing("signature-input", f";created={int(NOW.timestamp())}", ""),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_changed_on_the_way_is_refused(change: Callable[[dict[str, str]], object]) -> None:
    answer = Answer()
    change(answer.headers)
    with pytest.raises(ReplySignatureError):
        answer.verify()


def test_who_else_cannot_answer() -> None:
    """Another active party under its own name; anyone under BIRCH's; BIRCH for another consortium."""
    answer = Answer()
    other = ReplySigner(
        consortium=CONSORTIUM.id, party=ALDER, key=lambda: statement_key(ALDER), clock=StillClock(NOW)
    )
    by_alder = other.headers(answer.request, status=200, media_type=TYPE, body=answer.body)
    for headers in (
        {"content-type": TYPE, **by_alder},
        answer.signed(statement_key(ALDER)),
        answer.signed(SigningKey(bytes(32))),
        answer.signed(name="hanse.example/other"),
    ):
        with pytest.raises(ReplySignatureError):
            replace(answer, headers=headers).verify()


def test_a_request_is_no_reply() -> None:
    """What a party signs as a request cannot be sent back as its reply."""
    answer = Answer()
    with pytest.raises(ReplySignatureError):
        replace(answer, headers={"content-type": TYPE, **answer.request.headers}).verify()
