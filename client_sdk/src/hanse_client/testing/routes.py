"""What the fake answers over HTTP: the member's paths of interfaces.md."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import httpx

from hanse_client.testing.answers import FakeStewards, Known
from hanse_client.testing.log import Log
from hanse_ledger.errors import SubjectIdError
from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import parse_subject

Answer: TypeAlias = dict[str, Any]

SUBJECTS_MOST: Final = 64
_OPEN: Final = ("/v1/consortium", "/log/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request that reached the fake."""

    method: str
    path: str
    idempotency_key: str | None
    body: bytes


@dataclass(slots=True, kw_only=True)
class Routes:
    """The node behind the paths. `replies` are what POSTs were answered, by Idempotency-Key."""

    api_key: str = field(repr=False)
    log: Log
    stewards: FakeStewards
    known: Callable[[SubjectId], Known]
    answering: int = 4
    replays: int = 0
    changes: deque[Callable[[Answer], object]] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    replies: dict[str, tuple[bytes, httpx.Response]] = field(default_factory=dict)
    last: dict[SubjectId, Answer] = field(default_factory=dict)

    def receive(self, request: httpx.Request) -> None:
        """Note a request."""
        self.received.append(
            Received(
                method=request.method,
                path=request.url.path,
                idempotency_key=request.headers.get("idempotency-key"),
                body=request.content,
            )
        )

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Answer a request: by its key as the first time, where there was one."""
        path = request.url.path
        if not path.startswith(_OPEN) and request.headers.get("authorization") != f"Bearer {self.api_key}":
            return problem(401, "api_key", "an API key of this node's party is needed")
        key = request.headers.get("idempotency-key")
        if request.method != "POST" or key is None:
            return self._route(request)
        if key not in self.replies:
            self.replies[key] = request.content, self._route(request)
        body, reply = self.replies[key]
        if body != request.content:
            return problem(409, "idempotency", "the key was used for another request")
        return reply

    def _route(self, request: httpx.Request) -> httpx.Response:
        match request.method, request.url.path:
            case "GET", "/v1/consortium":
                document = json.loads(self.log.dealt.consortium.raw)
                return _json({"document": document, "genesis": self.log.entries[0].hex()})
            case "GET", "/log/checkpoint":
                return httpx.Response(200, text=self.log.checkpoint())
            case "POST", "/v1/inquiries":
                return self._inquire(json.loads(request.content))
            case _:
                return problem(404, "not_found", "nothing is here")

    def _inquire(self, asked: Mapping[str, Any]) -> httpx.Response:
        subjects, purpose = asked["subjects"], asked["purpose"]
        if not 1 <= len(subjects) <= SUBJECTS_MOST:
            return problem(400, "malformed", "an inquiry is about 1 to 64 subjects")
        try:
            ids = [self.log.state.primary_of(parse_subject(text).id) for text in subjects]
        except SubjectIdError as error:
            return problem(422, error.code, str(error))
        answers = self._answers(ids, purpose)
        return _json({"answers": [self._changed(answers[subject]) for subject in ids]})

    def _answers(self, ids: list[SubjectId], purpose: str) -> dict[SubjectId, Answer]:
        if self.replays and all(subject in self.last for subject in ids):
            self.replays -= 1
            return self.last
        known = {subject: self.known(subject) for subject in ids}
        if purpose not in self.log.dealt.consortium.policy.purposes:
            known = dict.fromkeys(ids, Known(status="refused", code="purpose"))
        answers = self.stewards.ask(known, purpose, self.answering)
        self.last.update(answers)
        return answers

    def _changed(self, answer: Answer) -> Answer:
        if self.changes:
            answer = json.loads(json.dumps(answer))
            self.changes.popleft()(answer)
        return answer


def problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Return a refusal as a node words it (RFC 9457)."""
    content = {"title": code, "status": status, "detail": detail, "code": code}
    given = {"content-type": "application/problem+json", **(headers or {})}
    return httpx.Response(status, headers=given, content=json.dumps(content).encode())


def _json(content: Mapping[str, Any]) -> httpx.Response:
    return httpx.Response(200, json=content)
