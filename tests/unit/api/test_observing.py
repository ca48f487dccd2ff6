"""What is told of requests: ids, access lines, metrics, faults; and nothing of what they are about."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support_consortium import DESK, canonical, document
from support_http import API_KEY, Served
from support_node import OneThread
from support_site import AS_OF, TWO, Site

from api.limits import Rate
from api.options import Options
from api.request_ids import current
from hanse_ledger.consortium import parse_document
from node.health import Agreed, Health
from node.logformat import JsonFormatter, TextFormatter
from node.own.customers import Customers
from node.service import Doors

KEY = {"authorization": f"Bearer {API_KEY}"}


class Lines(logging.Handler):
    """Keeps what a JSON log would hold."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter(current.get))
        self.told: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(json.loads(self.format(record)))


@pytest.fixture
def lines() -> Iterator[Lines]:
    kept, root = Lines(), logging.getLogger()
    before = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    yield kept
    root.setLevel(before)
    root.removeHandler(kept)


def test_a_sane_id_is_kept_and_another_replaced(site: Site) -> None:
    answer = site.client.get("/v1/nothing", headers={"x-request-id": "order-4711.a"})
    assert answer.headers["x-request-id"] == answer.json()["instance"] == "order-4711.a"
    for bad in ("short", "a" * 65, "with space", 'quote"quote'):
        made = site.client.get("/healthz", headers={"x-request-id": bad}).headers["x-request-id"]
        assert made != bad
        assert len(made) == 24


def test_lines_say_how_and_not_what_about(site: Site, lines: Lines) -> None:
    secret = ["C1", "4711", "Alder", API_KEY, "1200"]
    site.client.post("/v1/imports", content=TWO, params=AS_OF, headers={"x-request-id": "import-1"})
    site.client.put("/v1/subjects/customers/4711", json={"name": "Alder", "subject": "ref:DEMO:C1"})
    site.client.get("/v1/subjects/match", params={"name": "Alder"})
    site.client.get("/v1/subjects/match", params={"id": "ref:DEMO:C1:"})
    site.client.post("/v1/inquiries", json={"subjects": ["ref:DEMO:C1"], "purpose": "monitoring"})
    site.client.get("/ref:DEMO:C1")
    told = [line for line in lines.told if line["logger"] == "hanse.access"]
    assert [(line["method"], line["route"], line["status"]) for line in told] == [
        ("POST", "/v1/imports", 201),
        ("PUT", "/v1/subjects/customers/{customer:path}", 200),
        ("GET", "/v1/subjects/match", 200),
        ("GET", "/v1/subjects/match", 422),
        ("POST", "/v1/inquiries", 200),
        ("GET", "none", 404),
    ]
    assert told[0]["request_id"] == "import-1"
    assert {line["caller"] for line in told} == {"key:settings", None}
    # httpx is the test's own client; everything else is the node's.
    whole = json.dumps([line for line in lines.told if not line["logger"].startswith("http")])
    assert not [word for word in secret if word in whole]


