"""Holding what has come against the values of all other active stewards, before any of it is answered."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeAlias

from hanse_ledger.errors import LedgerError, UnavailableError, VerificationError
from hanse_ledger.ids import Month, StewardX, quarter_of
from hanse_ledger.privacy.transfer import NONCE_BYTES, LineCheck, odd_one, verify_values
from hanse_ledger.transfers import Unit, others_of
from node.ports import StewardLinks
from node.roles.party import Standing
from node.roles.seeds import Seeds
from node.roles.transfer_messages import CHECK, UNITS_AT_ONCE, Checked, CheckedUnit, read_values
from node.storage.transfers import get_received

_log = logging.getLogger(__name__)

_Four: TypeAlias = Sequence[int] | None


@dataclass(slots=True, kw_only=True)
class _Round:
    """A check under way: what everything is drawn from, what is still to be asked, what did not hold."""

    line: LineCheck
    quarter: Month
    seeds: Mapping[StewardX, bytes] = field(repr=False)
    units: frozenset[Unit]
    left: list[Unit]
    wrong: dict[Unit, StewardX | None] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Part:
    """Up to 64 units of a check, with this steward's own values and what the others were asked."""

    units: list[Unit]
    message: bytes
    own: list[list[int]]
    asked: dict[StewardX, Future[bytes]]


class LineChecking:
    """One check at a time, in memory alone: after a restart it begins anew, with another nonce and root."""

    def __init__(self, *, standing: Standing, x: StewardX, seeds: Seeds, links: StewardLinks) -> None:
        self._standing, self._x, self._seeds, self._links = standing, x, seeds, links
        self._round: _Round | None = None
        self._part: _Part | None = None
        self._rests = False

    def begin_round(self) -> None:
        """Let a check that failed for want of an answer begin anew."""
        self._rests = False

    def step(self, units: Mapping[Unit, int]) -> dict[Unit, StewardX | None] | bool:
        """Bring the check of all units a step further; `units` has the log's size when each came.

        Return which did not hold, each with the one whose values alone are off the line, when it is over;
        before, whether it went on. It begins anew when units have come or gone.
        """
        if self._rests:
            return False
        try:
            return self._step(units)
        except LedgerError as error:
            _log.info("the check of this steward's values waits: %s", error.code)
            self._round, self._part, self._rests = None, None, True
            return False

    def _step(self, units: Mapping[Unit, int]) -> dict[Unit, StewardX | None] | bool:
        if self._round is not None and self._round.units != units.keys():
            self._round, self._part = None, None
        if self._round is None:
            self._round = self._begin(units)
            return self._round is not None
        if self._part is None:
            if not self._round.left:
                wrong, self._round = self._round.wrong, None
                return wrong
            self._part = self._ask(self._round)
            return True
        if not all(future.done() for future in self._part.asked.values()):
            return False
        self._round.wrong |= self._judge(self._part)
        self._round.left = self._round.left[len(self._part.units) :]
        self._part = None
        return True

    def _begin(self, units: Mapping[Unit, int]) -> _Round | None:
        """Draw the nonce, once the log has grown since the last unit came and the seeds are there."""
        state = self._standing.state
        stewards = tuple(state.consortium.stewards)
        seeds = self._seeds.usable(stewards, state.log_month)
        if state.size <= max(units.values()) or seeds is None:
            return None
        line = LineCheck(
            consortium=state.consortium.id,
            receiver=self._x,
            stewards=stewards,
            nonce=self._standing.entropy(NONCE_BYTES),
            size=state.size,
            root=self._standing.replica.root(state.size),
        )
        return _Round(
            line=line,
            quarter=quarter_of(state.log_month),
            seeds=seeds,
            units=frozenset(units),
            left=sorted(units),
        )

    def _ask(self, going: _Round) -> _Part:
        units, own, checked = going.left[:UNITS_AT_ONCE], [], []
        for unit in units:
            with self._standing.database.read() as connection:
                come = get_received(connection, unit)
            content_hash = hashlib.sha256(come.held.content).digest()
            one = CheckedUnit(unit=unit, asked_at=come.asked_at, content_hash=content_hash)
            place = going.line.place(one.fields())
            own.append(going.line.values(self._x, place, come.held.share, going.seeds))
            checked.append(one)
        asked_of_all = Checked(line=going.line, quarter=going.quarter, units=tuple(checked))
        message = self._standing.sign_message(CHECK, asked_of_all.fields())
        links, others = self._links(), others_of(self._standing.state, self._x)
        if not set(others) <= set(links):
            raise UnavailableError("there is no way to one of the other stewards")
        asked = {x: links[x].ask("transfer-check", message) for x in others}
        return _Part(units=units, message=message, own=own, asked=asked)

    def _judge(self, part: _Part) -> dict[Unit, StewardX | None]:
        """Return the units whose values are not on lines; raises LedgerError where an answer is lacking."""
        consortium, said = self._standing.in_force, dict[StewardX, list[list[int] | None]]()
        for x, future in part.asked.items():
            sender = consortium.stewards.get(x)
            if sender is None:
                raise UnavailableError("no active steward any more")
            said[x] = read_values(
                future.result(), part.message, count=len(part.units), consortium=consortium, sender=sender
            )
        wrong = {}
        for place, unit in enumerate(part.units):
            values: dict[StewardX, _Four] = {self._x: part.own[place]}
            values |= {x: given[place] for x, given in said.items()}
            if not _holds(values):
                wrong[unit] = _odd(values)
        return wrong


def _holds(values: Mapping[StewardX, _Four]) -> bool:
    given = {x: four for x, four in values.items() if four is not None}
    if len(given) < len(values):
        return False
    try:
        verify_values(given)
    except VerificationError:
        return False
    return True


def _odd(values: Mapping[StewardX, _Four]) -> StewardX | None:
    """Return the one that holds another content, or whose values alone are off the line of the others."""
    other_content = [x for x, four in values.items() if four is None]
    if other_content:
        return other_content[0] if len(other_content) == 1 else None
    return odd_one({x: four for x, four in values.items() if four is not None})
