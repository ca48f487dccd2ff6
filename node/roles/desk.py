"""What a desk says for subjects: public facts and their withdrawals (protocol section 8)."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from hanse_ledger.errors import MalformedError
from hanse_ledger.filings import Fact, FactKind
from hanse_ledger.ids import SubjectId
from node.errors import NotFoundError, WithdrawnError
from node.roles.outbox import Outbox
from node.roles.party import Standing
from node.storage.facts import PublicFact, fact_at, facts_of

SOURCE_BYTES_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """A public fact to be filed: on whom, what, when, where it is published, and what document proves it."""

    subject: SubjectId = field(repr=False)
    kind: FactKind
    day: date
    source: str = field(repr=False)
    document: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a source that says nothing or does not fit."""
        check_source(self.source)


def check_source(source: str) -> None:
    """Raise MalformedError for what names no source in one line that a statement has room for."""
    if not source.strip() or not source.isprintable():
        raise MalformedError("source: one line of text")
    if len(source.encode(errors="surrogatepass")) > SOURCE_BYTES_MOST:
        raise MalformedError(f"source: text of at most {SOURCE_BYTES_MOST} bytes")


class Desk:
    """One desk. Filing what stands already files nothing: a request may come twice."""

    def __init__(self, *, standing: Standing, outbox: Outbox) -> None:
        self._standing, self._outbox = standing, outbox

    def file(self, filing: Filing) -> PublicFact:
        """File a fact under the subject's primary id and return it as it stands in the log.

        Raises MalformedError for a day that has not come.
        """
        if filing.day > self._standing.clock.now().date():
            raise MalformedError("date: a day that has not come")
        self._catch_up()
        primary = replace(filing, subject=self._standing.state.primary_of(filing.subject))
        return self._standing_as(primary) or self._fact(self._outbox.log(lambda *_: _body(primary)))

    def withdraw(self, position: int, *, source: str | None = None) -> PublicFact:
        """Withdraw an own fact, for a reason that `source` may name; return it with its withdrawal.

        Raises NotFoundError where this desk has filed none, WithdrawnError for one that is withdrawn.
        """
        if source is not None:
            check_source(source)
        self._catch_up()
        fact = self._fact(position)
        if fact.desk != self._standing.id:
            raise NotFoundError("this desk has filed no fact there")
        if fact.withdrawn_at is not None:
            raise WithdrawnError(f"the fact was withdrawn by statement {fact.withdrawn_at}")
        withdrawal = Fact(
            subject=fact.subject,
            fact_kind=int(fact.kind),
            day=self._standing.clock.now().date().isoformat(),
            source=fact.source if source is None else source,
            document_hash=fact.document,
            withdraws=position,
        )
        self._outbox.log(lambda *_: withdrawal)
        return self._fact(position)

    def _catch_up(self) -> None:
        """Know what this desk has said last, also what was on its way when the node stopped."""
        self._standing.catch_up()
        self._outbox.flush()

    def _standing_as(self, filing: Filing) -> PublicFact | None:
        """Return the fact of this desk that says just this and stands, or None."""
        with self._standing.database.read() as connection:
            known = facts_of(connection, filing.subject)
        wanted = (self._standing.id, filing.kind, filing.day.isoformat(), filing.source, filing.document)
        same = (fact for fact in known if _said(fact) == wanted)
        return next(same, None)

    def _fact(self, position: int) -> PublicFact:
        with self._standing.database.read() as connection:
            fact = fact_at(connection, position)
        if fact is None:
            raise NotFoundError("no fact stands there")
        return fact


def _said(fact: PublicFact) -> tuple[str, FactKind, str, str, bytes]:
    return fact.desk, fact.kind, fact.day, fact.source, fact.document


def _body(filing: Filing) -> Fact:
    return Fact(
        subject=filing.subject,
        fact_kind=int(filing.kind),
        day=filing.day.isoformat(),
        source=filing.source,
        document_hash=filing.document,
        withdraws=None,
    )
