"""Which role may do what over HTTP, over all routes that act for a person: one without a row here fails.

Each row names the action that its route needs. The answer to every role is what the one table says; where a
role is let in, what follows may well be a refusal of another kind.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from support_consortium import DESK, canonical, document, statement_key
from support_http import API_KEY, Served
from support_node import OneThread
from support_people import ADMIN, NAMES, add_people
from support_routes import BODIES, PLACES

from api.acting import acting
from api.app import create_app
from api.options import Options
from hanse_ledger.consortium import parse_document
from node.own.scopes import SCOPES
from node.risk.roles import ACTIONS, ALLOWED, PERSONS, Action, Role
from node.service import Doors

TABLE: dict[tuple[str, str], Action] = {
    ("GET", "/v1/people"): "people.view",
    ("POST", "/v1/people"): "people.manage",
    ("PUT", "/v1/people/{name}/role"): "people.manage",
    ("DELETE", "/v1/people/{name}"): "people.manage",
    ("GET", "/v1/warnings"): "warning.view",
    ("POST", "/v1/warnings"): "warning.raise",
    ("POST", "/v1/warnings/clear"): "warning.clear",
    ("GET", "/v1/warnings/proposals"): "warning.view",
    ("POST", "/v1/warnings/proposals/confirm"): "warning.raise",
    ("POST", "/v1/warnings/proposals/dismiss"): "warning.raise",
    ("GET", "/v1/subjects/{subject}/signals"): "signals.view",
    ("GET", "/v1/limits"): "limits.view",
    ("POST", "/v1/limits"): "limits.set",
    ("GET", "/v1/limits/{subject}"): "limits.view",
    ("PUT", "/v1/limits/{subject}"): "limits.set",
    ("DELETE", "/v1/limits/{subject}"): "limits.set",
    ("GET", "/v1/subjects/{subject}/risk"): "report.view",
    ("GET", "/v1/portfolio-risk"): "portfolio.view",
    ("PUT", "/v1/portfolio-risk"): "portfolio.keep",
    ("GET", "/v1/policy"): "policy.view",
    ("POST", "/v1/policy"): "policy.adopt",
    ("POST", "/v1/policy/check"): "policy.preview",
    ("POST", "/v1/policy/preview"): "policy.preview",
    ("GET", "/v1/policy/versions"): "policy.view",
    ("GET", "/v1/policy/versions/{version}"): "policy.view",
    ("GET", "/v1/subjects/{subject}/assessment"): "assessment.view",
    ("POST", "/v1/subjects/{subject}/assessment"): "assessment.run",
    ("GET", "/v1/matrix"): "assessment.view",
    ("GET", "/v1/subjects/{subject}/local"): "assessment.view",
    ("POST", "/v1/subjects/{subject}/local"): "local.enter",
    ("GET", "/v1/responses"): "response.view",
    ("POST", "/v1/responses"): "assessment.run",
    ("GET", "/v1/responses/{response_id}"): "response.view",
    ("GET", "/v1/responses/{response_id}/notice"): "response.view",
    ("POST", "/v1/responses/{response_id}/approve"): "response.decide",
    ("POST", "/v1/responses/{response_id}/reject"): "response.decide",
    ("POST", "/v1/responses/{response_id}/done"): "response.finish",
    ("GET", "/v1/contested"): "row.view",
    ("POST", "/v1/contested/{position}/answer"): "row.answer",
    ("GET", "/v1/withdrawals"): "row.view",
    ("POST", "/v1/withdrawals"): "row.withdraw",
    ("GET", "/v1/watch"): "watch.view",
    ("PUT", "/v1/watch/{subject}"): "watch.change",
    ("DELETE", "/v1/watch/{subject}"): "watch.change",
    ("GET", "/v1/alerts"): "alert.view",
    ("GET", "/v1/alerts/{alert_id}"): "alert.view",
    ("POST", "/v1/alerts/{alert_id}/acknowledge"): "alert.work",
    ("POST", "/v1/alerts/{alert_id}/assign"): "alert.work",
    ("POST", "/v1/alerts/{alert_id}/snooze"): "alert.work",
    ("POST", "/v1/alerts/{alert_id}/comment"): "alert.work",
    ("POST", "/v1/alerts/{alert_id}/close"): "alert.work",
    ("GET", "/v1/plans"): "plan.view",
    ("GET", "/v1/plans/templates"): "plan.view",
    ("GET", "/v1/plans/{plan_id}"): "plan.view",
    ("POST", "/v1/plans"): "plan.open",
    ("POST", "/v1/plans/{plan_id}/steps/{number}/tick"): "plan.tick",
    ("POST", "/v1/plans/{plan_id}/close"): "plan.close",
    ("GET", "/v1/webhooks"): "delivery.view",
    ("GET", "/v1/webhooks/deliveries"): "delivery.view",
    ("POST", "/v1/webhooks/{channel}/retry"): "delivery.retry",
    ("GET", "/v1/model"): "model.view",
    ("GET", "/v1/audit"): "audit.read",
    ("GET", "/v1/audit/head"): "audit.read",
    ("GET", "/v1/subjects/{subject}/expert"): "expert.view",
    ("POST", "/v1/subjects/{subject}/expert"): "expert.assess",
    ("POST", "/v1/subjects/{subject}/expert/{assessment_id}/confirm"): "expert.confirm",
    ("POST", "/v1/subjects/{subject}/expert/{assessment_id}/withdraw"): "expert.withdraw",
    ("GET", "/v1/subjects/{subject}/risks"): "register.view",
    ("POST", "/v1/subjects/{subject}/risks"): "register.enter",
    ("POST", "/v1/subjects/{subject}/risks/{risk_id}"): "register.change",
    ("GET", "/v1/risks"): "register.view",
    ("POST", "/v1/risks/find"): "register.find",
    ("GET", "/v1/reviews"): "review.view",
    ("GET", "/v1/reviews/calendar.ics"): "review.feed",
    ("POST", "/v1/reviews/calendar"): "review.feed",
    ("GET", "/v1/subjects/{subject}/reviews"): "review.view",
    ("POST", "/v1/subjects/{subject}/reviews"): "review.record",
}


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """What the node's own thread was asked for."""
    return []


