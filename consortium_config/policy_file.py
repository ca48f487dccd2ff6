"""The policy that the founders have agreed on, as people write it: TOML (a sample: docs/founding.md)."""

import re
import tomllib
from dataclasses import dataclass
from typing import Any, Final

from hanse_ledger.consortium import Policy, parse_policy
from hanse_ledger.documents import Fields, text_item
from hanse_ledger.errors import DocumentError
from hanse_ledger.ids import ConsortiumId, Month, PartyId, parse_month

_TERMS: Final = ("consortium", "first_month", "ordering", "policy")
_INDEX: Final = re.compile(r"\[[0-9]*\]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the founders have agreed on besides who takes part."""

    consortium: ConsortiumId
    first_month: Month
    ordering: tuple[PartyId, ...]
    policy: Policy


def parse_terms(text: str) -> Terms:
    """Read a policy file; raises DocumentError, whose reason ends with the line where there is one."""
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DocumentError(field="document", reason=f"not TOML: {error}") from error
    try:
        return read_terms(Fields(document, ""))
    except DocumentError as error:
        raise at_line(text, error) from error


def read_terms(fields: Fields) -> Terms:
    """Take the terms out of a JSON object, all but its other fields; raises DocumentError."""
    month = fields.text("first_month")
    try:
        first_month = parse_month(month)
    except ValueError:
        fields.refuse("first_month", "must be a month YYYY-MM")
    terms = Terms(
        consortium=ConsortiumId(fields.text("consortium")),
        first_month=first_month,
        ordering=tuple(PartyId(party) for party in fields.list_of("ordering", text_item)),
        policy=parse_policy(fields.take("policy")),
    )
    fields.done()
    return terms


def at_line(text: str, error: DocumentError) -> DocumentError:
    """Return the error with the line of a policy file that sets its field, where one does."""
    if re.split(r"[.\[]", error.field)[0] not in _TERMS:
        return error
    name = re.escape(_INDEX.sub("", error.field).rpartition(".")[2])
    set_here = re.compile(rf'\s*"?{name}"?\s*=|\s*\[([\w.]+\.)?{name}\]')
    lines = [number for number, line in enumerate(text.splitlines(), 1) if set_here.match(line)]
    place = f" (line {lines[0]})" if lines else ""
    return DocumentError(field=error.field, reason=error.reason + place)
