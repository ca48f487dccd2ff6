"""Who may ask what, how long it may be, and how it is refused."""

from collections.abc import Iterator

import httpx
import pytest
from support_consortium import (
    ALDER,
    BIRCH,
    DESK,
    Ledger,
    canonical,
    document,
    genesis_body,
    statement_key,
)
from support_http import API_KEY, Served, replies_of, signer_of

from api.errors import STATUSES, status_of
from hanse_ledger.bodies import Inquiry
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import LedgerError, UnavailableError
from hanse_ledger.ids import PartyId
from hanse_ledger.signing import SigningKey
from node.health import Health
from node.links.rfc9421 import SignedRequest
from node.service import Doors
from node.wire import ThreadHost, rebuild_error

CONSORTIUM = parse_document(canonical(document()))
COSE, SEQUENCE = {"content-type": "application/cose"}, {"content-type": "application/cbor-seq"}
FOR_STEWARDS = [
    "/v1/tokens/evaluate",
    "/v1/sealing-keys",
    "/v1/shares",
    "/v1/answers",
    "/v1/seeds",
    "/v1/seed-hashes",
]
FOR_OWN = [
    ("GET", "/v1/reports"), ("POST", "/v1/inquiries"), ("POST", "/v1/months/close"),
]  # fmt: skip


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    ledger.append(ledger.sign(DESK, genesis_body(canonical(document()))))
    return ledger


def inquiries(ledger: Ledger, count: int) -> list[bytes]:
    made = []
    for number in range(count):
        made.append(ledger.sign(ALDER, Inquiry(request_hashes=(number.to_bytes(32, "big"),))))
        ledger.append(made[-1])
    return made


