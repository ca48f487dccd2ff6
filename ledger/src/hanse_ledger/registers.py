"""The registers that acceptance keeps, one for each rule that looks back: check first, then add.

Every `check` raises RuleError and changes nothing; every `add` assumes that its check has passed.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from hanse_ledger.bodies import ClosePeriod, Inquiry
from hanse_ledger.errors import RuleError
from hanse_ledger.filings import Alias, DisputeOutcome, Fact, Resolution
from hanse_ledger.ids import Month, PartyId, RequestHash, SubjectId
from hanse_ledger.subjects import kind_rank

_CLOSES_NEEDED: Final = 2


class Closes:
    """Closing in order, at the second steward's statement: months and bulletin periods alike."""

    __slots__ = ("closed_at", "first", "votes")

    def __init__(self, first: int) -> None:
        self.first = first
        self.votes: dict[int, set[PartyId]] = {}
        self.closed_at: list[int] = []

    @property
    def next(self) -> int:
        """The number that closes next."""
        return self.first + len(self.closed_at)

    def position(self, number: int) -> int | None:
        """Return the index of the statement that closed a month or period, or None while it is open."""
        offset = number - self.first
        return self.closed_at[offset] if 0 <= offset < len(self.closed_at) else None

    def has_voted(self, number: int, steward: PartyId) -> bool:
        """Return whether a steward has filed its close of a month or period."""
        return steward in self.votes.get(number, ())

    def check(self, number: int, steward: PartyId) -> None:
        """Refuse what is not due yet, or was filed by this steward before."""
        if not self.first <= number <= self.next:
            raise RuleError("only the next month or period, or one before it, can be closed")
        if self.has_voted(number, steward):
            raise RuleError("a steward closes a month or period once")

    def add(self, number: int, steward: PartyId, index: int) -> None:
        """Count the close; the second one closes, at its index."""
        votes = self.votes.setdefault(number, set())
        votes.add(steward)
        if number == self.next and len(votes) == _CLOSES_NEEDED:
            self.closed_at.append(index)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """Where a request's inquiry stands, and how many the party had logged in that log month by then."""

    index: int
    log_month: Month
    ordinal: int
    """0 for the first request that this party logged in this log month."""


class Requests:
    """Request hashes by party: only the first statement that logs one is its inquiry, and is charged."""

    __slots__ = ("_counts", "_logged")

    def __init__(self) -> None:
        self._logged: dict[tuple[PartyId, RequestHash], LoggedRequest] = {}
        self._counts: dict[tuple[PartyId, Month], int] = {}

    def get(self, party: PartyId, request_hash: RequestHash) -> LoggedRequest | None:
        """Return where this party's own request was first logged."""
        return self._logged.get((party, request_hash))

    def add(self, party: PartyId, body: Inquiry, index: int, log_month: Month) -> None:
        """Log every hash that is new for the party."""
        count = self._counts.get((party, log_month), 0)
        for request_hash in body.request_hashes:
            key = (party, RequestHash(request_hash))
            if key not in self._logged:
                self._logged[key] = LoggedRequest(index=index, log_month=log_month, ordinal=count)
                count += 1
        self._counts[(party, log_month)] = count


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEntry:
    """A bulletin or a dispute on the log, which every steward opens: its hash binds what they find."""

    index: int
    party: PartyId
    seq: int
    hash: bytes
    period: int
    """The bulletin period that was open at its position; with it the entry takes effect, or never."""
    log_month: Month
    is_dispute: bool


class Bulletins:
    """Which member has sent its bulletin of a period, what stewards must open, and what took effect."""

    __slots__ = ("_closes", "_of_member", "_order", "entries")

    def __init__(self) -> None:
        self._of_member: dict[tuple[int, PartyId], SealedEntry] = {}
        self._closes: dict[int, list[tuple[int, frozenset[int]]]] = {}
        self._order: list[SealedEntry] = []
        self.entries: dict[int, SealedEntry] = {}
        """Every bulletin and dispute by its index, in log order."""

    def check(self, period: int, member: PartyId, *, due: int) -> None:
        """Refuse another period than the one that is due, and a second bulletin in it."""
        if period != due:
            raise RuleError("a bulletin is for the period after the last closed one")
        if (period, member) in self._of_member:
            raise RuleError("a member sends one bulletin a period")

    def check_unopened(self, body: ClosePeriod) -> None:
        """Refuse a close that lists anything but bulletins and disputes."""
        if not self.entries.keys() >= set(body.unopened):
            raise RuleError("a close of a period lists bulletins and disputes only")

    def add(self, entry: SealedEntry) -> None:
        """Take a bulletin or a dispute."""
        self.entries[entry.index] = entry
        self._order.append(entry)
        if not entry.is_dispute:
            self._of_member[entry.period, entry.party] = entry

    def add_close(self, body: ClosePeriod, index: int) -> None:
        """Take what a steward could not open; the two closes that close the period decide."""
        closes = self._closes.setdefault(body.period, [])
        if len(closes) < _CLOSES_NEEDED:
            closes.append((index, frozenset(body.unopened)))

    def of_member(self, member: PartyId, period: int) -> SealedEntry | None:
        """Return a member's bulletin of a period, None where it has sent none."""
        return self._of_member.get((period, member))

    def since(self, index: int) -> Sequence[SealedEntry]:
        """Return the entries from an index on, in log order."""
        return self._order[bisect_left(self._order, index, key=attrgetter("index")) :]

    def first_since(self, log_month: Month) -> int:
        """Return the index of the first entry of a log month or a later one, else one behind the last."""
        place = bisect_left(self._order, log_month, key=attrgetter("log_month"))
        if place < len(self._order):
            return self._order[place].index
        return self._order[-1].index + 1 if self._order else 0

    def took_effect(self, entry: SealedEntry) -> int | None:
        """Return the index of the close with which an entry took effect (section 8), None where it has not.

        It has none for good once its period is closed: then one of the two closes lists it.
        """
        closes = self._closes.get(entry.period, [])
        if len(closes) < _CLOSES_NEEDED or any(entry.index in unopened for _, unopened in closes):
            return None
        return closes[-1][0]


