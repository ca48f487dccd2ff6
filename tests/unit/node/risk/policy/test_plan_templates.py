from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from node.risk.policy.plans import PlanTemplate, complaints

WORDS = {"en": "Call", "zh": "致电"}
STEP: dict[str, Any] = {"text": WORDS, "owner": "analyst", "within_hours": 4}
PLAN: dict[str, Any] = {"id": "insolvency", "title": WORDS, "trigger": WORDS, "steps": [STEP]}
TEMPLATE = TypeAdapter(PlanTemplate)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"steps": []}, "at least 1 item"),
        ({"steps": [STEP | {"owner": "system"}]}, "a step is a person's to do"),
        ({"steps": [STEP | {"owner": "boss"}]}, "Input should be"),
        ({"steps": [STEP | {"within_hours": 0}]}, "greater than or equal to 1"),
        ({"title": {"en": "Call"}}, "zh"),
        ({"contacts": [{"name": "Court"}]}, "reach"),
        ({"id": "In solvency"}, "match pattern"),
    ],
)
def test_a_template_that_cannot_be(change: dict[str, Any], reason: str) -> None:
    TEMPLATE.validate_python(PLAN)
    with pytest.raises(ValidationError, match=reason):
        TEMPLATE.validate_python(PLAN | change)


def test_an_id_is_one_templates_alone() -> None:
    template = TEMPLATE.validate_python(PLAN)
    assert list(complaints([template])) == []
    assert [place for place, _ in complaints([template, template])] == [
        ("plans", 0, "id"),
        ("plans", 1, "id"),
    ]
