"""A new or restored steward's own values, got from pairs of the others (protocol section 10, docs/adr/0032).

What has come is stored apart, and nothing is answered until it was held against the values of all other
active stewards, of whom there are three. A unit whose values do not hold is asked for again, from another
pair. Nothing here waits: `work` takes what has come, and asks for what is to come next.
"""

import logging
from collections.abc import Callable, Mapping
from itertools import groupby, takewhile
from typing import Final, Literal, TypeAlias

from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import Month, StewardX
from hanse_ledger.privacy.group import Scalar
from hanse_ledger.privacy.transfer import OTHERS_LEAST
from hanse_ledger.state import LedgerState, ReportEntry
from hanse_ledger.transfers import KEY, Kind, Unit, may_have, others_of
from node.ports import StewardLinks
from node.roles.fetching import Fetching
from node.roles.freezing import Freezer, contributions_at
from node.roles.lacking import lacking_reports, lacking_windows
from node.roles.linecheck import LineChecking
from node.roles.party import Standing
from node.roles.sealing_keys import SealingKeys
from node.roles.seeds import Seeds
from node.roles.token_key import TokenKey
from node.storage import transfers
from node.storage.transfers import Received, Refused

_log = logging.getLogger(__name__)

State: TypeAlias = Literal["whole", "not_voted", "too_few", "getting", "checking", "refused"]

_REPORTS_AT_ONCE: Final = 16
_PAIR: Final = 2


