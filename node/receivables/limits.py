"""A firm's file of its credit limits: customer or subject, limit and perhaps currency, line by line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple

from hanse_ledger.errors import SubjectIdError
from hanse_ledger.ids import SubjectId
from node.receivables import amounts
from node.receivables.amounts import AmountColumn
from node.receivables.cells import UnfitError, cell_text, identifier
from node.receivables.columns import ColumnFinder, Header
from node.receivables.errors import ColumnMissingError
from node.receivables.mapping import Mapping
from node.receivables.outcome import Remark
from node.receivables.subjectmap import SubjectOf, subject_in
from node.receivables.tables import Line, open_table
from node.receivables.words import LIMIT_COLUMNS

_NEEDED: Final = ("limit",)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLine:
    """One limit of the file, in minor units of the reporting currency."""

    line: int
    subject: SubjectId = field(repr=False)
    limit_minor: int = field(repr=False)


class Money(NamedTuple):
    """The currency of limits, and its decimals."""

    currency: str
    digits: int


class _RefusedError(Exception):
    def __init__(self, remark: Remark) -> None:
        super().__init__(remark.reason)
        self.remark = remark


def read_limits(raw: bytes, *, subject_of: SubjectOf, money: Money) -> tuple[list[LimitLine], list[Remark]]:
    """Read a CSV file or workbook; return the limits, one for each subject, and what is refused.

    `subject_of` gives a customer number's subject. A subject with two limits is refused in every line.
    Raises a ReceivablesError for what is wrong with the file as a whole.
    """
    finder = ColumnFinder(tiers=LIMIT_COLUMNS, named={}, needed=_NEEDED)
    table = open_table(raw, mapping=Mapping(), score=finder.score)
    header = finder.find(table.first)
    if not {"customer", "subject"} & set(header.places):
        raise ColumnMissingError("no column for `customer` or `subject`")
    fitting, refused = list[Line](), list[Remark]()
    for line in chain(table.first, table.rest):
        if line.number > header.line and header.fits(line.cells, is_ragged=table.is_ragged):
            fitting.append(line)
        elif line.number > header.line:
            refused.append(Remark(reason="cell_count", line=line.number))
    judge = _Judge(header, _settled(fitting, header), subject_of, money)
    found: list[LimitLine] = []
    for line in fitting:
        try:
            found.append(judge.limit(line))
        except _RefusedError as error:
            refused.append(error.remark)
    return _agreeing(found, refused)


class _Judge(NamedTuple):
    """Judges the lines of one file."""

    header: Header
    column: AmountColumn
    subject_of: SubjectOf
    money: Money

    def limit(self, line: Line) -> LimitLine:
        """Return the limit that a line gives; raise _RefusedError for the first thing wrong with it."""
        return LimitLine(line=line.number, subject=self._subject(line), limit_minor=self._minor(line))

    def _subject(self, line: Line) -> SubjectId:
        place = self.header.places.get("subject")
        name = "customer" if place is None or not cell_text(line.cells[place]) else "subject"
        if name not in self.header.places:
            raise self._refuse("cell_empty", line, "subject")
        try:
            found = (
                subject_in(line, self.header)
                if name == "subject"
                else self.subject_of(identifier(line.cells[self.header.places["customer"]]))
            )
        except UnfitError as error:
            raise self._refuse(error.reason, line, name) from error
        except SubjectIdError as error:
            raise self._refuse("subject_invalid", line, name) from error
        if found is None:
            raise self._refuse("no_subject", line, name)
        return found.id

    def _minor(self, line: Line) -> int:
        cell = line.cells[self.header.places["limit"]]
        if not cell_text(cell):
            raise self._refuse("cell_empty", line, "limit")
        try:
            amount = self.column.read(cell)
        except ValueError as error:
            raise self._refuse("amount_unreadable", line, "limit") from error
        if self._is_foreign(line) or not amounts.may_be(amount.mark, self.money.currency):
            raise self._refuse("limit_currency", line, "currency" if self._is_foreign(line) else "limit")
        try:
            minor = amounts.to_minor(amount.value, digits=self.money.digits)
        except ValueError as error:
            raise self._refuse("amount_decimals", line, "limit") from error
        if not 0 <= minor <= amounts.MAX_MINOR:
            raise self._refuse("limit_negative" if minor < 0 else "amount_too_large", line, "limit")
        return minor

    def _is_foreign(self, line: Line) -> bool:
        place = self.header.places.get("currency")
        text = "" if place is None else cell_text(line.cells[place])
        return text != "" and amounts.currency_code(text) != self.money.currency

    def _refuse(self, reason: str, line: Line, name: str) -> _RefusedError:
        return _RefusedError(Remark(reason=reason, line=line.number, column=self.header.names.get(name)))


def _settled(lines: Sequence[Line], header: Header) -> AmountColumn:
    """Settle the decimal sign of the limits; raises DecimalSignError."""
    first: dict[str, int] = {}
    for line in lines:
        text = amounts.amount_text(line.cells[header.places["limit"]])
        if text:
            first.setdefault(text, line.number)
    return amounts.settle(first, header=header.names["limit"], given=None)


def _agreeing(found: Sequence[LimitLine], refused: Iterable[Remark]) -> tuple[list[LimitLine], list[Remark]]:
    """Return one line for each subject; refuse those of a subject with two limits."""
    limits: dict[SubjectId, set[int]] = {}
    for one in found:
        limits.setdefault(one.subject, set()).add(one.limit_minor)
    differing = [
        Remark(reason="limit_differs", line=one.line) for one in found if len(limits[one.subject]) > 1
    ]
    kept = {one.subject: one for one in found if len(limits[one.subject]) == 1}
    return list(kept.values()), sorted([*refused, *differing], key=lambda remark: remark.line or 0)
