"""A member's or desk's inquiries: log first, ask all stewards at once, believe what agrees (section 9).

The requests and the keys that open their answers are stored with the signed inquiry in one transaction, so an
inquiry that was interrupted can be asked again: the stewards send the same bytes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, select

from hanse_ledger.answer_file import describe, describe_without_figures
from hanse_ledger.bodies import INQUIRY_LIMIT, Inquiry
from hanse_ledger.codec import encode
from hanse_ledger.errors import DisagreementError, UnavailableError
from hanse_ledger.ids import RequestHash, StewardX, SubjectId, Token
from hanse_ledger.privacy.answer import (
    REQUEST_ID_BYTES,
    Figures,
    Request,
    combine_answers,
    hash_request,
    parse_request,
)
from hanse_ledger.privacy.sealing import PRIVATE_KEY_BYTES, SealingPrivateKey
from node.ports import StewardLinks
from node.roles.answering import BATCH_LIMIT
from node.roles.asking import UNAVAILABLE, Asked, Asking, Made
from node.roles.outbox import Outbox
from node.roles.party import Standing
from node.roles.settled import Opened
from node.roles.tokens import TokenSource
from node.storage.bulk import bulk_insert
from node.storage.figures import pack_figures
from node.storage.schema import inquiry as inquiry_table

_REFUSING_QUORUM: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one request: `figures`, or a `code` that a quorum refused it with, or neither.

    Neither means that the answers do not agree. `answers` are the signed answers as opened, those that agree.
    """

    subject: SubjectId
    request: Request
    index: int
    figures: Figures | None = None
    code: str | None = None
    answers: Mapping[StewardX, bytes] = field(default_factory=dict, repr=False)

    @property
    def status(self) -> str:
        """`checked`, `nothing`, `unchecked`, `disagreement` or `refused` (interfaces.md)."""
        if self.code is not None:
            return "refused"
        if self.figures is None:
            return "disagreement"
        if not self.figures.checked:
            return "unchecked"
        return "checked" if self.figures.windows else "nothing"

    def describe(self) -> dict[str, Any]:
        """Return the answer object of interfaces.md: an answer file's fields without `proof`."""
        if self.figures is not None:
            return describe(request=self.request, subject=self.subject, figures=self.figures)
        return describe_without_figures(
            request=self.request, subject=self.subject, status=self.status, code=self.code
        )


_STORE: Final = inquiry_table.update().where(inquiry_table.c.request_hash == bindparam("asked"))


