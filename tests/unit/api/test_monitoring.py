"""The watch list, alerts, plans and deliveries over HTTP, by persons of each role."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import httpx
import pytest
from support_asking import people_of
from support_http import Served

from hanse_ledger.ids import SubjectId
from node.risk.alerting import Finding, raise_alert
from node.risk.delivery.courier import Courier, run_dry
from node.risk.delivery.notices import Notice
from node.risk.delivery.outcomes import Outcome
from node.risk.monitoring.reasons import Ground
from node.risk.policy.watching import Severity

Ask: TypeAlias = Callable[..., Any]
USCC = SubjectId("uscc:91350100M000100Y43")
GROUND = Ground(way="at_least", signal="own.past_due_share", bound=0.2)


class Told:
    """A channel that fails once."""

    name = "webhook:erp"
    least: Severity = "low"

    def __init__(self) -> None:
        self.fails = 1

    def send(self, notice: Notice, at: datetime) -> Outcome:
        del notice, at
        self.fails -= 1
        return Outcome(ending="sent" if self.fails < 0 else "failed", detail="http 503")


@pytest.fixture
def ask(client: httpx.Client, served: Served) -> Ask:
    """Ask as a person; what is refused is (status, code)."""
    plain = people_of(served, client)

    def ask(person: str, method: str, path: str, **content: Any) -> Any:
        answer = plain(person, method, path, json=content or None)
        if answer.status_code == 204:
            return None
        return answer.json() if answer.is_success else (answer.status_code, answer.json()["code"])

    return ask


@pytest.fixture
def alert(served: Served) -> str:
    finding = Finding(rule="late", subject=USCC, severity="critical", ground=GROUND, before=0.1, after=0.25)
    with served.own._database.write() as connection:
        return raise_alert(connection, finding, occasion="book_imported 1", at=datetime.now(UTC)).id


def test_the_watch_list(ask: Ask) -> None:
    path = f"/v1/watch/{USCC}"
    added = ask("ann", "PUT", path, reason="Asked for longer terms.")
    assert (added["source"], added["person"]) == ("hand", "ann")
    assert ask("ann", "PUT", path, reason="Twice.")["reason"] == "Twice."
    assert [one["reason"] for one in ask("di", "GET", "/v1/watch")["items"]] == ["Twice."]
    assert ask("di", "DELETE", path) == (403, "not_permitted")
    assert ask("ann", "DELETE", path) is None
    assert ask("ann", "DELETE", path) == (404, "not_found")
    assert ask("ann", "PUT", "/v1/watch/uscc:1", reason="x") == (422, "subject_id")
    assert ask("ann", "PUT", path, reason=" ") == (400, "malformed")
    actions = [row["action"] for row in ask("di", "GET", "/v1/audit")["items"]]
    assert actions.count("watch.added") == 2
    assert {"watch.viewed", "watch.removed"} <= set(actions)


def test_an_alert_from_beginning_to_end(ask: Ask, alert: str) -> None:
    path = f"/v1/alerts/{alert}"
    [listed] = ask("di", "GET", "/v1/alerts")["items"]
    assert listed["id"] == alert
    assert listed["reason"] == {
        "en": "Your past due share is 25%; the rule allows less than 20%.",
        "zh-CN": listed["reason"]["zh-CN"],
    }
    assert "25%" in listed["reason"]["zh-CN"]
    assert (listed["before"], listed["after"], listed["severity"]) == (0.1, 0.25, "critical")
    assert ask("di", "POST", f"{path}/acknowledge") == (403, "not_permitted")
    assert ask("ann", "POST", f"{path}/acknowledge")["assignee"] == "ann"
    assert ask("ann", "POST", f"{path}/acknowledge")["state"] == "acknowledged"
    assert ask("ann", "POST", f"{path}/assign", to="bo")["assignee"] == "bo"
    assert ask("ann", "POST", f"{path}/assign", to="di") == (400, "malformed")
    assert ask("ann", "POST", f"{path}/assign", to="nobody") == (400, "malformed")
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    assert ask("bo", "POST", f"{path}/snooze", until=until, reason="Paid soon.")["state"] == "snoozed"
    past = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    assert ask("bo", "POST", f"{path}/snooze", until=past, reason="x") == (400, "malformed")
    assert ask("bo", "POST", f"{path}/snooze", until="2099-01-01T00:00:00", reason="x") == (400, "malformed")
    assert ask("bo", "POST", f"{path}/close", outcome="done", text="x") == (400, "malformed")
    closed = ask("bo", "POST", f"{path}/close", outcome="acted", text="Limit lowered.")
    assert (closed["state"], closed["outcome"]) == ("closed", "acted")
    assert ask("bo", "POST", f"{path}/close", outcome="acted", text="x") == (409, "alert_state")
    shown = ask("ann", "POST", f"{path}/comment", text="For the file.")
    assert [(step["person"], step["action"]) for step in shown["steps"]] == [
        ("system", "raised"), ("ann", "acknowledged"), ("ann", "assigned"), ("bo", "snoozed"),
        ("bo", "closed"), ("ann", "commented"),
    ]  # fmt: skip
    assert ask("di", "GET", "/v1/alerts?state=open")["items"] == []
    assert len(ask("di", "GET", f"/v1/alerts?severity=critical&subject={USCC}&assignee=bo")["items"]) == 1
    assert ask("di", "GET", path)["steps"] == shown["steps"]
    assert ask("di", "GET", f"/v1/alerts/{'0' * 32}") == (404, "not_found")
    audited = {row["action"]: row["subject"] for row in ask("di", "GET", "/v1/audit")["items"]}
    for action in ("alert.acknowledged", "alert.assigned", "alert.snoozed", "alert.closed", "alert.viewed"):
        assert audited[action] == USCC


def test_a_plan_from_beginning_to_end(ask: Ask, alert: str) -> None:
    assert [one["id"] for one in ask("ada", "GET", "/v1/plans/templates")] == ["insolvency", "payment-stop"]
    opened = ask("ann", "POST", "/v1/plans", template="insolvency", alert=alert)
    assert (opened["subject"], opened["alert"], opened["drill"]) == (USCC, alert, False)
    again = ask("bo", "POST", "/v1/plans", template="insolvency", alert=alert)
    assert (again["id"], again["opened_by"]) == (opened["id"], "ann")
    path = f"/v1/plans/{opened['id']}"
    ticked = ask("ann", "POST", f"{path}/steps/1/tick", note="Goods are held.")
    assert (ticked["steps"][0]["done_by"], ticked["steps"][0]["note"]) == ("ann", "Goods are held.")
    assert ask("bo", "POST", f"{path}/steps/1/tick", note="Once more.")["steps"] == ticked["steps"]
    assert ask("ann", "POST", f"{path}/steps/9/tick", note="x") == (404, "not_found")
    assert ask("di", "POST", f"{path}/steps/2/tick", note="x") == (403, "not_permitted")
    assert ask("ann", "POST", f"{path}/close", summary="x") == (403, "not_permitted")
    report = ask("bo", "POST", f"{path}/close", summary="Claim filed.")["report"]
    assert report == {
        "summary": "Claim filed.", "closed_by": "bo", "took_hours": 0.0, "done": 1, "late": [],
        "left": [2, 3, 4, 5],
    }  # fmt: skip
    assert ask("bo", "POST", f"{path}/close", summary="x") == (409, "plan_state")
    assert ask("ann", "POST", f"{path}/steps/2/tick", note="x") == (409, "plan_state")
    assert [one["state"] for one in ask("di", "GET", "/v1/plans?state=closed")["items"]] == ["closed"]
    assert ask("di", "GET", path)["report"] == report
    assert ask("ann", "POST", "/v1/plans", template="flood") == (404, "not_found")
    assert ask("ann", "POST", "/v1/plans", template="insolvency", alert="0" * 32) == (404, "not_found")


def test_how_deliveries_stand(ask: Ask, served: Served) -> None:
    courier = Courier(served.own._database, served.own.clock, Told())
    ask("ann", "POST", "/v1/plans", template="insolvency", drill=True)
    run_dry([courier])
    [channel] = ask("ada", "GET", "/v1/webhooks")
    assert (channel["name"], channel["waiting"], channel["attempts"]) == ("webhook:erp", 1, 1)
    assert channel["next_at"] is not None
    assert ask("ann", "POST", "/v1/webhooks/webhook:erp/retry") == (403, "not_permitted")
    assert ask("ada", "POST", "/v1/webhooks/webhook:none/retry") == (404, "not_found")
    assert ask("ada", "POST", "/v1/webhooks/webhook:erp/retry") is None
    run_dry([courier])
    log = ask("ann", "GET", "/v1/webhooks/deliveries?channel=webhook:erp")["items"]
    assert [(one["kind"], one["attempt"], one["outcome"], one["detail"]) for one in log] == [
        ("plan.opened", 2, "sent", "http 503"), ("plan.opened", 1, "failed", "http 503"),
    ]  # fmt: skip
    assert len({one["notice"] for one in log}) == 1
