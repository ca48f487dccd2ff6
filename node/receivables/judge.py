"""What makes a line of an export an invoice, rule by rule. `read` says what comes of the lines."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from hanse_ledger.errors import SubjectIdError
from hanse_ledger.ids import SubjectId
from hanse_ledger.rows import Invoice
from hanse_ledger.subjects import Subject
from node.receivables import amounts
from node.receivables.amounts import Amount
from node.receivables.cells import UnfitError, cell_text, identifier
from node.receivables.export import Export
from node.receivables.outcome import TROUBLES, Record, Remark
from node.receivables.subjectmap import SubjectOf
from node.receivables.tables import Line
from node.receivables.words import FLAGS, STATUSES, fold

_EARLIEST: Final = date(1990, 1, 1)
_AHEAD: Final = timedelta(days=3653)
_LOST: Final = frozenset({"collection", "charged_off", "insolvent"})


class LineRefusedError(Exception):
    """A line is no record. It never leaves this package; `is_left_out` says that it is no error either."""

    def __init__(self, remark: Remark, *, is_left_out: bool = False) -> None:
        super().__init__(remark.reason)
        self.remark, self.is_left_out = remark, is_left_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges the lines of one export; `currencies` are those that may be taken."""

    export: Export
    subject_of: SubjectOf
    currency: str
    currencies: frozenset[str]
    as_of: date
    statuses: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        own = {fold(word): status for word, status in self.export.mapping.statuses.items()}
        object.__setattr__(self, "statuses", {**STATUSES, **own})

    def record(self, line: Line) -> Record:
        """Return the record that a line makes; raise LineRefusedError for the first thing wrong with it."""
        self._refuse_total(line)
        amount = self._amount(line)  # before all else: a credit note often lacks what an invoice needs
        reference = self._identifier(line, "invoice")
        customer = self._identifier(line, "customer")
        subject = self._subject(line, customer)
        invoice_date = self._needed_day(line, "invoice_date", latest=self.as_of)
        due_date = self._needed_day(line, "due_date", latest=self.as_of + _AHEAD)
        paid_date = self._day(line, "paid_date", latest=self.as_of)
        currency = self._currency(line)
        status = self._status(line, paid_date)
        return Record(
            line=line.number,
            customer=customer,
            subject=SubjectId(subject.id),
            personal=subject.personal,
            disputed=self._is_disputed(line) or status == "disputed",
            trouble=next((trouble for trouble in TROUBLES if trouble == status), None),
            invoice=Invoice(
                reference=reference,
                invoice_date=invoice_date,
                due_date=due_date,
                paid_date=paid_date,
                amount_minor=self._minor(line, amount, currency),
                currency=currency,
                lost_on=self._lost_on(line, status),
            ),
        )

    def notes(self, line: Line, record: Record) -> Iterator[Remark]:
        """Yield what a person should know of a line that is taken."""
        invoice = record.invoice
        if invoice.paid_date is not None and invoice.paid_date < invoice.invoice_date:
            yield self._remark("paid_before_invoice", line, "paid_date")
        if invoice.due_date < invoice.invoice_date:
            yield self._remark("due_before_invoice", line, "due_date")
        if invoice.lost_on is not None and not self._text(line, "status_date"):
            yield self._remark("status_date_assumed", line, "status")

    def _remark(self, reason: str, line: Line, name: str | None = None) -> Remark:
        return Remark(reason=reason, line=line.number, column=name and self.export.header.names.get(name))

    def _refuse(self, reason: str, line: Line, name: str | None = None) -> LineRefusedError:
        return LineRefusedError(self._remark(reason, line, name))

    def _text(self, line: Line, name: str) -> str:
        return cell_text(self.export.cell(line, name))

    def _refuse_total(self, line: Line) -> None:
        # The word for a total often stands where the reference would.
        if self._text(line, "customer"):
            return
        has_days = self._text(line, "invoice_date") or self._text(line, "due_date")
        if not (self._text(line, "invoice") and has_days):
            raise self._refuse("total_line", line)

    def _amount(self, line: Line) -> Amount:
        if not self._text(line, "amount"):
            raise self._refuse("cell_empty", line, "amount")
        try:
            amount = self.export.amounts.read(self.export.cell(line, "amount"))
        except ValueError as error:
            raise self._refuse("amount_unreadable", line, "amount") from error
        if amount.value <= 0:
            reason = "credit_note" if amount.value else "zero_amount"
            raise LineRefusedError(self._remark(reason, line, "amount"), is_left_out=True)
        return amount

    def _minor(self, line: Line, amount: Amount, currency: str) -> int:
        if not amounts.may_be(amount.mark, currency):
            raise self._refuse("currency_conflict", line, "amount")
        try:
            minor = amounts.to_minor(amount.value, digits=amounts.minor_digits(currency))
        except ValueError as error:
            raise self._refuse("amount_decimals", line, "amount") from error
        if minor > amounts.MAX_MINOR:
            raise self._refuse("amount_too_large", line, "amount")
        return minor

    def _identifier(self, line: Line, name: str) -> str:
        try:
            return identifier(self.export.cell(line, name))
        except UnfitError as error:
            raise self._refuse(error.reason, line, name) from error

    def _subject(self, line: Line, customer: str) -> Subject:
        try:
            subject = self.subject_of(customer)
        except SubjectIdError as error:
            raise self._refuse("subject_invalid", line, "customer") from error
        if subject is None:
            raise self._refuse("no_subject", line, "customer")
        return subject

    def _day(self, line: Line, name: str, *, latest: date) -> date | None:
        column = self.export.days.get(name)
        if column is None:
            return None
        try:
            day = column.read(self.export.cell(line, name))
        except ValueError as error:
            raise self._refuse("date_unreadable", line, name) from error
        if day is not None and day < _EARLIEST:
            raise self._refuse("date_implausible", line, name)
        if day is not None and day > latest:
            raise self._refuse("date_future" if latest == self.as_of else "date_implausible", line, name)
        return day

    def _needed_day(self, line: Line, name: str, *, latest: date) -> date:
        day = self._day(line, name, latest=latest)
        if day is None:
            raise self._refuse("cell_empty", line, name)
        return day

    def _currency(self, line: Line) -> str:
        if "currency" not in self.export.fields:
            return self.currency
        text = self._text(line, "currency")
        if not text:
            raise self._refuse("cell_empty", line, "currency")
        code = amounts.currency_code(text)
        if code is None:
            raise self._refuse("currency_unknown", line, "currency")
        if code not in self.currencies:
            raise self._refuse("currency_no_rate", line, "currency")
        return code

    def _status(self, line: Line, paid_date: date | None) -> str:
        """Return the status, by the payment date where the line has none."""
        text = self._text(line, "status")
        if not text:
            return "open" if paid_date is None else "paid"
        status = self.statuses.get(fold(text))
        if status is None:
            raise self._refuse("status_unknown", line, "status")
        if status == "paid" and paid_date is None:
            raise self._refuse("paid_without_date", line, "status")
        if status in {"open", "returned"} and paid_date is not None:
            raise self._refuse("status_conflict", line, "status")
        return status

    def _lost_on(self, line: Line, status: str) -> date | None:
        if status not in _LOST:
            return None
        return self._day(line, "status_date", latest=self.as_of) or self.as_of

    def _is_disputed(self, line: Line) -> bool:
        text = self._text(line, "disputed")
        if not text:
            return False
        flag = FLAGS.get(fold(text))
        if flag is None:
            raise self._refuse("disputed_unknown", line, "disputed")
        return flag
