"""RFC 9421 in the one profile of interfaces.md: what is taken, once, and what is not."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from support_consortium import ALDER, BIRCH, canonical, document, statement_key
from support_simulation import StillClock

from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import LedgerError, NotAdmittedError
from hanse_ledger.ids import PartyId
from hanse_ledger.signing import SigningKey
from node.errors import RequestSignatureError
from node.links.replays import Replays
from node.links.rfc9421 import SignedRequest
from node.links.signatures import RequestSigner, RequestVerifier

CONSORTIUM = parse_document(canonical(document()))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "http://steward.example/v1/answers"
BODY = b"a message"


@dataclass
class Side:
    """A signer and a verifier whose clocks a test sets."""

    signing: StillClock
    checking: StillClock
    signer: RequestSigner
    verifier: RequestVerifier

    def verify(self, headers: Mapping[str, str], **other: object) -> PartyId:
        asked: dict[str, Any] = {"method": "POST", "url": URL, "body": BODY, **other}
        body = asked.pop("body")
        return self.verifier.verify(SignedRequest(headers=headers, **asked), body)

    def headers(self) -> dict[str, str]:
        return self.signer.headers(method="POST", url=URL, body=BODY)


def side(
    party: PartyId = ALDER, key: SigningKey | None = None, consortium: str = CONSORTIUM.id, nonce: int = 16
) -> Side:
    signing, checking = StillClock(NOW), StillClock(NOW)
    count = iter(range(1, 1_000))
    signer = RequestSigner(
        consortium=consortium,  # type: ignore[arg-type]
        party=party,
        key=lambda: key or statement_key(party),
        clock=signing,
        entropy=lambda _size: next(count).to_bytes(nonce, "big"),
    )
    verifier = RequestVerifier(consortium=lambda: CONSORTIUM, clock=checking)
    return Side(signing, checking, signer, verifier)


def test_the_signer_is_told_and_no_two_requests_are_the_same() -> None:
    one = side()
    first, second = one.headers(), one.headers()
    assert first["signature"] != second["signature"]
    assert [one.verify(first), one.verify(second)] == [ALDER, ALDER]


def test_the_bytes_are_those_of_the_standard() -> None:
    """The signature base of RFC 9421, section 2.5, put together by hand, under a key of another library."""
    headers = side().headers()
    label, parameters = headers["signature-input"].split("=", 1)
    created = int(NOW.timestamp())
    assert (label, parameters) == (
        "hanse",
        (
            f'("@method" "@target-uri" "content-digest");created={created};keyid="{CONSORTIUM.id} {ALDER}"'
            ';alg="ed25519";nonce="AAAAAAAAAAAAAAAAAAAAAQ==";tag="hanse"'
        ),
    )
    # printf 'a message' | openssl dgst -sha256 -binary | base64
    digest = "sha-256=:9TwJyjlxekXGLZrKj4ET7dv9X4HcqwszscGDQHUiXmg=:"
    lines = [
        '"@method": POST', f'"@target-uri": {URL}', f'"content-digest": {digest}',
        f'"@signature-params": {parameters}',
    ]  # fmt: skip
    assert headers["content-digest"] == digest
    signature = base64.b64decode(headers["signature"].removeprefix("hanse=:").removesuffix(":"))
    public = Ed25519PublicKey.from_public_bytes(statement_key(ALDER).public)
    public.verify(signature, "\n".join(lines).encode())


def test_a_request_is_taken_once() -> None:
    one = side()
    headers = one.headers()
    one.verify(headers)
    for seconds in (0, 1, 299, 300, 301, 10_000):
        one.checking.time = NOW + timedelta(seconds=seconds)
        with pytest.raises(RequestSignatureError):
            one.verify(headers)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_clocks_may_differ_by_300_seconds(seconds: int) -> None:
    one = side()
    one.checking.time = NOW + timedelta(seconds=seconds)
    assert one.verify(one.headers()) == ALDER
    one = side()
    one.checking.time = NOW + timedelta(seconds=seconds + (1 if seconds > 0 else -1))
    with pytest.raises(RequestSignatureError, match="created"):
        one.verify(one.headers())


@pytest.mark.parametrize(
    "other",
    [
        {"method": "GET"},
        {"url": "http://other.example/v1/answers"},
        {"url": "http://steward.example/v1/shares"},
        {"url": URL + "?more"},
        {"body": b"another message"},
        {"body": b""},
    ],
)
def test_another_request_than_the_signed_one(other: dict[str, object]) -> None:
    one = side()
    with pytest.raises(RequestSignatureError):
        one.verify(one.headers(), **other)


def _without(*names: str) -> Callable[[dict[str, str]], object]:
    return lambda headers: [headers.pop(name) for name in names]


def _replacing(name: str, was: str, now: str) -> Callable[[dict[str, str]], object]:
    def change(headers: dict[str, str]) -> None:
        assert was in headers[name]
        headers[name] = headers[name].replace(was, now)

    return change


CHANGES: dict[str, Callable[[dict[str, str]], object]] = {
    "unsigned": _without("signature", "signature-input"),
    "no signature": _without("signature"),
    "no digest": _without("content-digest"),
    "another digest": _replacing("content-digest", "sha-256=:", "sha-256=:AAAA"),
    "another algorithm of the digest": _replacing("content-digest", "sha-256", "sha-512"),
    "the body is not covered": _replacing("signature-input", ' "content-digest"', ""),
    "the target is not covered": _replacing("signature-input", ' "@target-uri"', ""),
    "another tag": _replacing("signature-input", 'tag="hanse"', 'tag="other"'),
    "no tag": _replacing("signature-input", ';tag="hanse"', ""),
    "another party": _replacing("signature-input", f" {ALDER}", f" {BIRCH}"),
    "another consortium": _replacing("signature-input", CONSORTIUM.id, "hanse.example/other"),
    "no created": _replacing("signature-input", f";created={int(NOW.timestamp())}", ""),
    "created later": _replacing("signature-input", f"created={int(NOW.timestamp())}", "created=1795348801"),
    "another nonce": _replacing("signature-input", "AQ==", "Ag=="),
    "no nonce": _replacing("signature-input", ';nonce="AAAAAAAAAAAAAAAAAAAAAQ=="', ""),
    "another alg": _replacing("signature-input", 'alg="ed25519"', 'alg="hmac-sha256"'),
    "no alg": _replacing("signature-input", ';alg="ed25519"', ""),
    "an unknown parameter": _replacing("signature-input", ';tag="hanse"', ';tag="hanse";more'),
    "no field at all": _replacing("signature-input", "hanse=(", "hanse(("),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_changed_is_refused(change: Callable[[dict[str, str]], object]) -> None:
    one = side()
    headers = one.headers()
    change(headers)
    with pytest.raises(RequestSignatureError):
        one.verify(headers)
    # Nobody uses up a nonce but the one who can sign with it.
    assert side().verify(side().headers()) == ALDER


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (side(PartyId("stranger"), SigningKey(bytes(32))), NotAdmittedError),
        (side(ALDER, statement_key(BIRCH)), RequestSignatureError),
        (side(consortium="hanse.example/other"), RequestSignatureError),
        (side(nonce=15), RequestSignatureError),
        (side(nonce=17), RequestSignatureError),
    ],
    ids=["a stranger", "another's key", "another consortium", "a short nonce", "a long nonce"],
)
def test_who_is_not_taken(made: Side, error: type[LedgerError]) -> None:
    with pytest.raises(LedgerError) as caught:
        made.verify(made.headers())
    assert type(caught.value) is error


def test_what_was_seen_is_forgotten_when_its_age_refuses_it() -> None:
    one = side()
    for minute in range(20):
        one.signing.time = one.checking.time = NOW + timedelta(minutes=minute)
        one.verify(one.headers())
    assert isinstance(one.verifier._once, Replays)
    assert len(one.verifier._once._seen) <= 7
