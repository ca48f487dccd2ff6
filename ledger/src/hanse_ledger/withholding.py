"""Which rows make their windows withheld, and from which position on (protocol sections 7 and 9).

Pure: a function of the log's positions and of what stewards have opened, so that all of them withhold alike.
What is frozen never changes by it; an answer gives a withheld window's months and nothing else.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from hanse_ledger.ids import Month, PartyId
from hanse_ledger.privacy.bulletin import Code

WITHDRAWS: Final = frozenset({Code.ERROR, Code.WRONG_SUBJECT})
RESPONDS: Final = frozenset({Code.CONFIRMED, Code.CORRECTED, Code.CANNOT_BE_CONFIRMED})
OVERTURNS: Final = RESPONDS - {Code.CONFIRMED}


class RowPlace(NamedTuple):
    """A row by the index of its report on the log and its number there from 0."""

    entry: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A withdrawal slot of a bulletin that took effect, about a counting row of its sender's own."""

    row: RowPlace
    code: Code
    dispute: int | None
    took_effect: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """A dispute that took effect, with the counting rows on its subject as they stood then, by member.

    Its contributors have until `ends_at`, the close of the month that ends its term; None while it runs.
    """

    dispute: int
    took_effect: int
    ends_at: int | None
    resolved_at: int | None
    rows: Mapping[RowPlace, PartyId] = field(repr=False)

    def is_open(self, log_size: int) -> bool:
        """Say whether the dispute was in effect and not resolved in the first `log_size` statements."""
        return is_open(took_effect=self.took_effect, resolved_at=self.resolved_at, log_size=log_size)


Withheld: TypeAlias = dict[RowPlace, int]
"""Rows whose windows are withheld, with the position of the close from which on they are."""


def is_open(*, took_effect: int, resolved_at: int | None, log_size: int) -> bool:
    """Say whether answers as of `log_size` statements mark a subject for a dispute."""
    return took_effect < log_size and (resolved_at is None or resolved_at >= log_size)


def last_month_to_respond(log_month: Month, dispute_months: int) -> Month:
    """Return the month whose close ends the term of a dispute that took effect in a log month."""
    return Month(log_month + dispute_months)


def withheld_rows(said: Iterable[Said], contests: Collection[Contest], closes: Sequence[int]) -> Withheld:
    """Return the rows that were withdrawn or overturned, as far as a month has closed since.

    `closes` are the positions at which months were closed, in order.
    """
    said = list(said)
    withheld: Withheld = {}
    for row, position in [*_withdrawn(said, closes), *_overturned(said, contests, closes)]:
        withheld[row] = min(position, withheld.get(row, position))
    return withheld


def responses(said: Iterable[Said], contest: Contest) -> Iterator[Said]:
    """Yield what the contributors of a dispute have said of its rows within its term."""
    for one in said:
        in_term = contest.took_effect < one.took_effect and (
            contest.ends_at is None or one.took_effect < contest.ends_at
        )
        if one.dispute == contest.dispute and one.code in RESPONDS and one.row in contest.rows and in_term:
            yield one


def _withdrawn(said: Iterable[Said], closes: Sequence[int]) -> Iterator[tuple[RowPlace, int]]:
    for one in said:
        position = _next(closes, one.took_effect)
        if one.dispute is None and one.code in WITHDRAWS and position is not None:
            yield one.row, position


def _overturned(
    said: Sequence[Said], contests: Iterable[Contest], closes: Sequence[int]
) -> Iterator[tuple[RowPlace, int]]:
    for contest in contests:
        answered = list(responses(said, contest))
        for one in answered:
            position = _next(closes, one.took_effect)
            if one.code in OVERTURNS and position is not None:
                yield one.row, position
        # A resolution ends the asking: silence after it says nothing.
        if contest.ends_at is not None and contest.is_open(contest.ends_at):
            for row in contest.rows.keys() - {one.row for one in answered}:
                yield row, contest.ends_at


def _next(closes: Sequence[int], position: int) -> int | None:
    """Return the position of the first close of a month after a position, None where none has come."""
    place = bisect_right(closes, position)
    return closes[place] if place < len(closes) else None
