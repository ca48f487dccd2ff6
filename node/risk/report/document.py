"""One customer's risk report as data: `hanse-risk-report/1`, whose JSON schema is `schema.json` beside this.

Codes, figures and what people of the firm wrote; English sentences where a text of the catalogue says what a
figure is. Whoever shows a report puts it into words (`view`), in whichever language.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import Month, PartyId, SubjectId, month_text
from node.own.customers import Customer
from node.own.history import WITH_FIGURES
from node.risk.assessment import Assessment
from node.risk.roles import Actor
from node.risk.signals.catalogue import KINDS
from node.risk.signals.shown import show
from node.risk.signals.value import Signals
from node.storage.facts import PublicFact

FORMAT: Final = "hanse-risk-report/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What a report was made by."""

    program: str
    policy: Mapping[str, Any]
    """Number, name and SHA-256 of the policy in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What people of the firm say and do beside the assessment, each as it describes itself."""

    expert: Mapping[str, Any] | None = None
    """The newest assessment by an expert that was not replaced, with its `state`."""
    response: Mapping[str, Any] | None = None
    """The newest response, with what became of it."""
    risks: Sequence[Mapping[str, Any]] = ()
    """What the register holds of live risks."""
    warning: Mapping[str, Any] | None = None
    """The firm's own warning that stands."""
    review: Mapping[str, Any] | None = None
    """When the next review is, and when the last was."""
    probability: Mapping[str, Any] = field(default_factory=dict)
    """The version of the model, and why it gives no probability where it gives none."""
    themes: Sequence[str] = ()
    """What a customer may be told of the reasons, as codes: sources are in none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything that a report is made from: values only."""

    subject: SubjectId = field(repr=False)
    customers: Sequence[Customer] = field(repr=False)
    purpose: str | None
    made_at: datetime
    made_by: Actor
    party: PartyId
    consortium: Consortium = field(repr=False)
    last_closed: Month | None
    """The last month that this node knows to be closed."""
    answer: Mapping[str, Any] | None = field(repr=False)
    """The newest answered inquiry as `history.describe` gives it."""
    own: Sequence[Mapping[str, Any]] = field(repr=False)
    """The firm's own part in each window of the answer."""
    signals: Signals = field(repr=False)
    facts: Sequence[PublicFact] = field(repr=False)
    assessment: Assessment = field(repr=False)
    beside: Beside = field(repr=False)
    matrix: Sequence[Sequence[str]]
    versions: Versions
    proof: Mapping[str, Any] | None = field(default=None, repr=False)
    """The answer file's content."""


def report_of(contents: Contents) -> dict[str, Any]:
    """Return the report."""
    answer = contents.answer
    return {
        "format": FORMAT,
        "made_at": contents.made_at.isoformat(),
        "made_by": {"name": contents.made_by.name, "role": contents.made_by.role},
        "consortium": contents.consortium.id,
        "party": contents.party,
        "demo": contents.consortium.demo,
        "frame": _frame(contents.consortium),
        "subject": {
            "id": contents.subject,
            "personal": contents.assessment.personal,
            "customers": [{"customer": one.number, "name": one.name} for one in contents.customers],
        },
        "purpose": contents.purpose,
        "last_closed_month": None if contents.last_closed is None else month_text(contents.last_closed),
        "coverage": _coverage(answer),
        "answer": None if answer is None else {**answer, "has_figures": answer["status"] in WITH_FIGURES},
        "own": list(contents.own),
        "signals": [show(signal) for signal in contents.signals.values()],
        "facts": [fact.describe() for fact in contents.facts],
        "titles": {name: kind.title for name, kind in KINDS.items()},
        "assessment": contents.assessment.describe(),
        "expert": contents.beside.expert,
        "response": contents.beside.response,
        "risks": list(contents.beside.risks),
        "warning": contents.beside.warning,
        "review": contents.beside.review,
        "probability": dict(contents.beside.probability),
        "themes": list(contents.beside.themes),
        "matrix": [list(row) for row in contents.matrix],
        "versions": _versions(contents.versions, contents.consortium),
        "proof": contents.proof,
    }


@cache
def schema() -> Mapping[str, Any]:
    """Return the JSON schema of a report."""
    found: dict[str, Any] = json.loads((files(__package__) / "schema.json").read_text("utf-8"))
    return found


def _coverage(answer: Mapping[str, Any] | None) -> str:
    """Return what there is of the network to go by, in the words of the client's `coverage`."""
    if answer is None or answer["status"] not in WITH_FIGURES:
        return "none"
    if answer["status"] == "unchecked":
        return "unchecked"
    if answer["status"] == "nothing":
        return "none"
    return "withheld" if all(one["condition"] is None for one in answer["windows"]) else "checked"


def _frame(consortium: Consortium) -> dict[str, Any]:
    policy = consortium.policy
    return {
        "currency": policy.currency,
        "exponent": policy.exponent,
        "bounds": list(policy.bounds),
        "contributors_min": policy.contributors_min,
        "first_month": month_text(consortium.first_month),
    }


def _versions(versions: Versions, consortium: Consortium) -> dict[str, Any]:
    return {
        "program": versions.program,
        "policy": dict(versions.policy),
        "consortium_document": consortium.hash.hex(),
    }
