"""Reading what signals are computed from: a few queries, for one subject as for all of a portfolio.

Any thread may read; nothing here asks another party or waits for the node's own thread.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Connection

from hanse_ledger.consortium import Consortium, Policy
from hanse_ledger.ids import SubjectId
from node.ports import Clock
from node.risk.estimate import Prior, estimates, evidence_of, learn
from node.risk.signals.inputs import Answered, Given, Inputs, OwnRow, StandingFact
from node.risk.signals.lines import Lines, Rates
from node.risk.signals.names import SignalName, Unknown
from node.risk.signals.stored import (
    Subjects,
    book_lines,
    counting_own_rows,
    limits_of,
    listed_subjects,
    newest_answers,
    open_by_currency,
    standing_facts,
    state_of,
    subjects_on_book,
    why_no_answer,
)
from node.storage.book import last_import_day
from node.storage.database import Database
from node.storage.facts import aliases_about
from node.storage.figures import unpack_figures

_T = TypeVar("_T")
_AT_ONCE: Final = 500
"""More subjects than this are looked up by reading all: a query with thousands of values is no faster."""
_LEARNED_FROM_MOST: Final = 1_000
"""So many customers show what is usual: more change little, and one customer's signals need not read all."""
GivenBy: TypeAlias = Callable[[Connection, date, Subjects], Mapping[SubjectId, Mapping[SignalName, Given]]]
"""Figures from elsewhere as of a day, by primary id: of some subjects by all their ids, or all."""


class InputsReader:
    """Reads the inputs of signals from a member's own database."""

    def __init__(
        self,
        database: Database,
        *,
        consortium: Callable[[], Consortium],
        clock: Clock,
        given_by: Sequence[GivenBy] = (),
    ) -> None:
        self._database, self._consortium, self._clock = database, consortium, clock
        self._given_by = given_by
        # The last prior and what it was learned from. Threads may learn it twice, always the same.
        self._learned: tuple[object, Prior] | None = None

    def one(self, subject: SubjectId) -> Inputs:
        """Return the inputs of one subject, which need not be a customer."""
        return self._found([subject])[subject]

    def all(self) -> Mapping[SubjectId, Inputs]:
        """Return the inputs of all customers: who is on the books, on the firm's list or has a limit.

        One subject with several ids is there once, under its primary id. All are read at once and of one
        state; each is put together when it is asked for, so a portfolio passes without filling memory.
        """
        return self._found(None)

    def some(self, subjects: Collection[SubjectId]) -> dict[SubjectId, Inputs]:
        """Return the inputs of some subjects by the ids asked for, in their order."""
        found = self._found(list(subjects) if len(subjects) <= _AT_ONCE else None)
        return {subject: found[subject] for subject in subjects}

    def firm_open_minor(self) -> int | None:
        """Return all that is open on the firm's books, as far as there are rates; None before any import."""
        with self._database.read() as connection:
            book_day = last_import_day(connection)
            open_amounts = open_by_currency(connection)
        if book_day is None:
            return None
        rates = Rates.of(self._consortium().policy, book_day)
        parts = (rates.convert(amount, currency) for currency, amount in open_amounts.items())
        return sum(part for part in parts if part is not None)

    def _found(self, subjects: Subjects) -> "_Found":
        frame = _Frame(self._clock.now().date(), self._consortium().policy)
        with self._database.read() as connection:
            found = self._read(connection, frame, subjects)
            prior = self._prior(connection, frame, found if subjects is None else None)
        return replace(found, prior=prior)

    def _prior(self, connection: Connection, frame: "_Frame", everybody: "_Found | None") -> Prior:
        """Return what is usual among the firm's customers, learned from some of them where they are many.

        These are read for it, unless `everybody` has been.
        """
        learned_from = (frame.policy.contributors_min, *state_of(connection))
        if self._learned is None or self._learned[0] != learned_from:
            sample = sorted(subjects_on_book(connection), key=_lot)[:_LEARNED_FROM_MOST]
            found = everybody or self._read(connection, frame, sample)
            self._learned = learned_from, learn(evidence_of(found[subject]) for subject in sample)
        return self._learned[1]

    def _read(self, connection: Connection, frame: "_Frame", subjects: Subjects) -> "_Found":
        aliases = aliases_about(connection, subjects)
        which = None if subjects is None else list({*subjects, *aliases, *aliases.values()})
        book_day = last_import_day(connection)
        answers = newest_answers(connection, which)
        lines = _joined(book_lines(connection, which), aliases)
        limits = limits_of(connection, which)
        return _Found(
            frame=frame,
            book_day=book_day,
            aliases=aliases,
            answers=answers,
            why_not=why_no_answer(connection, which),
            rows=counting_own_rows(connection, which, answers),
            lines=lines,
            reader=Lines(Rates.of(frame.policy, book_day)),
            limits=_under_primary(limits, aliases),
            facts=_joined(standing_facts(connection, which), aliases),
            given=[source(connection, frame.as_of, which) for source in self._given_by],
            customers=_customers(connection, [*lines, *limits], aliases) if which is None else which,
        )


