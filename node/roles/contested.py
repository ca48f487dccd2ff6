"""What a steward found in the second half of bulletins and in disputes: rows, answers, subjects."""

from collections.abc import Sequence

from sqlalchemy import Connection

from hanse_ledger.ids import Token
from hanse_ledger.privacy.bulletin import Withdrawn
from hanse_ledger.registers import SealedEntry
from node.storage.bulletin_schema import disputed_token, row_withdrawal


def put_withdrawals(
    connection: Connection, entry: SealedEntry, withdrawals: Sequence[Withdrawn], took_effect: int
) -> None:
    """Store a member's withdrawals and responses to disputes, with the position at which they took effect."""
    rows = [
        {
            "entry": entry.index,
            "slot": slot,
            "member": entry.party,
            "report": withdrawn.seq,
            "row": withdrawn.row,
            "code": int(withdrawn.code),
            "dispute": withdrawn.dispute,
            "took_effect": took_effect,
        }
        for slot, withdrawn in enumerate(withdrawals)
    ]
    if rows:
        connection.execute(row_withdrawal.insert(), rows)


def put_dispute(connection: Connection, entry: SealedEntry, token: Token, took_effect: int) -> None:
    """Store whom a dispute is about, with the position at which it took effect."""
    values = {"entry": entry.index, "token": token, "took_effect": took_effect}
    connection.execute(disputed_token.insert(), values)
