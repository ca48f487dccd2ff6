"""Bringing the firm's own receivables to its node: shown first, then taken."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Any, Final, TypeAlias

from hanse_client.listings import Listing
from hanse_client.session import Session
from hanse_client.shapes import Shape, as_text
from hanse_client.steps import Request, Steps, get, path_of, post

Export: TypeAlias = bytes | PathLike[str]
"""A CSV file or .xlsx workbook: its bytes or its path."""

_PATH: Final = "/v1/imports"
_BYTES: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What is wrong with a line of an export."""

    line: int | None
    """From 1; None where it concerns the file."""
    reason: str
    """Stable."""
    column: str | None
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An export as the node has it. Counts are of lines, but for `customers`, `subjects` and `unmatched`."""

    id: str
    state: str
    """`previewed`, `taken` or `discarded`."""
    as_of: str
    """The day of the export, `YYYY-MM-DD`."""
    seen_before: bool
    """Whether the very same bytes were taken before; taking them again changes nothing."""
    lines: int
    taken: int
    """Lines that an import takes."""
    left_out: int
    """Lines of zero or less, such as credit notes."""
    refused: int
    refused_lines: tuple[Remark, ...]
    """The first of them; `refused_lines` of the client has all."""
    unmatched: int
    """Customers without a subject id."""
    new: int
    changed: int
    unchanged: int
    customers: int
    subjects: int
    differences: int
    """Earlier rows that the export contradicts."""


def preview(
    session: Session, export: bytes, as_of: date | None, columns: Mapping[str, Any] | None
) -> Steps[Import]:
    """Show what an import would take; nothing is taken."""
    query = {} if as_of is None else {"as_of": as_of.isoformat()}
    if columns is not None:
        query["columns"] = json.dumps(columns)
    request = post(_PATH, export, session.around, query=query, content_type=_BYTES)
    return import_of((yield from session.read(request)))


def confirm(session: Session, import_id: str, *, skip_refused: bool) -> Steps[Import]:
    """Take what was previewed."""
    query = {"skip_refused": "true"} if skip_refused else None
    request = post(path_of(_PATH, import_id, "confirm"), b"", session.around, query=query)
    return import_of((yield from session.read(request)))


def discard(session: Session, import_id: str) -> Steps[Import]:
    """Throw a preview away."""
    request = Request(method="DELETE", path=path_of(_PATH, import_id))
    return import_of((yield from session.read(request)))


def one(session: Session, import_id: str) -> Steps[Import]:
    """Fetch an import as it stands."""
    return import_of((yield from session.read(get(path_of(_PATH, import_id)))))


def listed() -> Listing[Import]:
    """List imports, the newest first."""
    return Listing(path=_PATH, read=import_of)


def refused(import_id: str) -> Listing[Remark]:
    """List every line that is refused."""
    return Listing(path=path_of(_PATH, import_id, "refused"), read=remark_of)


def unmatched(import_id: str) -> Listing[str]:
    """List every customer without a subject."""
    return Listing(path=path_of(_PATH, import_id, "unmatched"), read=as_text)


def read_export(export: Export) -> bytes:
    """Return an export's bytes."""
    return export if isinstance(export, bytes) else Path(export).read_bytes()


def import_of(content: Any) -> Import:
    """Read an import as a node shows it."""
    shape = Shape(content)
    return Import(
        id=shape.text("id"),
        state=shape.text("state"),
        as_of=shape.text("as_of"),
        seen_before=shape.flag("seen_before"),
        lines=shape.number("lines"),
        taken=shape.number("taken"),
        left_out=shape.number("left_out"),
        refused=shape.number("refused"),
        refused_lines=shape.each("refused_lines", remark_of),
        unmatched=shape.number("unmatched"),
        new=shape.number("new"),
        changed=shape.number("changed"),
        unchanged=shape.number("unchanged"),
        customers=shape.number("customers"),
        subjects=shape.number("subjects"),
        differences=shape.number("differences"),
    )


def remark_of(content: Any) -> Remark:
    """Read what is wrong with a line."""
    shape = Shape(content)
    return Remark(
        line=shape.number_or_none("line"),
        reason=shape.text("reason"),
        column=shape.text_or_none("column"),
        text=shape.text("text"),
    )
