"""Requests to another node: tried again only where that helps, never for long, never beyond a sane length."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from support_consortium import ALDER, BIRCH, canonical, document, statement_key
from support_http import replies_of, signer_of
from support_peer import TYPE, Peer

from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import (
    BudgetError,
    CheckpointConflictError,
    MalformedError,
    RejectedError,
    StaleHeadError,
    UnavailableError,
)
from node.errors import ReplySignatureError, RequestSignatureError
from node.links import http
from node.links.breaker import FAILURES_MOST, OPEN_FIRST_S, RETRIES_SAVED, RETRY_SHARE, Breaker
from node.links.http import ATTEMPTS, HttpCaller
from node.links.steward import BYTES

CONSORTIUM = parse_document(canonical(document()))
PROBLEM = "application/problem+json"


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


def caller(
    url: str | Callable[[], str],
    deadline_s: float = 5,
    breaker: Breaker | None = None,
    pause_s: float = 0.01,
) -> HttpCaller:
    signer = signer_of(CONSORTIUM, ALDER, statement_key(ALDER))
    return HttpCaller(
        base_url=url,
        signer=signer,
        replies=replies_of(CONSORTIUM, BIRCH),
        entropy=bytes,
        breaker=breaker,
        deadline_s=deadline_s,
        pause_s=pause_s,
    )


def send(to: HttpCaller, *, is_signed: bool = True, insist: bool = False) -> bytes:
    return to.post("/v1/shares", b"body", BYTES, is_signed=is_signed, reply_type=TYPE, insist=insist)


def post(to: HttpCaller, *, is_signed: bool = True) -> bytes:
    try:
        return send(to, is_signed=is_signed)
    finally:
        to.close()


def problem(code: str, detail: str = "why") -> bytes:
    return json.dumps({"code": code, "detail": detail}).encode()


def test_a_node_that_cannot_answer_now_is_asked_again_and_signed_anew(peer: Peer) -> None:
    peer.answer = lambda count: (
        (503, PROBLEM, problem("unavailable")) if count < ATTEMPTS else (200, TYPE, b"ok")
    )
    assert post(caller(peer.url)) == b"ok"
    assert len(set(peer.signatures)) == ATTEMPTS


def test_it_is_not_asked_for_ever(peer: Peer) -> None:
    peer.answer = lambda _count: (503, PROBLEM, problem("unavailable"))
    with pytest.raises(UnavailableError):
        post(caller(peer.url))
    assert len(peer.signatures) == ATTEMPTS


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((409, PROBLEM, problem("stale_head")), StaleHeadError),
        ((401, PROBLEM, problem("request_signature")), RequestSignatureError),
        ((429, PROBLEM, problem("budget")), RejectedError),
        ((400, PROBLEM, problem("malformed")), MalformedError),
        ((409, "text/x.tlog.size; charset=utf-8", b"17\n"), CheckpointConflictError),
        ((500, PROBLEM, problem("internal")), UnavailableError),
        ((404, "text/html", b"<p>nothing"), UnavailableError),
        ((400, PROBLEM, b"[]"), UnavailableError),
        ((302, "text/html", b""), UnavailableError),
    ],
)
def test_a_refusal_comes_by_its_code_and_is_not_asked_again(
    peer: Peer, answer: tuple[int, str, bytes], error: type[Exception]
) -> None:
    peer.answer = lambda _count: answer
    with pytest.raises(error) as caught:
        post(caller(peer.url))
    assert len(peer.signatures) == 1
    if error is CheckpointConflictError:
        assert str(caught.value) == "17"


def test_what_carries_its_own_signature_is_not_signed_again(peer: Peer) -> None:
    assert post(caller(peer.url), is_signed=False) == b"fine"
    assert peer.signatures == [None]


def test_nothing_stands_where_nothing_is_found(peer: Peer) -> None:
    to = caller(peer.url)
    assert to.get("/log/checkpoint") == b"fine"
    peer.answer = lambda _count: (404, PROBLEM, problem("not_found"))
    assert to.get("/log/checkpoint") is None
    to.close()


def test_a_silent_node_is_given_up_by_the_deadline(peer: Peer) -> None:
    def stall(_count: int) -> tuple[int, str, bytes]:
        time.sleep(1)
        return 200, TYPE, b""

    peer.answer = stall
    began = time.monotonic()
    with pytest.raises(UnavailableError):
        post(caller(peer.url, deadline_s=0.2))
    assert time.monotonic() - began < 0.9


def test_nobody_there() -> None:
    with pytest.raises(UnavailableError):
        post(caller("http://127.0.0.1:9"))


def test_a_reply_without_end_is_cut(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "REPLY_BYTES_MOST", 1_000)
    peer.answer = lambda _count: (200, TYPE, bytes(1_001))
    with pytest.raises(UnavailableError, match="too long"):
        post(caller(peer.url))


@pytest.mark.parametrize("status", [200, 403, 429])
def test_what_the_other_party_has_not_signed_is_not_taken(peer: Peer, status: int) -> None:
    peer.sign_as(BIRCH, statement_key(ALDER))
    peer.answer = lambda _count: (status, PROBLEM, problem("budget"))
    with pytest.raises(ReplySignatureError):
        post(caller(peer.url))
    assert len(peer.signatures) == 1


def test_a_node_that_fails_is_left_alone_and_asked_again_later(peer: Peer) -> None:
    """An open circuit touches no network; the probe closes it, without anything being made anew."""
    moment = [1_000.0]
    breaker = Breaker(entropy=bytes, now=lambda: moment[0])
    to = caller(peer.url, breaker=breaker)
    peer.answer = lambda _count: (503, PROBLEM, problem("unavailable"))
    for _ in range(10):
        with pytest.raises(UnavailableError):
            send(to)
    assert len(peer.signatures) == FAILURES_MOST
    assert to.state().circuit == "open"
    peer.answer = lambda _count: (200, TYPE, b"back")
    moment[0] += OPEN_FIRST_S
    assert send(to) == b"back"
    assert to.state().circuit == "closed"
    to.close()


def test_who_insists_is_sent_once_to_a_node_that_is_left_alone(peer: Peer) -> None:
    to = caller(peer.url, breaker=Breaker(entropy=bytes, now=lambda: 1_000.0))
    peer.answer = lambda _count: (503, PROBLEM, problem("unavailable"))
    for insist in (False, True):
        with pytest.raises(UnavailableError):
            send(to, insist=insist)
    assert len(peer.signatures) == FAILURES_MOST + 1
    peer.answer = lambda _count: (200, TYPE, b"back")
    assert send(to, insist=True) == b"back"
    assert send(to) == b"back"
    to.close()


def test_refusals_are_answers_and_open_no_circuit(peer: Peer) -> None:
    to = caller(peer.url)
    peer.answer = lambda _count: (429, PROBLEM, problem("budget"))
    for _ in range(2 * FAILURES_MOST):
        with pytest.raises(BudgetError):
            send(to)
    assert len(peer.signatures) == 2 * FAILURES_MOST
    to.close()


def test_retries_do_not_multiply_the_load_on_a_node_that_is_slow(peer: Peer) -> None:
    """Every other answer is a failure, so the circuit stays closed; the budget holds the retries back."""
    peer.answer = lambda count: (503, PROBLEM, problem("unavailable")) if count % 2 else (200, TYPE, b"fine")
    to, asked = caller(peer.url, pause_s=0.0), 150
    for _ in range(asked):
        with suppress(UnavailableError):
            send(to)
    assert asked < len(peer.signatures) <= asked * (1 + RETRY_SHARE) + RETRIES_SAVED
    to.close()


@pytest.mark.parametrize("status", [429, 503])
def test_a_node_that_asks_to_be_left_alone_is(peer: Peer, status: int) -> None:
    moment = [1_000.0]
    to = caller(peer.url, breaker=Breaker(entropy=bytes, now=lambda: moment[0]))
    peer.more = {"retry-after": "20"}
    peer.answer = lambda _count: (status, PROBLEM, problem("unavailable"))
    for _ in range(3):
        with pytest.raises(UnavailableError):
            send(to)
        moment[0] += 9.0
    assert len(peer.signatures) == 1
    peer.more, peer.answer = {}, lambda _count: (200, TYPE, b"fine")
    assert send(to) == b"fine"
    to.close()


def test_a_request_whose_time_is_over_is_not_sent(peer: Peer) -> None:
    to = caller(peer.url)
    with pytest.raises(UnavailableError, match="in time"):
        to.post("/v1/shares", b"", BYTES, is_signed=True, reply_type=TYPE, ends_at=time.monotonic() - 1)
    assert not peer.signatures
    to.close()


def test_where_a_node_is_may_change(peer: Peer) -> None:
    urls = [peer.url]
    to = caller(lambda: urls[-1])
    assert send(to) == b"fine"
    other = Peer()
    urls.append(other.url)
    assert send(to) == b"fine"
    assert (len(peer.signatures), len(other.signatures)) == (1, 1)
    to.close()
    other.close()


def test_a_reply_of_another_media_type_or_encoding_is_not_taken(peer: Peer) -> None:
    peer.answer = lambda _count: (200, "text/html", b"<p>fine")
    with pytest.raises(UnavailableError, match="media type"):
        post(caller(peer.url))
    peer.more, peer.answer = {"content-encoding": "gzip"}, lambda _count: (200, TYPE, b"fine")
    with pytest.raises(UnavailableError, match="encoding"):
        post(caller(peer.url))


@pytest.mark.parametrize("size", [b"", b"-1", b"many", b"1" * 21, "\u0663".encode()])
def test_a_conflict_without_a_size_is_no_conflict(peer: Peer, size: bytes) -> None:
    peer.answer = lambda _count: (409, "text/x.tlog.size", size)
    with pytest.raises(UnavailableError, match="size"):
        post(caller(peer.url), is_signed=False)
