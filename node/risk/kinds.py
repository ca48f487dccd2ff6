"""The four kinds of risk, and how probability and impact of one are rated: by classes from 1 to 5."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import ConfigDict, Field

from hanse_ledger.errors import MalformedError
from node.texts import mark

RiskKind: TypeAlias = Literal["credit", "market", "operational", "legal"]
"""`legal` is legal and compliance."""
KINDS: Final[tuple[RiskKind, ...]] = get_args(RiskKind)
KIND_WORDS: Final[Mapping[RiskKind, str]] = MappingProxyType(
    {
        "credit": mark("credit risk"),
        "market": mark("market risk"),
        "operational": mark("operational risk"),
        "legal": mark("legal and compliance risk"),
    }
)
RATING_MOST: Final = 5
"""The classes are those of the risk matrix."""
RatingClass: TypeAlias = Annotated[int, Field(ge=1, le=RATING_MOST)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """How likely something is and how bad it would be, each from 1 to 5."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    probability: RatingClass
    impact: RatingClass

    def __post_init__(self) -> None:
        if not (1 <= self.probability <= RATING_MOST and 1 <= self.impact <= RATING_MOST):
            raise MalformedError(f"probability and impact are classes from 1 to {RATING_MOST}")

    def describe(self) -> dict[str, int]:
        """Return the rating as it is shown."""
        return {"probability": self.probability, "impact": self.impact}
