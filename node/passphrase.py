"""Where the passphrase of a key file comes from: a file, the environment, or whoever sits at the terminal."""

import getpass
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from node.errors import KeyFileError, NoPassphraseError
from node.files import check_private

VARIABLE: Final = "HANSE_PASSPHRASE"
LEAST_CHARACTERS: Final = 12
_FILE_MOST: Final = 4_096


@dataclass(frozen=True, slots=True)
class Passphrase:
    """A passphrase in its one form: Unicode NFC, as UTF-8."""

    secret: bytes = field(repr=False)


Ask = Callable[[], str]
"""Asks at the terminal, without showing what is typed."""


def terminal(question: str) -> Ask | None:
    """Return what asks this at the terminal; None where there is none."""
    return (lambda: getpass.getpass(f"{question} ")) if sys.stdin.isatty() else None


def find_passphrase(*, file: Path | None, environment: Mapping[str, str], ask: Ask | None) -> Passphrase:
    """Return the passphrase: the file's where one is named, else the environment's, else what is typed.

    Raises NoPassphraseError where there is none, KeyFileError for a file that others may read.
    """
    if file is not None:
        return _from_file(file)
    if VARIABLE in environment:
        return _passphrase(environment[VARIABLE])
    if ask is None:
        raise NoPassphraseError(f"neither a file nor {VARIABLE} nor a terminal gives one")
    return _passphrase(ask())


def check_new(passphrase: Passphrase) -> None:
    """Refuse a passphrase that is too short to protect a new key file; raises NoPassphraseError."""
    if len(passphrase.secret.decode()) < LEAST_CHARACTERS:
        raise NoPassphraseError(f"a passphrase has at least {LEAST_CHARACTERS} characters")


def _from_file(path: Path) -> Passphrase:
    check_private(path)
    raw = path.read_bytes()
    if len(raw) > _FILE_MOST:
        raise KeyFileError(f"a passphrase file has at most {_FILE_MOST} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise KeyFileError("a passphrase file is UTF-8") from None
    # What an editor adds at the end is no part of it.
    return _passphrase(text.removesuffix("\n").removesuffix("\r"))


def _passphrase(text: str) -> Passphrase:
    if not text:
        raise NoPassphraseError("the passphrase is empty")
    return Passphrase(unicodedata.normalize("NFC", text).encode())
