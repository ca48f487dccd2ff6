"""The words of exports (`words.toml`), folded so that spelling, case and width do not matter."""

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any, Final


def fold(text: str) -> str:
    """Return `text` in NFKC, case folded, without anything but letters and digits."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _read() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


def _by_word(table: Mapping[str, Iterable[str]]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for meaning, words in table.items():
        for word in words:
            found[fold(word)] = meaning
    return MappingProxyType(found)


def _tiers(table: Mapping[str, Mapping[str, Any]], other: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
    whole = {
        field: other[names["same_as"]] if "same_as" in names else names for field, names in table.items()
    }
    return tuple(
        _by_word({field: names[tier] for field, names in whole.items()}) for tier in ("sure", "bare")
    )


_WORDS: Final = _read()

COLUMNS: Final = _tiers(_WORDS["columns"], {})
"""Folded header -> field, the sure names and then the bare ones."""
MAP_COLUMNS: Final = _tiers(_WORDS["map_columns"], _WORDS["columns"])
LIMIT_COLUMNS: Final = _tiers(_WORDS["limit_columns"], _WORDS["columns"])
STATUSES: Final = _by_word(_WORDS["statuses"])
FLAGS: Final = MappingProxyType({word: flag == "yes" for word, flag in _by_word(_WORDS["flags"]).items()})
CURRENCY_NAMES: Final = MappingProxyType(
    {
        unicodedata.normalize("NFKC", name).upper(): code
        for code, names in _WORDS["currencies"].items()
        for name in names
    }
)
CURRENCY_MARKS: Final = MappingProxyType(
    {mark: frozenset(codes) for mark, codes in _WORDS["currency_marks"].items()}
)
