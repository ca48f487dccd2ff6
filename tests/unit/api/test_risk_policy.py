"""The risk policy, assessments and responses over HTTP, from a file that is refused to an outcome."""

import httpx
import pytest
from support_asking import Ask, people_of
from support_http import Served

from node.risk.policy import default_raw

STRICTER = default_raw().replace(b"C = 55", b"C = 60")
SUBJECT = "ref:DEMO:1"


@pytest.fixture
def ask(client: httpx.Client, served: Served) -> Ask:
    return people_of(served, client)


def test_a_policy_is_checked_previewed_and_adopted(ask: Ask) -> None:
    assert ask("ann", "GET", "/v1/policy").json()["version"] == 0
    assert ask("ann", "POST", "/v1/policy/check", content=STRICTER).json() == {"valid": True, "faults": []}
    preview = ask("ann", "POST", "/v1/policy/preview", content=STRICTER).json()
    assert (preview["version"], preview["customers"]) == (0, 0)
    adopted = ask("bo", "POST", "/v1/policy?note=stricter&replaces=0", content=STRICTER)
    assert (adopted.status_code, adopted.json()["version"], adopted.json()["note"]) == (201, 1, "stricter")
    in_force = ask("di", "GET", "/v1/policy").json()
    assert (in_force["version"], in_force["policy"].encode()) == (1, STRICTER)
    page = ask("di", "GET", "/v1/policy/versions", params={"limit": 1}).json()
    rest = ask("di", "GET", "/v1/policy/versions", params={"cursor": page["next"]}).json()
    assert [one["version"] for one in page["items"] + rest["items"]] == [1, 0]
    assert ask("di", "GET", "/v1/policy/versions/0").json()["policy"].encode() == default_raw()
    assert ask("di", "GET", "/v1/policy/versions/2").status_code == 404


def test_a_file_that_is_refused_names_its_lines_and_changes_nothing(ask: Ask) -> None:
    wrong = STRICTER.replace(b"neutral = 60", b"neutral = 600")
    line = wrong[: wrong.index(b"neutral")].count(b"\n") + 1
    for path in ("/v1/policy", "/v1/policy/preview"):
        refused = ask("bo", "POST", path, content=wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "risk_policy")
        assert [fault["line"] for fault in refused.json()["faults"]] == [line]
    checked = ask("bo", "POST", "/v1/policy/check", content=wrong).json()
    assert (checked["valid"], checked["faults"][0]["line"]) == (False, line)
    assert ask("bo", "GET", "/v1/policy").json()["version"] == 0


def test_an_adoption_that_would_surprise_is_refused(ask: Ask) -> None:
    same = ask("bo", "POST", "/v1/policy", content=default_raw())
    assert (same.status_code, same.json()["code"]) == (409, "policy_unchanged")
    late = ask("bo", "POST", "/v1/policy?replaces=7", content=STRICTER)
    assert (late.status_code, late.json()["code"]) == (409, "policy_outdated")
    denied = ask("ann", "POST", "/v1/policy", content=STRICTER)
    assert (denied.status_code, denied.json()["code"]) == (403, "not_permitted")


def test_an_adoption_sent_again_is_answered_again(ask: Ask) -> None:
    key = {"Idempotency-Key": "once"}
    first = ask("bo", "POST", "/v1/policy", content=STRICTER, headers=key)
    again = ask("bo", "POST", "/v1/policy", content=STRICTER, headers=key)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert len(ask("bo", "GET", "/v1/policy/versions").json()["items"]) == 2


def test_from_an_assessment_to_an_outcome(ask: Ask) -> None:
    seen = ask("di", "GET", f"/v1/subjects/{SUBJECT}/assessment").json()
    assert (seen["assessment"]["grade"], seen["policy"]["version"], seen["proposed"]) == ("U", 0, [])
    assert seen["assessment"]["matrix"] == {"likelihood": None, "impact": None, "level": None}
    (made,) = ask("ann", "POST", f"/v1/subjects/{SUBJECT}/assessment").json()["proposed"]
    assert ask("ann", "POST", f"/v1/subjects/{SUBJECT}/assessment").json()["proposed"] == []
    proposed = ask("di", "GET", "/v1/responses", params={"state": "proposed", "subject": SUBJECT}).json()
    assert [one["id"] for one in proposed["items"]] == [made]
    denied = ask("ann", "POST", f"/v1/responses/{made}/approve")
    assert (denied.status_code, denied.json()["code"]) == (403, "not_permitted")
    assert ask("bo", "POST", f"/v1/responses/{made}/approve").json()["decided_by"] == "bo"
    again = ask("bo", "POST", f"/v1/responses/{made}/reject", json={"reason": "late"})
    assert (again.status_code, again.json()["code"]) == (409, "response_state")
    done = ask("ann", "POST", f"/v1/responses/{made}/done", json={"outcome": "called"}).json()
    assert (done["state"], done["outcome"]) == ("done", "called")
    notice = ask("di", "GET", f"/v1/responses/{made}/notice").json()
    assert set(notice) == {"en", "zh-CN"}
    assert ask("di", "GET", f"/v1/responses/{'0' * 32}").status_code == 404


def test_a_run_over_nobody_and_an_empty_matrix(ask: Ask) -> None:
    assert ask("ann", "POST", "/v1/responses").json() == {"policy": 0, "customers": 0, "proposed": []}
    shown = ask("di", "GET", "/v1/matrix").json()
    assert (len(shown["cells"]), shown["customers"]) == (5, [])


def test_what_people_enter(ask: Ask) -> None:
    path = f"/v1/subjects/{SUBJECT}/local"
    entered = {
        "kind": "industry",
        "content": {"outlook": 1},
        "as_of": "2020-01-01",
        "expires_on": "2100-01-01",
    }
    assert ask("ann", "POST", path, json=entered).json()["value"] == 1
    wrong = ask("ann", "POST", path, json=entered | {"content": {"outlook": 9}})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "malformed")
    assert [one["person"] for one in ask("di", "GET", path).json()] == ["ann"]
