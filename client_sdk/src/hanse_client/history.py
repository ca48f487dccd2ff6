"""What the firm has asked before, and the answer files of it."""

from dataclasses import dataclass
from typing import Any, Final

from hanse_client.consortium import believed
from hanse_client.errors import VerificationError
from hanse_client.listings import Listing
from hanse_client.problems import parse_json
from hanse_client.reports import Report
from hanse_client.session import Session
from hanse_client.shapes import Shape
from hanse_client.steps import Steps, get, path_of
from hanse_client.verification import Asked, report_of
from hanse_ledger.subjects import parse_subject

_PATH: Final = "/v1/inquiries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """An inquiry that was made, by whichever of the firm's systems or people."""

    request_id: str
    subject: str
    purpose: str
    made_at: str
    """ISO 8601, UTC, by the node's clock."""
    index: int | None
    """Where it stands in the log; None until it is logged."""
    status: str
    """As in the answer file; `refused`, `disagreement`, or `open` while it is not answered."""
    code: str | None
    """Why it was refused."""


def listed() -> Listing[Inquiry]:
    """List inquiries, the newest first."""
    return Listing(path=_PATH, read=inquiry_of)


def report(
    session: Session, request_id: str, subject: str, purpose: str, after_index: int = 0
) -> Steps[Report]:
    """Fetch the answer file of an inquiry, and verify it."""
    asked = Asked(subject=parse_subject(subject).id, purpose=purpose, after_index=after_index, is_fresh=False)
    reply = yield from session.send(get(path_of(_PATH, request_id, "answer")))
    content = parse_json(reply.body)
    found = report_of((yield from believed(session, lambda: session.verifier.outcome(content, asked))))
    if found.request_id != request_id:
        raise VerificationError("the answer is to another inquiry")
    return found


def inquiry_of(content: Any) -> Inquiry:
    """Read an inquiry as a node lists it."""
    shape = Shape(content)
    return Inquiry(
        request_id=shape.text("request_id"),
        subject=shape.text("subject"),
        purpose=shape.text("purpose"),
        made_at=shape.text("made_at"),
        index=shape.number_or_none("index"),
        status=shape.text("status"),
        code=shape.text_or_none("code"),
    )
