from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from support_risk_report import BAD, GOOD, UNKNOWN, report

from node.risk.report.document import schema


def problems(document: dict[str, Any]) -> list[str]:
    validator = Draft202012Validator(schema(), format_checker=FormatChecker())
    return [error.message for error in validator.iter_errors(document)]


@pytest.mark.parametrize("inputs", [GOOD, BAD, UNKNOWN])
def test_every_report_keeps_to_the_published_schema(inputs: Any) -> None:
    Draft202012Validator.check_schema(schema())
    assert problems(report(inputs)) == []


def test_the_schema_refuses_what_no_report_may_be() -> None:
    document = report(GOOD)
    assert problems({**document, "price": 1})
    assert problems({name: value for name, value in document.items() if name != "versions"})
    assert problems({**document, "assessment": {**document["assessment"], "grade": "F"}})


def test_points_of_the_reasons_make_the_score() -> None:
    for inputs in (GOOD, BAD):
        found = report(inputs)["assessment"]
        assert sum(reason["points"] for reason in found["reasons"]) == found["score"]


def test_good_and_bad_come_out_as_such() -> None:
    good, bad = report(GOOD)["assessment"], report(BAD)["assessment"]
    assert good["grade"] in {"A", "B"}
    assert bad["grade"] in {"D", "E"}
    assert good["score"] > bad["score"]


def test_unknown_is_said_and_never_a_zero() -> None:
    document = report(UNKNOWN)
    assert document["coverage"] == "none"
    assert document["assessment"]["score"] is None
    for signal in document["signals"]:
        assert (signal["value"] is None) == (signal["unknown"] is not None)


@pytest.mark.parametrize(
    ("status", "windows", "coverage"),
    [
        ("checked", [{"condition": [1]}], "checked"),
        ("checked", [{"condition": None}], "withheld"),
        ("nothing", [], "none"),
        ("unchecked", [{"condition": [1]}], "unchecked"),
        ("refused", [], "none"),
        ("disagreement", [], "none"),
    ],
)
def test_coverage_is_what_the_client_calls_so(status: str, windows: list[Any], coverage: str) -> None:
    answer = {"status": status, "windows": windows}
    assert report(GOOD, answer=answer)["coverage"] == coverage
