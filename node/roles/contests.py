"""A member's own rows that a desk contests: heard of from the stewards, answered by its people (section 9).

What a person says leaves in bulletins. Silence until the term ends withholds the windows that hold the rows.
"""

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from hanse_ledger.codec import decode
from hanse_ledger.errors import LedgerError
from hanse_ledger.fields import as_array, as_bytes, as_list, as_uint
from hanse_ledger.ids import Month, SubjectId, Token, month_text
from hanse_ledger.privacy.bulletin import Code, Withdrawn
from hanse_ledger.privacy.group import THRESHOLD
from hanse_ledger.rows import Row as Reported
from hanse_ledger.withholding import RESPONDS
from node.errors import NotFoundError, TermOverError
from node.ports import StewardLinks
from node.risk.audit import AuditChain
from node.risk.roles import Actor, require
from node.roles.disputed import term_end
from node.roles.gathering import arriving
from node.roles.party import Standing
from node.storage.bulletins import queue_withdrawal
from node.storage.contest_schema import contested_row
from node.storage.own_rows import Item, ItemState, OwnRow, at_places, items_of, own_rows
from node.storage.schema import own_row, token
from node.wire import reply_of

_log = logging.getLogger(__name__)

_REPLY_LIMIT: Final = 1 << 20
_DISPUTES_MOST: Final = 10_000
_HEARD: Final = 3
"""From so many stewards: what one of them hides the others show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestedRow:
    """An own row in a dispute: what was reported, until when to say what of it, and what was said."""

    dispute: int
    subject: SubjectId = field(repr=False)
    month: Month
    row: Reported = field(repr=False)
    respond_by: Month
    is_open: bool
    said: Code | None
    state: ItemState | None

    def describe(self) -> dict[str, Any]:
        """Return the row as it is shown."""
        return {
            "dispute": self.dispute,
            "subject": self.subject,
            "month": month_text(self.month),
            "condition": self.row.condition,
            "exposure": self.row.exposure,
            "delay": self.row.delay,
            "respond_by": month_text(self.respond_by),
            "open": self.is_open,
            "said": None if self.said is None else self.said.name.lower(),
            "state": self.state,
        }


class Contests:
    """One member's contested rows."""

    def __init__(self, *, standing: Standing, links: StewardLinks) -> None:
        self._standing, self._links = standing, links
        self._audit = AuditChain(standing.database)
        # Disputes of which enough stewards have told whether they contest a row of this member's.
        self._heard: set[int] = set()

    def fetch(self) -> None:
        """Ask the stewards which open disputes contest own rows, where they were not asked before.

        A dispute that two of them name is believed; it names rows of this member's or nothing.
        """
        self._standing.catch_up()
        state = self._standing.state
        in_effect = {index for index in state.disputes.unresolved() if self._took_effect(index) is not None}
        if not in_effect - self._heard:
            return
        replies = self._ask()
        named = Counter(one for reply in replies for one in set(reply))
        believed = {index: token for (index, token), votes in named.items() if votes >= THRESHOLD}
        self._note({index: token for index, token in believed.items() if index in in_effect})
        if len(replies) >= _HEARD:
            self._heard |= in_effect

    def answer(
        self, actor: Actor, dispute: int, code: Code, months: Collection[Month] = ()
    ) -> list[ContestedRow]:
        """Say of own rows in a dispute, of some months or of all that nothing was said of, what is true.

        Raises NotFoundError where there is none, TermOverError when its time is over. `code` is one of
        `RESPONDS`.
        """
        require(actor, "row.answer")
        if code not in RESPONDS:
            raise ValueError("nothing that answers a dispute")
        self._standing.catch_up()
        unsaid = (contested_row.c.dispute == dispute) & contested_row.c.item.is_(None)
        with self._standing.database.write() as connection:
            found = connection.execute(select(contested_row).where(unsaid)).all()
            rows = [row for row in found if not months or row.month in months]
            if not rows:
                raise NotFoundError("no contested row waits for an answer there")
            if self._standing.state.closed_at(self._respond_by(dispute)) is not None:
                raise TermOverError("the term for this dispute has ended")
            self._queue(connection, rows, code)
            self._note_answer(connection, actor, rows, code)
        answered = {row.month for row in rows}
        return [one for one in self._rows() if one.dispute == dispute and one.month in answered]

    def _queue(self, connection: Connection, rows: Sequence[Row[Any]], code: Code) -> None:
        for row in rows:
            said = Withdrawn(dispute=row.dispute, seq=row.report, row=row.row, code=code)
            here = (
                (contested_row.c.dispute == row.dispute)
                & (contested_row.c.report == row.report)
                & (contested_row.c.row == row.row)
            )
            item = queue_withdrawal(connection, said)
            connection.execute(contested_row.update().where(here).values(item=item))

    def _note_answer(
        self, connection: Connection, actor: Actor, rows: Sequence[Row[Any]], code: Code
    ) -> None:
        places = {(row.report, row.row) for row in rows}
        own = at_places(connection, self._standing.state, self._standing.id, places)
        self._audit.append(
            connection,
            actor=actor,
            action="dispute.answered",
            subject=next((row.subject for row in own.values()), None),
            content={
                "dispute": rows[0].dispute,
                "said": code.name.lower(),
                "months": sorted(month_text(Month(row.month)) for row in rows),
            },
            at=self._standing.clock.now(),
        )

    def listed(self, actor: Actor) -> list[ContestedRow]:
        """Return the contested rows, the newest disputes first, by month, to somebody who may see them.

        The look is recorded.
        """
        require(actor, "row.view")
        rows = self._rows()
        self._audit.record(
            actor=actor,
            action="disputes.viewed",
            subject=None,
            content={"disputes": sorted({row.dispute for row in rows})},
            at=self._standing.clock.now(),
        )
        return rows

    def _rows(self) -> list[ContestedRow]:
        order = (contested_row.c.dispute.desc(), contested_row.c.month)
        with self._standing.database.read() as connection:
            rows = connection.execute(select(contested_row).order_by(*order)).all()
            items = {item.id: item for item in items_of(connection)}
            places = {(row.report, row.row) for row in rows}
            own = at_places(connection, self._standing.state, self._standing.id, places)
        return [
            self._shown(row.dispute, own[row.report, row.row], items.get(row.item))
            for row in rows
            if (row.report, row.row) in own
        ]

    def _ask(self) -> list[list[tuple[int, Token]]]:
        """Return what the stewards that answer say."""
        replies = []
        for _, future in arriving({x: link.ask("disputes", b"") for x, link in self._links().items()}):
            try:
                replies.append(_parse(reply_of(future)))
            except LedgerError as error:
                _log.warning("a steward does not say which disputes there are: %s", error.code)
        return replies

    def _note(self, disputes: Mapping[int, Token]) -> None:
        """Store own rows that are contested: those that counted when the dispute took effect."""
        state, now = self._standing.state, self._standing.clock.now().isoformat()
        with self._standing.database.write() as connection:
            known = set(connection.execute(select(contested_row.c.dispute)).scalars())
            for dispute, named in disputes.items():
                if dispute in known:
                    continue
                subjects = own_row.c.subject.in_(select(token.c.subject).where(token.c.token == named))
                rows = own_rows(connection, state, self._standing.id, subjects)
                values = [
                    {"dispute": dispute, "report": row.seq, "row": row.number, "month": row.month}
                    for row in rows
                    if row.counts_at < (self._took_effect(dispute) or 0)
                ]
                if values:
                    connection.execute(contested_row.insert(), [{**one, "heard_at": now} for one in values])

    def _shown(self, dispute: int, row: OwnRow, item: Item | None) -> ContestedRow:
        state = self._standing.state
        return ContestedRow(
            dispute=dispute,
            subject=row.subject,
            month=row.month,
            row=row.row,
            respond_by=self._respond_by(dispute),
            is_open=state.disputes.resolved_at(dispute) is None,
            said=None if item is None else item.code,
            state=None if item is None else item.state,
        )

    def _took_effect(self, dispute: int) -> int | None:
        bulletins = self._standing.state.bulletins
        return bulletins.took_effect(bulletins.entries[dispute])

    def _respond_by(self, dispute: int) -> Month:
        took_effect = self._took_effect(dispute)
        if took_effect is None:
            raise AssertionError("a row is contested by a dispute that took effect")
        return term_end(self._standing.state, took_effect)


def _parse(reply: bytes) -> list[tuple[int, Token]]:
    """Read a steward's CBOR [[dispute index, token], ...]; raises MalformedError."""
    pairs = [
        as_array(pair, 2, "a dispute")
        for pair in as_list(decode(reply, limit=_REPLY_LIMIT), 0, _DISPUTES_MOST, "disputes")
    ]
    return [(as_uint(index, "index"), Token(as_bytes(named, "token"))) for index, named in pairs]
