"""Faults at durable writes: where a run makes them, and what goes wrong at which of them."""

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final, TypeAlias

from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.ids import PartyId
from node.storage.database import Moment

_OFTEN: Final = 60
_CHANCE: Final = 0.2


class Killed(BaseException):
    """A party's node, or the whole process, dies here. No handler may stop it."""

    def __init__(self, party: PartyId) -> None:
        super().__init__(party)
        self.party = party


class WriteFailedError(OSError):
    """The disk refuses a write, and the node lives on."""


Plan: TypeAlias = Callable[[int, PartyId, str, Moment], BaseException | None]
"""What goes wrong: (number of the write, party, site, moment) -> what is raised there, if anything."""


def no_fault(_count: int, _party: PartyId, _site: str, _moment: Moment) -> None:
    """Let every write pass."""


def at_write(number: int, moment: Moment) -> Plan:
    """Kill whoever makes this write, at this moment of it, once."""

    def plan(count: int, party: PartyId, _site: str, now: Moment) -> BaseException | None:
        return Killed(party) if (count, now) == (number, moment) else None

    return plan


class Storm:
    """Break every kind of write at every moment of it, each once, in an order of chance.

    `often` says how often a run without faults makes a kind of write: what is made often is not always broken
    at the first chance, so that faults spread over the run.
    """

    def __init__(
        self,
        rng: random.Random,
        *,
        often: Mapping[str, int],
        moments: Sequence[Moment],
        raises: Callable[[PartyId], BaseException] = Killed,
    ) -> None:
        self.wanted = {(site, moment) for site in often for moment in moments}
        self._rng, self._often, self._raises = rng, often, raises
        self._chosen: dict[str, Moment] = {}

    def __call__(self, _count: int, party: PartyId, site: str, now: Moment) -> BaseException | None:
        left = sorted(moment for at, moment in self.wanted if at == site)
        if not left:
            return None
        if now != self._chosen.setdefault(site, self._rng.choice(left)):
            return None
        if self._often[site] > _OFTEN and self._rng.random() > _CHANCE:
            return None
        self.wanted.discard((site, now))
        del self._chosen[site]
        return self._raises(party)


class Faults:
    """Counts every durable write of a run, notes where in the code it is made, and breaks what is planned."""

    def __init__(self, plan: Plan = no_fault) -> None:
        self.plan = plan
        self.writes: list[tuple[PartyId, str]] = []
        """Party and site of every write that was begun."""
        self.struck = 0
        """How many faults there were."""

    def probe_of(self, party: PartyId) -> Callable[[Moment], None]:
        """Return the probe of a party's databases."""

        def probe(moment: Moment) -> None:
            if moment == "before":
                self.writes.append((party, f"{_kind(party)} {_site()}"))
            fault = self.plan(len(self.writes) - 1, party, self.writes[-1][1], moment)
            if fault is not None:
                self.struck += 1
                raise fault

        return probe


def _kind(party: PartyId) -> str:
    if party == DESK_ID:
        return "orderer"
    return "steward" if party in STEWARDS.values() else "member"


def _site() -> str:
    """Name the function that makes the write which is about to begin."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and Path(frame.f_code.co_filename).stem in ("contextlib", "database"):
        frame = frame.f_back
    assert frame is not None
    return f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}"
