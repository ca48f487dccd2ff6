"""A party's own inquiries as they are stored: read again from the signed answers, without asking anybody."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select, tuple_

from hanse_ledger.codec import decode
from hanse_ledger.cose import parse
from hanse_ledger.errors import DisagreementError
from hanse_ledger.ids import StewardX, SubjectId
from hanse_ledger.privacy.answer import ANSWER_LIMIT, combine_answers, parse_answer, parse_request
from node.errors import NotFoundError
from node.roles.inquirer import Outcome
from node.storage.database import Database
from node.storage.schema import inquiry

WITH_FIGURES: Final = ("checked", "nothing", "unchecked")
"""The statuses of answers that make an answer file."""
OPEN: Final = "open"
"""The status of an inquiry that is not answered yet."""
_ANSWERS_LIMIT: Final = 8 * ANSWER_LIMIT


class History:
    """The inquiries that a party has made."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self, *, before: tuple[str, str] | None, limit: int) -> list[Any]:
        """Return stored inquiries, the newest first, from (made at, request id) down."""
        place = tuple_(inquiry.c.made_at, inquiry.c.request_id)
        query = select(inquiry).order_by(inquiry.c.made_at.desc(), inquiry.c.request_id.desc()).limit(limit)
        if before is not None:
            query = query.where(place < before)
        with self._database.read() as connection:
            return list(connection.execute(query))

    def one(self, request_id: str) -> Any:
        """Return a stored inquiry; raises NotFoundError."""
        query = select(inquiry).where(inquiry.c.request_id == request_id)
        with self._database.read() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            raise NotFoundError("no inquiry has this request id")
        return found

    def newest(self, subject: SubjectId) -> Any | None:
        """Return a subject's newest answered inquiry that came with figures; without one, the newest."""
        query = select(inquiry).where(inquiry.c.subject == subject, inquiry.c.status.is_not(None))
        has_figures = inquiry.c.status.in_(WITH_FIGURES)
        newest = query.order_by(has_figures.desc(), inquiry.c.position.desc(), inquiry.c.made_at.desc())
        with self._database.read() as connection:
            return connection.execute(newest.limit(1)).one_or_none()


def outcome_of(row: Any) -> Outcome:
    """Return what became of a stored inquiry that was answered.

    The answers' signatures were checked before they were stored, by the keys of that time.
    """
    raw: Mapping[StewardX, bytes] = {StewardX(x): signed for x, signed in _answers(row)}
    outcome = Outcome(
        subject=SubjectId(row.subject),
        request=parse_request(row.request),
        index=row.position,
        code=row.code,
        answers=raw,
    )
    if row.code is not None:
        return outcome
    answers = {x: parse_answer(_payload(signed)) for x, signed in raw.items()}
    try:
        figures = combine_answers(answers)
    except DisagreementError:
        return outcome
    return Outcome(
        subject=outcome.subject,
        request=outcome.request,
        index=outcome.index,
        figures=figures,
        answers={x: raw[x] for x in figures.stewards},
    )


def describe(row: Any) -> dict[str, Any]:
    """Return the answer object of a stored inquiry, with when it was made."""
    if row.status is None:
        return {**listing(row), "status": OPEN}
    return {**outcome_of(row).describe(), "made_at": row.made_at, "index": row.position}


def listing(row: Any) -> dict[str, Any]:
    """Return a stored inquiry without its figures."""
    return {
        "request_id": row.request_id,
        "subject": row.subject,
        "purpose": row.purpose,
        "made_at": row.made_at,
        "index": row.position,
        "status": row.status or OPEN,
        **({} if row.status is None or row.code is None else {"code": row.code}),
    }


def _answers(row: Any) -> list[list[Any]]:
    answers: list[list[Any]] = decode(row.answers, limit=_ANSWERS_LIMIT)
    return answers


def _payload(signed: bytes) -> Any:
    return decode(parse(signed, limit=ANSWER_LIMIT).payload, limit=ANSWER_LIMIT)
