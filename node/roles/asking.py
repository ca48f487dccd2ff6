"""Asking all stewards for the answers to logged requests, and what each replied (protocol section 9)."""

import time
from collections.abc import Container, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from hanse_ledger.codec import decode
from hanse_ledger.cose import open_message
from hanse_ledger.errors import (
    LedgerError,
    MalformedError,
    RejectedError,
    UnavailableError,
    VerificationError,
)
from hanse_ledger.fields import as_list
from hanse_ledger.ids import RequestHash, StewardX, SubjectId
from hanse_ledger.privacy.answer import ANSWER_LIMIT, REFUSALS, Answer, Request, parse_answer
from hanse_ledger.privacy.sealing import SealingPrivateKey, answer_info
from node.ports import StewardLinks
from node.roles.answering import BATCH_LIMIT, batch_of
from node.roles.evidence import keep_evidence
from node.roles.gathering import arriving
from node.roles.party import Standing
from node.roles.settled import BEHIND, SETTLING, Opened, Replies, are_settled
from node.wire import WAIT_S, reply_of

_REPLY_LIMIT: Final = BATCH_LIMIT * ANSWER_LIMIT
_BEHIND_ROUNDS: Final = 10
_BEHIND_S: Final = 0.1
"""Slept before one that was behind is asked again: nothing tells when it has the block that it lacks."""
_BEHIND_WAIT_S: Final = 5.0
_INSIST_S: Final = 2.0
"""How long the reply of one is waited for that is asked again, beside those that have replied."""
UNAVAILABLE: Final = "unavailable"
"""The code of a steward that does not reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One request that is stored, with what opens its answers."""

    subject: SubjectId
    request: Request
    raw: bytes
    hash: RequestHash
    key: SealingPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request whose inquiry stands in the log."""

    made: Made
    index: int


class Asking:
    """One party's questions to all stewards."""

    def __init__(self, *, standing: Standing, links: StewardLinks) -> None:
        self._standing, self._links = standing, links

    def ask(
        self, asked: Sequence[Asked], only: Container[StewardX] | None = None, *, insist: bool = False
    ) -> dict[StewardX, Future[bytes]]:
        """Ask all stewards in reach, or some of these, for up to 64 answers; do not wait for them."""
        batch = batch_of([(one.made.raw, one.index) for one in asked])
        links = self._links().items()
        return {
            x: link.ask("answers", batch, insist=insist) for x, link in links if only is None or x in only
        }

    def replies(self, asked: Sequence[Asked], futures: Mapping[StewardX, Future[bytes]]) -> Replies:
        """Return what the stewards reply, asking again whoever may yet have an answer that is needed."""
        replies = self._gather(asked, futures)
        self._insist(asked, replies)
        self._ask_behind(asked, replies)
        return replies

    def _insist(self, asked: Sequence[Asked], replies: Replies) -> None:
        """Ask the silent once more where too few have replied: one that is left alone may be back."""
        silent = {x for x, reply in replies.items() if _is_silent(reply)}
        if silent and len(replies) - len(silent) < SETTLING:
            replies |= self._gather(asked, self.ask(asked, silent, insist=True), _INSIST_S)

    def _ask_behind(self, asked: Sequence[Asked], replies: Replies) -> None:
        """Ask stewards again that were behind, for as long as they reply and their word is needed.

        Where stewards agree on the order, one may hold the inquiry's block a moment later than another.
        """
        last: Replies = dict(replies)
        for _ in range(_BEHIND_ROUNDS):
            behind = {x for x, reply in last.items() if BEHIND in reply}
            others = {x: reply for x, reply in replies.items() if x not in behind}
            if not behind or are_settled(others, len(asked)):
                return
            time.sleep(_BEHIND_S)
            again = self._gather(asked, self.ask(asked, behind), _BEHIND_WAIT_S)
            # What one has answered before stays, where it is silent now.
            last = {x: reply for x, reply in again.items() if not _is_silent(reply)}
            replies |= last

    def _gather(
        self, asked: Sequence[Asked], futures: Mapping[StewardX, Future[bytes]], wait_s: float = WAIT_S
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

    def _open(self, one: Asked, x: StewardX, sealed: bytes) -> Opened | None:
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
            self.keep({x: sealed})
            return None
        try:
            self._check_place(one, answer)
        except VerificationError:
            self.keep({x: signed})
            return None
        return signed, answer

    def _check_place(self, one: Asked, answer: Answer) -> None:
        size = one.index + 1
        expected = (
            one.made.hash,
            size,
            self._standing.replica.root(size),
            self._standing.state.last_closed(size),
        )
        if (answer.request_hash, answer.log_size, answer.root, answer.last_closed) != expected:
            raise VerificationError("an answer that is not as of its inquiry's position in this log")

    def keep(self, raw: Mapping[StewardX, bytes]) -> None:
        """Keep stewards' answers as evidence."""
        for x, content in raw.items():
            party = self._standing.in_force.stewards[x].id
            keep_evidence(self._standing.database, kind="answer", party=party, content=content)


def _is_silent(reply: Sequence[Opened | str | None]) -> bool:
    return all(one == UNAVAILABLE for one in reply)


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
