"""The OpenAPI document: every operation says what it takes, answers and refuses, and its examples hold."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import httpx
import pytest
from support_http import API_KEY

from node.own.scopes import SCOPES

Operation: TypeAlias = tuple[str, str, dict[str, Any]]
OPEN = {"/v1/consortium", "/v1/statements", "/v1/schemas/risk-report"}
WITHOUT_BODY = {
    "/v1/alerts/{alert_id}/acknowledge",
    "/v1/disputes",
    "/v1/sealing-keys",
    "/v1/subjects/{subject}/expert/{assessment_id}/confirm",
    "/v1/risks/find",
    "/v1/reviews/calendar",
    "/v1/portfolio-risk",
    "/v1/reports",
    "/v1/imports/{import_id}/confirm",
    "/v1/responses",
    "/v1/responses/{response_id}/approve",
    "/v1/subjects/{subject}/assessment",
    "/v1/webhooks/{channel}/retry",
} | {f"/v1/portfolios/{{portfolio_id}}/{verb}" for verb in ("cancel", "resume")}


@pytest.fixture(scope="module")
def shown(still_client: httpx.Client) -> dict[str, Any]:
    document: dict[str, Any] = still_client.get("/openapi.json").json()
    return document


@pytest.fixture(scope="module")
def operations(shown: dict[str, Any]) -> list[Operation]:
    return [
        (method, path, one) for path, methods in shown["paths"].items() for method, one in methods.items()
    ]


def test_every_operation_says_what_it_does_takes_and_refuses(operations: list[Operation]) -> None:
    assert len(operations) > 40
    for method, path, operation in operations:
        assert operation["description"], path
        statuses = set(operation["responses"])
        assert any(status.startswith("2") for status in statuses), path
        assert "500" in statuses, path
        if method in {"post", "put"}:
            assert ("requestBody" in operation) is (path not in WITHOUT_BODY), path
        if path.startswith("/v1/") and path not in OPEN:
            assert {"401", "403", "429", "503"} <= statuses, path
        if "{" in path:
            assert "404" in statuses, path


def test_every_refusal_is_a_problem_with_an_example(operations: list[Operation]) -> None:
    for _, path, operation in operations:
        for status, answer in operation["responses"].items():
            if status[0] in "45" and (path, status) != ("/log/add-checkpoint", "409"):
                problem = answer["content"]["application/problem+json"]
                assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
                assert problem["example"]["status"] == int(status)


def _examples(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if "example" in value:
            yield value["example"]
        for one in value.values():
            yield from _examples(one)


def test_json_that_is_taken_comes_with_an_example(shown: dict[str, Any], operations: list[Operation]) -> None:
    for _, path, operation in operations:
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is not None:
            model = body["schema"].get("$ref", "").rpartition("/")[2]
            assert [*_examples(body), *_examples(shown["components"]["schemas"].get(model))], path


def test_every_scope_is_needed_somewhere_and_no_operation_needs_two(operations: list[Operation]) -> None:
    needed = [
        scopes
        for _, _, operation in operations
        for one in operation.get("security", ())
        for scopes in one.values()
    ]
    assert all(len(scopes) <= 1 for scopes in needed)
    # Whether /metrics needs its scope depends on the settings.
    assert {scope for scopes in needed for scope in scopes} == set(SCOPES) - {"metrics:read"}


def test_a_long_body_is_refused_before_it_is_read_into_a_model(still_client: httpx.Client) -> None:
    key = {"authorization": f"Bearer {API_KEY}", "content-type": "application/json"}
    for path in ("/v1/inquiries", "/v1/months/close", "/v1/api-keys"):
        answer = still_client.post(path, content=b" " * (64 << 10) + b"{}", headers=key)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
