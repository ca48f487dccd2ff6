"""Which lines of an export would be imported, and why the others would not.

The first thing that is wrong with a line is what it is refused for. Nothing here stores anything.
"""

from collections import Counter
from collections.abc import Collection
from datetime import date
from itertools import chain

from hanse_ledger.errors import SubjectIdError
from hanse_ledger.subjects import Subject
from node.receivables.export import Export, open_export
from node.receivables.judge import Judge, LineRefusedError
from node.receivables.mapping import Mapping
from node.receivables.outcome import Reading, Record, Remark
from node.receivables.subjectmap import SubjectOf


def read_receivables(
    raw: bytes,
    *,
    mapping: Mapping | None = None,
    subject_of: SubjectOf,
    currency: str,
    rated_currencies: Collection[str] = (),
    as_of: date,
) -> Reading:
    """Read the bytes of a CSV file or workbook: `open_export` and `take` in one.

    Raises a ReceivablesError for what is wrong with the file as a whole.
    """
    export = open_export(raw, mapping=mapping)
    return take(
        export, subject_of=subject_of, currency=currency, rated_currencies=rated_currencies, as_of=as_of
    )


def take(
    export: Export, *, subject_of: SubjectOf, currency: str, rated_currencies: Collection[str], as_of: date
) -> Reading:
    """Judge every line of an export.

    `currency` is the reporting currency, `rated_currencies` those that the consortium has rates for,
    `as_of` the day of the export: nothing in it was invoiced, paid or lost later.
    """
    judge = Judge(
        export=export,
        subject_of=_remembering(subject_of),
        currency=currency,
        currencies=frozenset({currency, *rated_currencies}),
        as_of=as_of,
    )
    records, refused, left_out = list[Record](), list(export.refused), list[Remark]()
    for line in export.lines:
        try:
            records.append(judge.record(line))
        except LineRefusedError as refusal:
            (left_out if refusal.is_left_out else refused).append(refusal.remark)
    records = _without_repeats(records, refused, left_out)
    kept = {record.line: record for record in records}
    noted = [judge.notes(line, kept[line.number]) for line in export.lines if line.number in kept]
    return Reading(
        records=tuple(records),
        refused=tuple(sorted(refused, key=_line_number)),
        left_out=tuple(sorted(left_out, key=_line_number)),
        notes=(*export.notes, *chain.from_iterable(noted)),
        mapping=export.mapping,
        currencies=dict(Counter(record.invoice.currency for record in records)),
        lines=len(export.lines) + len(export.refused),
    )


def _without_repeats(records: list[Record], refused: list[Remark], left_out: list[Remark]) -> list[Record]:
    """Return the records with one for each invoice of a customer.

    Lines that say the same count once; where they differ nobody knows which holds, and all are refused.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.customer, record.invoice.reference), []).append(record)
    kept: list[Record] = []
    for first, *others in groups.values():
        if all((each.invoice, each.disputed) == (first.invoice, first.disputed) for each in others):
            kept.append(first)
            left_out += [Remark(reason="duplicate", line=each.line) for each in others]
        else:
            refused += [Remark(reason="duplicate_differs", line=each.line) for each in (first, *others)]
    return kept


def _remembering(subject_of: SubjectOf) -> SubjectOf:
    """Ask once for each customer: checking an id costs more than reading a line."""
    known: dict[str, Subject | SubjectIdError | None] = {}

    def remembered(customer: str) -> Subject | None:
        if customer not in known:
            try:
                known[customer] = subject_of(customer)
            except SubjectIdError as error:
                known[customer] = error
        found = known[customer]
        if isinstance(found, SubjectIdError):
            raise found
        return found

    return remembered


def _line_number(remark: Remark) -> int:
    return remark.line or 0
