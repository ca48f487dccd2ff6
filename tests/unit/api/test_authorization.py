"""Who may ask what, over all routes of the application: a route without a row here fails.

Each row says who may: anybody, a party by its signature, or the party's own people by one scope. Everybody
else is refused, by the code for what is missing, before the node is asked anything.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import httpx
import pytest
from fastapi.routing import APIRoute
from support_consortium import ALDER, DESK, canonical, document, statement_key
from support_http import API_KEY, Served, signer_of
from support_node import OneThread
from support_routes import BODIES, PLACES

from api.app import create_app
from api.options import Options
from hanse_ledger.consortium import parse_document
from node.own.scopes import SCOPES, Scope
from node.service import Doors

CONSORTIUM = parse_document(canonical(document()))
Who: TypeAlias = Literal["anybody", "party"] | Scope

TABLE: dict[tuple[str, str], Who] = {
    ("GET", "/log/checkpoint"): "anybody",
    ("GET", "/log/tile/{rest:path}"): "anybody",
    ("POST", "/log/add-checkpoint"): "anybody",
    ("GET", "/log/policy"): "anybody",
    ("GET", "/log/proof/{index}"): "anybody",
    ("GET", "/log/{origin}/checkpoint"): "anybody",
    ("GET", "/v1/consortium"): "anybody",
    ("GET", "/v1/consortium/proposals"): "consortium:read",
    ("POST", "/v1/consortium/proposals"): "consortium:write",
    ("POST", "/v1/consortium/votes"): "consortium:write",
    ("POST", "/v1/statements"): "anybody",  # a statement is signed itself
    ("GET", "/healthz"): "anybody",
    ("GET", "/readyz"): "anybody",
    ("GET", "/openapi.json"): "anybody",
    ("GET", "/docs"): "anybody",
    ("POST", "/v1/tokens/evaluate"): "party",
    ("POST", "/v1/sealing-keys"): "party",
    ("POST", "/v1/shares"): "party",
    ("POST", "/v1/answers"): "party",
    ("POST", "/v1/disputes"): "party",
    ("POST", "/v1/inquiry-counts"): "party",
    ("POST", "/v1/seeds"): "party",
    ("POST", "/v1/seed-hashes"): "party",
    ("POST", "/v1/bulletins"): "party",
    ("POST", "/v1/transfers"): "party",
    ("POST", "/v1/transfer-checks"): "party",
    ("POST", "/v1/imports"): "imports:write",
    ("GET", "/v1/imports"): "imports:read",
    ("GET", "/v1/imports/{import_id}"): "imports:read",
    ("GET", "/v1/imports/{import_id}/refused"): "imports:read",
    ("GET", "/v1/imports/{import_id}/unmatched"): "imports:read",
    ("POST", "/v1/imports/{import_id}/confirm"): "imports:write",
    ("DELETE", "/v1/imports/{import_id}"): "imports:write",
    ("POST", "/v1/subjects"): "subjects:write",
    ("GET", "/v1/subjects"): "subjects:read",
    ("GET", "/v1/subjects/match"): "subjects:read",
    ("GET", "/v1/subjects/customers/{customer:path}"): "subjects:read",
    ("PUT", "/v1/subjects/customers/{customer:path}"): "subjects:write",
    ("POST", "/v1/inquiries"): "inquiries:write",
    ("GET", "/v1/inquiries"): "inquiries:read",
    ("GET", "/v1/inquiries/{request_id}"): "inquiries:read",
    ("GET", "/v1/inquiries/{request_id}/answer"): "inquiries:read",
    ("POST", "/v1/portfolios"): "portfolios:write",
    ("GET", "/v1/portfolios"): "portfolios:read",
    ("GET", "/v1/portfolios/{portfolio_id}"): "portfolios:read",
    ("GET", "/v1/portfolios/{portfolio_id}/answers"): "portfolios:read",
    ("POST", "/v1/portfolios/{portfolio_id}/cancel"): "portfolios:write",
    ("POST", "/v1/portfolios/{portfolio_id}/resume"): "portfolios:write",
    ("GET", "/v1/facts"): "facts:read",
    ("POST", "/v1/facts"): "facts:write",
    ("POST", "/v1/facts/{position}/withdraw"): "facts:write",
    ("GET", "/v1/warnings"): "warnings:read",
    ("POST", "/v1/warnings"): "warnings:write",
    ("POST", "/v1/warnings/clear"): "warnings:write",
    ("GET", "/v1/warnings/proposals"): "warnings:read",
    ("POST", "/v1/warnings/proposals/confirm"): "warnings:write",
    ("POST", "/v1/warnings/proposals/dismiss"): "warnings:write",
    ("GET", "/v1/schemas/risk-report"): "anybody",
    ("GET", "/v1/subjects/{subject}/risk"): "risk:read",
    ("GET", "/v1/portfolio-risk"): "risk:read",
    ("PUT", "/v1/portfolio-risk"): "risk:write",
    ("GET", "/v1/cases"): "disputes:read",
    ("POST", "/v1/cases"): "disputes:write",
    ("POST", "/v1/cases/{position}/resolve"): "disputes:write",
    ("POST", "/v1/subject-access"): "inquiries:write",
    ("GET", "/v1/contested"): "disputes:read",
    ("POST", "/v1/contested/{position}/answer"): "disputes:write",
    ("GET", "/v1/withdrawals"): "disputes:read",
    ("POST", "/v1/withdrawals"): "disputes:write",
    ("GET", "/v1/reports"): "reports:read",
    ("POST", "/v1/reports"): "reports:write",
    ("POST", "/v1/months/close"): "months:close",
    ("GET", "/v1/api-keys"): "keys:admin",
    ("POST", "/v1/api-keys"): "keys:admin",
    ("DELETE", "/v1/api-keys/{key_id}"): "keys:admin",
    ("GET", "/metrics"): "metrics:read",
    ("GET", "/v1/people"): "people:admin",
    ("POST", "/v1/people"): "people:admin",
    ("PUT", "/v1/people/{name}/role"): "people:admin",
    ("DELETE", "/v1/people/{name}"): "people:admin",
    ("GET", "/v1/subjects/{subject}/signals"): "risk:read",
    ("GET", "/v1/limits"): "risk:read",
    ("POST", "/v1/limits"): "risk:write",
    ("GET", "/v1/limits/{subject}"): "risk:read",
    ("PUT", "/v1/limits/{subject}"): "risk:write",
    ("DELETE", "/v1/limits/{subject}"): "risk:write",
    ("GET", "/v1/policy"): "risk:read",
    ("POST", "/v1/policy"): "policy:write",
    ("POST", "/v1/policy/check"): "policy:write",
    ("POST", "/v1/policy/preview"): "policy:write",
    ("GET", "/v1/policy/versions"): "risk:read",
    ("GET", "/v1/policy/versions/{version}"): "risk:read",
    ("GET", "/v1/subjects/{subject}/assessment"): "risk:read",
    ("POST", "/v1/subjects/{subject}/assessment"): "risk:write",
    ("GET", "/v1/subjects/{subject}/local"): "risk:read",
    ("POST", "/v1/subjects/{subject}/local"): "risk:write",
    ("GET", "/v1/matrix"): "risk:read",
    ("GET", "/v1/responses"): "risk:read",
    ("POST", "/v1/responses"): "risk:write",
    ("GET", "/v1/responses/{response_id}"): "risk:read",
    ("GET", "/v1/responses/{response_id}/notice"): "risk:read",
    ("POST", "/v1/responses/{response_id}/approve"): "risk:approve",
    ("POST", "/v1/responses/{response_id}/reject"): "risk:approve",
    ("POST", "/v1/responses/{response_id}/done"): "risk:write",
    ("GET", "/v1/watch"): "risk:read",
    ("PUT", "/v1/watch/{subject}"): "watch:write",
    ("DELETE", "/v1/watch/{subject}"): "watch:write",
    ("GET", "/v1/alerts"): "risk:read",
    ("GET", "/v1/alerts/{alert_id}"): "risk:read",
    ("POST", "/v1/alerts/{alert_id}/acknowledge"): "alerts:write",
    ("POST", "/v1/alerts/{alert_id}/assign"): "alerts:write",
    ("POST", "/v1/alerts/{alert_id}/snooze"): "alerts:write",
    ("POST", "/v1/alerts/{alert_id}/comment"): "alerts:write",
    ("POST", "/v1/alerts/{alert_id}/close"): "alerts:write",
    ("GET", "/v1/plans"): "risk:read",
    ("GET", "/v1/plans/templates"): "risk:read",
    ("GET", "/v1/plans/{plan_id}"): "risk:read",
    ("POST", "/v1/plans"): "plans:write",
    ("POST", "/v1/plans/{plan_id}/steps/{number}/tick"): "plans:write",
    ("POST", "/v1/plans/{plan_id}/close"): "plans:write",
    ("GET", "/v1/webhooks"): "risk:read",
    ("GET", "/v1/webhooks/deliveries"): "risk:read",
    ("POST", "/v1/webhooks/{channel}/retry"): "alerts:write",
    ("GET", "/v1/audit"): "audit:read",
    ("GET", "/v1/model"): "risk:read",
    ("GET", "/v1/audit/head"): "audit:read",
    ("GET", "/v1/subjects/{subject}/expert"): "risk:read",
    ("POST", "/v1/subjects/{subject}/expert"): "risk:write",
    ("POST", "/v1/subjects/{subject}/expert/{assessment_id}/confirm"): "risk:approve",
    ("POST", "/v1/subjects/{subject}/expert/{assessment_id}/withdraw"): "risk:write",
    ("GET", "/v1/subjects/{subject}/risks"): "risk:read",
    ("POST", "/v1/subjects/{subject}/risks"): "risk:write",
    ("POST", "/v1/subjects/{subject}/risks/{risk_id}"): "risk:write",
    ("GET", "/v1/risks"): "risk:read",
    ("POST", "/v1/risks/find"): "risk:write",
    ("GET", "/v1/reviews"): "risk:read",
    ("GET", "/v1/reviews/calendar.ics"): "reviews:feed",
    ("POST", "/v1/reviews/calendar"): "reviews:write",
    ("GET", "/v1/subjects/{subject}/reviews"): "risk:read",
    ("POST", "/v1/subjects/{subject}/reviews"): "reviews:write",
}


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """What reached the node's door."""
    return []


