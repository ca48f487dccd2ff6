"""A steward's answers: only to logged requests, as of the inquiry's position, stored before they leave.

Protocol section 9, points 1 to 4. Thin subjects and subjects that nobody knows get the same answer:
no windows.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from sqlalchemy import select

from hanse_ledger.codec import decode, encode
from hanse_ledger.consortium import DESK, MEMBER
from hanse_ledger.cose import sign
from hanse_ledger.errors import LedgerError, MalformedError
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
from hanse_ledger.privacy.sealing import answer_info, check_sealing_key, seal
from hanse_ledger.privacy.shares import reduced
from hanse_ledger.registers import LoggedRequest
from hanse_ledger.rows import CELLS
from hanse_ledger.windows import CELLS_BAND, band, fold_cells
from node.roles.freezing import Freezer, months_of
from node.roles.party import Standing
from node.storage.schema import answer as answer_table
from node.storage.schema import frozen_month, window

BATCH_LIMIT: Final = 64
SUBJECT_ACCESS: Final = "subject-access"
_BATCH_BYTES: Final = 1 << 20
_CLOSES_COUNTED: Final = 3
_CONTRIBUTIONS_LIMIT: Final = 1 << 30


class Answering:
    """One steward's answers."""

    def __init__(self, *, standing: Standing, x: StewardX, freezer: Freezer) -> None:
        self._standing, self._x, self._freezer = standing, x, freezer
        self._subjects: dict[tuple[PartyId, Month], int] = {}

    def answer(self, caller: PartyId, batch: bytes) -> bytes:
        """Answer CBOR [[request, index of its inquiry], ...] up to 64 with [sealed answer or code, ...]."""
        asked = [
            _pair(item) for item in as_list(decode(batch, limit=_BATCH_BYTES), 1, BATCH_LIMIT, "requests")
        ]
        if any(index >= self._standing.state.size for _, index in asked):
            self._standing.catch_up()
        self._freezer.freeze_closed()
        replies: list[bytes | str] = []
        fresh: dict[RequestHash, bytes] = {}
        for raw, index in asked:
            replies.append(self._answer_one(caller, raw, index, fresh))
        if fresh:
            with self._standing.database.write() as connection:
                rows = [{"request_hash": key, "sealed": sealed} for key, sealed in fresh.items()]
                connection.execute(answer_table.insert(), rows)
        return encode(replies)

    def _answer_one(
        self, caller: PartyId, raw: bytes, index: int, fresh: dict[RequestHash, bytes]
    ) -> bytes | str:
        request_hash = hash_request(raw)
        request = self._parse(raw)
        if request is None:
            return "malformed"
        if request.party != caller or self._standing.state.consortium.party(caller) is None:
            return "not-party"
        stored = fresh.get(request_hash) or self._stored(request_hash)
        if stored is not None:
            return stored
        logged = self._standing.state.request(caller, request_hash)
        if logged is None or logged.index != index:
            return "not-logged" if index < self._standing.state.size else "behind"
        code = self._refusal(request, logged)
        if code is None:
            fresh[request_hash] = self._make(request, request_hash, logged.index + 1)
        return code or fresh[request_hash]

    def _parse(self, raw: bytes) -> Request | None:
        try:
            request = parse_request(raw)
            check_sealing_key(request.answer_key)
        except LedgerError:
            return None
        return request if request.consortium == self._standing.consortium.id else None

    def _stored(self, request_hash: RequestHash) -> bytes | None:
        query = select(answer_table.c.sealed).where(answer_table.c.request_hash == request_hash)
        with self._standing.database.read() as connection:
            return connection.execute(query).scalar()

    def _refusal(self, request: Request, logged: LoggedRequest) -> str | None:
        """Return the code of section 9, point 2, or None."""
        state = self._standing.state
        roles = state.consortium.parties[request.party].roles
        if request.purpose not in state.consortium.policy.purposes:
            return "purpose"
        if MEMBER not in roles and (DESK not in roles or request.purpose != SUBJECT_ACCESS):
            return "purpose"
        if state.closed_at(Month(logged.log_month + 1)) is not None:
            return "expired"
        if logged.ordinal >= self._budget(request.party, logged):
            return "budget"
        return None

    def _budget(self, party: PartyId, logged: LoggedRequest) -> int:
        policy = self._standing.state.consortium.policy
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

    def _make(self, request: Request, request_hash: RequestHash, log_size: int) -> bytes:
        state = self._standing.state
        last_closed = state.last_closed(log_size)
        answer = Answer(
            request_hash=request_hash,
            last_closed=last_closed,
            log_size=log_size,
            root=self._standing.replica.root(log_size),
            windows=self._windows(request.token, last_closed, log_size),
            level=0,
            disputed=False,
        )
        signed = sign(
            key=self._standing.key,
            party=self._standing.id,
            consortium=state.consortium.id,
            name="answer",
            payload=encode(answer.fields()),
        )
        info = answer_info(state.consortium.id, self._x, request_hash)
        return seal(public_key=request.answer_key, info=info, plaintext=signed)

    def _windows(self, token: Token, last_closed: Month | None, log_size: int) -> tuple[WindowAnswer, ...]:
        if last_closed is None:
            return ()
        kept = last_closed - self._standing.state.consortium.policy.retention_months
        query = select(window).where(
            window.c.token == token, window.c.frozen_at.between(max(kept, 0), last_closed)
        )
        with self._standing.database.read() as connection:
            rows = connection.execute(query).all()
        answers = []
        for row in rows:
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
