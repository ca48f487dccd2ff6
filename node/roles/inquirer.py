"""A member's or desk's inquiries: log first, ask all stewards at once, believe what agrees (section 9).

The requests and the keys that open their answers are stored with the signed inquiry in one transaction, so an
inquiry that was interrupted can be asked again: the stewards send the same bytes.
"""

import time
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, select

from hanse_ledger.answer_file import describe, describe_without_figures
from hanse_ledger.bodies import INQUIRY_LIMIT, Inquiry
from hanse_ledger.codec import decode, encode
from hanse_ledger.cose import open_message
from hanse_ledger.errors import (
    DisagreementError,
    LedgerError,
    MalformedError,
    RejectedError,
    UnavailableError,
    VerificationError,
)
from hanse_ledger.fields import as_list
from hanse_ledger.ids import RequestHash, StewardX, SubjectId, Token
from hanse_ledger.privacy.answer import (
    ANSWER_LIMIT,
    REFUSALS,
    REQUEST_ID_BYTES,
    Answer,
    Figures,
    Request,
    combine_answers,
    hash_request,
    parse_answer,
    parse_request,
)
from hanse_ledger.privacy.sealing import PRIVATE_KEY_BYTES, SealingPrivateKey, answer_info
from node.ports import StewardLinks
from node.roles.answering import BATCH_LIMIT, batch_of
from node.roles.evidence import keep_evidence
from node.roles.gathering import arriving
from node.roles.outbox import Outbox
from node.roles.party import Standing
from node.roles.settled import BEHIND, SETTLING, Opened, Replies, are_settled
from node.roles.tokens import TokenSource
from node.storage.bulk import bulk_insert
from node.storage.figures import pack_figures
from node.storage.schema import inquiry as inquiry_table
from node.wire import WAIT_S, reply_of

_REPLY_LIMIT: Final = BATCH_LIMIT * ANSWER_LIMIT
_REFUSING_QUORUM: Final = 2
_BEHIND_ROUNDS: Final = 10
_BEHIND_S: Final = 0.1
_INSIST_S: Final = 2.0
UNAVAILABLE: Final = "unavailable"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One request that is stored, with what opens its answers."""

    subject: SubjectId
    request: Request
    raw: bytes
    hash: RequestHash
    key: SealingPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request whose inquiry stands in the log."""

    made: Made
    index: int


_STORE: Final = inquiry_table.update().where(inquiry_table.c.request_hash == bindparam("asked"))