def _serve(asked: list[str], **more: Any) -> tuple[Served, OneThread]:
    host, served = OneThread(), Served()

    def handle(_caller: object, verb: str, _body: bytes) -> bytes:
        asked.append(verb)
        return b'{"items": []}'

    host.start(DESK, lambda: (handle, lambda: None))
    served.start(DESK, CONSORTIUM, Doors(node=host.door(DESK)), key=statement_key(DESK), **more)
    return served, host


@pytest.fixture(scope="module")
def served(asked: list[str]) -> Iterator[Served]:
    made, host = _serve(asked)
    yield made
    made.close()
    host.close()


@pytest.fixture(scope="module")
def other_key(asked: list[str]) -> Iterator[str]:
    """A key of another member's node, with every scope."""
    made, host = _serve(asked)
    yield made.own.keys.new(name="erp", scopes=SCOPES, expires_at=None).secret
    made.close()
    host.close()


@pytest.fixture(scope="module")
def keys(served: Served) -> dict[str, tuple[str, str]]:
    """For each scope a key with it alone, and one with every other: what refuses that refuses any of them."""
    new = served.own.keys.new
    return {
        scope: (
            new(name=scope, scopes=[scope], expires_at=None).secret,
            new(name=f"not {scope}", scopes=set(SCOPES) - {scope}, expires_at=None).secret,
        )
        for scope in SCOPES
    }


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, trust_env=False, timeout=30) as made:
        yield made


