"""A steward's answers: only to logged requests, as of the inquiry's position, stored before they leave.

Protocol section 9, points 1 to 4. Thin subjects and subjects that nobody knows get the same answer:
no windows.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row, bindparam, select

from hanse_ledger.codec import decode, encode
from hanse_ledger.consortium import DESK, MEMBER, Consortium, Party
from hanse_ledger.errors import LedgerError, MalformedError, UnavailableError
from hanse_ledger.fields import as_array, as_bytes, as_list, as_uint
from hanse_ledger.ids import HASH_BYTES, Month, PartyId, RequestHash, StewardX, Token
from hanse_ledger.privacy.answer import (
    REQUEST_LIMIT,
    Answer,
    Request,
    WindowAnswer,
    hash_request,
    parse_request,
)
from hanse_ledger.privacy.sealing import answer_info, seal
from hanse_ledger.privacy.shares import reduced
from hanse_ledger.registers import LoggedRequest
from hanse_ledger.rows import CELLS
from hanse_ledger.windows import CELLS_BAND, band, fold_cells
from node.roles.access import SUBJECT_ACCESS, Answered, note_answered
from node.roles.disputed import disputes_of, is_disputed
from node.roles.freezing import Freezer, months_of
from node.roles.opening import Opening
from node.roles.party import Standing
from node.roles.warned import level_of, warnings_of
from node.roles.withholding import Withholding
from node.storage.schema import answer as answer_table
from node.storage.schema import frozen_month, window

BATCH_LIMIT: Final = 64
_BATCH_BYTES: Final = 1 << 20
_CLOSES_COUNTED: Final = 3
_CONTRIBUTIONS_LIMIT: Final = 1 << 30


class Answering:
    """One steward's answers."""

    def __init__(
        self, *, standing: Standing, x: StewardX, freezer: Freezer, opening: Opening, withholding: Withholding
    ) -> None:
        self._standing, self._x = standing, x
        self._freezer, self._opening, self._withholding = freezer, opening, withholding
        self._subjects: dict[tuple[PartyId, Month], int] = {}

    def answer(self, caller: PartyId, batch: bytes) -> bytes:
        """Answer CBOR [[request, index of its inquiry], ...] up to 64 with [sealed answer or code, ...]."""
        asked = [
            _pair(item) for item in as_list(decode(batch, limit=_BATCH_BYTES), 1, BATCH_LIMIT, "requests")
        ]
        known_size = self._standing.state.size
        if any(index >= known_size for _, index in asked):
            self._standing.catch_up()
        self._withholding.work()
        if not self._freezer.is_whole:
            raise UnavailableError("this steward lacks shares that it would have to sum, and answers nothing")
        if not self._opening.is_whole:
            raise UnavailableError("this steward is still getting bulletins that it could not open")
        hashes = [hash_request(raw) for raw, _ in asked]
        with self._standing.database.read() as connection:
            # An inquiry that this node had not seen yet cannot have been answered before.
            seen = [key for key, (_, index) in zip(hashes, asked, strict=True) if index < known_size]
            known = _stored(connection, seen)
            judged = [
                self._judge(caller, raw, index, request_hash, known)
                for (raw, index), request_hash in zip(asked, hashes, strict=True)
            ]
            tokens = [one.request.token for one in judged if isinstance(one, _Due)]
            stored = _Stored(
                windows=_windows(connection, tokens),
                warnings=warnings_of(connection, tokens),
                disputes=disputes_of(connection, tokens),
            )
        # The same request twice in a batch is answered once: the second finds the first's bytes.
        replies: list[bytes | str] = []
        fresh: dict[RequestHash, bytes] = {}
        answered: list[Answered] = []
        for one in judged:
            reply = one if not isinstance(one, _Due) else fresh.get(one.hash) or self._make(one, stored)
            if isinstance(one, _Due) and isinstance(reply, bytes) and one.hash not in fresh:
                fresh[one.hash] = reply
                answered.append(one.answered())
            replies.append(reply)
        if fresh:
            with self._standing.database.write() as connection:
                rows = [{"request_hash": key, "sealed": sealed} for key, sealed in fresh.items()]
                connection.execute(_ADD_ANSWER, rows)
                note_answered(connection, answered)
        return encode(replies)

    def _judge(
        self,
        caller: PartyId,
        raw: bytes,
        index: int,
        request_hash: RequestHash,
        known: Mapping[RequestHash, bytes],
    ) -> "bytes | str | _Due":
        """Return the answer that was given before, the code that refuses one, or what is to be made."""
        request = self._parse(raw)
        if request is None:
            return "malformed"
        if request.party != caller or self._standing.state.consortium.party(caller) is None:
            return "not-party"
        if request_hash in known:
            return known[request_hash]
        logged = self._standing.state.request(caller, request_hash)
        if logged is None or logged.index != index:
            return "not-logged" if index < self._standing.state.size else "behind"
        return self._refusal(request, logged) or _Due(
            request=request, hash=request_hash, log_size=logged.index + 1, log_month=logged.log_month
        )

    def _parse(self, raw: bytes) -> Request | None:
        try:
            request = parse_request(raw)
        except LedgerError:
            return None
        return request if request.consortium == self._standing.consortium.id else None

    def _refusal(self, request: Request, logged: LoggedRequest) -> str | None:
        """Return the code of section 9, point 2, or None."""
        state, consortium = self._standing.state, self._consortium_at(logged.index + 1)
        roles = consortium.parties[request.party].roles
        if request.purpose not in consortium.policy.purposes:
            return "purpose"
        if MEMBER not in roles and (DESK not in roles or request.purpose != SUBJECT_ACCESS):
            return "purpose"
        if state.closed_at(Month(logged.log_month + 1)) is not None:
            return "expired"
        if logged.ordinal >= self._budget(request.party, logged):
            return "budget"
        return None

    def _consortium_at(self, log_size: int) -> Consortium:
        """Return the document as it stood at a position: stewards answer alike, however far they are."""
        consortium = self._standing.state.consortium_at(log_size)
        if consortium is None:
            raise AssertionError("no request is logged before genesis")
        return consortium

    def _party_at(self, log_size: int) -> Party:
        """Return this steward as the document had it at a position."""
        return self._consortium_at(log_size).parties[self._standing.id]

    def _budget(self, party: PartyId, logged: LoggedRequest) -> int:
        policy = self._consortium_at(logged.index + 1).policy
        if not policy.inquiries_per_subject:
            return policy.inquiries_base
        subjects = self._subjects_of(party, self._standing.state.last_closed(logged.index + 1))
        return policy.inquiries_base + policy.inquiries_per_subject * subjects

    def _subjects_of(self, party: PartyId, last: Month | None) -> int:
        """Count the subjects with a window of the last three closes that holds a row of the party's."""
        if last is None:
            return 0
        if (party, last) not in self._subjects:
            query = select(frozen_month.c.contributions).where(
                frozen_month.c.month.between(last - _CLOSES_COUNTED + 1, last)
            )
            tokens: set[bytes] = set()
            with self._standing.database.read() as connection:
                for raw in connection.execute(query).scalars():
                    for member, joined in decode(raw, limit=_CONTRIBUTIONS_LIMIT):
                        if member == party:
                            tokens.update(
                                joined[i : i + HASH_BYTES] for i in range(0, len(joined), HASH_BYTES)
                            )
            self._subjects[(party, last)] = len(tokens)
        return self._subjects[(party, last)]

    def _make(self, due: "_Due", stored: "_Stored") -> bytes | str:
        """Return the sealed answer, or the code for a key that nothing can be sealed to."""
        state = self._standing.state
        last_closed = state.last_closed(due.log_size)
        answer = Answer(
            request_hash=due.hash,
            last_closed=last_closed,
            log_size=due.log_size,
            root=self._standing.replica.root(due.log_size),
            windows=self._answered(stored.windows.get(due.request.token, ()), last_closed, due.log_size),
            level=level_of(
                stored.warnings.get(due.request.token, ()),
                inquirer=due.request.party,
                consortium=self._consortium_at(due.log_size),
                last_closed=last_closed,
                log_size=due.log_size,
            ),
            disputed=is_disputed(stored.disputes.get(due.request.token, ()), state, due.log_size),
        )
        # The key that the document names at the answer's position: so its reader verifies it.
        key = self._standing.keys.key(self._party_at(due.log_size).statement_key)
        signed = self._standing.sign_message("answer", answer.fields(), key=key)
        info = answer_info(state.consortium.id, self._x, due.hash)
        try:
            return seal(public_key=due.request.answer_key, info=info, plaintext=signed)
        except MalformedError:
            return "malformed"

    def _answered(
        self, rows: Sequence[Row[Any]], last_closed: Month | None, log_size: int
    ) -> tuple[WindowAnswer, ...]:
        """Return a token's windows as they stood at a position, those past retention left out."""
        if last_closed is None:
            return ()
        kept = last_closed - self._consortium_at(log_size).policy.retention_months
        answers = []
        for row in rows:
            if not kept <= row.frozen_at <= last_closed:
                continue
            is_withheld = row.withheld_at is not None and row.withheld_at < log_size
            answers.append(
                WindowAnswer(
                    months=months_of(row.months, Month(row.frozen_at)),
                    frozen_at=Month(row.frozen_at),
                    band=band(row.groups),
                    share=None if is_withheld else _answered_share(row.share, row.groups),
                )
            )
        return tuple(sorted(answers, key=lambda answered: answered.months))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """A request that gets an answer, as of `log_size` statements."""

    request: Request
    hash: RequestHash
    log_size: int
    log_month: Month

    def answered(self) -> Answered:
        """Return what is counted of it."""
        request = self.request
        return Answered(hash=self.hash, token=request.token, purpose=request.purpose, month=self.log_month)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """What is stored of the subjects of a batch, by token."""

    windows: Mapping[bytes, Sequence[Row[Any]]]
    warnings: Mapping[bytes, Sequence[Row[Any]]]
    disputes: Mapping[bytes, Sequence[Row[Any]]]


