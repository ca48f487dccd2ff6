"""Attacks on what goes between nodes over HTTP (docs/threat-model.md): somebody stands on the way."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from support_links import HttpConsortium
from support_node import subject
from support_proxy import Proxy, Seen

from consortium_config.sample import STEWARDS
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import StewardX
from node.errors import ReplySignatureError
from node.storage.schema import evidence
from node.wire import reply_of

X = StewardX(1)
ONE, TWO, *_ = STEWARDS.values()
SHARE = b"sealed bytes"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[HttpConsortium]:
    with HttpConsortium(tmp_path) as made:
        yield made


@pytest.fixture
def proxy(network: HttpConsortium) -> Iterator[Proxy]:
    """Somebody between the member and steward-1, where the member looks for it."""
    served = network.served[ONE]
    made = Proxy(served.port)
    served.url = network.urls[ONE] = made.url
    yield made
    made.close()


def forged(status: int, media_type: str, body: bytes) -> Callable[[Seen, Seen], Seen]:
    return lambda _request, _reply: Seen({"content-type": media_type}, body, status=status)


def refusal(code: str) -> bytes:
    return json.dumps({"code": code, "detail": "why"}).encode()


def flipped(_request: Seen, reply: Seen) -> Seen:
    return replace(reply, body=reply.body[:-1] + bytes([reply.body[-1] ^ 1]))


def with_status(_request: Seen, reply: Seen) -> Seen:
    return replace(reply, status=403)


def without_signature(_request: Seen, reply: Seen) -> Seen:
    left = {name: value for name, value in reply.headers.items() if not name.startswith("signature")}
    return replace(reply, headers=left)


MEDDLING: dict[str, Callable[[Seen, Seen], Seen]] = {
    "a bit of the body": flipped,
    "the status": with_status,
    "the signature taken off": without_signature,
    "a forged receipt": forged(200, "application/octet-stream", hashlib.sha256(SHARE).digest()),
    "a forged refusal": forged(403, "application/problem+json", refusal("not_admitted")),
    "a forged budget": forged(429, "application/problem+json", refusal("budget")),
}


def test_reply_changed_on_the_way(network: HttpConsortium, proxy: Proxy) -> None:
    link, honest = network.links.stewards()[X], proxy.meddle
    for meddle in MEDDLING.values():
        proxy.meddle = honest
        assert reply_of(link.ask("shares", SHARE), 20) == hashlib.sha256(SHARE).digest()
        proxy.meddle = meddle
        with pytest.raises(ReplySignatureError):
            reply_of(link.ask("shares", SHARE), 20)
    (outcome,) = network.node.inquire([subject("C1")], "credit-review")
    assert (outcome.status, set(outcome.answers)) == ("nothing", set(STEWARDS) - {X})
    with network.node.standing.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(evidence)).scalar_one() == 0


def test_an_old_reply_is_brought_again(network: HttpConsortium, proxy: Proxy) -> None:
    link = network.links.stewards()[X]
    reply_of(link.ask("shares", SHARE), 20)
    old = proxy.replies[-1]
    proxy.meddle = lambda _request, _reply: old
    for body in (SHARE, b"other bytes"):
        with pytest.raises(ReplySignatureError):
            reply_of(link.ask("shares", body), 20)


def test_captured_request(network: HttpConsortium, proxy: Proxy) -> None:
    reply_of(network.links.stewards()[X].ask("shares", SHARE), 20)
    (captured,) = proxy.requests
    for party in (ONE, TWO):
        reply = proxy.pass_on(captured, network.served[party].port)
        assert (reply.status, json.loads(reply.body)["code"]) == (401, "request_signature")
        assert "signature" not in reply.headers


def test_somebody_who_cuts_the_line_is_no_more_than_silence(network: HttpConsortium, proxy: Proxy) -> None:
    proxy.close()
    with pytest.raises(UnavailableError):
        reply_of(network.links.stewards()[X].ask("shares", SHARE), 20)
    (outcome,) = network.node.inquire([subject("C1")], "credit-review")
    assert set(outcome.answers) == set(STEWARDS) - {X}
