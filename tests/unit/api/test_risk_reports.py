"""Risk reports and the portfolio over HTTP, at a real member's node."""

import io
import json
from collections.abc import Iterator

import httpx
import openpyxl
import pytest
from jsonschema import Draft202012Validator
from support_client import PURPOSE, SHARED, Place, real_place
from support_layout import need_pdf

from hanse_ledger.answer_file import verify_answer_file
from hanse_ledger.consortium import parse_document
from hanse_ledger.ids import SubjectId
from node.risk.report.document import schema

PATH = f"/v1/subjects/{SHARED}/risk"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with real_place(tmp_path_factory.mktemp("node")) as made:
        yield made


@pytest.fixture
def own(place: Place) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {place.api_key}"}
    with httpx.Client(base_url=place.url, headers=headers, trust_env=False, timeout=60) as client:
        yield client


def test_json_keeps_to_the_schema_that_the_node_serves(own: httpx.Client) -> None:
    document = own.get(PATH).raise_for_status().json()
    served = own.get("/v1/schemas/risk-report")
    assert served.headers["content-type"].startswith("application/schema+json")
    assert served.json() == schema()
    Draft202012Validator(served.json()).validate(document)
    assert document["subject"]["id"] == SHARED
    assert document["made_by"] == {"name": "analyst", "role": "analyst"}


def test_the_answer_file_in_it_verifies(own: httpx.Client, place: Place) -> None:
    own.post("/v1/inquiries", json={"subjects": [SHARED], "purpose": PURPOSE}).raise_for_status()
    document = own.get(PATH).json()
    raw = json.dumps(document["proof"], ensure_ascii=False, indent=1).encode() + b"\n"
    verified = verify_answer_file(raw, parse_document(place.trust))
    assert verified["request_id"] == document["answer"]["request_id"]
    assert own.get(PATH, params={"proof": False}).json()["proof"] == document["proof"]  # kept


def test_accept_says_the_form_and_the_language(own: httpx.Client) -> None:
    page = own.get(PATH, headers={"accept": "text/html", "accept-language": "zh-CN,zh;q=0.9"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["cache-control"] == "no-store"
    assert '<html lang="zh-CN">' in page.text
    english = own.get(PATH, params={"lang": "en"}, headers={"accept": "text/html", "accept-language": "zh"})
    assert '<html lang="en">' in english.text
    other = own.get(PATH, headers={"accept": "image/png, */*"})
    assert other.headers["content-type"] == "application/json"


def test_a_pdf_by_accept(own: httpx.Client) -> None:
    need_pdf()
    made = own.get(PATH, headers={"accept": "application/pdf"}).raise_for_status()
    assert made.headers["content-type"] == "application/pdf"
    assert made.content.startswith(b"%PDF")


def test_getting_a_report_asks_nobody(own: httpx.Client) -> None:
    before = own.get("/v1/inquiries").json()
    document = own.get("/v1/subjects/ref:DEMO:NEVER-ASKED/risk").raise_for_status().json()
    assert (document["answer"], document["proof"], document["coverage"]) == (None, None, "none")
    assert own.get("/v1/inquiries").json() == before


def test_every_look_is_in_the_audit_chain(own: httpx.Client, place: Place) -> None:
    size = _looks(place)
    own.get(PATH).raise_for_status()
    own.get(PATH, headers={"accept": "text/html"}).raise_for_status()
    assert _looks(place) == size + 2


def _looks(place: Place) -> int:
    assert place.audit is not None
    rows = place.audit.rows(limit=10_000, subject=SubjectId(SHARED))
    return sum(row.action == "report.viewed" for row in rows)


def test_a_bad_id_is_refused(own: httpx.Client) -> None:
    bad = own.get("/v1/subjects/lei:5493001KJTIIGC8Y1R13/risk")
    assert (bad.status_code, bad.json()["code"]) == (422, "subject_id")


def test_the_portfolio_in_three_forms_and_kept(own: httpx.Client) -> None:
    told = own.get("/v1/portfolio-risk").raise_for_status().json()
    assert "positions" not in told
    assert own.put("/v1/portfolio-risk").raise_for_status().json()["total"] == told["total"]
    again = own.get("/v1/portfolio-risk", params={"positions": True}).json()
    assert len(again["positions"]) == told["total"]["customers"]
    assert again["since_last_run"]["movers"] == []
    csv = own.get("/v1/portfolio-risk", headers={"accept": "text/csv"})
    assert csv.headers["content-type"].startswith("text/csv")
    assert csv.text.count("\n") == told["total"]["customers"] + 1
    xlsx = own.get(
        "/v1/portfolio-risk",
        headers={"accept": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    )
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx.content)).active
    assert sheet is not None
    assert sheet.max_row == told["total"]["customers"] + 1


def test_a_report_never_touches_the_log(own: httpx.Client) -> None:
    own.get(PATH).raise_for_status()
    size = own.get("/log/checkpoint").text.splitlines()[1]
    own.get(PATH).raise_for_status()
    own.put("/v1/portfolio-risk").raise_for_status()
    assert own.get("/log/checkpoint").text.splitlines()[1] == size
