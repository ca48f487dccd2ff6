"""What is asked through the fake: inquiries, portfolios, and the history of both."""

import json
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from hanse_client.testing.answers import FakeStewards, Known
from hanse_client.testing.book import Book, Refusal
from hanse_client.testing.log import Log
from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import parse_subject

Answer: TypeAlias = dict[str, Any]
Change: TypeAlias = Callable[[Answer], object]

SUBJECTS_MOST: Final = 64
STEWARDS_ANSWERING: Final = 4
RUNNING: Final = "running"
DONE: Final = "done"
CANCELLED: Final = "cancelled"
_PIECE: Final = 1_024
_FIGURES: Final = ("checked", "nothing", "unchecked")
_MADE_AT: Final = "2026-10-01T09:00:00+00:00"


@dataclass(slots=True, kw_only=True)
class Asking:
    """A portfolio is worked off the first time that somebody asks how far it is."""

    log: Log
    stewards: FakeStewards
    known: Callable[[SubjectId], Known]
    book: Book
    answering: int = STEWARDS_ANSWERING
    replays: int = 0
    changes: deque[Change] = field(default_factory=deque)
    history: list[Answer] = field(default_factory=list)
    portfolios: dict[str, dict[str, Any]] = field(default_factory=dict)
    _items: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _last: dict[SubjectId, Answer] = field(default_factory=dict)

    def inquire(self, subjects: Sequence[str], purpose: str) -> list[Answer]:
        """Return the answer to each subject, in the order asked."""
        if not 1 <= len(subjects) <= SUBJECTS_MOST:
            raise Refusal(400, "malformed", "an inquiry is about 1 to 64 subjects")
        ids = [self.log.state.primary_of(parse_subject(text).id) for text in subjects]
        answers = self._ask(ids, purpose)
        return [self._changed(answers[subject]) for subject in ids]

    def file(self, request_id: str) -> Answer:
        """Return the answer file of an inquiry."""
        for answer in self.history:
            if answer["request_id"] == request_id:
                if "proof" not in answer:
                    raise _no_proof(answer)
                return self._changed(answer)
        raise Refusal(404, "not_found", "no inquiry has this request id")

    def listed(self) -> list[Answer]:
        """Return what was asked, the newest first."""
        return [_listing(answer) for answer in reversed(self.history)]

    def new_portfolio(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Begin a portfolio."""
        portfolio_id = f"{len(self.portfolios) + 1:032x}"
        self._items[portfolio_id] = [self._item(*numbered) for numbered in enumerate(asked["subjects"])]
        self.portfolios[portfolio_id] = {
            "id": portfolio_id,
            "name": asked["name"],
            "purpose": asked["purpose"],
            "state": RUNNING,
            "code": None,
            "total": len(asked["subjects"]),
            "created_at": _MADE_AT,
            "ended_at": None,
        }
        return self._shown(portfolio_id)

    def portfolio(self, portfolio_id: str) -> dict[str, Any]:
        """Return a portfolio as it stands, and let it go on if it runs."""
        shown = self._shown(portfolio_id)
        if shown["state"] == RUNNING:
            self._work_off(portfolio_id)
        return shown

    def portfolio_answers(self, portfolio_id: str) -> list[dict[str, Any]]:
        """Return what became of each of a portfolio's subjects."""
        self._shown(portfolio_id)
        return self._items[portfolio_id]

    def turn(self, portfolio_id: str, to: str) -> dict[str, Any]:
        """Cancel a portfolio or resume it."""
        found = self.portfolios[self._shown(portfolio_id)["id"]]
        if found["state"] == DONE:
            raise Refusal(409, "portfolio_state", "the portfolio is done")
        found["state"] = CANCELLED if to == "cancel" else RUNNING
        return self._shown(portfolio_id)

    def _ask(self, ids: Sequence[SubjectId], purpose: str) -> dict[SubjectId, Answer]:
        if self.replays and all(subject in self._last for subject in ids):
            self.replays -= 1
            return self._last
        known = {subject: self.known(subject) for subject in ids}
        if purpose not in self.log.dealt.consortium.policy.purposes:
            known = dict.fromkeys(ids, Known(status="refused", code="purpose"))
        answers = self.stewards.ask(known, purpose, self.answering)
        self._last.update(answers)
        self.history.extend(answers.values())
        return answers

    def _changed(self, answer: Answer) -> Answer:
        if self.changes:
            answer = json.loads(json.dumps(answer))
            self.changes.popleft()(answer)
        return answer

    def _item(self, number: int, asked: str) -> dict[str, Any]:
        subject = self.book.subject_of(asked)
        brought = {"number": number, "asked": asked}
        if subject is None:
            return {**brought, "status": "refused", "code": "subject_id"}
        return {**brought, "status": "open", "subject": self.log.state.primary_of(SubjectId(subject))}

    def _work_off(self, portfolio_id: str) -> None:
        items, found = self._items[portfolio_id], self.portfolios[portfolio_id]
        subjects = list(dict.fromkeys(item["subject"] for item in items if item["status"] == "open"))
        answers: dict[SubjectId, Answer] = {}
        for start in range(0, len(subjects), _PIECE):
            answers |= self._ask(subjects[start : start + _PIECE], found["purpose"])
        for item in items:
            if item["status"] == "open":
                answer = answers[item["subject"]]
                item.update({name: value for name, value in answer.items() if name != "proof"})
        found |= {"state": DONE, "ended_at": _MADE_AT}

    def _shown(self, portfolio_id: str) -> dict[str, Any]:
        if portfolio_id not in self.portfolios:
            raise Refusal(404, "not_found", "no portfolio has this id")
        counts = Counter(item["status"] for item in self._items[portfolio_id])
        answered = {status: counts[status] for status in (*_FIGURES, "disagreement", "refused")}
        failed = counts["refused"] + counts["disagreement"]
        progress = {"done": counts.total() - counts["open"], "failed": failed, **answered}
        return {**self.portfolios[portfolio_id], **progress}


def _no_proof(answer: Answer) -> Refusal:
    if answer["status"] in _FIGURES:
        return Refusal(503, "unavailable", "too few stewards are in reach to prove it")
    return Refusal(422, "rejected", "an outcome without figures makes no answer file")


def _listing(answer: Answer) -> dict[str, Any]:
    proof = answer.get("proof", {})
    shown = {name: answer[name] for name in ("request_id", "subject", "purpose", "status")}
    code = {"code": answer["code"]} if "code" in answer else {}
    return {**shown, "made_at": _MADE_AT, "index": proof.get("index"), **code}
