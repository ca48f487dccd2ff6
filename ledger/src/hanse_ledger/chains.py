"""Each party's statements in a row: where its chain ends, and what may follow (protocol section 5)."""

import hashlib
from dataclasses import dataclass

from hanse_ledger.errors import RuleError, StaleHeadError
from hanse_ledger.ids import StatementHash
from hanse_ledger.statements import NO_PREVIOUS, Statement


@dataclass(slots=True)
class Head:
    """The end of one party's chain."""

    seq: int = 0
    prev: StatementHash = NO_PREVIOUS


def head_after(statement: Statement, raw: bytes) -> Head:
    """Return where a party's chain ends once this statement stands in it."""
    return Head(statement.seq + 1, StatementHash(hashlib.sha256(raw).digest()))


def check_follows(statement: Statement, head: Head) -> None:
    """Raise StaleHeadError or RuleError unless a statement continues the chain that ends so."""
    if statement.seq != head.seq:
        raise StaleHeadError(party=statement.party, expected=head.seq, got=statement.seq)
    if statement.prev != head.prev:
        raise RuleError("prev is not the hash of the party's previous statement")