# Built once: to build a statement costs more than to run it.
_STORED: Final = select(answer_table).where(
    answer_table.c.request_hash.in_(bindparam("hashes", expanding=True))
)
_WINDOWS: Final = select(window).where(window.c.token.in_(bindparam("tokens", expanding=True)))
_ADD_ANSWER: Final = answer_table.insert()


def _stored(connection: Connection, hashes: Sequence[RequestHash]) -> dict[RequestHash, bytes]:
    if not hashes:
        return {}
    rows = connection.execute(_STORED, {"hashes": list(hashes)})
    return {RequestHash(row.request_hash): row.sealed for row in rows}


def _windows(connection: Connection, tokens: Sequence[Token]) -> dict[bytes, list[Row[Any]]]:
    """Return every stored window by token."""
    found: dict[bytes, list[Row[Any]]] = defaultdict(list)
    if not tokens:
        return found
    for row in connection.execute(_WINDOWS, {"tokens": list(tokens)}):
        found[row.token].append(row)
    return found


def _answered_share(share: bytes, groups: int) -> bytes:
    """Return the 56 values from 10 groups on, and 22 sums of them below (section 9, point 4)."""
    if band(groups) >= CELLS_BAND:
        return share
    cells = np.frombuffer(share, "<u4").reshape(1, CELLS).astype(np.uint64)
    return reduced(fold_cells(cells)).astype("<u4").tobytes()


def _pair(item: object) -> tuple[bytes, int]:
    raw, index = as_array(item, 2, "request and index")
    if not isinstance(raw, bytes) or len(raw) > REQUEST_LIMIT:
        raise MalformedError(f"a request has at most {REQUEST_LIMIT} bytes")
    return as_bytes(raw, "request", size=len(raw)), as_uint(index, "index")


def batch_of(requests: Sequence[tuple[bytes, int]]) -> bytes:
    """Return what `Answering.answer` reads."""
    return encode([[raw, index] for raw, index in requests])