class Receiving:
    """One steward's values that it lacks, and what has come of them."""

    def __init__(
        self,
        *,
        standing: Standing,
        x: StewardX,
        keys: SealingKeys,
        seeds: Seeds,
        links: StewardLinks,
        token_key: TokenKey,
        freezer: Freezer,
        look_again: Callable[[], None],
    ) -> None:
        """`look_again` is called when values have been put into the vault."""
        self._standing, self._x, self._token_key = standing, x, token_key
        self._freezer, self._look_again = freezer, look_again
        self._fetching = Fetching(
            standing=standing,
            x=x,
            keys=keys,
            links=links,
            take=self._take,
            take_key=self._take_key,
            refuse=lambda unit, pair: self._refuse(unit, pair.first, pair.second, None),
        )
        self._checking = LineChecking(standing=standing, x=x, seeds=seeds, links=links)
        # What is lacking and not there yet, as far as this steward may have it or not; what has come.
        self._wanted: list[Unit] = []
        self._unvoted: list[Unit] = []
        self._received: dict[Unit, int] | None = None
        self._foreign: list[ReportEntry] = []
        self._seen: tuple[object, ...] = ()
        self._named: set[tuple[str, ...]] = set()

    @property
    def is_whole(self) -> bool:
        """Whether every value that this steward would have to sum is there, and was checked."""
        self._look()
        return not (self._wanted or self._unvoted or self._received)

    @property
    def is_under_way(self) -> bool:
        """Whether values are on their way, or were not checked yet: nothing is answered meanwhile."""
        self._look()
        return bool(self._wanted or self._received) and self._has_others(OTHERS_LEAST)

    @property
    def state(self) -> State:
        """How it stands."""
        if self.is_whole:
            return "whole"
        if self._was_refused():
            return "refused"
        if not (self._wanted or self._received):
            return "not_voted"
        if not self._has_others(OTHERS_LEAST):
            return "too_few"
        return "getting" if self._wanted else "checking"

    def work(self) -> None:
        """Bring everything that is lacking a step further."""
        self._look()
        if self._wanted or self._received:
            self._fetching.begin_round()
            self._checking.begin_round()
            while self._step():
                self._look()
        self._note()

    def freeze_closed(self) -> None:
        """Freeze what is closed, but for months whose windows are being got from others."""
        if not self._come():
            self._freezer.freeze_closed()

    def _step(self) -> bool:
        wanted = self._wanted if self._has_others(OTHERS_LEAST) else [u for u in self._wanted if u == KEY]
        if wanted:
            return self._has_others(_PAIR) and self._fetching.step(wanted)
        if not self._come() or not self._has_others(OTHERS_LEAST):
            return False
        checked = self._checking.step(self._come())
        if isinstance(checked, bool):
            return checked
        if not checked:
            self._install()
        for unit, odd in checked.items():
            self._drop(unit, odd)
        return True

    def _look(self) -> None:
        """Work out what is lacking, where something may have changed."""
        state = self._standing.state
        if not state.founded or self._signs(state) == self._seen:
            return
        self._forget(state)
        self.freeze_closed()
        # Reports of before this steward came, which may count yet: later ones name it.
        self._foreign = [one for one in state.reports.values() if _waits(one) and self._x not in one.stewards]
        come, lacking = self._come(), self._lacking(state)
        missing = [unit for unit in lacking if unit not in come]
        allowed = {unit for unit in missing if may_have(state, self._standing.id, unit)}
        # Windows stand in order: those of a month are of no use without those of the months before.
        windows = [unit for unit in missing if unit.kind is Kind.WINDOWS]
        useful = set(takewhile(allowed.__contains__, windows))
        self._wanted = [u for u in missing if u in useful or (u in allowed and u.kind is not Kind.WINDOWS)]
        self._unvoted = [unit for unit in missing if unit not in set(self._wanted)]
        self._seen = self._signs(state)

    def _signs(self, state: LedgerState) -> tuple[object, ...]:
        """Return what changes when something may be lacking that was not, or may be had."""
        busy = self._wanted or self._unvoted or self._come()
        return (
            len(state.documents),
            len(state.closes),
            self._token_key.is_held,
            state.size if busy else None,
            len(self._come()),
            sum(map(_waits, self._foreign)),
        )

    def _lacking(self, state: LedgerState) -> list[Unit]:
        if self._x not in state.consortium.stewards:
            return []
        key = [] if self._token_key.is_held else [KEY]
        # While windows are on their way nothing is frozen, and after a restart the freezer has not looked.
        is_whole = self._freezer.is_whole and not any(unit.kind is Kind.WINDOWS for unit in self._come())
        with self._standing.database.read() as connection:
            windows = [] if is_whole else list(lacking_windows(connection, state))
            return [*key, *lacking_reports(connection, state), *windows]

    def _forget(self, state: LedgerState) -> None:
        """Drop what nobody holds any more: shares of a year that has ended, windows past retention."""
        come = self._come()
        over = come.keys() - set(self._lacking(state)) if come else None
        if over:
            with self._standing.database.write() as connection:
                transfers.drop_received(connection, over)
            self._received = None

    def _come(self) -> Mapping[Unit, int]:
        if self._received is None:
            with self._standing.database.read() as connection:
                self._received = transfers.received_units(connection)
        return self._received

    def _has_others(self, count: int) -> bool:
        state = self._standing.state
        return state.founded and len(others_of(state, self._x)) >= count

    def _take_key(self, share: Scalar) -> None:
        self._token_key.take(share)
        _log.info("two stewards have given the share of the token key, and it fits")

    def _take(self, come: Received) -> None:
        with self._standing.database.write() as connection:
            transfers.put_received(connection, come)
        self._received = None

    def _drop(self, unit: Unit, odd: StewardX | None) -> None:
        """Let go of values that did not hold: another pair is asked."""
        with self._standing.database.read() as connection:
            come = transfers.get_received(connection, unit)
        self._refuse(unit, come.first, come.second, odd)
        self._fetching.try_another(unit)

    def _refuse(self, unit: Unit, first: StewardX, second: StewardX, odd: StewardX | None) -> None:
        at = self._standing.clock.now().isoformat(timespec="seconds")
        with self._standing.database.write() as connection:
            transfers.drop_received(connection, [unit])
            transfers.put_refused(connection, Refused(unit=unit, first=first, second=second, odd=odd, at=at))
        self._received = None
        stewards = self._standing.in_force.stewards
        named = ["-" if x is None or x not in stewards else stewards[x].id for x in (first, second, odd)]
        if tuple(named) not in self._named:
            self._named.add(tuple(named))
            _log.warning("values that %s and %s gave do not hold; off the line alone: %s", *named)

    def _install(self) -> None:
        """Put what was checked into the vault: reports first, as what is frozen is worked out from them."""
        units = sorted(self._come())
        reports = [unit for unit in units if unit.kind in (Kind.ROWS, Kind.COLUMNS)]
        for start in range(0, len(reports), _REPORTS_AT_ONCE):
            self._install_reports(reports[start : start + _REPORTS_AT_ONCE])
        windows = (unit for unit in units if unit.kind is Kind.WINDOWS)
        for month, of_month in groupby(windows, key=lambda unit: unit.place):
            self._install_windows(Month(month), list(of_month))
        self._received = None
        self._freezer.look_again()
        self._look_again()
        _log.info("%d units of values from other stewards hold, and are in use", len(units))

    def _install_reports(self, units: list[Unit]) -> None:
        with self._standing.database.write() as connection:
            for unit in units:
                entry = self._standing.state.reports[unit.place]
                come = transfers.get_received(connection, unit)
                transfers.install_report(connection, entry, self._x, come)
            transfers.drop_received(connection, units)

    def _install_windows(self, month: Month, units: list[Unit]) -> None:
        with self._standing.database.write() as connection:
            contributions = contributions_at(connection, month, self._standing.state)
            for unit in units:
                transfers.install_windows(connection, transfers.get_received(connection, unit))
            transfers.put_frozen(connection, month, contributions)
            transfers.drop_received(connection, units)

    def _was_refused(self) -> bool:
        with self._standing.database.read() as connection:
            return bool(transfers.refused(connection))

    def _note(self) -> None:
        """Store how it stands, for the party's own people."""
        with self._standing.database.read() as connection:
            known = transfers.standing(connection)
        lacking, come = len(self._wanted) + len(self._unvoted), len(self._come())
        now = (self.state, lacking, come)
        if known is None and now == ("whole", 0, 0):
            return
        if known is None or now != (known.state, known.lacking, known.received):
            with self._standing.database.write() as connection:
                if known is not None and known.state == "whole":
                    transfers.forget_refused(connection)
                transfers.put_standing(connection, state=now[0], lacking=lacking, received=come)


def _waits(entry: ReportEntry) -> bool:
    return entry.counts_at is None and entry.failed_at is None


def not_whole() -> UnavailableError:
    """Return what is said in the place of an answer."""
    return UnavailableError("this steward still waits for values of its own, and answers nothing")
