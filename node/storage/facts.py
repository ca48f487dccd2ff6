"""Public facts as every node finds them: by subject, whichever of its ids a desk has filed one under.

The log is the only source: rows are written in the transaction that stores the statements they stand in.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select

from hanse_ledger.filings import Alias, Fact, FactKind
from hanse_ledger.ids import PartyId, SubjectId
from hanse_ledger.state import Accepted
from node.storage.public_schema import public_alias, public_fact

_SUBJECTS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFact:
    """A public fact as it stands in the log; `position` is its statement's index there."""

    position: int
    desk: PartyId
    subject: SubjectId = field(repr=False)
    kind: FactKind
    day: str
    source: str = field(repr=False)
    document: bytes = field(repr=False)
    """SHA-256 of the document that proves it."""
    withdrawn_at: int | None
    """Index of the statement by which its desk has withdrawn it."""

    def describe(self) -> dict[str, Any]:
        """Return the fact as it is shown."""
        return {
            "index": self.position,
            "desk": self.desk,
            "subject": self.subject,
            "kind": self.kind.name.lower(),
            "date": self.day,
            "source": self.source,
            "document_sha256": self.document.hex(),
            "withdrawn_at": self.withdrawn_at,
        }


def is_public(accepted: Accepted) -> bool:
    """Say whether a statement is one of those that these tables hold."""
    return isinstance(accepted.statement.body, Fact | Alias)


def append_public(connection: Connection, accepted: Iterable[Accepted]) -> None:
    """Add what accepted statements say in public, in their order."""
    for one in accepted:
        match one.statement.body:
            case Fact() as fact:
                connection.execute(public_fact.insert(), _columns(one, fact))
                if fact.withdraws is not None:
                    _withdraw(connection, fact.withdraws, one.index)
            case Alias(other=other, primary=primary):
                connection.execute(public_alias.insert(), {"other": other, "primary": primary})


def complete_public(connection: Connection, accepted: Sequence[Accepted]) -> None:
    """Add what is missing of a log's public statements: those stored before there were these tables."""
    facts = set(connection.execute(select(public_fact.c.position)).scalars())
    aliases = set(connection.execute(select(public_alias.c.other)).scalars())
    append_public(connection, [one for one in accepted if not _is_in(one, facts, aliases)])


def count_public(connection: Connection) -> int:
    """Return how many public statements are stored."""
    counts = [select(func.count()).select_from(table) for table in (public_fact, public_alias)]
    return sum(connection.execute(count).scalar_one() for count in counts)


def facts_of(connection: Connection, subject: SubjectId) -> list[PublicFact]:
    """Return the standing facts on a subject, by any of its ids, in the order in which they were filed."""
    return facts_of_all(connection, [subject]).get(subject, [])


def facts_of_all(
    connection: Connection, subjects: Collection[SubjectId]
) -> dict[SubjectId, list[PublicFact]]:
    """Return the standing facts on some subjects; those without one are left out."""
    found: dict[SubjectId, list[PublicFact]] = {}
    wanted = list(subjects)
    for start in range(0, len(wanted), _SUBJECTS_AT_ONCE):
        ids = _ids_of(connection, wanted[start : start + _SUBJECTS_AT_ONCE])
        by_id = facts_by_id(connection, {one for each in ids.values() for one in each})
        for subject, own in ids.items():
            facts = [fact for one in own for fact in by_id.get(one, ())]
            if facts:
                found[subject] = sorted(facts, key=lambda fact: fact.position)
    return found


def listed(connection: Connection, *, after: int | None, limit: int) -> list[PublicFact]:
    """Return facts, withdrawn ones too, the newest first, from a position down."""
    query = select(public_fact).where(public_fact.c.withdraws.is_(None))
    if after is not None:
        query = query.where(public_fact.c.position < after)
    rows = connection.execute(query.order_by(public_fact.c.position.desc()).limit(limit))
    return [_fact(row) for row in rows]


def fact_at(connection: Connection, position: int) -> PublicFact | None:
    """Return the fact that stands at an index of the log; None for a withdrawal, and where there is none."""
    query = select(public_fact).where(public_fact.c.position == position, public_fact.c.withdraws.is_(None))
    row = connection.execute(query).one_or_none()
    return None if row is None else _fact(row)


def primary_id(connection: Connection, subject: SubjectId) -> SubjectId:
    """Return a subject's primary id, by the log's aliases."""
    query = select(public_alias.c.primary).where(public_alias.c.other == subject)
    return SubjectId(connection.execute(query).scalar() or subject)


def _is_in(one: Accepted, facts: Collection[int], aliases: Collection[str]) -> bool:
    body = one.statement.body
    return body.other in aliases if isinstance(body, Alias) else one.index in facts


def facts_by_id(connection: Connection, ids: Collection[str] | None) -> dict[str, list[PublicFact]]:
    """Return the standing facts that were filed under some ids, or under any, by the very id."""
    query = _standing().order_by(public_fact.c.position)
    by_id: dict[str, list[PublicFact]] = {}
    for row in connection.execute(
        query if ids is None else query.where(public_fact.c.subject.in_(list(ids)))
    ):
        by_id.setdefault(row.subject, []).append(_fact(row))
    return by_id


def _standing() -> Select[Any]:
    return select(public_fact).where(public_fact.c.withdraws.is_(None), public_fact.c.withdrawn_at.is_(None))


def aliases_about(connection: Connection, subjects: Sequence[SubjectId] | None) -> dict[SubjectId, SubjectId]:
    """Return the primary id of every other id of some subjects, or of all, by the log's aliases."""
    query = select(public_alias.c.other, public_alias.c.primary)
    if subjects is not None:
        given = query.where(public_alias.c.other.in_(subjects))
        primaries = {primary for _, primary in connection.execute(given)} | set(subjects)
        query = query.where(public_alias.c.primary.in_(list(primaries)))
    return {SubjectId(other): SubjectId(primary) for other, primary in connection.execute(query)}


def ids_about(connection: Connection, subjects: Sequence[SubjectId]) -> list[SubjectId]:
    """Return all ids of some subjects: what is noted of one may be older than what made two ids one."""
    aliases = aliases_about(connection, subjects)
    return list({*subjects, *aliases, *aliases.values()})


def _ids_of(connection: Connection, subjects: Sequence[SubjectId]) -> dict[SubjectId, list[str]]:
    """Return each subject's ids: itself, its primary one, and all that are aliases of that."""
    aliases = aliases_about(connection, subjects)
    primaries = {subject: aliases.get(subject, subject) for subject in subjects}
    others: dict[str, list[str]] = {}
    for other, primary in aliases.items():
        others.setdefault(primary, []).append(other)
    return {subject: [one, *others.get(one, ())] for subject, one in primaries.items()}


def _withdraw(connection: Connection, position: int, withdrawn_at: int) -> None:
    named = public_fact.c.position == position
    connection.execute(public_fact.update().where(named).values(withdrawn_at=withdrawn_at))


def _columns(accepted: Accepted, fact: Fact) -> dict[str, Any]:
    return {
        "position": accepted.index,
        "desk": accepted.statement.party,
        "subject": fact.subject,
        "kind": fact.fact_kind,
        "day": fact.day,
        "source": fact.source,
        "document": fact.document_hash,
        "withdraws": fact.withdraws,
    }


def _fact(row: Any) -> PublicFact:
    return PublicFact(
        position=row.position,
        desk=PartyId(row.desk),
        subject=SubjectId(row.subject),
        kind=FactKind(row.kind),
        day=row.day,
        source=row.source,
        document=row.document,
        withdrawn_at=row.withdrawn_at,
    )