class Inquirer:
    """One party's inquiries."""

    def __init__(
        self, *, standing: Standing, outbox: Outbox, tokens: TokenSource, links: StewardLinks
    ) -> None:
        self._standing, self._outbox, self._tokens = standing, outbox, tokens
        self._asking = Asking(standing=standing, links=links)

    def inquire(
        self, subjects: Sequence[SubjectId], purpose: str, call: str | None = None
    ) -> Iterator[Outcome]:
        """Ask about distinct primary ids and give the outcomes in their order, as they come.

        With a `call`, what was made under that name before is taken up, not made again. Raises
        UnavailableError when the log or the stewards are out of reach, and what the log refuses it with.
        """
        if call is not None:
            yield from self._inquire(subjects, purpose, self._stored(inquiry_table.c.call == call), call)
            return
        self._standing.catch_up()
        tokens = self._tokens.tokens(subjects)
        for start in range(0, len(subjects), INQUIRY_LIMIT):
            yield from self._ask_all(self._make(subjects[start : start + INQUIRY_LIMIT], tokens, purpose))

    def inquire_once(self, subjects: Sequence[SubjectId], purpose: str) -> Iterator[Outcome]:
        """Like `inquire`, but take up the requests for this purpose that are stored already."""
        yield from self._inquire(subjects, purpose, self._stored(inquiry_table.c.purpose == purpose))

    def log(self, subjects: Sequence[SubjectId], purpose: str, *, call: str) -> list[Made]:
        """Log one statement about distinct primary ids, at most INQUIRY_LIMIT; `ask` gets the answers.

        Raises UnavailableError when the log is out of reach: what is stored under the call is logged then.
        """
        self._standing.catch_up()
        made = self._make(subjects, self._tokens.tokens(subjects), purpose, call)
        self._log(made)
        return made

    def unanswered(self, call: str) -> list[Made]:
        """Return the requests of a call that have no answer yet."""
        is_open = (inquiry_table.c.call == call) & inquiry_table.c.status.is_(None)
        return list(self._stored(is_open).values())

    def ask(self, made: Sequence[Made]) -> list[Outcome]:
        """Ask for the answers to requests that were made, logging those that are not yet."""
        return list(self._ask_all(made))

    def _inquire(
        self,
        subjects: Sequence[SubjectId],
        purpose: str,
        made: dict[SubjectId, Made],
        call: str | None = None,
    ) -> Iterator[Outcome]:
        self._standing.catch_up()
        fresh = [subject for subject in subjects if subject not in made]
        tokens = self._tokens.tokens(fresh)
        for start in range(0, len(fresh), INQUIRY_LIMIT):
            part = self._make(fresh[start : start + INQUIRY_LIMIT], tokens, purpose, call)
            made.update({one.subject: one for one in part})
        for start in range(0, len(subjects), INQUIRY_LIMIT):
            yield from self._ask_all([made[subject] for subject in subjects[start : start + INQUIRY_LIMIT]])

    def _ask_all(self, made: Sequence[Made]) -> Iterator[Outcome]:
        asked = self._log(made)
        batches = [asked[start : start + BATCH_LIMIT] for start in range(0, len(asked), BATCH_LIMIT)]
        following = self._asking.ask(batches[0])
        for number, batch in enumerate(batches, start=1):
            futures = following
            # The stewards write the next answers while these are opened.
            following = self._asking.ask(batches[number]) if number < len(batches) else {}
            yield from self._take(batch, futures)

    def _make(
        self,
        subjects: Sequence[SubjectId],
        tokens: Mapping[SubjectId, Token],
        purpose: str,
        call: str | None = None,
    ) -> list[Made]:
        """Make requests and store them with their signed inquiry."""
        made = [self._request(subject, tokens[subject], purpose) for subject in subjects]
        made_at = self._standing.clock.now().isoformat()
        rows = [
            {
                "request_hash": one.hash,
                "subject": one.subject,
                "request": one.raw,
                "answer_key": one.key.to_bytes(),
                "made_at": made_at,
                "request_id": one.request.request_id.hex(),
                "purpose": purpose,
                "call": call,
            }
            for one in made
        ]
        with self._standing.database.write() as connection:
            self._outbox.put(connection, Inquiry(request_hashes=tuple(one.hash for one in made)))
            bulk_insert(connection, inquiry_table, rows)
        return made

    def _request(self, subject: SubjectId, token: Token, purpose: str) -> Made:
        key = SealingPrivateKey.generate(self._standing.entropy(PRIVATE_KEY_BYTES))
        request = Request(
            consortium=self._standing.consortium.id,
            party=self._standing.id,
            token=token,
            purpose=purpose,
            request_id=self._standing.entropy(REQUEST_ID_BYTES),
            answer_key=key.public_key,
        )
        raw = request.encode()
        return Made(subject=subject, request=request, raw=raw, hash=hash_request(raw), key=key)

    def _stored(self, which: ColumnElement[bool]) -> dict[SubjectId, Made]:
        """Return some of the requests that were made, the newest for each subject."""
        query = select(inquiry_table).where(which)
        with self._standing.database.read() as connection:
            rows = connection.execute(
                query.order_by(inquiry_table.c.made_at, inquiry_table.c.request_hash)
            ).all()
        return {SubjectId(row.subject): _made(row) for row in rows}

    def _log(self, made: Sequence[Made]) -> list[Asked]:
        """Bring the requests to the log; raises what it refuses them with, or UnavailableError."""
        self._outbox.flush()
        missing = [one.hash for one in made if self._index_of(one) is None]
        if missing:
            # Another writer of this party took the statement's place: log the same requests anew.
            self._outbox.log(lambda *_: Inquiry(request_hashes=tuple(missing)))
        asked = [(one, self._index_of(one)) for one in made]
        placed = [Asked(made=one, index=index) for one, index in asked if index is not None]
        if len(placed) < len(made):
            raise UnavailableError("the inquiry could not be logged")
        return placed

    def _index_of(self, made: Made) -> int | None:
        logged = self._standing.state.request(self._standing.id, made.hash)
        return None if logged is None else logged.index

    def _take(self, asked: Sequence[Asked], futures: Mapping[StewardX, Future[bytes]]) -> list[Outcome]:
        """Open and store what the stewards reply: one's answers while others still write theirs."""
        replies = self._asking.replies(asked, futures)
        outcomes = [
            self._outcome(one, {x: replies[x][i] for x in sorted(replies)}) for i, one in enumerate(asked)
        ]
        self._store(asked, outcomes)
        return outcomes

    def _outcome(self, one: Asked, replies: Mapping[StewardX, Opened | str | None]) -> Outcome:
        opened = {x: reply for x, reply in replies.items() if isinstance(reply, tuple)}
        raw = {x: signed for x, (signed, _) in opened.items()}
        codes = Counter(reply for reply in replies.values() if isinstance(reply, str))
        outcome = Outcome(subject=one.made.subject, request=one.made.request, index=one.index)
        if len(opened) < _REFUSING_QUORUM:
            code = max(codes, key=lambda c: (c != UNAVAILABLE, codes[c]), default=UNAVAILABLE)
            return replace(outcome, code=code)
        try:
            figures = combine_answers({x: answer for x, (_, answer) in opened.items()})
        except DisagreementError:
            self._asking.keep(raw)
            return replace(outcome, answers=raw)
        self._asking.keep({x: raw[x] for x in figures.deviating})
        return replace(outcome, figures=figures, answers={x: raw[x] for x in figures.stewards})

    def _store(self, asked: Sequence[Asked], outcomes: Sequence[Outcome]) -> None:
        rows = [
            {
                "asked": one.made.hash,
                "position": one.index,
                "answers": encode([[x, raw] for x, raw in sorted(outcome.answers.items())]),
                "status": None if outcome.code == UNAVAILABLE else outcome.status,
                "code": outcome.code,
                "figures": None if outcome.figures is None else pack_figures(outcome.figures),
            }
            for one, outcome in zip(asked, outcomes, strict=True)
        ]
        # Not awaited on the disk: the stewards would send the same answers again.
        with self._standing.database.write(durable=False) as connection:
            connection.execute(_STORE, rows)


def _made(row: Any) -> Made:
    return Made(
        subject=SubjectId(row.subject),
        request=parse_request(row.request),
        raw=row.request,
        hash=RequestHash(row.request_hash),
        key=SealingPrivateKey(row.answer_key),
    )
