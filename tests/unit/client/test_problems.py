"""What a node says of a refusal, and what can be made of answers that say less."""

from typing import Any

import pytest

from hanse_client.errors import NodeUnavailableError, RefusedError
from hanse_client.problems import parse_json, problem_of, refusal, retry_after_s

NOW_S = 1_790_000_000.0  # Mon, 21 Sep 2026 14:13:20 GMT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("Mon, 21 Sep 2026 14:13:50 GMT", 30),
        ("Mon, 21 Sep 2026 14:13:00 GMT", 0),
        ("", None),
        ("-1", None),
        ("1e3", None),
        ("nan", None),
        ("inf", None),
        ("9" * 400, None),
        ("soon", None),
        ("Mon, 99 Sep 2026 14:13:50 GMT", None),
    ],
)
def test_how_long_to_wait(text: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": text}, NOW_S) == seconds


def test_a_problem_is_told_by_its_code_and_request() -> None:
    body = b'{"code": "budget", "detail": "spent", "request_id": "4711"}'
    error = refusal(429, {"retry-after": "7"}, body, NOW_S)
    assert isinstance(error, RefusedError)
    assert (error.code, error.problem.code, error.problem.request_id) == ("limit", "budget", "4711")
    assert (error.problem.detail, error.retry_after_s) == ("spent", 7)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"code": 7, "detail": null}', b"\xff"])
def test_a_page_that_is_no_problem_has_its_status(body: bytes) -> None:
    problem = problem_of(418, {"x-request-id": "4712"}, body)
    assert (problem.status, problem.code, problem.request_id) == (418, "http", "4712")


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[1]", b'{"a": 1, "a": 1}', b'{"a": NaN}', b"{", b"[" * 100_000]
)
def test_what_is_no_json_object_cannot_be_read(body: Any) -> None:
    with pytest.raises(NodeUnavailableError):
        parse_json(body)
