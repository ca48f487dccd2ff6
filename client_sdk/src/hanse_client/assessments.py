"""What the firm's own policy makes of a subject, as its node says it.

Its word alone: each firm judges by its own policy and books, so nobody else could verify it. The network's
figures that a report shows beside it are verified all the same.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from hanse_client.shapes import Shape, as_text

Grade: TypeAlias = Literal["A", "B", "C", "D", "E", "U"]
Decision: TypeAlias = Literal["proceed", "proceed_with_conditions", "refer", "decline"]
Direction: TypeAlias = Literal["for", "against", "neither"]
Response: TypeAlias = Literal["avoid", "mitigate", "transfer", "accept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What a factor brings to the score, or what a rule above it takes. The points of all make the score."""

    code: str
    """Stable: the signal and its direction, or `cap:` and the rule's name."""
    direction: Direction
    points: int
    most: int
    """What it could have brought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarding:
    """Whether to take the subject on as a new customer, by the first rule of the policy that fits."""

    decision: Decision
    """`refer`: a person decides. A natural person is never declined by a rule alone."""
    rule: str
    conditions: tuple[str, ...]
    """Measures that go with `proceed_with_conditions`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One subject by the policy in force."""

    grade: Grade
    """In force: the expert's where one stands, else the score's. `U`: too little is known."""
    score: int | None
    """0 to 100; None where too little is known."""
    in_force: Literal["score", "expert"]
    response: Response
    rule: str
    """Of the policy, which says the response."""
    measures: tuple[str, ...]
    reasons: tuple[Reason, ...]
    """In the order of what they cost, the dearest first."""
    onboarding: Onboarding
    policy: str
    """SHA-256 of the policy's file, in hex."""


def assessment_of(content: Any) -> Assessment:
    """Read an assessment as a node shows it."""
    shape = Shape(content)
    return shape.nested(
        "assessment", lambda found: _assessment(Shape(found), shape.nested("policy", _sha256))
    )


def _assessment(shape: Shape, policy: str) -> Assessment:
    response = shape.nested("response", Shape)
    reasons = shape.each("reasons", _reason)
    return Assessment(
        grade=shape.choice("grade", get_args(Grade)),
        score=shape.number_or_none("score"),
        in_force=shape.choice("in_force", ("score", "expert")),
        response=response.choice("response", get_args(Response)),
        rule=response.text("rule"),
        measures=response.each("measures", as_text),
        reasons=tuple(sorted(reasons, key=lambda one: (one.points - one.most, one.code))),
        onboarding=shape.nested("onboarding", _onboarding),
        policy=policy,
    )


def _reason(content: Any) -> Reason:
    shape = Shape(content)
    return Reason(
        code=shape.text("code"),
        direction=shape.choice("direction", get_args(Direction)),
        points=shape.integer("points"),
        most=shape.number("most"),
    )


def _onboarding(content: Any) -> Onboarding:
    shape = Shape(content)
    return Onboarding(
        decision=shape.choice("decision", get_args(Decision)),
        rule=shape.text("rule"),
        conditions=shape.each("conditions", as_text),
    )


def _sha256(content: Any) -> str:
    return Shape(content).text("sha256")
