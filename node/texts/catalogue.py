"""The language in which this run speaks, and its catalogue.

English sentences stand in the code and are the ids of their translations.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar, copy_context
from functools import cache
from importlib.resources import files
from typing import TypeVar

from consortium_config.texts import LANGUAGES, Language

T = TypeVar("T")

_LANGUAGE: ContextVar[Language] = ContextVar("language", default="en")


def speak(language: Language) -> None:
    """Let `tr` speak this language from now on, in this context."""
    _LANGUAGE.set(language)


def current() -> Language:
    """Return the language that `tr` speaks."""
    return _LANGUAGE.get()


def spoken(language: Language, make: Callable[[], T]) -> T:
    """Return what `make` returns while `tr` speaks a language; before and after, it speaks as it did."""

    def make_so() -> T:
        speak(language)
        return make()

    return copy_context().run(make_so)


def in_both(make: Callable[[], T]) -> dict[Language, T]:
    """Return what `make` returns in each language."""
    return {language: spoken(language, make) for language in LANGUAGES}


def mark(text: str) -> str:
    """Return `text` as it is: says to those who collect texts that `tr` will be given it."""
    return text


def tr(text: str, **values: object) -> str:
    """Return `text`, a sentence of the catalogue, in the current language with its {places} filled in.

    A sentence without a translation stays English; a test holds that there is none.
    """
    if current() == "zh-CN":
        text = translations().get(text, text)
    return text.format(**values) if values else text


def locale_language(environment: Mapping[str, str]) -> Language:
    """Return the language that LC_ALL, LC_MESSAGES or LANG ask for: Chinese for zh, else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "zh-CN" if environment[name].lower().startswith("zh") else "en"
    return "en"


@cache
def translations() -> Mapping[str, str]:
    """Return the Chinese of every English text."""
    from babel.messages.pofile import read_po  # noqa: PLC0415 - English runs do without it

    with (files("node.texts") / "zh_CN.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string}
