"""Which column of a file is what: by the firm's mapping, then by the words of exports."""

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Words
from dataclasses import dataclass
from typing import Final

from node.receivables.cells import Cell
from node.receivables.errors import ColumnAmbiguousError, ColumnMissingError, HeaderError
from node.receivables.tables import Line
from node.receivables.words import fold

_HEADER_SHOWN: Final = 64
_LIKE_A_HEADER: Final = 2
_MAY_BE_ABSENT: Final = frozenset({"paid_date"})
"""Needed, but a firm may say that its file has none: it must not be missed by accident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where each field stands. `names` are the headers as written, at most 64 characters of each.

    `width` counts the header's cells, `named_width` those up to the last with a name.
    """

    line: int
    width: int
    named_width: int
    places: Words[str, int]
    names: Words[str, str]
    unused: tuple[str, ...]

    def fits(self, cells: Sequence[Cell], *, is_ragged: bool) -> bool:
        """Say whether a line has the header's cells: as many, or in a sheet none beside the table."""
        if is_ragged:
            return len(cells) == self.width
        return all(cell == "" for cell in cells[self.named_width :])


class ColumnFinder:
    """Finds the columns of one kind of file.

    `tiers` are folded header -> field, the sure names first; `named` is the firm's own field ->
    header, "" for a field that its file does not have; `needed` must be found.
    """

    def __init__(
        self, *, tiers: Sequence[Words[str, str]], named: Words[str, str], needed: Sequence[str]
    ) -> None:
        self._tiers, self._needed, self._named = tiers, needed, named
        self._own = {fold(_shown(header)): field for field, header in named.items() if header}

    def score(self, cells: Sequence[Cell]) -> int:
        """Return how many fields a line would name if it were the header."""
        return len(self._found(cells))

    def find(self, lines: Iterable[Line]) -> Header:
        """Return the header among the first lines.

        Raises HeaderError, ColumnMissingError and ColumnAmbiguousError.
        """
        line = max(lines, key=lambda each: self.score(each.cells), default=None)
        if line is None or self.score(line.cells) < _LIKE_A_HEADER:
            raise HeaderError(
                "no line among the first names the columns; name them under `columns` in the mapping"
            )
        shown = [_shown(cell) for cell in line.cells]
        found = self._found(line.cells)
        for field, candidates in found.items():
            if len(candidates) > 1:
                raise self._ambiguous(field, [shown[place] for place in candidates])
        for field in self._needed:
            if field not in found and not (field in _MAY_BE_ABSENT and self._named.get(field) == ""):
                raise self._missing(field)
        for field, header in self._named.items():
            if header and field not in found:
                raise self._missing(field)
        places = {field: columns[0] for field, columns in found.items()}
        used = set(places.values())
        return Header(
            line=line.number,
            width=len(line.cells),
            named_width=max(place for place, name in enumerate(shown, 1) if name),
            places=places,
            names={field: shown[place] for field, place in places.items()},
            unused=tuple(name for place, name in enumerate(shown) if name and place not in used),
        )

    def _found(self, cells: Sequence[Cell]) -> dict[str, list[int]]:
        """Return field -> its columns: all of the first tier in which it has any."""
        folded = [fold(_shown(cell)) for cell in cells]
        found: dict[str, list[int]] = {}
        for tier in (self._own, *self._tiers):
            fresh: dict[str, list[int]] = {}
            for place, word in enumerate(folded):
                field = tier.get(word) if word else None
                taken = tier is not self._own and (field in self._named or word in self._own)
                if field is not None and field not in found and not taken:
                    fresh.setdefault(field, []).append(place)
            found |= fresh
        return found

    def _missing(self, field: str) -> ColumnMissingError:
        absent = ', or "" if nothing in the file is' if field in _MAY_BE_ABSENT else ""
        return ColumnMissingError(
            f"no column for `{field}`; give its header in the mapping: columns.{field}{absent}",
            column=self._named.get(field) or None,
        )

    def _ambiguous(self, field: str, headers: list[str]) -> ColumnAmbiguousError:
        return ColumnAmbiguousError(
            f"several columns could be `{field}`: {', '.join(headers)};"
            f" say which in the mapping: columns.{field}",
            column=headers[0],
        )


def _shown(cell: Cell) -> str:
    text = " ".join(cell.split()) if isinstance(cell, str) else ""
    return "".join(c for c in text if c.isprintable())[:_HEADER_SHOWN]