class Facts:
    """Public facts and their withdrawals."""

    __slots__ = ("_facts", "_withdrawn")

    def __init__(self) -> None:
        self._facts: dict[int, tuple[PartyId, str, bool]] = {}
        self._withdrawn: set[int] = set()

    def check(self, desk: PartyId, body: Fact) -> None:
        """Refuse the withdrawal of what is not a standing fact of the same desk and id."""
        if body.withdraws is None:
            return
        # Withdrawals are kept with False: they cannot be withdrawn themselves.
        if self._facts.get(body.withdraws) != (desk, body.subject, True):
            raise RuleError("what a fact withdraws is an earlier fact of the same desk and id")
        if body.withdraws in self._withdrawn:
            raise RuleError("that fact has been withdrawn")

    def add(self, desk: PartyId, body: Fact, index: int) -> None:
        """Take a fact or a withdrawal."""
        self._facts[index] = (desk, body.subject, body.withdraws is None)
        if body.withdraws is not None:
            self._withdrawn.add(body.withdraws)


class Aliases:
    """Other ids of a subject, mapped to its primary one."""

    __slots__ = ("_primaries", "primary_of")

    def __init__(self) -> None:
        self.primary_of: dict[str, str] = {}
        self._primaries: set[str] = set()

    def check(self, body: Alias) -> None:
        """Refuse what section 2 refuses."""
        if body.other == body.primary:
            raise RuleError("an alias of itself")
        if body.primary in self.primary_of:
            raise RuleError("an alias of an alias")
        if body.other in self.primary_of or body.other in self._primaries:
            raise RuleError("an alias for an id that is an alias or a primary already")
        if kind_rank(SubjectId(body.other)) < kind_rank(SubjectId(body.primary)):
            raise RuleError("an alias whose kind stands before its primary's")

    def add(self, body: Alias) -> None:
        """Take an alias."""
        self.primary_of[body.other] = body.primary
        self._primaries.add(body.primary)


class Disputes:
    """Open disputes and their one resolution each."""

    __slots__ = ("_desks", "_outcomes", "_resolved_at")

    def __init__(self) -> None:
        self._desks: dict[int, PartyId] = {}
        self._resolved_at: dict[int, int] = {}
        self._outcomes: dict[int, int] = {}

    def of_desk(self, desk: PartyId) -> list[int]:
        """Return the indexes of a desk's disputes, in log order."""
        return [index for index, by in self._desks.items() if by == desk]

    def unresolved(self) -> list[int]:
        """Return the indexes of the disputes that have no resolution, in log order."""
        return [index for index in self._desks if index not in self._resolved_at]

    def resolved_at(self, dispute: int) -> int | None:
        """Return the index of a dispute's resolution, None while it has none."""
        return self._resolved_at.get(dispute)

    def outcome(self, dispute: int) -> DisputeOutcome | None:
        """Return how a dispute ended, None while it has no resolution."""
        outcome = self._outcomes.get(dispute)
        return None if outcome is None else DisputeOutcome(outcome)

    def check_resolution(self, desk: PartyId, dispute: int) -> None:
        """Refuse a resolution of another desk's dispute, or a second one."""
        if self._desks.get(dispute) != desk:
            raise RuleError("a resolution is for a dispute of the same desk")
        if dispute in self._resolved_at:
            raise RuleError("a dispute is resolved once")

    def add(self, desk: PartyId, index: int) -> None:
        """Take a dispute."""
        self._desks[index] = desk

    def resolve(self, body: Resolution, index: int) -> None:
        """Take a resolution."""
        self._resolved_at[body.dispute] = index
        self._outcomes[body.dispute] = body.outcome
