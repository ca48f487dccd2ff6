"""From a firm's customer numbers to subject ids: its own table, or a rule."""

import unicodedata
from collections.abc import Callable
from collections.abc import Mapping as Words
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from hanse_ledger.errors import SubjectIdError
from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import Subject, parse_subject
from node.receivables.cells import UnfitError, cell_text, identifier
from node.receivables.columns import ColumnFinder, Header
from node.receivables.mapping import Mapping
from node.receivables.outcome import Remark
from node.receivables.tables import Line, open_table
from node.receivables.words import MAP_COLUMNS, fold

SubjectOf: TypeAlias = Callable[[str], Subject | None]
"""A customer number's subject, None without one; may raise SubjectIdError."""

_KIND_OF_HEADER: Final = {
    "uscc": "uscc",
    "统一社会信用代码": "uscc",
    "社会信用代码": "uscc",
    "信用代码": "uscc",
    "lei": "lei",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectMap:
    """A firm's table. `subjects` and `names` go by customer number in NFKC; `refused` are its bad lines."""

    subjects: Words[str, Subject] = field(repr=False)
    names: Words[str, str] = field(repr=False)
    refused: tuple[Remark, ...]

    def __call__(self, customer: str) -> Subject | None:
        """Return the subject of a customer, None where the table has no good line for it."""
        return self.subjects.get(customer_key(customer))


def demo_subject(customer: str) -> Subject:
    """Return `ref:DEMO:<customer>`: what a demo consortium calls a customer. Raises SubjectIdError."""
    return parse_subject(f"ref:DEMO:{customer}")


def read_subject_map(raw: bytes) -> SubjectMap:
    """Read a CSV file or workbook with the columns customer, subject and perhaps name.

    An id without its kind takes it from a header such as `LEI` or 统一社会信用代码. Two customers may
    have one subject; a customer with two is refused in every line. Raises a ReceivablesError.
    """
    entries, refused = _entries(raw, needed=("customer", "subject"))
    kept = _agreeing(entries, refused)
    return SubjectMap(
        subjects={entry.customer: entry.subject for entry in kept if entry.subject},
        names={entry.customer: entry.name for entry in kept if entry.name},
        refused=tuple(sorted(refused, key=lambda remark: remark.line or 0)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerLine:
    """One customer of a firm's list; `number` is in NFKC."""

    number: str = field(repr=False)
    name: str = field(repr=False)
    subject: SubjectId | None = field(repr=False)


def read_customers(raw: bytes) -> tuple[list[CustomerLine], list[Remark]]:
    """Read a CSV file or workbook as `read_subject_map` does, in which subjects may be missing.

    Returns the customers and what is refused. Raises a ReceivablesError.
    """
    entries, refused = _entries(raw, needed=("customer",))
    kept = _agreeing(entries, refused)
    lines = [
        CustomerLine(number=one.customer, name=one.name, subject=one.subject.id if one.subject else None)
        for one in kept
    ]
    return lines, sorted(refused, key=lambda remark: remark.line or 0)


def _agreeing(entries: "Words[str, list[_Entry]]", refused: list[Remark]) -> "list[_Entry]":
    """Return the first entry of each customer; refuse those of a customer with two subjects."""
    kept = []
    for found in entries.values():
        if len({entry.subject for entry in found}) > 1:
            refused += [Remark(reason="subject_differs", line=entry.line) for entry in found]
        else:
            kept.append(found[0])
    return kept


def _entries(raw: bytes, *, needed: tuple[str, ...]) -> "tuple[dict[str, list[_Entry]], list[Remark]]":
    finder = ColumnFinder(tiers=MAP_COLUMNS, named={}, needed=needed)
    table = open_table(raw, mapping=Mapping(), score=finder.score)
    header = finder.find(table.first)
    refused: list[Remark] = []
    entries: dict[str, list[_Entry]] = {}
    for line in chain(table.first, table.rest):
        if line.number <= header.line:
            continue
        try:
            entry = _entry(line, header, is_ragged=table.is_ragged, needs_subject="subject" in needed)
        except UnfitError as error:
            refused.append(Remark(reason=error.reason, line=line.number))
        else:
            entries.setdefault(entry.customer, []).append(entry)
    return entries, refused


class _Entry(NamedTuple):
    line: int
    customer: str
    subject: Subject | None
    name: str


def _entry(line: Line, header: Header, *, is_ragged: bool, needs_subject: bool) -> _Entry:
    if not header.fits(line.cells, is_ragged=is_ragged):
        raise UnfitError("cell_count")
    place = header.places.get("subject")
    has_subject = place is not None and cell_text(line.cells[place]) != ""
    subject = subject_in(line, header) if has_subject or needs_subject else None
    name = cell_text(line.cells[header.places["name"]]) if "name" in header.places else ""
    return _Entry(line.number, customer_key(identifier(line.cells[header.places["customer"]])), subject, name)


def subject_in(line: Line, header: Header) -> Subject:
    """Return the subject in a line's cell, its kind taken from the header where that says it.

    Raises UnfitError.
    """
    text = identifier(line.cells[header.places["subject"]])
    kind = _KIND_OF_HEADER.get(fold(header.names["subject"]))
    try:
        return parse_subject(text if kind is None or ":" in text else f"{kind}:{text}")
    except SubjectIdError as error:
        raise UnfitError("subject_invalid") from error


def customer_key(customer: str) -> str:
    """Return a customer number as it is compared."""
    return unicodedata.normalize("NFKC", customer).strip()
