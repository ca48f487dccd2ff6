"""Working off portfolios on the node's thread, in steps short enough for other messages to come in between.

One portfolio after the other, in the order they came. A step fetches some tokens, or logs one statement, or
asks the stewards for one batch of answers. What a crash ends is taken up from what is stored.
"""

from collections import deque
from typing import Any, Final

from sqlalchemy import and_, exists, select

from hanse_ledger.bodies import INQUIRY_LIMIT
from hanse_ledger.errors import LedgerError, UnavailableError
from hanse_ledger.ids import SubjectId
from node.member import MemberNode
from node.own.portfolios import BUDGET, DONE, RUNNING
from node.roles.answering import BATCH_LIMIT
from node.roles.asking import UNAVAILABLE, Made
from node.storage.schema import inquiry, portfolio, portfolio_item

TOKENS_A_STEP: Final = 128
_NEXT: Final = select(portfolio).where(portfolio.c.state == RUNNING).order_by(portfolio.c.number).limit(1)


class PortfolioRunner:
    """Owned by the node's thread; everything in it can be lost."""

    def __init__(self, member: MemberNode) -> None:
        self._member = member
        self._begin("")

    def step(self) -> bool:
        """Do a little; return whether there is more to do at once.

        What cannot be done now (stewards out of reach, the day's tokens spent) is noted with its code, and
        tried again when the next step is asked for.
        """
        with self._member.standing.database.read() as connection:
            row = connection.execute(_NEXT).one_or_none()
        if row is None:
            return False
        try:
            self._advance(row)
        except LedgerError as error:
            self._begin("")
            self._note(row.id, code=error.code)
            return False
        if row.code is not None:
            self._note(row.id, code=None)
        return True

    def _begin(self, portfolio_id: str) -> None:
        self._id = portfolio_id
        self._open = deque[Made]()
        """Logged, and not answered yet."""
        self._chunk: list[SubjectId] = []
        """To be logged next, in one statement."""
        self._without_token: list[SubjectId] = []
        self._reached = -1
        """Up to this number of an item, all have been logged."""

    def _advance(self, row: Any) -> None:
        if self._id != row.id:
            self._begin(row.id)
            self._open.extend(self._member.inquirer.unanswered(row.id))
        if self._open:
            self._answer(row)
        elif self._without_token:
            self._member.tokens.tokens(self._without_token[:TOKENS_A_STEP])
            del self._without_token[:TOKENS_A_STEP]
        elif self._chunk:
            self._open.extend(self._member.inquirer.log(self._chunk, row.purpose, call=row.id))
            self._chunk = []
        else:
            self._take_chunk(row)

    def _answer(self, row: Any) -> None:
        batch = [self._open.popleft() for _ in range(min(BATCH_LIMIT, len(self._open)))]
        outcomes = self._member.inquirer.ask(batch)
        if any(outcome.code == UNAVAILABLE for outcome in outcomes):
            raise UnavailableError("too few stewards answer")
        if any(outcome.code == BUDGET for outcome in outcomes):
            # The month's inquiries are spent: what would be refused is not logged.
            self._leave_rest(row.id)

    def _take_chunk(self, row: Any) -> None:
        is_asked = and_(inquiry.c.call == row.id, inquiry.c.subject == portfolio_item.c.subject)
        query = (
            select(portfolio_item.c.subject, portfolio_item.c.number)
            .where(
                portfolio_item.c.portfolio == row.id,
                portfolio_item.c.number > self._reached,
                portfolio_item.c.subject.is_not(None),
                portfolio_item.c.code.is_(None),
                ~exists().where(is_asked),
            )
            .order_by(portfolio_item.c.number)
            .limit(INQUIRY_LIMIT)
        )
        with self._member.standing.database.read() as connection:
            items = connection.execute(query).all()
        if not items:
            self._note(row.id, state=DONE, ended_at=self._member.standing.clock.now().isoformat())
            return
        self._reached = items[-1].number
        self._chunk = list(dict.fromkeys(SubjectId(item.subject) for item in items))
        self._without_token = self._member.tokens.missing(self._chunk)

    def _leave_rest(self, portfolio_id: str) -> None:
        is_asked = and_(inquiry.c.call == portfolio_id, inquiry.c.subject == portfolio_item.c.subject)
        rest = portfolio_item.update().where(
            portfolio_item.c.portfolio == portfolio_id,
            portfolio_item.c.subject.is_not(None),
            portfolio_item.c.code.is_(None),
            ~exists().where(is_asked),
        )
        with self._member.standing.database.write() as connection:
            connection.execute(rest, {"code": BUDGET})
        self._chunk, self._without_token = [], []

    def _note(self, portfolio_id: str, **values: object) -> None:
        change = portfolio.update().where(portfolio.c.id == portfolio_id, portfolio.c.state == RUNNING)
        with self._member.standing.database.write() as connection:
            connection.execute(change.values(**values))