@pytest.fixture(scope="module")
def served(asked: list[str]) -> Iterator[Served]:
    host, made = OneThread(), Served()

    def answer(_caller: object, verb: str, _body: bytes) -> bytes:
        asked.append(verb)
        return b'{"month": null, "items": []}'

    host.start(DESK, lambda: (answer, lambda: None))
    consortium = parse_document(canonical(document()))
    made.start(DESK, consortium, Doors(node=host.door(DESK)), key=statement_key(DESK))
    add_people(made.own)
    yield made
    made.close()
    host.close()


@pytest.fixture(scope="module")
def keys(served: Served) -> dict[Role, str]:
    """A key with every scope for somebody of each role."""
    made = {}
    for role, name in {**NAMES, "admin": ADMIN.name}.items():
        binding = served.own.people.bind(name)
        made[role] = served.own.keys.new(name=name, scopes=SCOPES, expires_at=None, binding=binding).secret
    return made


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, trust_env=False, timeout=30) as made:
        yield made


def ask(client: httpx.Client, row: tuple[str, str], key: str) -> tuple[int, str | None]:
    method, template = row
    path = template
    for place, value in PLACES.items():
        path = path.replace(place, value)
    headers = {"authorization": f"Bearer {key}"}
    answer = client.request(method, path, json=BODIES.get(template), headers=headers)
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    return answer.status_code, answer.json()["code"] if is_problem else None


def acts(dependant: Dependant) -> bool:
    return dependant.call is acting or any(map(acts, dependant.dependencies))


def routes(found: Any) -> Iterator[APIRoute]:
    for route in found:
        if hasattr(route, "original_router"):
            yield from routes(route.original_router.routes)
        elif isinstance(route, APIRoute):
            yield route


def test_every_route_that_acts_for_a_person_has_a_row(served: Served) -> None:
    app = create_app(served.service, Options())
    found = {
        (method, route.path)
        for route in routes(app.routes)
        if acts(route.dependant)
        for method in set(route.methods or ()) - {"HEAD"}
    }
    assert found == set(TABLE)
    assert set(TABLE.values()) <= set(ACTIONS)


@pytest.mark.parametrize("row", TABLE)
def test_the_role_of_the_key_s_person_decides(
    client: httpx.Client, keys: dict[Role, str], row: tuple[str, str], asked: list[str]
) -> None:
    for role in PERSONS:
        asked.clear()
        status, code = ask(client, row, keys[role])
        if role in ALLOWED[TABLE[row]]:
            assert code not in {"not_permitted", "scope", "api_key"}, role
            assert status < 500
        else:
            assert (status, code) == (403, "not_permitted"), role
            assert not asked, "who may not is refused before the node is asked for anything"


@pytest.mark.parametrize("row", TABLE)
def test_a_key_with_every_scope_and_no_person_is_refused(client: httpx.Client, row: tuple[str, str]) -> None:
    assert ask(client, row, API_KEY) == (403, "not_permitted")