def test_a_fault_has_an_id_and_a_place_and_no_sentence(
    site: Site, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("the customer Alder owes 1200")

    monkeypatch.setattr(Customers, "one", fail)
    answer = site.client.get("/v1/subjects/customers/4711", headers={"x-request-id": "fault-4712"})
    assert answer.status_code == 500
    assert (answer.json()["code"], answer.json()["instance"]) == ("internal", "fault-4712")
    assert "Alder" not in answer.text
    (fault,) = [line for line in lines.told if line["message"] == "fault"]
    assert fault["request_id"] == "fault-4712"
    assert fault["fault"].startswith("ValueError at test_observing.py:")
    assert "Alder" not in json.dumps(lines.told)
    assert site.client.get("/healthz").status_code == 200


def test_text_lines_have_the_fields_behind_them() -> None:
    record = logging.LogRecord("hanse.access", logging.INFO, "", 0, "request", None, None)
    record.fields = {"route": "/healthz", "status": 200}
    text = TextFormatter(lambda: "id-12345").format(record)
    assert text.endswith("hanse.access: request route=/healthz status=200 request_id=id-12345")


def metrics(client: httpx.Client) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    pairs = (line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_metrics_count_requests_by_route_and_inquiries_by_status(site: Site) -> None:
    site.client.post("/v1/inquiries", json={"subjects": ["ref:DEMO:C1"], "purpose": "monitoring"})
    site.client.get("/v1/subjects/customers/4711")
    found = metrics(site.client)
    assert found['hanse_http_requests_total{method="POST",route="/v1/inquiries",status="200"}'] == 1
    route = "/v1/subjects/customers/{customer:path}"
    assert found[f'hanse_http_requests_total{{method="GET",route="{route}",status="404"}}'] == 1
    assert found[f'hanse_http_request_seconds_count{{method="GET",route="{route}"}}'] == 1
    assert found['hanse_inquiries{status="nothing"}'] == 1
    assert found["hanse_outbox_pending"] == 0
    assert not [name for name in found if "4711" in name or "C1" in name or "settings" in name]


def served_with(options: Options, health: Health | None = None) -> tuple[Served, OneThread]:
    host, served = OneThread(), Served()
    host.start(DESK, lambda: (lambda _caller, _verb, _body: b"{}", lambda: None))
    more: dict[str, Any] = {} if health is None else {"health": lambda: health}
    consortium = parse_document(canonical(document()))
    served.start(DESK, consortium, Doors(node=host.door(DESK)), options=options, **more)
    return served, host


def test_metrics_need_their_scope_unless_they_are_open() -> None:
    for options, status in ((Options(), 401), (Options(open_metrics=True), 200)):
        served, host = served_with(options)
        assert httpx.get(f"{served.url}/metrics", trust_env=False).status_code == status
        other = served.own.keys.new(name="other", scopes=["keys:admin"], expires_at=None).secret
        headers = {"authorization": f"Bearer {other}"}
        found = httpx.get(f"{served.url}/metrics", headers=headers, trust_env=False).status_code
        assert found == (403 if status == 401 else 200)
        served.close()
        host.close()


def test_metrics_show_how_the_node_stands() -> None:
    agreed = Agreed(height=12, peers=3, is_catching_up=True, restarts=1)
    health = Health(size=7, checkpoint_size=5, sequencer_size=9, agreement=agreed)
    served, host = served_with(Options(open_metrics=True), health)
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        found = metrics(client)
    assert (found["hanse_log_size"], found["hanse_log_checkpoint_size"], found["hanse_log_lag"]) == (7, 5, 2)
    assert [found[f"hanse_agreement_{name}"] for name in ("height", "peers", "catching_up", "restarts")] == [
        12,
        3,
        1,
        1,
    ]
    assert (found["hanse_up"], found['hanse_status{status="ok"}']) == (1, 1)
    served.close()
    host.close()


def test_a_description_is_served_without_anything_from_elsewhere_or_not_at_all() -> None:
    for options, status in ((Options(), 200), (Options(docs=False), 404)):
        served, host = served_with(options)
        for path in ("/docs", "/openapi.json"):
            answer = httpx.get(served.url + path, trust_env=False)
            assert answer.status_code == status
            assert "<script" not in answer.text
            assert "https://" not in answer.text
        served.close()
        host.close()


@pytest.mark.parametrize(
    ("path", "headers"), [("/v1/reports", KEY), ("/v1/consortium", {}), ("/log/policy", {})]
)
def test_who_asks_too_often_waits(path: str, headers: dict[str, str]) -> None:
    slow = Rate(per_s=0.001, burst=2)
    served, host = served_with(Options(per_key=slow, per_address=slow))
    with httpx.Client(base_url=served.url, headers=headers, trust_env=False) as client:
        statuses = [client.get(path).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        answer = client.get(path)
        assert answer.json()["code"] == "rate"
        assert int(answer.headers["retry-after"]) > 0
        assert client.get("/healthz").status_code == 200
    served.close()
    host.close()
