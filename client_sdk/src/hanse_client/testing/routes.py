"""What the fake answers over HTTP: the member's paths of interfaces.md."""

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from http import HTTPStatus
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

import httpx

from hanse_client.testing.answers import FakeStewards, Known
from hanse_client.testing.book import Book, Refusal
from hanse_client.testing.log import Log
from hanse_ledger.errors import SubjectIdError
from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import parse_subject

Answer: TypeAlias = dict[str, Any]

SUBJECTS_MOST: Final = 64
PAGE: Final = 3
"""How many items a page has: few, so that whoever forgets the cursor notices."""
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
    book: Book = field(default_factory=Book)

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
            return problem(HTTPStatus.UNAUTHORIZED, "api_key", "an API key of this node's party is needed")
        key = request.headers.get("idempotency-key")
        if request.method != "POST" or key is None:
            return self._answer(request)
        if key not in self.replies:
            self.replies[key] = request.content, self._answer(request)
        body, reply = self.replies[key]
        if body != request.content:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_mismatch", "another request's key")
        return reply

    def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._route(request, request.url.raw_path.decode().partition("?")[0].split("/")[1:])
        except Refusal as refusal:
            return problem(refusal.status, refusal.code, refusal.detail)
        except SubjectIdError as error:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, error.code, str(error))

    def _route(self, request: httpx.Request, path: list[str]) -> httpx.Response:
        match request.method, *path:
            case "GET", "v1", "consortium":
                document = json.loads(self.log.dealt.consortium.raw)
                return _json({"document": document, "genesis": self.log.entries[0].hex()})
            case "GET", "log", "checkpoint":
                return httpx.Response(200, text=self.log.checkpoint())
            case "POST", "v1", "inquiries":
                return self._inquire(json.loads(request.content))
            case "GET", "v1", "reports":
                return _json(self._reporting())
            case _, "v1", "imports", *rest:
                return self._imports(request, rest)
            case _, "v1", "subjects", *rest:
                return self._subjects(request, rest)
            case _:
                raise Refusal(404, "not_found", "nothing is here")

    def _imports(self, request: httpx.Request, path: list[str]) -> httpx.Response:
        query = request.url.params
        items: Sequence[Any]
        match request.method, *path:
            case ("POST",):
                as_of = query.get("as_of") or date.today().isoformat()  # noqa: DTZ011 - as its caller's machine
                return _json(self.book.preview(request.content, as_of), HTTPStatus.CREATED)
            case ("GET",):
                items = list(self.book.imports.values())[::-1]
            case "GET", import_id, "refused":
                items = self.book.refused(import_id)
            case "GET", import_id, "unmatched":
                items = self.book.unmatched(import_id)
            case _:
                return _json(self._import(request.method, path, skip_refused="skip_refused" in query))
        return _page(items, query)

    def _import(self, method: str, path: list[str], *, skip_refused: bool) -> dict[str, Any]:
        match method, *path:
            case "GET", import_id:
                return self.book.one(import_id)
            case "DELETE", import_id:
                return self.book.discard(import_id)
            case "POST", import_id, "confirm":
                return self.book.confirm(import_id, skip_refused=skip_refused)
            case _:
                raise Refusal(404, "not_found", "nothing is here")

    def _subjects(self, request: httpx.Request, path: list[str]) -> httpx.Response:
        query = request.url.params
        match request.method, *path:
            case ("POST",):
                return _json(self.book.upload(request.content))
            case ("GET",):
                return _page(self.book.listed(without_subject="without_subject" in query), query)
            case "GET", "match" if "id" in query:
                subject = self.log.state.primary_of(parse_subject(query["id"]).id)
                return _json({"subject": subject, "matches": self.book.of_subject(subject)})
            case "GET", "match":
                return _json({"subject": None, "matches": self.book.of_name(query["name"])})
            case "PUT", "customers", customer:
                said = json.loads(request.content)
                return _json(self.book.say(unquote(customer), said["name"], said["subject"]))
            case _:
                raise Refusal(404, "not_found", "nothing is here")

    def _inquire(self, asked: Mapping[str, Any]) -> httpx.Response:
        subjects, purpose = asked["subjects"], asked["purpose"]
        if not 1 <= len(subjects) <= SUBJECTS_MOST:
            raise Refusal(400, "malformed", "an inquiry is about 1 to 64 subjects")
        ids = [self.log.state.primary_of(parse_subject(text).id) for text in subjects]
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

    def _reporting(self) -> dict[str, Any]:
        return {"month": self.log.month(), "due": False, "reports": 0, "counting": 0, "rows": 0}


def problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Return a refusal as a node words it (RFC 9457)."""
    content = {"title": code, "status": status, "detail": detail, "code": code}
    given = {"content-type": "application/problem+json", **(headers or {})}
    return httpx.Response(status, headers=given, content=json.dumps(content).encode())


def _page(items: Sequence[Any], query: httpx.QueryParams) -> httpx.Response:
    start = int(query.get("cursor", 0))
    end = start + PAGE
    return _json({"items": items[start:end], "next": str(end) if end < len(items) else None})


def _json(content: Mapping[str, Any], status: int = HTTPStatus.OK) -> httpx.Response:
    return httpx.Response(status, json=content)
