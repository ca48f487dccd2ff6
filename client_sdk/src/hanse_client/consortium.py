"""What the node says of its consortium and its log, beside what this client has pinned and verified."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from hanse_client.errors import HanseError, NodeUnavailableError, TrustOutdatedError, VerificationError
from hanse_client.session import Session
from hanse_client.steps import Steps, T, get


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsortiumStatus:
    """Which document is pinned here, and which one the node says is in force. SHA-256 in hex."""

    consortium: str
    pinned: str
    served: str

    @property
    def is_current(self) -> bool:
        """Whether they are the same; if not, confirm the new one with another party and pin it."""
        return self.pinned == self.served


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStatus:
    """The node's newest checkpoint, signed by the log's key that the pinned document names."""

    size: int
    """How many statements the log has."""
    root: str
    """The root of its tree, in hex."""
    cosigned_at: datetime | None
    """UTC; by then at least half of the stewards that cosigned had done so. None for one without the quorum:
    who orders the log shows cosigned ones, other nodes their own copy's."""


def consortium_status(session: Session) -> Steps[ConsortiumStatus]:
    """Ask which document is in force; nothing in the answer is verified, or needs to be."""
    served = yield from served_document_hash(session)
    return ConsortiumStatus(consortium=session.trust.consortium.id, pinned=session.trust.hash, served=served)


def log_status(session: Session) -> Steps[LogStatus]:
    """Fetch and verify the newest checkpoint."""
    reply = yield from session.send(get("/log/checkpoint"))
    verify = partial(session.verifier.checkpoint, reply.body)
    checkpoint, cosigned_at = yield from believed(session, verify)
    return LogStatus(size=checkpoint.size, root=checkpoint.root.hex(), cosigned_at=cosigned_at)


def believed(session: Session, verify: Callable[[], T]) -> Steps[T]:
    """Return what `verify` makes of an answer, or raise what it raises.

    TrustOutdatedError takes the place of a VerificationError where votes have replaced the pinned document.
    """
    try:
        return verify()
    except VerificationError as error:
        yield from _explain(session, error)
        raise


def _explain(session: Session, error: VerificationError) -> Steps[None]:
    try:
        served = yield from served_document_hash(session)
    except HanseError:
        return
    if served != session.trust.hash:
        raise TrustOutdatedError(pinned=session.trust.hash, served=served) from error


def served_document_hash(session: Session) -> Steps[str]:
    """Return the hash of the document that the node says is in force."""
    content = yield from session.read(get("/v1/consortium"))
    document = content.get("document")
    if not isinstance(document, dict):
        raise NodeUnavailableError("the node shows no consortium document")
    # Of text, booleans and integers this is the RFC 8785 form, over which parties take the hash.
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
