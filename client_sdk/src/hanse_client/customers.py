"""The firm's own list of customers, and which subject each one is: only a person says so."""

from dataclasses import dataclass, field
from typing import Any, Final

from hanse_client.imports import Remark, remark_of
from hanse_client.listings import Listing
from hanse_client.session import Session
from hanse_client.shapes import Shape
from hanse_client.steps import Steps, get, path_of, post, put
from hanse_ledger.subjects import parse_subject

_PATH: Final = "/v1/subjects"
_BYTES: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer of the firm; `subject` is None until a person has said which firm it is."""

    customer: str = field(repr=False)
    """The firm's own number."""
    name: str = field(repr=False)
    subject: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A customer that may be meant. `confidence` is a similarity from 0 to 1, and no probability."""

    customer: Customer
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """What an id or a name may mean, the likeliest first."""

    subject: str | None
    """Of an id, the primary id by the node's copy of the log."""
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a list of customers has changed. A line that is refused changes nothing."""

    new: int
    changed: int
    unchanged: int
    refused: int
    refused_lines: tuple[Remark, ...]


def match_id(session: Session, subject: str) -> Steps[Matches]:
    """Find the customers that are a subject."""
    query = {"id": parse_subject(subject).id}
    return _matches((yield from session.read(get(f"{_PATH}/match", query))))


def match_name(session: Session, name: str) -> Steps[Matches]:
    """Find the customers that a name may mean."""
    return _matches((yield from session.read(get(f"{_PATH}/match", {"name": name}))))


def upload(session: Session, customers: bytes) -> Steps[Upload]:
    """Add customers, or update them."""
    shape = Shape((yield from session.read(post(_PATH, customers, session.around, content_type=_BYTES))))
    return Upload(
        new=shape.number("new"),
        changed=shape.number("changed"),
        unchanged=shape.number("unchanged"),
        refused=shape.number("refused"),
        refused_lines=shape.each("refused_lines", remark_of),
    )


def say(session: Session, customer: str, name: str, subject: str | None) -> Steps[Customer]:
    """Say which subject a customer is."""
    said = {"name": name, "subject": None if subject is None else parse_subject(subject).id}
    return customer_of((yield from session.read(put(path_of(_PATH, "customers", customer), said))))


def listed(*, without_subject: bool) -> Listing[Customer]:
    """List customers by their numbers."""
    query = {"without_subject": "true"} if without_subject else {}
    return Listing(path=_PATH, read=customer_of, query=query)


def customer_of(content: Any) -> Customer:
    """Read a customer as a node shows it."""
    shape = Shape(content)
    return Customer(
        customer=shape.text("customer"), name=shape.text("name"), subject=shape.text_or_none("subject")
    )


def _matches(content: Any) -> Matches:
    shape = Shape(content)
    return Matches(subject=shape.text_or_none("subject"), matches=shape.each("matches", _match))


def _match(content: Any) -> Match:
    shape = Shape(content)
    return Match(customer=shape.nested("customer", customer_of), confidence=shape.ratio("confidence"))
