"""The fake node: what a test sets of it, and what it has been asked."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import httpx

from hanse_client.assessments import Decision, Grade, Response
from hanse_client.async_client import AsyncHanse
from hanse_client.client import Hanse
from hanse_client.testing.answers import FakeStewards, FakeWindow, Known
from hanse_client.testing.asking import Asking, Change
from hanse_client.testing.assessing import Assessing
from hanse_client.testing.book import Book
from hanse_client.testing.founding import DESK, PURPOSES, Entropy, deal
from hanse_client.testing.log import Log
from hanse_client.testing.routes import Received, Routes, problem
from hanse_client.testing.server import serve
from hanse_ledger.filings import Alias
from hanse_ledger.ids import Month, PartyId, SubjectId, month_text, parse_month
from hanse_ledger.subjects import parse_subject

URL: Final = "https://hanse.fake.invalid"
_MONTHS_CLOSED: Final = 12
_KEY_BYTES: Final = 16


class FakeHanse:
    """A member's node in memory, for one test at a time.

    `last_closed` is the last of the twelve months that its stewards have closed. `now_s` is the clock that
    cosignatures carry, `entropy` where keys come from: with both given, every run is the same.
    """

    def __init__(
        self,
        *,
        party: str = "alder",
        last_closed: str = "2026-09",
        purposes: Sequence[str] = PURPOSES,
        now_s: Callable[[], float] = time.time,
        entropy: Entropy = os.urandom,
    ) -> None:
        member, last = PartyId(party), parse_month(last_closed)
        first = Month(last - _MONTHS_CLOSED + 1)
        dealt = deal(member=member, first_month=month_text(first), purposes=purposes, entropy=entropy)
        self._entropy, self._log = entropy, Log(dealt, now_s)
        for month in range(first, last + 1):
            self._log.close(Month(month))
        self._known: dict[SubjectId, Known] = {}
        self._failures: deque[httpx.Response | httpx.TransportError] = deque()
        self._api_key = entropy(_KEY_BYTES).hex()
        book = Book()
        self._asking = Asking(
            log=self._log,
            stewards=FakeStewards(self._log, member, entropy),
            known=lambda subject: self._known.get(subject, Known()),
            book=book,
        )
        self._assessing = Assessing()
        self._routes = Routes(
            api_key=self._api_key,
            log=self._log,
            asking=self._asking,
            book=book,
            assessing=self._assessing,
        )

    @property
    def url(self) -> str:
        """A base URL under which only `transport` finds it."""
        return URL

    @property
    def api_key(self) -> str:
        """The key that it takes."""
        return self._api_key

    @property
    def trust(self) -> bytes:
        """The consortium document in force, to pin."""
        return self._log.dealt.consortium.raw

    @property
    def received(self) -> Sequence[Received]:
        """Every request so far, those that failed included."""
        return tuple(self._routes.received)

    def add(self, subject: str, *windows: FakeWindow, warning_level: int = 0, disputed: bool = False) -> None:
        """Let the consortium know these windows of a subject, in the place of what it knew."""
        ordered = tuple(sorted(windows, key=lambda one: one.months))
        self._know(subject, Known(windows=ordered, warning_level=warning_level, disputed=disputed))

    def alias(self, other: str, primary: str) -> None:
        """Let the desk file that two ids are one subject's; answers are about the primary one."""
        self._log.accept(DESK, Alias(other=self._id(other), primary=self._id(primary)))

    def assess(
        self,
        subject: str,
        *,
        grade: Grade,
        score: int | None,
        response: Response = "accept",
        decision: Decision = "proceed",
        measures: Sequence[str] = (),
        reasons: Mapping[str, int] | None = None,
    ) -> None:
        """Let the firm's policy say this of a subject; of all others too little is known (U, `refer`).

        `reasons` are points by code that make the score; `measures` go with the response, and with a
        decision to proceed with conditions.
        """
        self._assessing.assess(
            self._id(subject),
            grade=grade,
            score=score,
            response=response,
            decision=decision,
            measures=measures,
            reasons=reasons,
        )

    def assess_nothing(self, code: str = "not_permitted") -> None:
        """Let the node give no assessments from now on: `scope`, `not_permitted`, or `not_found`."""
        self._assessing.refusal = code

    def refuse(self, subject: str, code: str = "budget") -> None:
        """Let the stewards refuse inquiries about a subject, with a code of protocol.md, section 9."""
        self._know(subject, Known(status="refused", code=code))

    def disagree(self, subject: str) -> None:
        """Let the stewards' answers about a subject not fit together."""
        self._know(subject, Known(status="disagreement"))

    def leave_unproven(self, subject: str) -> None:
        """Let too few stewards be in reach to prove what they answered about a subject."""
        self._know(subject, replace(self._known.get(self._id(subject), Known()), is_proven=False))

    def let_answer(self, stewards: int) -> None:
        """Let so many of the four stewards answer from now on; with two, answers are unchecked."""
        if stewards not in (2, 3, 4):
            raise ValueError("2, 3 or 4 stewards answer")
        self._asking.answering = stewards

    def fail_next(
        self,
        status: int = 503,
        *,
        code: str = "unavailable",
        retry_after_s: int | None = None,
        times: int = 1,
    ) -> None:
        """Let the next requests be refused with a status and a code."""
        headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
        self._failures.extend(problem(status, code, "set by a test", headers) for _ in range(times))

    def answer_next(self, response: httpx.Response) -> None:
        """Let the next request be answered with anything at all."""
        self._failures.append(response)

    def cut_next(self, times: int = 1) -> None:
        """Let the connection break under the next requests."""
        self._failures.extend(httpx.RemoteProtocolError("cut by a test") for _ in range(times))

    def tamper_next(self, change: Change) -> None:
        """Let `change` edit the next answer object (interfaces.md, Answer file) before it is sent."""
        self._asking.changes.append(change)

    def replay_next(self) -> None:
        """Answer the next inquiry about a subject with what was answered the last time."""
        self._asking.replays += 1

    def replace_document(self) -> None:
        """Let votes put another consortium document in force, in which all stewards have new keys."""
        self._log.replace_document(self._entropy)

    def transport(self) -> httpx.MockTransport:
        """Return what takes the place of a connection, for `Hanse` and `AsyncHanse` alike."""
        return httpx.MockTransport(self.respond)

    def client(self, **options: Any) -> Hanse:
        """Return a client of this node; `options` are those of `Hanse`."""
        given = {"api_key": self.api_key, "trust": self.trust, "transport": self.transport(), **options}
        return Hanse(self.url, **given)

    def async_client(self, **options: Any) -> AsyncHanse:
        """Return an asyncio client of this node; `options` are those of `AsyncHanse`."""
        given = {"api_key": self.api_key, "trust": self.trust, "transport": self.transport(), **options}
        return AsyncHanse(self.url, **given)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve it on loopback by a thread of its own; gives the base URL."""
        with serve(self.respond) as url:
            yield url

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; raises httpx.TransportError where a test has cut the connection."""
        self._routes.receive(request)
        if self._failures:
            failure = self._failures.popleft()
            if isinstance(failure, httpx.TransportError):
                raise failure
            return failure
        return self._routes.respond(request)

    def _know(self, subject: str, known: Known) -> None:
        self._known[self._id(subject)] = known

    def _id(self, subject: str) -> SubjectId:
        return parse_subject(subject).id
