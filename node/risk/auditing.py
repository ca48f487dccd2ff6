"""Reading the audit chain as a person: only those who may, and that they did is in the chain too."""

from collections.abc import Iterator
from datetime import datetime

from hanse_ledger.ids import SubjectId
from node.risk.audit import AuditChain, AuditRow, Head
from node.risk.roles import Actor, require

_VIEWED = "audit.viewed"


def export_chain(chain: AuditChain, actor: Actor, *, at: datetime) -> Iterator[bytes]:
    """Return the chain as JSON lines with their ends; the last of them says who exported it."""
    require(actor, "audit.read")
    chain.record(actor=actor, action="audit.exported", subject=None, content={}, at=at)
    return chain.export()


def view_rows(
    chain: AuditChain,
    actor: Actor,
    *,
    at: datetime,
    after: int | None,
    limit: int,
    subject: SubjectId | None = None,
) -> list[AuditRow]:
    """Return a page of rows in order, or of those about a subject.

    One look is one row, however many pages it has: or else a reader would never reach the end.
    """
    require(actor, "audit.read")
    last = chain.last()
    if last is None or (last.actor, last.action, last.subject) != (actor, _VIEWED, subject):
        chain.record(actor=actor, action=_VIEWED, subject=subject, content={}, at=at)
    return chain.rows(after=after, limit=limit, subject=subject)


def check_chain(chain: AuditChain, actor: Actor, kept: Head | None) -> Head:
    """Check every row, and that the chain goes on from a kept head; raises AuditChainError."""
    require(actor, "audit.read")
    return chain.verify(kept)
