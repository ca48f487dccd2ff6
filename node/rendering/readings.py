"""What reading an export found, line by line, and what an import changed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hanse_ledger.rows import Row
from node.commands.output import print_line
from node.receivables.outcome import Reading, Remark
from node.rendering.words import CONDITIONS
from node.roles.book import BookChange, Difference
from node.texts import current, formats, mark, tr

_SHOWN: Final = 50
_LANGUAGES: Final = {"en": "en", "zh-CN": "zh"}
_FIELDS: Final = {
    "invoice": mark("invoice"),
    "customer": mark("customer"),
    "invoice_date": mark("invoice date"),
    "due_date": mark("due date"),
    "paid_date": mark("paid date"),
    "amount": mark("amount"),
    "currency": mark("currency"),
    "status": mark("status"),
    "status_date": mark("status date"),
    "disputed": mark("contested"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """Rows that an export's invoices have a part in: `all` of ended months, `due` of these to be reported."""

    all: int
    due: int


def reading_document(reading: Reading, map_refused: Sequence[Remark]) -> dict[str, Any]:
    """Return a reading as JSON: counts, a verdict for every line, notes, the mapping that was used."""
    verdicts = [
        *({"line": record.line, "verdict": "take", "subject": record.subject} for record in reading.records),
        *({**_remark(remark), "verdict": "refuse"} for remark in reading.refused),
        *({**_remark(remark), "verdict": "leave-out"} for remark in reading.left_out),
    ]
    return {
        "lines": reading.lines,
        "taken": len(reading.records),
        "refused": len(reading.refused),
        "left_out": len(reading.left_out),
        "currencies": dict(reading.currencies),
        "verdicts": sorted(verdicts, key=lambda verdict: verdict["line"] or 0),
        "map_refused": [_remark(remark) for remark in map_refused],
        "notes": [_remark(remark) for remark in reading.notes],
        "columns": dict(reading.mapping.columns),
    }


def print_reading(reading: Reading, map_refused: Sequence[Remark]) -> None:
    """Print what would be taken, left out and refused, and how the columns were understood."""
    print_line(
        tr(
            "Lines {lines}: {taken} can be taken, {left_out} are left out, {refused} are refused.",
            lines=formats.number(reading.lines),
            taken=formats.number(len(reading.records)),
            left_out=formats.number(len(reading.left_out)),
            refused=formats.number(len(reading.refused)),
        )
    )
    if reading.currencies:
        counts = (f"{code} {formats.number(count)}" for code, count in reading.currencies.items())
        print_line(tr("Currencies: {counts}", counts=formats.listed(counts)))
    print_line(tr("Columns:"))
    for field, column in reading.mapping.columns.items():
        if column:
            print_line(f"  {tr(_FIELDS[field])} = {column}")
    _print_taken(reading)
    _print_remarks(tr("Refused in the customer map:"), map_refused)
    _print_remarks(tr("Refused:"), reading.refused)
    _print_remarks(tr("Left out:"), reading.left_out)
    _print_remarks(tr("Notes:"), reading.notes)


def print_change(change: BookChange | None, rows: RowCounts, *, currency: str, exponent: int) -> None:
    """Print what an import changed, or that nothing was imported."""
    print_line()
    if change is None:
        print_line(tr("Nothing was imported. Correct the refused lines, or give --skip-refused."))
        return
    counts = {name: formats.number(getattr(change, name)) for name in ("new", "changed", "unchanged")}
    print_line(tr("Imported: invoices new {new}, changed {changed}, unchanged {unchanged}.", **counts))
    print_line(
        tr(
            "Customers {customers}, subjects {subjects}, rows {rows}, of which due {due}.",
            customers=formats.number(change.customers),
            subjects=formats.number(change.subjects),
            rows=formats.number(rows.all),
            due=formats.number(rows.due),
        )
    )
    if change.differences:
        _print_differences(change.differences, currency=currency, exponent=exponent)


def _print_differences(differences: Sequence[Difference], *, currency: str, exponent: int) -> None:
    print_line()
    print_line(tr("Reported rows that these books would make otherwise now:"))
    for difference in differences[:_SHOWN]:
        now = _row(difference.now, currency, exponent)
        print_line(
            tr(
                "  {subject}, {month}: reported {reported}; now {now}",
                subject=difference.subject,
                month=formats.month(difference.month),
                reported=_row(difference.reported, currency, exponent),
                now=now,
            )
        )
    _print_more(len(differences))
    print_line(
        tr("What was reported stays as it was. Withdraw a row that was wrong; its window is withheld.")
    )


def _row(row: Row | None, currency: str, exponent: int) -> str:
    if row is None:
        return tr("no row")
    return tr(
        "{condition}, highest balance {peak}, mean delay {days} days",
        condition=tr(CONDITIONS[row.condition]),
        peak=formats.money(row.peak_minor, currency, exponent),
        days=formats.number(row.delay_days),
    )


def _print_taken(reading: Reading) -> None:
    if not reading.records:
        return
    runs = _runs(sorted(record.line for record in reading.records))
    print_line(tr("Taken: lines {lines}", lines=formats.listed(runs[:_SHOWN])))
    _print_more(len(runs))


def _runs(lines: Sequence[int]) -> list[str]:
    """Return ascending line numbers as ranges."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and runs[-1][1] + 1 == line:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    return [str(first) if first == last else f"{first}-{last}" for first, last in runs]


def _print_remarks(title: str, remarks: Sequence[Remark]) -> None:
    if not remarks:
        return
    print_line(title)
    for remark in remarks[:_SHOWN]:
        print_line(f"  {_sentence(remark)}")
    _print_more(len(remarks))
    if len(remarks) > _SHOWN:
        for reason, count in Counter(remark.reason for remark in remarks).most_common():
            print_line(f"  {formats.number(count):>8}  {reason}")


def _print_more(count: int) -> None:
    if count > _SHOWN:
        print_line(tr("  and {count} more; --json lists all.", count=formats.number(count - _SHOWN)))


def _remark(remark: Remark) -> dict[str, Any]:
    return {
        "line": remark.line,
        "column": remark.column,
        "reason": remark.reason,
        "text": _sentence(remark),
    }


def _sentence(remark: Remark) -> str:
    return remark.text(_LANGUAGES[current()])
