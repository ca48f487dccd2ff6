"""The warnings that a steward has opened, and what level they give a subject at a position (section 8)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select

from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import Month, PartyId, Token
from hanse_ledger.privacy.bulletin import Warned, warning_level
from hanse_ledger.registers import SealedEntry
from node.storage.bulk import bulk_insert
from node.storage.bulletin_schema import warning

LASTS_MONTHS: Final = 3
"""A raised warning ends when the third month after its log month closes."""
_LATE_ANSWERS: Final = 2
KEPT_MONTHS: Final = LASTS_MONTHS + _LATE_ANSWERS
"""An answer may be as of a position two closes back."""
_OF_TOKENS: Final = (
    select(warning)
    .where(warning.c.token.in_(bindparam("tokens", expanding=True)))
    .order_by(warning.c.took_effect, warning.c.entry)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """A member's bulletin that took effect, and the warnings in it."""

    entry: SealedEntry
    took_effect: int
    warnings: Sequence[Warned]


def put_warnings(connection: Connection, member: PartyId, bulletins: Iterable[Effective]) -> None:
    """Store what a member's bulletins of the last months come to, in the place of what was stored before."""
    rows = list(_rows(sorted(bulletins, key=lambda one: one.entry.index)))
    connection.execute(warning.delete().where(warning.c.member == member))
    bulk_insert(connection, warning, rows)


def warnings_of(connection: Connection, tokens: Sequence[Token]) -> Mapping[bytes, Sequence[Row[Any]]]:
    """Return every stored slot by token, in the order in which they took effect."""
    found: dict[bytes, list[Row[Any]]] = defaultdict(list)
    if tokens:
        for row in connection.execute(_OF_TOKENS, {"tokens": list(tokens)}):
            found[row.token].append(row)
    return found


def level_of(
    slots: Iterable[Row[Any]],
    *,
    inquirer: PartyId,
    consortium: Consortium,
    last_closed: Month | None,
    log_size: int,
) -> int:
    """Return a subject's level for an inquirer as of `log_size` statements.

    The last slot of each member holds. `consortium` is the document as it stood at that position.
    """
    last = {PartyId(slot.member): slot for slot in slots if slot.took_effect < log_size}
    groups = consortium.groups()
    standing = {
        groups[member]
        for member, slot in last.items()
        if slot.is_raised and (last_closed is None or last_closed < slot.log_month + LASTS_MONTHS)
    }
    return warning_level(standing, inquirer=groups[inquirer], warnings_min=consortium.policy.warnings_min)


def _rows(bulletins: Iterable[Effective]) -> Iterable[dict[str, object]]:
    """Leave out what clears no warning: an unused slot does so for a random token."""
    raised: set[Token] = set()
    for one in bulletins:
        # Of two slots for a token the last one holds.
        for token, is_raised in {slot.token: slot.is_raised for slot in one.warnings}.items():
            if is_raised or token in raised:
                raised.add(token)
                yield {
                    "token": token,
                    "member": one.entry.party,
                    "entry": one.entry.index,
                    "took_effect": one.took_effect,
                    "log_month": one.entry.log_month,
                    "is_raised": is_raised,
                }
