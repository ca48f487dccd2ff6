"""`hanse receivables`: what an import of a firm's export would take, and the import itself."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from hanse_ledger.consortium import MEMBER, Consortium
from hanse_ledger.ids import Month, month_at, month_text
from hanse_ledger.rows import open_months
from node.commands.options import Dir, Json, Party, WrongUsageError, file_option, parse_day
from node.commands.output import print_json, refuse, say
from node.commands.tree import Command, new_app
from node.commands.withdraw import withdraw
from node.files import write_whole
from node.member import MemberNode
from node.receivables.export import Export, open_export
from node.receivables.mapping import parse_mapping
from node.receivables.outcome import Reading, Remark
from node.receivables.read import take
from node.receivables.subjectmap import SubjectMap, SubjectOf, demo_subject, read_subject_map
from node.rendering.readings import RowCounts, print_change, print_reading, reading_document
from node.roles.book import BookChange, Difference
from node.roles.drafts import first_open_month
from node.storage.book import months_made
from node.texts import mark, tr

app: Final = new_app(help=mark("Check and import a firm's receivables."))

_USUAL_CURRENCY: Final = "CNY"

File: TypeAlias = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, metavar="FILE", help=mark("A CSV file or .xlsx workbook.")),
]
MapFile: TypeAlias = Annotated[
    Path | None,
    file_option(mark("A table of your customer numbers and their subject ids."), "--map"),
]
MappingFile: TypeAlias = Annotated[
    Path | None,
    file_option(mark("What the columns, dates and amounts of FILE mean (JSON or TOML).")),
]
SaveMapping: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", show_default=False, help=mark("Write the mapping that was used, for the next time.")
    ),
]
AsOf: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="YYYY-MM-DD", show_default=False, help=mark("The day of the export; today without it.")
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A file as read: its bytes' hash, the day of the export, what it holds, what its map refuses."""

    sha256: bytes
    as_of: date
    reading: Reading
    map_refused: tuple[Remark, ...]

    @property
    def is_clean(self) -> bool:
        return not self.reading.refused and not self.map_refused


@app.command(cls=Command, help=mark("Say line by line what an import would take and refuse."))
def check(  # noqa: PLR0913 - one for each option
    file: File,
    *,
    map_file: MapFile = None,
    mapping: MappingFile = None,
    save_mapping: SaveMapping = None,
    as_of: AsOf = None,
    currency: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            show_default=False,
            help=mark("The reporting currency, where no DIR says it; that of most lines without it."),
        ),
    ] = None,
    directory: Dir = None,
    party: Party = None,
    as_json: Json = False,
) -> None:
    """Read the file and store nothing."""
    del party  # whose receivables they are changes nothing
    consortium = None if directory is None else _consortium(directory)
    read = _read(file, consortium, map_file, mapping, as_of=_day(as_of, directory), currency=currency)
    _save(save_mapping, read)
    if as_json:
        print_json(reading_document(read.reading, read.map_refused))
    else:
        print_reading(read.reading, read.map_refused)
    if not read.is_clean:
        refuse()


@app.command("import", cls=Command, help=mark("Import receivables into a member's book, all lines or none."))
def import_(  # noqa: PLR0913 - one for each option
    file: File,
    *,
    map_file: MapFile = None,
    mapping: MappingFile = None,
    save_mapping: SaveMapping = None,
    as_of: AsOf = None,
    skip_refused: Annotated[
        bool, typer.Option("--skip-refused", help=mark("Import the other lines where some are refused."))
    ] = False,
    directory: Dir = None,
    party: Party = None,
    as_json: Json = False,
) -> None:
    """Take the export into the book in one transaction."""
    from node.commands.nodes import consortium_in, pick_party  # noqa: PLC0415 - `check` does without a node

    with consortium_in(directory) as embedded:
        member = embedded.member(pick_party(embedded.consortium, party, MEMBER))
        day = _day(as_of, directory)
        read = _read(file, embedded.consortium, map_file, mapping, as_of=day, currency=None)
        _save(save_mapping, read)
        is_taken = read.is_clean or skip_refused
        change = member.import_book(read.reading, sha256=read.sha256, as_of=day) if is_taken else None
        rows = _rows(read, member)
        policy = embedded.consortium.policy
    if as_json:
        document = reading_document(read.reading, read.map_refused)
        print_json({**document, "imported": None if change is None else _change_document(change, rows)})
    else:
        print_reading(read.reading, read.map_refused)
        print_change(change, rows, currency=policy.currency, exponent=policy.exponent)
    if change is None:
        refuse()


