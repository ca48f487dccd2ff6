"""Inquiries about many subjects, worked off by the node; each answer is fetched and verified by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hanse_client.errors import AliasError, NodeUnavailableError, SubjectIdError
from hanse_client.history import report
from hanse_client.listings import Listing
from hanse_client.reports import Outcome, Unanswered
from hanse_client.session import Session
from hanse_client.shapes import Shape
from hanse_client.steps import Steps, get, path_of, post
from hanse_client.verification import failure_of
from hanse_ledger.subjects import parse_subject

RUNNING: Final = "running"
OPEN: Final = "open"
_PATH: Final = "/v1/portfolios"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How many of a portfolio's subjects are done, and with what status."""

    done: int
    failed: int
    """Refused, or in disagreement."""
    checked: int
    nothing: int
    unchecked: int
    disagreement: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """A portfolio at the node."""

    id: str
    name: str
    purpose: str
    state: str
    """`running`, `done` or `cancelled`."""
    code: str | None
    """Why one that runs does not go on for now."""
    total: int
    created_at: str
    ended_at: str | None
    progress: Progress | None
    """None in a list of portfolios."""

    @property
    def is_running(self) -> bool:
        """Whether the node is still at work on it."""
        return self.state == RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioAnswer:
    """What the node says became of one subject; figures come with `portfolio_reports` only, verified."""

    number: int
    """Its place, from 0, in the order brought."""
    asked: str
    """As it was brought: an id, or a customer's number on the firm's own list."""
    subject: str | None
    status: str
    """As in the answer file; `refused`, `disagreement`, or `open` while it is not answered."""
    code: str | None
    """Why it was refused."""
    request_id: str | None


def new(session: Session, subjects: Sequence[str], name: str, purpose: str) -> Steps[Portfolio]:
    """Begin a portfolio."""
    content = {"name": name, "purpose": purpose, "subjects": list(subjects)}
    return portfolio_of((yield from session.create(_PATH, content)))


def one(session: Session, portfolio_id: str) -> Steps[Portfolio]:
    """Fetch a portfolio with its progress."""
    return portfolio_of((yield from session.read(get(path_of(_PATH, portfolio_id)))))


def wait(session: Session, portfolio_id: str, poll_s: float, timeout_s: float | None) -> Steps[Portfolio]:
    """Ask how far it is until it no longer runs."""
    until_s = None if timeout_s is None else session.around.monotonic_s() + timeout_s
    found = yield from one(session, portfolio_id)
    while found.is_running:
        if until_s is not None and session.around.monotonic_s() + poll_s > until_s:
            raise NodeUnavailableError("the portfolio is not done yet")
        request = get(path_of(_PATH, portfolio_id))
        found = portfolio_of((yield from session.read(request, after_s=poll_s)))
    return found


def cancel(session: Session, portfolio_id: str) -> Steps[Portfolio]:
    """Let the node ask for nothing more."""
    return (yield from _turn(session, portfolio_id, "cancel"))


def resume(session: Session, portfolio_id: str) -> Steps[Portfolio]:
    """Let the node go on."""
    return (yield from _turn(session, portfolio_id, "resume"))


def listed() -> Listing[Portfolio]:
    """List portfolios, the newest first."""
    return Listing(path=_PATH, read=portfolio_of)


def answers(portfolio_id: str) -> Listing[PortfolioAnswer]:
    """List what became of each subject."""
    return Listing(path=path_of(_PATH, portfolio_id, "answers"), read=answer_of)


def outcome(session: Session, answer: PortfolioAnswer, purpose: str, after_index: int) -> Steps[Outcome]:
    """Fetch and verify the report behind an answer, or say why there is none."""
    failure = failure_of(answer.status, answer.code)
    if failure is not None:
        return Unanswered(subject=answer.asked, error=failure)
    if answer.status == OPEN or answer.subject is None or answer.request_id is None:
        waiting = NodeUnavailableError("the node has no answer about it yet")
        return Unanswered(subject=answer.asked, error=waiting)
    if _is_other(answer.asked, answer.subject):
        return Unanswered(subject=answer.asked, error=AliasError(answered=answer.subject))
    return (yield from report(session, answer.request_id, answer.subject, purpose, after_index))


def portfolio_of(content: Any) -> Portfolio:
    """Read a portfolio as a node shows it."""
    shape = Shape(content)
    return Portfolio(
        id=shape.text("id"),
        name=shape.text("name"),
        purpose=shape.text("purpose"),
        state=shape.text("state"),
        code=shape.text_or_none("code"),
        total=shape.number("total"),
        created_at=shape.text("created_at"),
        ended_at=shape.text_or_none("ended_at"),
        progress=None if shape.number_or_none("done") is None else _progress(shape),
    )


def answer_of(content: Any) -> PortfolioAnswer:
    """Read an answer of a portfolio, its figures left aside."""
    shape = Shape(content)
    return PortfolioAnswer(
        number=shape.number("number"),
        asked=shape.text("asked"),
        subject=shape.text_or_none("subject"),
        status=shape.text("status"),
        code=shape.text_or_none("code"),
        request_id=shape.text_or_none("request_id"),
    )


def _turn(session: Session, portfolio_id: str, to: str) -> Steps[Portfolio]:
    request = post(path_of(_PATH, portfolio_id, to), b"", session.around)
    return portfolio_of((yield from session.read(request)))


def _progress(shape: Shape) -> Progress:
    return Progress(
        done=shape.number("done"),
        failed=shape.number("failed"),
        checked=shape.number("checked"),
        nothing=shape.number("nothing"),
        unchecked=shape.number("unchecked"),
        disagreement=shape.number("disagreement"),
        refused=shape.number("refused"),
    )


def _is_other(asked: str, subject: str) -> bool:
    """Return whether a text is the id of another subject; a customer's number is none."""
    try:
        return parse_subject(asked).id != subject
    except SubjectIdError:
        return False