class TestStatements:
    def test_one_has_its_index_however_often_it_comes(self, client: httpx.Client, ledger: Ledger) -> None:
        assert client.get("/log/checkpoint").status_code == 503
        for index, raw in enumerate([ledger.entries[0], *inquiries(ledger, 2)]):
            for _ in range(2):
                answer = client.post("/v1/statements", content=raw, headers=COSE)
                assert (answer.status_code, answer.json()) == (200, {"index": index})
        assert client.get("/log/checkpoint").status_code == 200

    def test_several_come_in_their_order(self, client: httpx.Client, ledger: Ledger) -> None:
        body = b"".join([ledger.entries[0], *inquiries(ledger, 5)])
        for _ in range(2):
            answer = client.post("/v1/statements", content=body, headers=SEQUENCE)
            assert answer.json() == {"indexes": [0, 1, 2, 3, 4, 5]}

    def test_the_first_refusal_has_its_code_and_place(self, client: httpx.Client, ledger: Ledger) -> None:
        first, skipped, after = inquiries(ledger, 3)
        body = ledger.entries[0] + first + after
        answer = client.post("/v1/statements", content=body, headers=SEQUENCE)
        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/problem+json"
        told = answer.json()
        assert (told["code"], told["place"], told["indexes"]) == ("stale_head", 2, [0, 1])
        answer = client.post("/v1/statements", content=skipped + after, headers=SEQUENCE)
        assert answer.json() == {"indexes": [2, 3]}

    def test_known_ones_in_between_keep_their_index(self, client: httpx.Client, ledger: Ledger) -> None:
        made = [ledger.entries[0], *inquiries(ledger, 4)]
        client.post("/v1/statements", content=b"".join(made[:3]), headers=SEQUENCE)
        for body in ([made[2], made[3]], [made[3], made[1], made[4], made[0]], [made[4], made[4]]):
            answer = client.post("/v1/statements", content=b"".join(body), headers=SEQUENCE)
            assert answer.json() == {"indexes": [made.index(raw) for raw in body]}

    def test_what_is_no_statement_is_refused(self, client: httpx.Client, ledger: Ledger) -> None:
        cases = [
            (b"\xff", COSE, 400, "malformed"),
            (b"", COSE, 400, "malformed"),
            (b"", SEQUENCE, 400, "malformed"),
            (b"\x82\x01", SEQUENCE, 400, "malformed"),
            (b"\x01" * 257, SEQUENCE, 400, "malformed"),
            (ledger.entries[0], {"content-type": "application/json"}, 415, "media_type"),
            (bytes(65_536), COSE, 413, "too_large"),
        ]
        for body, headers, status, code in cases:
            answer = client.post("/v1/statements", content=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_a_node_that_orders_nothing_says_so(self, served: Served, ledger: Ledger) -> None:
        host = ThreadHost()
        other = Served()
        other.start(BIRCH, CONSORTIUM, Doors(node=host.door(BIRCH)))
        answer = httpx.post(
            f"{other.url}/v1/statements", content=ledger.entries[0], headers=COSE, trust_env=False
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        other.close()
        assert served.url != other.url


class TestParties:
    @pytest.mark.parametrize("path", FOR_STEWARDS)
    def test_only_a_party_may_ask_a_steward(
        self, client: httpx.Client, served: Served, asked: list[tuple[str, str, bytes]], path: str
    ) -> None:
        url, body = served.url + path, b"" if "keys" in path else b"body"
        own = {"authorization": f"Bearer {API_KEY}"}
        assert client.post(path, content=body, headers=own).status_code == 401
        stranger = signer_of(CONSORTIUM, PartyId("stranger"), SigningKey(bytes(32)))
        headers = stranger.headers(method="POST", url=url, body=body)
        assert client.post(path, content=body, headers=headers).status_code == 403
        assert not asked
        signer = signer_of(CONSORTIUM, ALDER, statement_key(ALDER))
        headers = signer.headers(method="POST", url=url, body=body)
        assert client.post(path, content=body, headers=headers).status_code == 200
        assert [(caller, content) for caller, _, content in asked] == [(ALDER, body)]
        again = client.post(path, content=body, headers=headers)
        assert (again.status_code, again.json()["code"]) == (401, "request_signature")

    @pytest.mark.parametrize("path", [path for path in FOR_STEWARDS if "keys" not in path])
    def test_replies_and_refusals_are_signed_for_whoever_has_shown_who_it_is(
        self, client: httpx.Client, served: Served, path: str
    ) -> None:
        url, signer = served.url + path, signer_of(CONSORTIUM, ALDER, statement_key(ALDER))
        for body, status in ((b"body", 200), (b"what the node refuses", 429)):
            headers = signer.headers(method="POST", url=url, body=body)
            answer = client.post(path, content=body, headers=headers)
            assert answer.status_code == status
            replies_of(CONSORTIUM, DESK).verify(
                SignedRequest(method="POST", url=url, headers=headers),
                status=status,
                headers=answer.headers,
                body=answer.content,
            )
        again = client.post(path, content=body, headers=headers)
        assert (again.status_code, "signature" in again.headers) == (401, False)

    @pytest.mark.parametrize(("path", "limit"), [("/v1/shares", 1 << 20), ("/v1/sealing-keys", 0)])
    def test_a_long_body_is_not_read(
        self, client: httpx.Client, asked: list[tuple[str, str, bytes]], path: str, limit: int
    ) -> None:
        def stream() -> Iterator[bytes]:
            yield bytes(limit)
            yield b"1"

        for content in (bytes(limit + 1), stream()):
            answer = client.post(path, content=content)
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert not asked


class TestOwnPeople:
    @pytest.mark.parametrize(("method", "path"), FOR_OWN)
    def test_only_with_the_party_s_key(
        self,
        client: httpx.Client,
        served: Served,
        asked: list[tuple[str, str, bytes]],
        method: str,
        path: str,
    ) -> None:
        body = {} if path.endswith("close") else {"subjects": ["ref:DEMO:1"], "purpose": "monitoring"}
        json = None if method == "GET" else body
        signer = signer_of(CONSORTIUM, DESK, statement_key(DESK))
        signed = signer.headers(method=method, url=served.url + path, body=b"")
        for headers in ({}, {"authorization": "Bearer other"}, {"authorization": f"Basic {API_KEY}"}, signed):
            answer = client.request(method, path, json=json, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "api_key")
            assert answer.headers["www-authenticate"] == "Bearer"
        assert not asked
        answer = client.request(method, path, json=json, headers={"authorization": f"Bearer {API_KEY}"})
        assert answer.status_code == 200
        assert [caller for caller, _, _ in asked] == [DESK]

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/v1/inquiries", {"subjects": [], "purpose": "monitoring"}),
            ("/v1/inquiries", {"subjects": ["ref:DEMO:1"] * 65, "purpose": "monitoring"}),
            ("/v1/inquiries", {"subjects": ["ref:DEMO:1"], "purpose": "monitoring", "more": 1}),
            ("/v1/inquiries", {"subjects": ["ref:DEMO:1"]}),
            ("/v1/months/close", {"month": "2024-13"}),
            ("/v1/imports?as_of=yesterday", {}),
        ],
    )
    def test_what_is_no_request_is_refused_without_its_content(
        self, client: httpx.Client, asked: list[tuple[str, str, bytes]], path: str, body: dict[str, object]
    ) -> None:
        answer = client.post(path, json=body, headers={"authorization": f"Bearer {API_KEY}"})
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
        assert "DEMO" not in answer.text
        assert not asked


def test_the_consortium_is_shown_to_anyone(client: httpx.Client) -> None:
    told = client.get("/v1/consortium").json()
    assert told["document"] == document()
    assert bytes.fromhex(told["genesis"]) == b"genesis"


def test_paths_that_are_none(client: httpx.Client) -> None:
    for method, path, status in (("GET", "/v1/nothing", 404), ("GET", "/v1/shares", 405), ("GET", "/", 404)):
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_node_that_stopped_is_neither_healthy_nor_ready(client: httpx.Client) -> None:
    assert client.get("/healthz").status_code == 200
    host, stopped = ThreadHost(), Served()
    host.start(BIRCH, lambda: (lambda _caller, _verb, _body: b"", lambda: None))
    stopped.start(BIRCH, CONSORTIUM, Doors(node=host.door(BIRCH)), health=lambda: Health(stopped=True))
    host.close()
    for path in ("/healthz", "/readyz", "/log/checkpoint"):
        answer = httpx.get(stopped.url + path, trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (503, UnavailableError.code)
    stopped.close()


def _kinds(root: type[LedgerError]) -> Iterator[type[LedgerError]]:
    yield root
    for below in root.__subclasses__():
        yield from _kinds(below)


def test_every_refusal_has_a_status_of_its_own_or_of_its_kind() -> None:
    for kind in _kinds(LedgerError):
        status = status_of(rebuild_error(kind.code, "why"))
        assert 400 <= status < 500 or (status == 503 and issubclass(kind, UnavailableError))
    assert set(STATUSES) <= set(_kinds(LedgerError))
