"""A policy file between its bytes and its values: TOML with lines, and types that are checked once, here."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from pydantic import TypeAdapter, ValidationError

from node.risk.policy.errors import Fault, PolicyError
from node.risk.policy.lines import Path, lines_of

BYTES_MOST: Final = 256 << 10
_FAULTS_MOST: Final = 50
_TOML_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")

T = TypeVar("T")
Complaint: TypeAlias = tuple[Path, str]
"""A place in a policy, and what is wrong there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A policy file's content with the line of everything in it."""

    content: Mapping[str, Any]
    lines: Mapping[Path, int]

    def line_of(self, path: Path) -> int:
        """Return the line of a place; that of the nearest thing around it, where the place is not there."""
        return next(self.lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.lines)

    def refuse(self, complaints: Iterable[Complaint]) -> None:
        """Raise PolicyError if there is any complaint."""
        faults = [Fault(line=self.line_of(path), reason=reason) for path, reason in complaints]
        if faults:
            raise PolicyError(sorted(set(faults))[:_FAULTS_MOST])


def open_source(raw: bytes) -> Source:
    """Return the content of a file; raises PolicyError with the line of what is no TOML."""
    if len(raw) > BYTES_MOST:
        raise PolicyError([Fault(line=1, reason=f"the file has more than {BYTES_MOST} bytes")])
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PolicyError([Fault(line=line, reason="not UTF-8")]) from error
    try:
        return Source(content=tomllib.loads(text), lines=lines_of(text))
    except tomllib.TOMLDecodeError as error:
        raise PolicyError([_toml_fault(str(error), text)]) from error
    except RecursionError as error:
        raise PolicyError([Fault(line=1, reason="nested too deeply")]) from error


def read_into(source: Source, kind: TypeAdapter[T]) -> T:
    """Return the content as a value of `kind`; raises PolicyError with every field that does not fit."""
    try:
        # As JSON, types are strict: no number is read from a text, and arrays become tuples and sets.
        return kind.validate_json(json.dumps(source.content, default=str), strict=True)
    except ValidationError as error:
        errors: list[Any] = error.errors(include_url=False)
        # A list whose elements do not fit is not also too short.
        deeper = {item["loc"][:end] for item in errors for end in range(len(item["loc"]))}
        source.refuse(_complaint(source, item) for item in errors if item["loc"] not in deeper)
        raise AssertionError("an error without errors") from error


def _complaint(source: Source, error: Mapping[str, Any]) -> Complaint:
    path, reason = _within(source, error["loc"]), str(error["msg"]).removeprefix("Value error, ")
    field = str(path[-1]) if path and isinstance(path[-1], str) else ""
    if error["type"] == "missing":
        return path[:-1], f"{path[-1]} is missing"
    if error["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return path, f"{field}: no such field here"
    return path, f"{field}: {reason}" if field else reason


def _within(source: Source, location: Iterable[str | int]) -> Path:
    """Leave out of a location what names a branch of a type and no place in the file."""
    path: Path = ()
    content: Any = source.content
    places = list(location)
    for number, place in enumerate(places):
        try:
            content = content[place]
        except (KeyError, IndexError, TypeError):
            if number == len(places) - 1 and isinstance(content, dict):
                return (*path, place)
            continue
        path = (*path, place)
    return path


def _toml_fault(message: str, text: str) -> Fault:
    found = _TOML_PLACE.search(message)
    line = int(found[1]) if found is not None and found[1] else text.count("\n") + 1
    return Fault(line=line, reason=f"not TOML: {_TOML_PLACE.sub('', message)}")
