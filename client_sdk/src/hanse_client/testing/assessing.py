"""What the fake says of subjects by its firm's policy: what a test has set; of others too little is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hanse_client.assessments import Decision, Grade, Response
from hanse_client.testing.book import Refusal
from hanse_ledger.ids import SubjectId

_POLICY: Final = {
    "version": 1,
    "sha256": "0" * 64,
    "adopted_at": None,
    "actor": "system",
    "role": "system",
    "note": "",
}


@dataclass(slots=True, kw_only=True)
class Assessing:
    """`refusal` is the code with which assessments are refused; None while they are given."""

    refusal: str | None = None
    _set: dict[SubjectId, dict[str, Any]] = field(default_factory=dict)

    def assess(
        self,
        subject: SubjectId,
        *,
        grade: Grade,
        score: int | None,
        response: Response,
        decision: Decision,
        measures: Sequence[str] = (),
        reasons: Mapping[str, int] | None = None,
    ) -> None:
        """Let a subject be assessed so; `reasons` are points by code, which make the score."""
        points = dict(reasons or ({} if score is None else {"own.delay_mean_days:for": score}))
        self._set[subject] = _described(
            grade=grade, score=score, response=response, decision=decision, measures=measures, points=points
        )

    def describe(self, subject: SubjectId) -> dict[str, Any]:
        """Return a subject's assessment as a node does; raises Refusal."""
        if self.refusal is not None:
            status = 404 if self.refusal == "not_found" else 403
            raise Refusal(status, self.refusal, "set by a test")
        found = self._set.get(subject) or _described(
            grade="U", score=None, response="mitigate", decision="refer", measures=(), points={}
        )
        return {"policy": _POLICY, "assessment": {"subject": subject, **found}, "proposed": []}


def _described(
    *,
    grade: Grade,
    score: int | None,
    response: Response,
    decision: Decision,
    measures: Sequence[str],
    points: Mapping[str, int],
) -> dict[str, Any]:
    conditions = list(measures) if decision == "proceed_with_conditions" else []
    return {
        "grade": grade,
        "in_force": "score",
        "score": score,
        "reasons": [_reason(code, brought) for code, brought in points.items()],
        "response": {"rule": f"fake-{response}", "response": response, "measures": list(measures)},
        "onboarding": {"rule": f"fake-{decision}", "decision": decision, "conditions": conditions},
    }


def _reason(code: str, points: int) -> dict[str, Any]:
    direction = code.rpartition(":")[2]
    known = direction if direction in ("for", "neither") else "against"
    return {"code": code, "direction": known, "points": points, "most": 100, "unknown": False}
