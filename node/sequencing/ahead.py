"""Signatures verified ahead of acceptance, on all cores: OpenSSL verifies without Python's lock.

Nothing is believed here. Acceptance verifies every signature itself, and finds those that held a moment ago
remembered (`hanse_ledger.signing`).
"""

import os
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Final

from hanse_ledger import cose
from hanse_ledger.bodies import STATEMENT_LIMIT
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import LedgerError
from hanse_ledger.signing import REMEMBERED
from hanse_ledger.state import LedgerState

BATCH: Final = 1_024
"""How many statements are best given at once: at the end of each batch the cores wait for each other."""
_PART: Final = 64
_PARTS_AHEAD: Final = REMEMBERED // 2 // _PART
"""How far verification runs ahead: what is verified beside it must not push out what is remembered."""


def verified_ahead(statements: Sequence[bytes], state: LedgerState) -> Generator[Sequence[bytes], None, None]:
    """Give statements that `state` is about to accept, in order and in parts.

    If they are many, a part's signatures have been verified when it is given, and those of later parts are
    being verified while it is accepted.
    """
    threads = os.cpu_count() or 1
    if threads == 1 or len(statements) < _PART or not state.founded:
        yield statements
        return
    consortium = state.consortium
    rest = (statements[start : start + _PART] for start in range(0, len(statements), _PART))
    pool = ThreadPoolExecutor(threads)
    try:
        ahead = deque((part, pool.submit(_verify, part, consortium)) for part in islice(rest, _PARTS_AHEAD))
        while ahead:
            part, verified = ahead.popleft()
            verified.result()
            yield part
            ahead.extend((part, pool.submit(_verify, part, consortium)) for part in islice(rest, 1))
    finally:
        pool.shutdown(cancel_futures=True)


def _verify(statements: Sequence[bytes], consortium: Consortium) -> None:
    for raw in statements:
        try:
            signed = cose.parse(raw, limit=STATEMENT_LIMIT)
            party = consortium.party(signed.party)
            if party is not None:
                signed.verify(party.statement_key)
        except LedgerError:
            return  # acceptance will come to it, and say what is wrong
