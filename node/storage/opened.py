"""What a steward has opened of bulletins and disputes: their plaintext, or that it could not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select

from hanse_ledger.ids import PartyId
from node.storage.bulletin_schema import opened_text

_NEXT: Final = select(func.max(opened_text.c.entry))
_UNSETTLED: Final = (
    select(opened_text).where(opened_text.c.took_effect.is_(None)).order_by(opened_text.c.entry)
)
_OF_PARTY: Final = (
    select(opened_text)
    .where(
        opened_text.c.party == bindparam("party"),
        opened_text.c.entry >= bindparam("since"),
        opened_text.c.took_effect.is_not(None),
    )
    .order_by(opened_text.c.entry)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedText:
    """The plaintext of a bulletin or dispute, None where it could not be opened; since when it has effect."""

    entry: int
    text: bytes | None = field(repr=False)
    took_effect: int | None = None


def next_unopened(connection: Connection) -> int:
    """Return the index from which on nothing has been looked at."""
    last = connection.execute(_NEXT).scalar()
    return 0 if last is None else int(last) + 1


def put_opened(connection: Connection, texts: Mapping[int, tuple[PartyId, bytes | None]]) -> None:
    """Store what was opened, by index: whose it is, and the plaintext."""
    rows = [{"entry": entry, "party": party, "text": text} for entry, (party, text) in texts.items()]
    connection.execute(opened_text.insert(), rows)


def put_given(connection: Connection, entry: int, text: bytes) -> None:
    """Store a plaintext that another steward gave."""
    connection.execute(opened_text.update().where(opened_text.c.entry == entry).values(text=text))


def unsettled(connection: Connection) -> list[OpenedText]:
    """Return what has not taken effect here, in log order."""
    return [_opened(row) for row in connection.execute(_UNSETTLED)]


def texts_of(connection: Connection, entries: Sequence[int]) -> dict[int, bytes | None]:
    """Return the plaintexts of some entries, of those that were looked at."""
    query = select(opened_text.c.entry, opened_text.c.text).where(opened_text.c.entry.in_(list(entries)))
    return {row.entry: row.text for row in connection.execute(query)}


def effective_of(connection: Connection, party: PartyId, since: int) -> list[OpenedText]:
    """Return a party's texts that took effect, from an index on, in log order."""
    return [_opened(row) for row in connection.execute(_OF_PARTY, {"party": party, "since": since})]


def settle(connection: Connection, entry: int, took_effect: int) -> None:
    """Note the position with which an entry took effect."""
    connection.execute(
        opened_text.update().where(opened_text.c.entry == entry).values(took_effect=took_effect)
    )


def forget(connection: Connection, entries: Iterable[int] = (), *, before: int = 0) -> None:
    """Drop entries, and all that stand before an index."""
    dropped = opened_text.c.entry.in_(list(entries)) | (opened_text.c.entry < before)
    connection.execute(opened_text.delete().where(dropped))


def _opened(row: Any) -> OpenedText:
    return OpenedText(entry=row.entry, text=row.text, took_effect=row.took_effect)