class Inquirer:
    """One party's inquiries."""

    def __init__(
        self, *, standing: Standing, outbox: Outbox, tokens: TokenSource, links: StewardLinks
    ) -> None:
        self._standing, self._outbox, self._tokens, self._links = standing, outbox, tokens, links

    def inquire(
        self, subjects: Sequence[SubjectId], purpose: str, call: str | None = None
    ) -> Iterator[Outcome]:
        """Ask about distinct primary ids and give the outcomes in their order, as they come.

        With a `call`, what was made under that name before is taken up, not made again. Raises
        UnavailableError when the log or the stewards are out of reach.
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
        following = self._ask(batches[0])
        for number, batch in enumerate(batches, start=1):
            futures = following
            # The stewards write the next answers while these are opened.
            following = self._ask(batches[number]) if number < len(batches) else {}
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

    def _log(self, made: Sequence[Made]) -> list[_Asked]:
        """Bring the requests to the log; raises UnavailableError when that fails."""
        self._outbox.flush()
        missing = [one.hash for one in made if self._index_of(one) is None]
        if missing:
            # Another writer of this party took the statement's place: log the same requests anew.
            with self._standing.database.write() as connection:
                self._outbox.put(connection, Inquiry(request_hashes=tuple(missing)))
            self._outbox.flush()
        asked = [(one, self._index_of(one)) for one in made]
        placed = [_Asked(made=one, index=index) for one, index in asked if index is not None]
        if len(placed) < len(made):
            raise UnavailableError("the inquiry could not be logged")
        return placed

    def _index_of(self, made: Made) -> int | None:
        logged = self._standing.state.request(self._standing.id, made.hash)
        return None if logged is None else logged.index

    def _ask(
        self, asked: Sequence[_Asked], only: Container[StewardX] | None = None, *, insist: bool = False
    ) -> dict[StewardX, Future[bytes]]:
        batch = batch_of([(one.made.raw, one.index) for one in asked])
        links = self._links().items()
        return {
            x: link.ask("answers", batch, insist=insist) for x, link in links if only is None or x in only
        }

    def _take(self, asked: Sequence[_Asked], futures: Mapping[StewardX, Future[bytes]]) -> list[Outcome]:
        """Open and store what the stewards reply: one's answers while others still write theirs."""
        replies = self._gather(asked, futures)
        silent = {x for x, reply in replies.items() if set(reply) == {UNAVAILABLE}}
        if silent and len(replies) - len(silent) < SETTLING:
            # One that was left alone may be back: for that alone nothing stays unchecked.
            replies |= self._gather(asked, self._ask(asked, silent, insist=True), _INSIST_S)
        for _ in range(_BEHIND_ROUNDS):
            behind = {x for x, reply in replies.items() if BEHIND in reply}
            others = {x: reply for x, reply in replies.items() if x not in behind}
            if not behind or are_settled(others, len(asked)):
                break
            # Where stewards agree on the order, one may hold the inquiry's block a moment later than another.
            time.sleep(_BEHIND_S)
            replies |= self._gather(asked, self._ask(asked, behind))
        outcomes = [
            self._outcome(one, {x: replies[x][i] for x in sorted(replies)}) for i, one in enumerate(asked)
        ]
        self._store(asked, outcomes)
        return outcomes

    def _gather(
        self, asked: Sequence[_Asked], futures: Mapping[StewardX, Future[bytes]], wait_s: float = WAIT_S
    ) -> Replies:
        """Open what arrives until nothing more could change what becomes of any request."""
        replies: Replies = {}

        def is_enough() -> bool:
            return are_settled(replies, len(asked))

        for x, future in arriving(futures, is_enough, wait_s):
            replies[x] = [
                reply if isinstance(reply, str) else self._open(one, x, reply)
                for one, reply in zip(asked, _replies(future, len(asked)), strict=True)
            ]
        return replies

    def _outcome(self, one: _Asked, replies: Mapping[StewardX, Opened | str | None]) -> Outcome:
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
            self._keep(raw)
            return replace(outcome, answers=raw)
        self._keep({x: raw[x] for x in figures.deviating})
        return replace(outcome, figures=figures, answers={x: raw[x] for x in figures.stewards})

    def _open(self, one: _Asked, x: StewardX, sealed: bytes) -> Opened | None:
        """Open an answer and hold it against this node's own copy of the log; None if it does not hold."""
        # As an answer file is verified: by the document as it stood at the inquiry's position.
        consortium = self._standing.state.consortium_at(one.index + 1)
        steward = None if consortium is None else consortium.stewards.get(x)
        if steward is None:
            return None
        try:
            info = answer_info(self._standing.consortium.id, x, one.made.hash)
            signed = one.made.key.open(info=info, sealed=sealed)
            payload = open_message(
                signed,
                name="answer",
                consortium=self._standing.consortium.id,
                party=steward.id,
                public=steward.statement_key,
                limit=ANSWER_LIMIT,
            )
            answer = parse_answer(payload)
        except LedgerError:
            self._keep({x: sealed})
            return None
        try:
            self._check_place(one, answer)
        except VerificationError:
            self._keep({x: signed})
            return None
        return signed, answer

    def _check_place(self, one: _Asked, answer: Answer) -> None:
        size = one.index + 1
        expected = (
            one.made.hash,
            size,
            self._standing.replica.root(size),
            self._standing.state.last_closed(size),
        )
        if (answer.request_hash, answer.log_size, answer.root, answer.last_closed) != expected:
            raise VerificationError("an answer that is not as of its inquiry's position in this log")

    def _keep(self, raw: Mapping[StewardX, bytes]) -> None:
        for x, content in raw.items():
            party = self._standing.in_force.stewards[x].id
            keep_evidence(self._standing.database, kind="answer", party=party, content=content)

    def _store(self, asked: Sequence[_Asked], outcomes: Sequence[Outcome]) -> None:
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


def _replies(future: Future[bytes], count: int) -> list[bytes | str]:
    """Return a steward's reply to each request; a silent steward's replies are the code for that."""
    try:
        reply = reply_of(future)
        items = as_list(decode(reply, limit=_REPLY_LIMIT), count, count, "answers")
        if not all(isinstance(item, bytes) or item in REFUSALS for item in items):
            raise MalformedError("neither a sealed answer nor a code")
    except (UnavailableError, RejectedError):
        return [UNAVAILABLE] * count
    return items
