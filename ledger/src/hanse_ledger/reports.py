"""What the log says of every report: its place, who has published on it, whether it counts (section 7)."""

from collections.abc import Collection
from dataclasses import dataclass, field

from hanse_ledger.bodies import ShareRef, Validity
from hanse_ledger.errors import RuleError
from hanse_ledger.ids import Month, NodeHash, PartyId, StewardX
from hanse_ledger.privacy.validity import values_hold


@dataclass(slots=True, kw_only=True)
class ReportEntry:
    """What the log says of one report; owned by the state, read by everybody."""

    index: int
    member: PartyId
    seq: int
    rows: int
    rows_hash: bytes
    shares: tuple[ShareRef, ...]
    leaf: NodeHash
    root_before: NodeHash
    log_month: Month
    contributors_min: int
    published: dict[StewardX, tuple[int, ...] | None] = field(default_factory=dict)
    counts_at: int | None = None
    """Index of the statement with which it began to count."""
    failed_at: int | None = None
    """Index of the statement with which it became certain that it never counts."""

    @property
    def stewards(self) -> tuple[StewardX, ...]:
        """The set X that checks it, in order."""
        return tuple(share.x for share in self.shares)


class Reports:
    """Every report by its index, and by its member's seq. Check first, then add, as in `registers`."""

    __slots__ = ("_places", "entries")

    def __init__(self) -> None:
        self.entries: dict[int, ReportEntry] = {}
        self._places: dict[tuple[PartyId, int], int] = {}

    def get(self, member: PartyId, seq: int) -> ReportEntry | None:
        """Return a member's report by its seq, or None where another statement or none has that place."""
        index = self._places.get((member, seq))
        return None if index is None else self.entries[index]

    def add(self, entry: ReportEntry) -> None:
        """Take a report."""
        self.entries[entry.index] = entry
        self._places[entry.member, entry.seq] = entry.index

    def check_validity(self, x: StewardX | None, body: Validity) -> None:
        """Refuse values for what is no report that names this steward, and for one a second time."""
        for index, _ in body.entries:
            entry = self.entries.get(index)
            if entry is None or x not in entry.stewards:
                raise RuleError("a validity entry that is no report naming this steward")
            if x in entry.published:
                raise RuleError("a steward publishes once for each entry")

    def publish(self, x: StewardX, body: Validity, index: int) -> None:
        """Take a steward's values; what has all of them now counts or fails at `index`."""
        for entry_index, values in body.entries:
            entry = self.entries[entry_index]
            entry.published[x] = values
            if entry.failed_at is not None:
                continue
            if values is None:
                entry.failed_at = index
            elif len(entry.published) == len(entry.shares):
                if values_hold(entry.published, entry.stewards):
                    entry.counts_at = index
                else:
                    entry.failed_at = index

    def let_go(self, active: Collection[StewardX], index: int) -> None:
        """Fail, at `index`, what waits for a steward that is not active any more."""
        for entry in self.entries.values():
            awaited = {x for x in entry.stewards if x not in entry.published}
            if entry.failed_at is None and not awaited.issubset(active):
                entry.failed_at = index
