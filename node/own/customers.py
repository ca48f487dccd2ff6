"""The firm's own list of customers: each one's number, its name, and the subject that a person says it is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from hanse_ledger.errors import SubjectIdError
from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import Subject, parse_subject
from node.errors import NotFoundError
from node.own.matching import name_key
from node.ports import Clock
from node.receivables.outcome import Remark
from node.receivables.subjectmap import CustomerLine, SubjectOf, customer_key, read_customers
from node.storage.database import Database
from node.storage.schema import customer as customer_table

_SHOWN: Final = 20
_DROP: Final = customer_table.delete().where(customer_table.c.customer == bindparam("of"))
_KNOWN: Final = select(customer_table.c.customer, customer_table.c.name, customer_table.c.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer of the firm; without a `subject` nobody has said yet which firm it is."""

    number: str = field(repr=False)
    name: str = field(repr=False)
    subject: SubjectId | None = field(repr=False)
    updated_at: str = ""

    def describe(self) -> dict[str, Any]:
        """Return the customer as it is shown."""
        return {
            "customer": self.number,
            "name": self.name,
            "subject": self.subject,
            "updated_at": self.updated_at,
        }


class Customers:
    """One member's list of customers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def put(self, customers: Sequence[Customer], *, keeps_subjects: bool = False) -> dict[str, int]:
        """Add customers and update those on the list; return how many were new, changed, unchanged.

        Customers that are not named stay as they are. With `keeps_subjects`, so does the subject of one that
        comes without: what a person has said is not unsaid by an export that does not know it.
        """
        with self._database.write() as connection:
            known = {row.customer: (row.name, row.subject) for row in connection.execute(_KNOWN)}
            if keeps_subjects:
                customers = [_with_known_subject(one, known) for one in customers]
            new = [one for one in customers if one.number not in known]
            changed = [
                one for one in customers if known.get(one.number, (one.name, one.subject)) != _said(one)
            ]
            self._store(connection, [*new, *changed])
        unchanged = len(customers) - len(new) - len(changed)
        return {"new": len(new), "changed": len(changed), "unchanged": unchanged}

    def upload(self, raw: bytes) -> dict[str, Any]:
        """Read a CSV file or workbook and `put` its customers; a line that is refused changes nothing.

        Raises a ReceivablesError for what is wrong with the file as a whole.
        """
        lines, refused = read_customers(raw)
        return self._take(lines, refused)

    def take(self, said: Sequence[tuple[str, str, str | None]]) -> dict[str, Any]:
        """Do as `upload` does with customers as (number, name, subject or None), the first being line 1."""
        lines, refused = list[CustomerLine](), list[Remark]()
        for number, (customer, name, text) in enumerate(said, 1):
            try:
                subject = None if text is None else parse_subject(text).id
            except SubjectIdError:
                refused.append(Remark(reason="subject_invalid", line=number))
            else:
                lines.append(CustomerLine(number=customer_key(customer), name=name, subject=subject))
        return self._take(list({one.number: one for one in lines}.values()), refused)

    def _take(self, lines: Sequence[CustomerLine], refused: Sequence[Remark]) -> dict[str, Any]:
        customers = [Customer(number=one.number, name=one.name, subject=one.subject) for one in lines]
        counts = self.put(customers, keeps_subjects=True)
        shown = [{"line": one.line, "reason": one.reason, "text": one.text()} for one in refused[:_SHOWN]]
        return {**counts, "refused": len(refused), "refused_lines": shown}

    def say(self, number: str, *, name: str, subject: str | None) -> Customer:
        """Set a customer's name and subject; raises SubjectIdError for an id that is none."""
        said = None if subject is None else parse_subject(subject).id
        key = customer_key(number)
        self.put([Customer(number=key, name=name, subject=said)])
        return self.one(key)

    def one(self, number: str) -> Customer:
        """Return a customer; raises NotFoundError."""
        query = select(customer_table).where(customer_table.c.customer == customer_key(number))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError("no customer on the list has this number")
        return _customer(row)

    def some(self, numbers: Collection[str]) -> list[Customer]:
        """Return the customers with some numbers, in the order of these."""
        query = select(customer_table).where(customer_table.c.customer.in_(list(numbers)))
        with self._database.read() as connection:
            found = {row.customer: _customer(row) for row in connection.execute(query)}
        return [found[number] for number in numbers if number in found]

    def listed(self, *, after: str | None, limit: int, without_subject: bool) -> list[Customer]:
        """Return customers in the order of their numbers, or only those that no subject is known of."""
        query = select(customer_table).order_by(customer_table.c.customer).limit(limit)
        if after is not None:
            query = query.where(customer_table.c.customer > after)
        if without_subject:
            query = query.where(customer_table.c.subject.is_(None))
        with self._database.read() as connection:
            return [_customer(row) for row in connection.execute(query)]

    def of_subjects(self, subjects: Collection[str]) -> list[Customer]:
        """Return the customers that are known to be one of some subjects."""
        query = select(customer_table).where(customer_table.c.subject.in_(list(subjects)))
        with self._database.read() as connection:
            return [_customer(row) for row in connection.execute(query.order_by(customer_table.c.customer))]

    def names_of(self, subject: str) -> list[str]:
        """Return the firm's own names of who is known to be a subject, each once."""
        return list(dict.fromkeys(one.name for one in self.of_subjects([subject]) if one.name))

    def numbers(self) -> list[tuple[SubjectId, str]]:
        """Return subject and number of every customer whose subject is known."""
        query = select(customer_table.c.subject, customer_table.c.customer)
        with self._database.read() as connection:
            rows = connection.execute(
                query.where(customer_table.c.subject.is_not(None)).order_by(customer_table.c.customer)
            )
            return [(SubjectId(row.subject), row.customer) for row in rows]

    def names(self) -> list[tuple[str, str]]:
        """Return number and normalised name of every customer that has a name."""
        query = select(customer_table.c.customer, customer_table.c.name_key)
        with self._database.read() as connection:
            rows = connection.execute(query.where(customer_table.c.name_key != ""))
            return [(row.customer, row.name_key) for row in rows]

    def subject_of(self) -> SubjectOf:
        """Return what gives an export's customer its subject: by the list, else its own text as an id."""
        with self._database.read() as connection:
            return resolver({row.customer: row.subject for row in connection.execute(_KNOWN)})

    def _store(self, connection: Connection, customers: Sequence[Customer]) -> None:
        if not customers:
            return
        now = self._clock.now().isoformat()
        rows = [
            {
                "customer": one.number,
                "name": one.name,
                "name_key": name_key(one.name),
                "subject": one.subject,
                "updated_at": now,
            }
            for one in customers
        ]
        connection.execute(_DROP, [{"of": one.number} for one in customers])
        connection.execute(customer_table.insert(), rows)


def resolver(known: Mapping[str, str | None]) -> SubjectOf:
    """Return what gives a customer its subject, by a list and else by the customer's own text."""

    def subject_of(text: str) -> Subject | None:
        number = customer_key(text)
        if number in known:
            subject = known[number]
            return None if subject is None else parse_subject(subject)
        try:
            return parse_subject(text)
        except SubjectIdError:
            if ":" in text:
                raise  # meant as an id, and no valid one
            return None

    return subject_of


def _with_known_subject(customer: Customer, known: Mapping[str, tuple[str, str | None]]) -> Customer:
    _, subject = known.get(customer.number, ("", None))
    if customer.subject is not None or subject is None:
        return customer
    return replace(customer, subject=SubjectId(subject))


def _said(customer: Customer) -> tuple[str, str | None]:
    return customer.name, customer.subject


def _customer(row: Any) -> Customer:
    return Customer(number=row.customer, name=row.name, subject=row.subject, updated_at=row.updated_at)
