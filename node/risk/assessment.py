"""One customer's assessment: what the score, the model and an expert say, side by side, and what follows.

Pure. Neither the score, the probability nor the expert overrules another in silence: all are in the
assessment, which says whose grade is in force. The matrix, the response and the onboarding decision go by
that grade.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from hanse_ledger.ids import SubjectId
from node.risk.expert import Expert
from node.risk.grades import Grade
from node.risk.matrix import Place, exposure_of, place
from node.risk.policy.conditions import Value
from node.risk.policy.whole import RiskPolicy
from node.risk.response import Advice, Amounts, Onboarding, advise, decide_onboarding
from node.risk.score import Reason, Score, score_of
from node.risk.signals.value import Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a customer.

    `probability` is a calibrated one, `expert` the assessment of an expert that stands; None where there is
    none.
    """

    subject: SubjectId = field(repr=False)
    personal: bool
    signals: Signals = field(repr=False)
    probability: float | None = None
    expert: Expert | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What a policy makes of what is known of a customer."""

    subject: SubjectId = field(repr=False)
    personal: bool
    score: Score
    probability: float | None
    expert: Grade | None
    """The grade of an expert's assessment that is in force."""
    in_force: Literal["score", "expert"]
    grade: Grade
    exposure_minor: int | None = field(repr=False)
    place: Place
    advice: Advice
    onboarding: Onboarding

    def describe(self) -> dict[str, Any]:
        """Return the assessment as it is shown; reasons by their codes."""
        return {
            "subject": self.subject,
            "personal": self.personal,
            "grade": self.grade,
            "in_force": self.in_force,
            "score": self.score.score,
            "score_grade": self.score.grade,
            "expert_grade": self.expert,
            "probability": self.probability,
            "known_weight": self.score.known_weight,
            "left_out": list(self.score.left_out),
            "reasons": [describe_reason(reason) for reason in self.score.reasons],
            "exposure_minor": self.exposure_minor,
            "matrix": self.place.describe(),
            "response": self.advice.describe(),
            "onboarding": self.onboarding.describe(),
        }


def assess(known: Known, policy: RiskPolicy, *, firm_open_minor: int | None, on: date) -> Assessment:
    """Assess a customer of a firm with so much open in all, on a day."""
    case: dict[str, Value] = {name: signal.value for name, signal in known.signals.items()}
    case["probability"] = known.probability
    case["personal"] = "yes" if known.personal else "no"
    score = score_of(policy.scorecard, policy.caps, policy.conditions, case)
    expert = None if known.expert is None else known.expert.grade_beside(score.grade, on=on)
    grade = expert or score.grade
    amounts = _amounts(known.signals, policy.limits.largest_single(firm_open_minor))
    placed = place(
        policy.matrix,
        grade=grade,
        probability=known.probability,
        exposure_minor=amounts.exposure_minor,
        largest_single_minor=amounts.largest_single_minor,
    )
    case |= {
        "grade": grade,
        "score": score.score,
        "exposure_minor": amounts.exposure_minor,
        "likelihood": placed.likelihood,
        "impact": placed.impact,
        "level": placed.level,
    }
    return Assessment(
        subject=known.subject,
        personal=known.personal,
        score=score,
        probability=known.probability,
        expert=expert,
        in_force="score" if expert is None else "expert",
        grade=grade,
        exposure_minor=amounts.exposure_minor,
        place=placed,
        advice=advise(policy.responses, policy.approvals, policy.conditions, case, amounts),
        onboarding=decide_onboarding(policy.onboarding, policy.conditions, case),
    )


def describe_reason(reason: Reason) -> dict[str, Any]:
    """Return a reason as it is shown: its code, its direction, its points and what it could have brought."""
    return {
        "code": reason.code,
        "direction": reason.direction,
        "points": reason.points,
        "most": reason.most,
        "unknown": reason.is_unknown,
    }


def _amounts(signals: Signals, largest_single_minor: int | None) -> Amounts:
    open_minor = _whole(signals["own.open_minor"].value)
    limit_minor = _whole(signals["own.limit_minor"].value)
    return Amounts(
        limit_minor=limit_minor,
        terms_days=signals["own.terms_days"].value,
        exposure_minor=exposure_of(open_minor, limit_minor),
        largest_single_minor=largest_single_minor,
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
