"""Signatures verified ahead of acceptance, on all cores: OpenSSL verifies without Python's lock.

Nothing is believed here. Acceptance verifies every signature itself, and finds those that held a moment ago
remembered (`hanse_ledger.signing`).
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from hanse_ledger import cose
from hanse_ledger.bodies import STATEMENT_LIMIT
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import LedgerError
from hanse_ledger.signing import REMEMBERED
from hanse_ledger.state import LedgerState

BATCH: Final = REMEMBERED // 2
"""The most statements that are verified at once: what is verified beside them must not push them out."""
_PART: Final = 32


def verified_ahead(statements: Sequence[bytes], state: LedgerState) -> Iterator[Sequence[bytes]]:
    """Give statements that `state` is about to accept, in order and in parts.

    If they are many, a part's signatures have been verified when it is given, and those of later parts are
    being verified while it is accepted.
    """
    threads = os.cpu_count() or 1
    if threads == 1 or not _PART <= len(statements) <= BATCH or not state.founded:
        yield statements
        return
    consortium = state.consortium
    parts = [statements[start : start + _PART] for start in range(0, len(statements), _PART)]
    pool = ThreadPoolExecutor(threads)
    try:
        for part, verified in [(part, pool.submit(_verify, part, consortium)) for part in parts]:
            verified.result()
            yield part
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
