"""What the fake answers over HTTP: the member's paths of interfaces.md."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

import httpx

from hanse_client.testing.asking import Asking
from hanse_client.testing.assessing import Assessing
from hanse_client.testing.book import Book, Refusal
from hanse_client.testing.log import Log
from hanse_ledger.errors import SubjectIdError
from hanse_ledger.subjects import parse_subject

PAGE: Final = 5
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
    asking: Asking
    book: Book
    assessing: Assessing
    received: list[Received] = field(default_factory=list)
    replies: dict[str, tuple[bytes, httpx.Response]] = field(default_factory=dict)

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
        match path:
            case "v1", "inquiries", *rest:
                return self._inquiries(request, rest)
            case "v1", "portfolios", *rest:
                return self._portfolios(request, rest)
            case "v1", "imports", *rest:
                return self._imports(request, rest)
            case "v1", "subjects", *rest:
                return self._subjects(request, rest)
            case _:
                return self._state(request.method, path)

    def _state(self, method: str, path: list[str]) -> httpx.Response:
        match method, *path:
            case "GET", "v1", "consortium":
                document = json.loads(self.log.dealt.consortium.raw)
                return _json({"document": document, "genesis": self.log.entries[0].hex()})
            case "GET", "log", "checkpoint":
                return httpx.Response(HTTPStatus.OK, text=self.log.checkpoint())
            case "GET", "v1", "reports":
                return _json(self._reporting())
            case _:
                raise Refusal(404, "not_found", "nothing is here")

    def _inquiries(self, request: httpx.Request, path: list[str]) -> httpx.Response:
        match request.method, *path:
            case ("POST",):
                asked = json.loads(request.content)
                return _json({"answers": self.asking.inquire(asked["subjects"], asked["purpose"])})
            case ("GET",):
                return _page(self.asking.listed(), request.url.params)
            case "GET", request_id, "answer":
                return _json(self.asking.file(request_id))
            case _:
                raise Refusal(404, "not_found", "nothing is here")

    def _portfolios(self, request: httpx.Request, path: list[str]) -> httpx.Response:
        match request.method, *path:
            case ("POST",):
                return _json(self.asking.new_portfolio(json.loads(request.content)), HTTPStatus.ACCEPTED)
            case ("GET",):
                return _page(list(self.asking.portfolios.values())[::-1], request.url.params)
            case "GET", portfolio_id:
                return _json(self.asking.portfolio(portfolio_id))
            case "GET", portfolio_id, "answers":
                return _page(self.asking.portfolio_answers(portfolio_id), request.url.params)
            case "POST", portfolio_id, "cancel" | "resume" as to:
                return _json(self.asking.turn(portfolio_id, to))
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
            case "GET", subject, "assessment":
                primary = self.log.state.primary_of(parse_subject(unquote(subject)).id)
                return _json(self.assessing.describe(primary))
            case "PUT", "customers", customer:
                said = json.loads(request.content)
                return _json(self.book.say(unquote(customer), said["name"], said["subject"]))
            case _:
                raise Refusal(404, "not_found", "nothing is here")

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
