"""What a steward tells a desk of inquiries about a subject: how many, by purpose and closed log month.

It counts what it has answered. Who asked is not stored here, so nobody can be told.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from hanse_ledger.codec import decode
from hanse_ledger.consortium import DESK
from hanse_ledger.errors import MalformedError, NotPermittedError
from hanse_ledger.fields import as_bytes
from hanse_ledger.ids import Month, PartyId, RequestHash, StewardX, Token
from hanse_ledger.privacy.answer import REQUEST_LIMIT, Request, hash_request, parse_request
from hanse_ledger.privacy.counts import NAME, Counts, InquiryCounts, counts_info
from hanse_ledger.privacy.sealing import seal
from node.errors import NotFoundError
from node.roles.party import Standing
from node.storage.contest_schema import answered_inquiry

SUBJECT_ACCESS: Final = "subject-access"
_ANSWERED: Final = select(answered_inquiry.c.request_hash).where(
    answered_inquiry.c.request_hash == bindparam("asked")
)
_COUNTS: Final = (
    select(answered_inquiry.c.month, answered_inquiry.c.purpose, func.count())
    .where(
        answered_inquiry.c.token == bindparam("of"),
        answered_inquiry.c.month.between(bindparam("first"), bindparam("last")),
    )
    .group_by(answered_inquiry.c.month, answered_inquiry.c.purpose)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A request that was answered, and the log month of its inquiry."""

    hash: RequestHash
    token: Token = field(repr=False)
    purpose: str
    month: Month


def note_answered(connection: Connection, answered: Iterable[Answered]) -> None:
    """Count requests in the transaction that stores their answers."""
    rows = [
        {"request_hash": one.hash, "token": one.token, "month": one.month, "purpose": one.purpose}
        for one in answered
    ]
    connection.execute(answered_inquiry.insert(), rows)


class Access:
    """One steward's counts."""

    def __init__(self, *, standing: Standing, x: StewardX) -> None:
        self._standing, self._x = standing, x

    def counts(self, caller: PartyId, body: bytes) -> bytes:
        """Answer a desk's CBOR request with signed counts, sealed to the request's key.

        The request is an inquiry for subject access that this steward has answered: it was logged, in time
        and within the desk's budget then. Raises NotPermittedError for another one, NotFoundError before.
        """
        raw = decode(body, limit=2 * REQUEST_LIMIT)
        if not isinstance(raw, bytes) or len(raw) > REQUEST_LIMIT:
            raise MalformedError(f"a request has at most {REQUEST_LIMIT} bytes")
        request, asked = parse_request(as_bytes(raw, "request", size=len(raw))), hash_request(raw)
        self._check(caller, request)
        logged = self._standing.state.request(caller, asked)
        with self._standing.database.read() as connection:
            is_answered = connection.execute(_ANSWERED, {"asked": asked}).scalar() is not None
            if logged is None or not is_answered:
                raise NotFoundError("this steward has answered no such inquiry")
            log_size = logged.index + 1
            counts = self._counts(connection, request.token, log_size)
        counted = InquiryCounts(request_hash=asked, log_size=log_size, counts=counts)
        signed = self._standing.sign_message(NAME, counted.fields())
        info = counts_info(self._standing.consortium.id, self._x, asked)
        return seal(public_key=request.answer_key, info=info, plaintext=signed)

    def forget(self) -> None:
        """Drop what has left retention."""
        last, document = self._standing.state.last_closed(), self._standing.state.consortium
        if last is None:
            return
        old = answered_inquiry.c.month < last - document.policy.retention_months
        with self._standing.database.read() as connection:
            is_there = connection.execute(select(answered_inquiry.c.month).where(old).limit(1)).scalar()
        if is_there is not None:
            with self._standing.database.write() as connection:
                connection.execute(answered_inquiry.delete().where(old))

    def _check(self, caller: PartyId, request: Request) -> None:
        party = self._standing.in_force.party(caller)
        is_desk = party is not None and DESK in party.roles
        if not is_desk or request.party != caller or request.purpose != SUBJECT_ACCESS:
            raise NotPermittedError("counts are for a desk's own inquiry for subject access")
        if request.consortium != self._standing.consortium.id:
            raise NotPermittedError("a request for another consortium")

    def _counts(self, connection: Connection, token: Token, log_size: int) -> Counts:
        last = self._standing.state.last_closed(log_size)
        if last is None:
            return {}
        first = last - self._standing.in_force.policy.retention_months
        rows = connection.execute(_COUNTS, {"of": token, "first": first, "last": last})
        return {(Month(month), purpose): count for month, purpose, count in rows}
