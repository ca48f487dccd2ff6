"""Texts that people type beside a decision: reasons, comments, outcomes."""

import re
from typing import Final

from hanse_ledger.errors import MalformedError

CHARS_MOST: Final = 500
# Control characters but tab and the end of a line.
_TEXT: Final = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f]*")


def typed(text: str, most: int = CHARS_MOST) -> str:
    """Return a text without the spaces around it, its lines ending with LF wherever it was typed.

    Raises MalformedError for none, too much, or no text.
    """
    found = text.strip().replace("\r\n", "\n")
    if not 0 < len(found) <= most or _TEXT.fullmatch(found) is None:
        raise MalformedError(f"a text of 1 to {most} characters is needed, without control characters")
    return found


def typed_or_none(text: str, most: int = CHARS_MOST) -> str:
    """Do as `typed` does with a text that may be left out."""
    return typed(text, most) if text.strip() else ""
