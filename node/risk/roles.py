"""Who may do what in risk management: one table, and what is not in it is denied.

API keys open routes by scope; what a person may decide or look at behind them follows from its role alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

from hanse_ledger.errors import NotPermittedError

Role: TypeAlias = Literal["analyst", "approver", "compliance", "admin", "auditor", "system"]
Action: TypeAlias = Literal[
    "people.view",
    "people.manage",
    "audit.read",
    "expert.view",
    "expert.assess",
    "expert.confirm",
    "expert.withdraw",
    "register.view",
    "register.enter",
    "register.find",
    "register.change",
    "register.accept",
    "warning.view",
    "warning.raise",
    "warning.clear",
    "review.view",
    "review.record",
    "review.feed",
    "policy.view",
    "policy.preview",
    "policy.adopt",
    "assessment.view",
    "assessment.run",
    "local.enter",
    "model.view",
    "model.fit",
    "signals.view",
    "limits.view",
    "limits.set",
    "response.view",
    "response.decide",
    "response.finish",
    "watch.view",
    "watch.change",
    "alert.view",
    "alert.work",
    "delivery.view",
    "delivery.retry",
    "plan.view",
    "plan.open",
    "plan.drill",
    "plan.tick",
    "plan.close",
    "report.view",
    "report.ask",
    "portfolio.view",
    "portfolio.keep",
    "row.view",
    "row.withdraw",
    "row.answer",
]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
PERSONS: Final[tuple[Role, ...]] = ("analyst", "approver", "compliance", "admin", "auditor")
"""The roles that a person can have; `system` is the node itself."""

_DESK: Final[frozenset[Role]] = frozenset({"analyst", "approver", "compliance"})
"""Whose work customers are."""
_READERS: Final[frozenset[Role]] = _DESK | {"auditor", "system"}

ALLOWED: Final[Mapping[Action, frozenset[Role]]] = MappingProxyType(
    {
        "people.view": frozenset(PERSONS),
        "people.manage": frozenset({"admin"}),
        "audit.read": frozenset({"auditor", "compliance"}),
        "expert.view": _READERS,
        "expert.assess": _DESK,
        "expert.confirm": frozenset({"approver"}),
        "expert.withdraw": _DESK,
        "register.view": _READERS,
        "register.enter": _DESK,
        "register.find": _DESK | {"system"},
        "register.change": _DESK,
        "register.accept": frozenset({"approver", "compliance"}),
        "warning.view": _READERS,
        "warning.raise": _DESK,
        "warning.clear": _DESK,
        "review.view": _READERS,
        "review.record": _DESK,
        "review.feed": _DESK,
        "policy.view": _READERS | {"admin"},
        "policy.preview": _DESK | {"admin"},
        "policy.adopt": frozenset({"approver"}),
        "assessment.view": _READERS,
        "assessment.run": _DESK | {"system"},
        "local.enter": _DESK,
        "model.view": _READERS | {"admin"},
        "model.fit": _DESK | {"admin"},
        "signals.view": _READERS,
        "limits.view": _READERS | {"admin"},
        # Whoever takes over a firm's limits in bulk is its admin; a single one is a decision on credit.
        "limits.set": frozenset({"approver", "admin"}),
        "response.view": _READERS,
        # Who may decide on one response, its step of the policy says; nobody outside of this does.
        "response.decide": frozenset({"analyst", "approver", "compliance", "admin"}),
        "response.finish": _DESK,
        "watch.view": _READERS,
        "watch.change": _DESK,
        "alert.view": _READERS,
        "alert.work": _DESK,
        "delivery.view": _READERS | {"admin"},
        "delivery.retry": frozenset({"admin"}),
        "plan.view": _READERS | {"admin"},
        "plan.open": _DESK,
        "plan.drill": _DESK | {"admin"},
        "plan.tick": _DESK | {"admin"},
        "plan.close": frozenset({"approver", "compliance"}),
        "report.view": _READERS,
        "report.ask": _DESK | {"system"},
        "portfolio.view": _READERS,
        "portfolio.keep": _DESK | {"system"},
        "row.view": _READERS,
        "row.withdraw": frozenset({"approver", "compliance"}),
        "row.answer": frozenset({"approver", "compliance"}),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a person of the registry in its role, or the node itself."""

    name: str
    role: Role


SYSTEM: Final = Actor(name="system", role="system")


def require(actor: Actor, action: Action) -> None:
    """Raise NotPermittedError unless the table allows the actor's role an action."""
    if actor.role not in ALLOWED.get(action, frozenset()):
        raise NotPermittedError(f"the role {actor.role} does not allow {action}")