class _Frame(NamedTuple):
    as_of: date
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found(Mapping[SubjectId, Inputs]):
    """What a reading found, by primary id.

    Without a `prior` there are no estimates.
    """

    frame: _Frame
    book_day: date | None
    aliases: Mapping[SubjectId, SubjectId]
    answers: Mapping[SubjectId, str]
    why_not: Mapping[SubjectId, Unknown]
    rows: Mapping[SubjectId, list[Any]]
    lines: Mapping[SubjectId, list[Any]]
    reader: Lines
    limits: Mapping[SubjectId, int]
    facts: Mapping[SubjectId, list[StandingFact]]
    given: Sequence[Mapping[SubjectId, Mapping[SignalName, Given]]]
    customers: Sequence[SubjectId]
    prior: Prior | None = None

    def __iter__(self) -> Iterator[SubjectId]:
        return iter(self.customers)

    def __len__(self) -> int:
        return len(self.customers)

    def __getitem__(self, asked: SubjectId) -> Inputs:
        """Return the inputs of a subject, customer or not, by any of its ids."""
        subject = self.aliases.get(asked, asked)
        kept = self.answers.get(subject)
        found = Inputs(
            subject=asked,
            as_of=self.frame.as_of,
            minimum=self.frame.policy.contributors_min,
            answered=None if kept is None else _answered(kept),
            why_not=self.why_not.get(subject, "not_asked"),
            rows=tuple(OwnRow._make((*row[1:6], bool(row[6]))) for row in self.rows.get(subject, ())),
            book_day=self.book_day,
            invoices=tuple(map(self.reader.read, self.lines.get(subject, ()))),
            limit_minor=self.limits.get(subject),
            facts=tuple(self.facts.get(subject, ())),
            given=self._given(subject),
        )
        if self.prior is None:
            return found
        return replace(found, given={**found.given, **estimates(found, self.prior)})

    def _given(self, subject: SubjectId) -> Mapping[SignalName, Given]:
        parts = (part[subject] for part in self.given if subject in part)
        return {name: figure for part in parts for name, figure in part.items()}


def _lot(subject: SubjectId) -> bytes:
    """Return a subject's place in an order that has nothing to do with it, and is always the same."""
    return hashlib.sha256(subject.encode()).digest()


def _answered(kept: str) -> Answered:
    last_closed, level, disputed, windows = unpack_figures(kept)
    return Answered(last_closed=last_closed, windows=windows, level=level, disputed=disputed)


def _customers(
    connection: Connection, ids: Iterable[SubjectId], aliases: Mapping[SubjectId, SubjectId]
) -> list[SubjectId]:
    """Return all customers, each once, in the order of their ids."""
    return sorted({aliases.get(one, one) for one in {*ids, *listed_subjects(connection)}})


def _under_primary(
    limits: Mapping[SubjectId, int], aliases: Mapping[SubjectId, SubjectId]
) -> Mapping[SubjectId, int]:
    """Return limits by primary id; one that was set under that very id goes before those of other ids."""
    return {aliases.get(subject, subject): limit for subject, limit in limits.items()} | {
        subject: limit for subject, limit in limits.items() if subject not in aliases
    }


def _joined(
    found: Mapping[SubjectId, list[_T]], aliases: Mapping[SubjectId, SubjectId]
) -> Mapping[SubjectId, list[_T]]:
    """Put together what was found under several ids of one subject."""
    if not aliases:
        return found
    joined: dict[SubjectId, list[_T]] = defaultdict(list)
    for subject, items in found.items():
        joined[aliases.get(subject, subject)] += items
    return joined
