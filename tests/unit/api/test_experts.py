"""Experts, the register and reviews over HTTP: what comes back, who may, what is made once."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from support_asking import Ask, people_of
from support_http import API_KEY, Served

from node.clocks import SystemClock

PATH = "/v1/subjects/ref:DEMO:1"
RATING = {"probability": 2, "impact": 4}
OPINION: dict[str, Any] = {
    "grade": "B",
    "ratings": {"credit": RATING},
    "reason": "the guarantee was renewed",
    "evidence": ["guarantee"],
}
RISK = {"kind": "operational", "text": "one supplier", "rating": RATING, "evidence": ["visit"]}


@pytest.fixture
def ask(client: httpx.Client, served: Served) -> Ask:
    return people_of(served, client)


@pytest.fixture
def opinion() -> dict[str, Any]:
    return {**OPINION, "expires_on": (SystemClock().now().date() + timedelta(days=30)).isoformat()}


def test_a_better_grade_takes_two(ask: Ask, opinion: dict[str, Any]) -> None:
    made = ask("ann", "POST", f"{PATH}/expert", json=opinion)
    assert (made.status_code, made.json()["in_force"], made.json()["model_grade"]) == (201, "model", "U")
    (waiting,) = made.json()["assessments"]
    assert (waiting["state"], waiting["ratings"]) == ("pending", {"credit": RATING})
    confirm = f"{PATH}/expert/{waiting['id']}/confirm"
    assert ask("ann", "POST", confirm).status_code == 403
    assert ask("bo", "POST", confirm).json()["grade"] == "B"
    again = ask("bo", "POST", confirm)
    assert (again.status_code, again.json()["code"]) == (409, "expert_state")
    withdrawn = ask("cy", "POST", f"{PATH}/expert/{waiting['id']}/withdraw", json={"reason": "no"})
    assert withdrawn.json()["assessments"][0]["state"] == "withdrawn"
    assert ask("di", "GET", f"{PATH}/expert").json() == withdrawn.json()


def test_the_assessment_of_a_customer_goes_by_what_is_in_force(ask: Ask, opinion: dict[str, Any]) -> None:
    ask("ann", "POST", f"{PATH}/expert", json={**opinion, "grade": "E"})
    shown = ask("ann", "GET", f"{PATH}/assessment").json()["assessment"]
    assert (shown["in_force"], shown["grade"], shown["score_grade"]) == ("expert", "E", "U")


def test_what_creates_is_made_once(ask: Ask, opinion: dict[str, Any]) -> None:
    review = {"looked_at": ["report"], "decision": "keep"}
    for path, body in (("expert", opinion), ("risks", RISK), ("reviews", review)):
        once = {"idempotency-key": path}
        answers = [ask("ann", "POST", f"{PATH}/{path}", json=body, headers=once) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
    assert len(ask("ann", "GET", f"{PATH}/expert").json()["assessments"]) == 1
    assert len(ask("ann", "GET", f"{PATH}/risks").json()) == 1
    assert len(ask("ann", "GET", f"{PATH}/reviews").json()) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("expert", {"grade": "U"}),
        ("expert", {"ratings": {}}),
        ("expert", {"ratings": {"weather": RATING}}),
        ("expert", {"ratings": {"credit": {"probability": 6, "impact": 1}}}),
        ("expert", {"evidence": []}),
        ("expert", {"reason": ""}),
        ("expert", {"expires_on": "2020-01-01"}),
        ("expert", {"by": "bo"}),
        ("risks", {**RISK, "kind": "weather"}),
        ("risks", {**RISK, "state": "closed"}),
        ("risks", {**RISK, "text": " "}),
        ("reviews", {"looked_at": [], "decision": "x"}),
        ("reviews", {"looked_at": ["x"], "decision": "x", "next_on": "2020-01-01"}),
    ],
)
def test_what_is_none_is_refused(
    still_ask: Ask, opinion: dict[str, Any], path: str, body: dict[str, Any]
) -> None:
    sent = {**opinion, **body} if path == "expert" else body
    answer = still_ask("ann", "POST", f"{PATH}/{path}", json=sent)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_what_is_no_subject_is_refused(still_ask: Ask) -> None:
    for path in ("expert", "risks", "reviews"):
        answer = still_ask("ann", "GET", f"/v1/subjects/nobody/{path}")
        assert (answer.status_code, answer.json()["code"]) == (422, "subject_id")


def test_a_risk_is_entered_changed_and_listed(ask: Ask) -> None:
    made = ask("ann", "POST", f"{PATH}/risks", json=RISK).json()
    assert (made["owner"], made["state"], made["rule"]) == ("ann", "open", None)
    at = f"{PATH}/risks/{made['id']}"
    accept = {"reason": "small", "state": "accepted"}
    assert ask("ann", "POST", at, json=accept).status_code == 403
    assert ask("bo", "POST", at, json=accept).json()["state"] == "accepted"
    again = ask("bo", "POST", at, json=accept)
    assert (again.status_code, again.json()["code"]) == (409, "risk_state")
    ask("ann", "POST", f"{PATH}/risks", json={**RISK, "kind": "legal"})
    page = ask("di", "GET", "/v1/risks", params={"limit": 1}).json()
    rest = ask("di", "GET", "/v1/risks", params={"cursor": page["next"]}).json()
    assert [one["kind"] for one in page["items"] + rest["items"]] == ["operational", "legal"]
    chosen = ask("di", "GET", "/v1/risks", params={"state": "open", "kind": "legal"}).json()["items"]
    assert len(chosen) == 1
    assert ask("ann", "POST", "/v1/risks/find").json() == {"found": 0, "reopened": 0, "seen": 0, "passed": 0}


def test_a_review_is_recorded_and_listed(ask: Ask, served: Served) -> None:
    served.own.customers.say("4711", name="Alder Ltd", subject="ref:DEMO:1")
    assert ask("ann", "GET", "/v1/reviews").json()["items"] == []
    (later,) = ask("di", "GET", "/v1/reviews", params={"all": True}).json()["items"]
    assert (later["customers"], later["grade"], later["state"]) == (["4711"], "U", "later")
    done = ask("ann", "POST", f"{PATH}/reviews", json={"looked_at": ["report"], "decision": "keep"}).json()
    assert ask("di", "GET", f"{PATH}/reviews").json() == [done]


def feed(ask: Ask) -> str:
    made = ask("ann", "POST", "/v1/reviews/calendar")
    assert made.status_code == 201
    path: str = made.json()["path"]
    return path


def test_a_calendar_program_reads_the_feed_by_its_address_alone(
    ask: Ask, client: httpx.Client, served: Served
) -> None:
    served.own.customers.say("4711", name="Alder Ltd", subject="ref:DEMO:1")
    path = feed(ask)
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert answer.headers["cache-control"] == "private, no-store"
    assert "Review customer 4711" in answer.text
    assert "复核客户 4711" in client.get(path, headers={"accept-language": "zh-CN"}).text
    assert "复核客户 4711" in client.get(path + "&lang=zh-CN").text
    assert "Alder" not in answer.text


def test_the_address_opens_nothing_else_and_other_keys_are_refused_in_it(
    ask: Ask, client: httpx.Client
) -> None:
    path = feed(ask)
    key = path.partition("key=")[2]
    for other in ("/v1/reviews", "/v1/people", f"{PATH}/expert", "/v1/api-keys"):
        refused = client.get(other, headers={"authorization": f"Bearer {key}"})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope")
        assert client.get(other, params={"key": key}).status_code == 401
    refused = client.get("/v1/reviews/calendar.ics", params={"key": API_KEY})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope")
    assert client.get("/v1/reviews/calendar.ics", params={"key": "hanse_wrong"}).status_code == 401
    assert client.get("/v1/reviews/calendar.ics").status_code == 401


def test_an_address_ends_with_its_key_and_with_its_person(ask: Ask, client: httpx.Client) -> None:
    made = ask("ann", "POST", "/v1/reviews/calendar").json()
    other = feed(ask)
    ask("ada", "DELETE", f"/v1/api-keys/{made['key_id']}")
    assert client.get(made["path"]).status_code == 401
    assert client.get(other).status_code == 200
    ask("ada", "DELETE", "/v1/people/ann")
    assert client.get(other).status_code == 401


def test_a_changed_role_closes_the_calendar(ask: Ask, client: httpx.Client) -> None:
    path = feed(ask)
    ask("ada", "PUT", "/v1/people/ann/role", json={"role": "auditor"})
    assert client.get(path).status_code == 403
