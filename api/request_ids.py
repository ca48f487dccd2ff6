"""The id of the request that is being answered: the caller's own if it is a sane one, else a new one."""

import re
from contextvars import ContextVar
from typing import Final

HEADER: Final = "x-request-id"
_SANE: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_BYTES: Final = 12

current: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)
"""None outside a request. Threads that work for a request see its id."""


def choose(asked: str | None, fresh: bytes) -> str:
    """Return the id that a caller asks for, or one made of fresh random bytes."""
    if asked is not None and _SANE.fullmatch(asked):
        return asked
    return fresh[:_BYTES].hex()