def ask(client: httpx.Client, row: tuple[str, str], headers: dict[str, str]) -> tuple[int, str | None]:
    """Return the status, and the code of a refusal."""
    method, template = row
    path = template
    for place, value in PLACES.items():
        path = path.replace(place, value)
    answer = client.request(method, path, json=BODIES.get(template), headers=headers)
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    return answer.status_code, answer.json()["code"] if is_problem else None


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def signature(served: Served, row: tuple[str, str]) -> dict[str, str]:
    """A party's signature over a request of a route without a body."""
    method, path = row
    for place, value in PLACES.items():
        path = path.replace(place, value)
    return signer_of(CONSORTIUM, ALDER, statement_key(ALDER)).headers(
        method=method, url=served.url + path, body=b""
    )


def rows(*kinds: str) -> list[tuple[str, str]]:
    return [row for row, who in TABLE.items() if who in kinds]


def test_every_route_has_a_row(served: Served) -> None:
    found = {
        (method, path)
        for path, methods in served_routes(served)
        for method in methods
    }  # fmt: skip
    assert found == set(TABLE)


def served_routes(served: Served) -> list[tuple[str, set[str]]]:
    app = create_app(served.service, Options())
    found = []
    for route in _flat(app.routes):
        assert isinstance(route, APIRoute), route
        found.append((route.path, set(route.methods or ()) - {"HEAD"}))
    return found