app.command("withdraw", cls=Command, help=mark("Withdraw a reported row that was wrong."))(withdraw)


def _consortium(directory: Path) -> Consortium:
    from node.commands.nodes import document_in  # noqa: PLC0415 - a check without DIR needs no node

    return document_in(directory)


def _day(as_of: str | None, directory: Path | None) -> date:
    if as_of is not None:
        return parse_day(as_of)
    if directory is None:
        return datetime.now(UTC).date()
    from node.bootstrap import clock_of  # noqa: PLC0415 - a check without DIR needs no node

    return clock_of(directory).now().date()


def _read(
    file: Path,
    consortium: Consortium | None,
    map_file: Path | None,
    mapping: Path | None,
    *,
    as_of: date,
    currency: str | None,
) -> _Read:
    raw = file.read_bytes()
    export = open_export(raw, mapping=None if mapping is None else parse_mapping(mapping.read_bytes()))
    subject_map = None if map_file is None else read_subject_map(map_file.read_bytes())
    policy = None if consortium is None else consortium.policy
    reading = take(
        export,
        subject_of=_subject_of(subject_map, consortium),
        currency=currency or _usual_currency(export) if policy is None else policy.currency,
        rated_currencies=() if policy is None else policy.rates,
        as_of=as_of,
    )
    return _Read(
        sha256=hashlib.sha256(raw).digest(),
        as_of=as_of,
        reading=reading,
        map_refused=() if subject_map is None else subject_map.refused,
    )


def _subject_of(subject_map: SubjectMap | None, consortium: Consortium | None) -> SubjectOf:
    if subject_map is not None:
        return subject_map
    if consortium is None:
        say(tr("Without --map the customers' subject ids are not checked."))
    elif not consortium.demo:
        raise WrongUsageError(tr("--map says which subject each of your customers is."))
    return demo_subject


def _usual_currency(export: Export) -> str:
    counts = export.currencies()
    return min(counts, key=lambda code: (-counts[code], code), default=_USUAL_CURRENCY)


def _save(path: Path | None, read: _Read) -> None:
    if path is not None:
        write_whole(path, read.reading.mapping.to_json().encode())
        say(tr("Written: {path}", path=path))


def _rows(read: _Read, member: MemberNode) -> RowCounts:
    """Count the rows that these invoices have a part in: of ended months, and those not reported yet."""
    standing = member.standing
    standing.catch_up()
    first, log_month = standing.consortium.first_month, standing.state.log_month
    ended = month_at(read.as_of + timedelta(days=1)) - 1
    primary_of = standing.state.primary_of
    rows = {
        (primary_of(record.subject), Month(month))
        for record in read.reading.records
        for month in open_months(record.invoice, as_of=read.as_of)
        if first <= month <= ended
    }
    still_open = first_open_month(first, log_month)
    with standing.database.read() as connection:
        made = months_made(connection, still_open)
    due = {row for row in rows if still_open <= row[1] <= log_month} - made
    return RowCounts(all=len(rows), due=len(due))


def _change_document(change: BookChange, rows: RowCounts) -> dict[str, Any]:
    return {
        "new": change.new,
        "changed": change.changed,
        "unchanged": change.unchanged,
        "customers": change.customers,
        "subjects": change.subjects,
        "rows": rows.all,
        "rows_due": rows.due,
        "differences": [_difference(difference) for difference in change.differences],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    def classes(row: Any) -> list[int] | None:
        return None if row is None else [row.condition, row.exposure, row.delay]

    return {
        "subject": difference.subject,
        "month": month_text(difference.month),
        "reported": classes(difference.reported),
        "now": classes(difference.now),
    }
