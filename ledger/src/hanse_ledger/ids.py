"""Identifiers and hashes as types of their own, so that one cannot stand for another."""

import re
from datetime import date, timedelta
from typing import Final, NewType

PartyId = NewType("PartyId", str)
ConsortiumId = NewType("ConsortiumId", str)
SubjectId = NewType("SubjectId", str)
Token = NewType("Token", bytes)
"""32 bytes that stand for a subject everywhere on and beside the log."""
StewardX = NewType("StewardX", int)
"""A steward's index 1..255: the x at which its shares are taken."""
Month = NewType("Month", int)
"""year * 12 + month - 1."""
NodeHash = NewType("NodeHash", bytes)
"""Any node of the log's RFC 6962 tree, leaves and root included."""
StatementHash = NewType("StatementHash", bytes)
"""SHA-256 of a statement's bytes (not the leaf hash)."""
KeyId = NewType("KeyId", bytes)
"""SHA-256 of a public key."""
RequestHash = NewType("RequestHash", bytes)

HASH_BYTES: Final = 32
_MONTHS_A_YEAR: Final = 12
_LAST_YEAR: Final = 9999
_MONTH_TEXT: Final = re.compile(r"([0-9]{4})-([0-9]{2})")


def month_of(year: int, month: int) -> Month:
    """Return the month number of a calendar month, `month` from 1 to 12."""
    if not (1 <= year <= _LAST_YEAR and 1 <= month <= _MONTHS_A_YEAR):
        raise ValueError("there is no such month")
    return Month(year * _MONTHS_A_YEAR + month - 1)


def month_text(month: Month) -> str:
    """Write a month as `YYYY-MM`."""
    return f"{month // _MONTHS_A_YEAR:04d}-{month % _MONTHS_A_YEAR + 1:02d}"


def parse_month(text: str) -> Month:
    """Read `YYYY-MM`; raise ValueError for anything else."""
    found = _MONTH_TEXT.fullmatch(text)
    if found is None:
        raise ValueError("a month is written YYYY-MM")
    return month_of(int(found[1]), int(found[2]))


def month_start(month: Month) -> date:
    """Return the first day of a month."""
    return date(month // _MONTHS_A_YEAR, month % _MONTHS_A_YEAR + 1, 1)


def month_end(month: Month) -> date:
    """Return the last day of a month."""
    return month_start(Month(month + 1)) - timedelta(days=1)


def month_at(day: date) -> Month:
    """Return the month that holds a day."""
    return month_of(day.year, day.month)


def quarter_of(month: Month) -> Month:
    """Return the first month of the calendar quarter that holds `month`."""
    return Month(month - month % 3)


def january_of(month: Month) -> Month:
    """Return the first month of the calendar year that holds `month`."""
    return Month(month - month % _MONTHS_A_YEAR)
