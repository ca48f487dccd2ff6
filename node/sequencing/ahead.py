"""Signatures verified ahead of acceptance, on all cores: OpenSSL verifies without Python's lock.

Nothing is believed here. Acceptance verifies every signature itself, and finds those that held a moment ago
remembered (`hanse_ledger.signing`).
"""

import os
from collections.abc import Sequence
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
_WORTH_IT: Final = 32


def verify_ahead(statements: Sequence[bytes], state: LedgerState) -> None:
    """Verify the signatures of statements that `state` is about to accept, if they are many."""
    threads = os.cpu_count() or 1
    if threads == 1 or not _WORTH_IT <= len(statements) <= BATCH or not state.founded:
        return
    consortium = state.consortium
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda start: _verify(statements[start::threads], consortium), range(threads)))


def _verify(statements: Sequence[bytes], consortium: Consortium) -> None:
    for raw in statements:
        try:
            signed = cose.parse(raw, limit=STATEMENT_LIMIT)
            party = consortium.party(signed.party)
            if party is not None:
                signed.verify(party.statement_key)
        except LedgerError:
            return  # acceptance will come to it, and say what is wrong
