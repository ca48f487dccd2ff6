"""Disputes and withdrawals as a node's own people handle them, by messages to the node's thread."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypeAlias, get_args

from hanse_ledger.errors import MalformedError
from hanse_ledger.filings import DisputeOutcome
from hanse_ledger.ids import SubjectId, parse_month
from hanse_ledger.privacy.bulletin import Code
from hanse_ledger.subjects import parse_subject
from node.member import MemberNode
from node.own.replies import as_json
from node.risk.roles import Actor

OutcomeName: TypeAlias = Literal["upheld", "corrected", "cannot_be_confirmed"]
AnswerName: TypeAlias = Literal["confirmed", "corrected", "cannot_be_confirmed"]
ReasonName: TypeAlias = Literal["error", "wrong_subject"]

OPEN: Final = "open-dispute"
RESOLVE: Final = "resolve-dispute"
CASES: Final = "cases"
LEARN: Final = "subject-access"
CONTESTED: Final = "contested"
ANSWER: Final = "answer-dispute"
WITHDRAW: Final = "withdraw-row"
WITHDRAWALS: Final = "withdrawals"

Verbs: TypeAlias = dict[str, Callable[[bytes], bytes]]


def desk_verbs(member: MemberNode) -> Verbs:
    """Return what a desk's own people may ask about its disputes."""
    return {
        OPEN: lambda body: _open(member, **json.loads(body)),
        LEARN: lambda body: _learn(member, **json.loads(body)),
        RESOLVE: lambda body: _resolve(member, **json.loads(body)),
        CASES: lambda _body: as_json({"items": [case.describe() for case in member.cases.listed()]}),
    }


def contributor_verbs(member: MemberNode) -> Verbs:
    """Return what a member's own people may ask about rows that are contested or were wrong."""
    return {
        CONTESTED: lambda body: _contested(member, **json.loads(body)),
        ANSWER: lambda body: _answer(member, **json.loads(body)),
        WITHDRAW: lambda body: _withdraw(member, **json.loads(body)),
        WITHDRAWALS: lambda body: _withdrawals(member, **json.loads(body)),
    }


def open_body(subject: str, reference: str) -> bytes:
    """Return the message that opens a dispute; raises SubjectIdError."""
    return as_json({"subject": parse_subject(subject).id, "reference": reference})


def resolve_body(index: int, outcome: str) -> bytes:
    """Return the message that resolves a dispute; raises MalformedError for what is no outcome."""
    _check(outcome, get_args(OutcomeName), "outcome")
    return as_json({"index": index, "outcome": outcome})


def learn_body(subject: str, call: str) -> bytes:
    """Return the message that asks how often a subject was inquired on; raises SubjectIdError."""
    return as_json({"subject": parse_subject(subject).id, "call": call})


def look_body(actor: Actor) -> bytes:
    """Return the message that lists what only some may see."""
    return as_json({"actor": _fields(actor)})


def answer_body(actor: Actor, dispute: int, said: str, months: Sequence[str]) -> bytes:
    """Return the message that answers a dispute for some months, or for all; raises MalformedError."""
    _check(said, get_args(AnswerName), "said")
    for month in months:
        _month(month)
    return as_json({"actor": _fields(actor), "dispute": dispute, "said": said, "months": list(months)})


def withdraw_body(actor: Actor, subject: str, month: str, reason: str) -> bytes:
    """Return the message that withdraws a row; raises SubjectIdError or MalformedError."""
    _check(reason, get_args(ReasonName), "reason")
    _month(month)
    content = {"subject": parse_subject(subject).id, "month": month, "reason": reason}
    return as_json({"actor": _fields(actor), **content})


def _open(member: MemberNode, *, subject: str, reference: str) -> bytes:
    return as_json(member.cases.open(SubjectId(subject), reference).describe())


def _resolve(member: MemberNode, *, index: int, outcome: str) -> bytes:
    return as_json(member.cases.resolve(index, DisputeOutcome[outcome.upper()]).describe())


def _learn(member: MemberNode, *, subject: str, call: str) -> bytes:
    return as_json(member.access.learn(SubjectId(subject), call).describe())


def _contested(member: MemberNode, *, actor: dict[str, Any]) -> bytes:
    return as_json({"items": [row.describe() for row in member.contests.listed(Actor(**actor))]})


def _answer(
    member: MemberNode, *, actor: dict[str, Any], dispute: int, said: str, months: list[str]
) -> bytes:
    of = [parse_month(month) for month in months]
    rows = member.contests.answer(Actor(**actor), dispute, Code[said.upper()], of)
    return as_json({"items": [row.describe() for row in rows]})


def _withdraw(member: MemberNode, *, actor: dict[str, Any], subject: str, month: str, reason: str) -> bytes:
    withdrawn = member.withdrawals.withdraw(
        Actor(**actor), SubjectId(subject), parse_month(month), Code[reason.upper()]
    )
    return as_json(withdrawn.describe())


def _withdrawals(member: MemberNode, *, actor: dict[str, Any]) -> bytes:
    return as_json({"items": [one.describe() for one in member.withdrawals.listed(Actor(**actor))]})


def _fields(actor: Actor) -> dict[str, str]:
    return {"name": actor.name, "role": actor.role}


def _check(value: str, known: Sequence[str], name: str) -> None:
    if value not in known:
        raise MalformedError(f"{name}: one of {', '.join(known)}")


def _month(text: str) -> None:
    try:
        parse_month(text)
    except ValueError:
        raise MalformedError("month: a month as YYYY-MM") from None
