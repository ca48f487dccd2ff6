"""What each field of the consortium document is called and means, in Chinese and English.

Fields are named by their path: `policy.currency`, `parties[].x`. The texts stand in `texts.toml`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal, TypeAlias, get_args

Language: TypeAlias = Literal["zh-CN", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldText:
    """A field's name and one or two sentences about it, in one language."""

    name: str
    explanation: str


def field_text(path: str, language: Language) -> FieldText:
    """Return the texts of one field; KeyError for a path that is no field."""
    return _texts()[path][language]


def field_paths() -> tuple[str, ...]:
    """Return the path of every field, in the order of the document's description."""
    return tuple(_texts())


@cache
def _texts() -> Mapping[str, Mapping[Language, FieldText]]:
    tables = tomllib.loads((files("consortium_config") / "texts.toml").read_text("utf-8"))
    return {
        path: {
            language: FieldText(name=table[language][0], explanation=table[language][1])
            for language in LANGUAGES
        }
        for path, table in tables.items()
    }