def _flat(routes: Any) -> Iterator[Any]:
    for route in routes:
        if isinstance(route, APIRoute) or not hasattr(route, "original_router"):
            yield route
        else:
            yield from _flat(route.original_router.routes)


@pytest.mark.parametrize("row", rows(*SCOPES))
def test_own_routes_open_to_their_scope_alone(
    client: httpx.Client, keys: dict[str, tuple[str, str]], row: tuple[str, str]
) -> None:
    alone, others = keys[TABLE[row]]
    assert ask(client, row, bearer(others)) == (403, "scope")
    status, code = ask(client, row, bearer(alone))
    assert code not in {"api_key", "scope", "request_signature"}
    assert status < 500


@pytest.mark.parametrize("row", rows(*SCOPES))
def test_own_routes_are_shut_to_everybody_else(
    client: httpx.Client, served: Served, other_key: str, asked: list[str], row: tuple[str, str]
) -> None:
    asked.clear()
    hashed = hashlib.sha256(API_KEY.encode()).hexdigest()
    others = [
        {},
        bearer("hanse_wrong"),
        {"authorization": "Bearer"},
        bearer(other_key),
        bearer(hashed),
        {"authorization": f"Basic {API_KEY}"},
        {"cookie": f"session={API_KEY}"},
        signature(served, row),
    ]
    for headers in others:
        assert ask(client, row, headers) == (401, "api_key")
    assert not asked


@pytest.mark.parametrize("row", rows("party"))
def test_parties_routes_are_shut_to_keys(
    client: httpx.Client, asked: list[str], row: tuple[str, str]
) -> None:
    asked.clear()
    for headers in ({}, bearer(API_KEY), bearer("hanse_wrong")):
        assert ask(client, row, headers) == (401, "request_signature")
    assert not asked


@pytest.mark.parametrize("row", rows("party"))
def test_parties_routes_open_to_a_party_s_signature(
    client: httpx.Client, served: Served, row: tuple[str, str]
) -> None:
    assert ask(client, row, signature(served, row)) == (200, None)


@pytest.mark.parametrize("row", rows("anybody"))
def test_open_routes_ask_for_nothing_and_a_wrong_key_changes_nothing(
    client: httpx.Client, row: tuple[str, str]
) -> None:
    without, wrong = ask(client, row, {}), ask(client, row, bearer("hanse_wrong"))
    assert without == wrong
    assert without[1] not in {"api_key", "scope", "request_signature"}


def test_an_ended_key_opens_nothing(client: httpx.Client, served: Served) -> None:
    made = served.own.keys.new(name="ended", scopes=SCOPES, expires_at=None)
    served.own.keys.revoke(made.key.id)
    for row in rows(*SCOPES):
        assert ask(client, row, bearer(made.secret)) == (401, "api_key")
