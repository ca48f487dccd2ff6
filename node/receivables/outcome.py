"""What comes of reading a file: records, and a reason for every line that is none.

Every line that is not empty stands in exactly one of `records`, `refused` and `left_out`.
"""

import tomllib
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from importlib import resources
from typing import Final, Literal, TypeAlias, get_args

from hanse_ledger.ids import SubjectId
from hanse_ledger.rows import Invoice
from node.receivables.mapping import Mapping


def _texts() -> Table[str, Table[str, str]]:
    text = resources.files(__package__).joinpath("reasons.toml").read_text(encoding="utf-8")
    texts: dict[str, dict[str, str]] = tomllib.loads(text)
    return texts


_TEXTS: Final = _texts()
LANGUAGES: Final = ("en", "zh")

Trouble: TypeAlias = Literal["collection", "charged_off", "insolvent", "returned"]
"""Placed for collection, written off, insolvent; or a payment of it came back unpaid."""
TROUBLES: Final[tuple[Trouble, ...]] = get_args(Trouble)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing to say about a line or a column. Holds no customer, name or amount.

    `reason` is stable and also the id of its sentence in `reasons.toml`. `line` is the line as a
    person sees it in the file, the first being 1; None where the remark is about the file.
    `column` is a header of the file.
    """

    reason: str
    line: int | None = None
    column: str | None = None

    def text(self, language: str = "en") -> str:
        """Return the sentence in `language`, one of LANGUAGES."""
        return _TEXTS[self.reason][language].format(line=self.line, column=self.column)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One invoice as it would be imported.

    `disputed` is the mark of a dispute between the two firms: it stays at the member and changes
    no row (protocol section 3). `trouble` is the status that a warning may rest on (section 8).
    """

    line: int
    customer: str = field(repr=False)
    subject: SubjectId = field(repr=False)
    personal: bool
    disputed: bool
    trouble: Trouble | None = None
    invoice: Invoice = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A whole file as it would be imported: nothing is stored yet.

    `refused` are lines to correct; `left_out` are credit notes, zeros and repeated lines, which is
    no error. `mapping` is what was used, to be saved and given again next time. `currencies` counts
    the lines of each currency in `records`; `lines` counts lines that are not empty.
    """

    records: tuple[Record, ...]
    refused: tuple[Remark, ...]
    left_out: tuple[Remark, ...]
    notes: tuple[Remark, ...]
    mapping: Mapping
    currencies: Table[str, int]
    lines: int
