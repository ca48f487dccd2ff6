"""Templates of emergency plans in a policy: who does what, by when, with what, when something goes wrong."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

from pydantic import ConfigDict, Field

from node.risk.policy.watching import RuleId
from node.risk.roles import PERSONS, Role

_TEXT_CHARS_MOST: Final = 500
_LIST_MOST: Final = 50
_HOURS_MOST: Final = 24 * 90

_Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=_TEXT_CHARS_MOST)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text of the firm's own in both languages."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    en: _Text
    zh: _Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """One thing to do, by whom, and within how many hours after the plan was opened."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    text: Words
    owner: Role
    within_hours: Annotated[int, Field(ge=1, le=_HOURS_MOST)]

    def __post_init__(self) -> None:
        if self.owner not in PERSONS:
            raise ValueError("owner: a step is a person's to do")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom to reach outside: a lawyer, an insurer, a bailiff."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: _Text
    reach: _Text
    """A telephone number, an e-mail address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTemplate:
    """A plan as it is kept ready. `trigger` says in words when to open it; an alert rule may name it, too."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: RuleId
    title: Words
    trigger: Words
    steps: Annotated[tuple[PlanStep, ...], Field(min_length=1, max_length=_LIST_MOST)]
    resources: Annotated[tuple[_Text, ...], Field(max_length=_LIST_MOST)] = ()
    contacts: Annotated[tuple[Contact, ...], Field(max_length=_LIST_MOST)] = ()


def complaints(templates: Sequence[PlanTemplate]) -> Iterable[tuple[tuple[str | int, ...], str]]:
    """Yield places in the policy and what is wrong there: ids given twice."""
    counts = Counter(template.id for template in templates)
    for number, template in enumerate(templates):
        if counts[template.id] > 1:
            yield ("plans", number, "id"), f"id: {template.id} is given more than once"
