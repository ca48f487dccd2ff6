"""Where things stand in a TOML text: the line of every table, key and element.

`tomllib` gives values and no lines. This walks once over a text that tomllib has accepted, so it only looks
for where values begin and end, and judges nothing.
"""

import re
import tomllib
from bisect import bisect_right
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and places in arrays, from the top of the document."""

_SPACE: Final = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")


def lines_of(text: str) -> dict[Path, int]:
    """Return the line, from 1, on which each part of a valid TOML text begins."""
    walk = _Walk(text.replace("\r\n", "\n"))
    walk.document()
    return walk.lines


class _Walk:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._tables_in: dict[Path, int] = {}
        """How many tables each array of tables has so far."""
        self.lines: dict[Path, int] = {(): 1}

    def document(self) -> None:
        table: Path = ()
        self._skip()
        while self._at < len(self._text):
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)
            self._skip()

    def _header(self) -> Path:
        line, is_array = self._line(), self._text.startswith("[[", self._at)
        self._at += 1 + is_array
        *parents, last = self._keys()
        self._at = self._text.index("]", self._at) + 1 + is_array
        path: Path = ()
        for key in parents:
            path = self._newest((*path, key))
            self.lines.setdefault(path, line)
        path = (*path, last)
        if is_array:
            self.lines.setdefault(path, line)
            self._tables_in[path] = self._tables_in.get(path, 0) + 1
            path = self._newest(path)
        self.lines[path] = line
        return path

    def _newest(self, path: Path) -> Path:
        return (*path, self._tables_in[path] - 1) if path in self._tables_in else path

    def _pair(self, table: Path) -> None:
        line, path = self._line(), table
        for key in self._keys():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self._at = self._text.index("=", self._at) + 1
        self._value(path)

    def _keys(self) -> list[str]:
        keys = [self._key()]
        while self._text.startswith(".", self._at):
            self._at += 1
            keys.append(self._key())
        return keys

    def _key(self) -> str:
        self._skip()
        bare = _BARE_KEY.match(self._text, self._at)
        key = str(tomllib.loads(f"key = {self._take(_STRING)}")["key"]) if bare is None else bare.group()
        if bare is not None:
            self._at = bare.end()
        self._skip()
        return key

    def _value(self, path: Path) -> None:
        self._skip()
        self.lines.setdefault(path, self._line())
        first = self._text[self._at]
        if first == "[":
            self._elements(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._take(_STRING if first in "\"'" else _SCALAR)

    def _elements(self, path: Path) -> None:
        place = 0
        self._enter()
        while self._text[self._at] != "]":
            self._value((*path, place))
            place += 1
            self._separator()
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._enter()
        while self._text[self._at] != "}":
            self._pair(path)
            self._separator()
        self._at += 1

    def _enter(self) -> None:
        self._at += 1
        self._skip()

    def _separator(self) -> None:
        self._skip()
        if self._text[self._at] == ",":
            self._enter()

    def _skip(self) -> None:
        self._take(_SPACE)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise AssertionError("a text that tomllib has accepted")
        self._at = found.end()
        return found.group()

    def _line(self) -> int:
        return bisect_right(self._line_starts, self._at)
