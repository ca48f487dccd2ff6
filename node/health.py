"""How a node stands, for `/readyz`, metrics and `hanse doctor`: one immutable value, read by any thread."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from hanse_ledger.ids import PartyId
from node.errors import ForkError, OtherLogError
from node.ports import Clock

Status: TypeAlias = Literal["ok", "degraded", "starting", "halted", "stopped"]

FORK: Final = ForkError.code
"""Two signed checkpoints that contradict each other. It halts a node."""
APPLICATION_HASH: Final = OtherLogError.code
"""More than two thirds have decided on another log than a validator's copy. It halts that node."""
SHARES_MISSING: Final = "shares_missing"
"""A steward that waits for values of its own answers nothing."""
SHARES_REFUSED: Final = "shares_refused"
"""The same, and values that two others gave did not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is wrong with the log or whoever orders it, as long as it lasts."""

    code: str
    since: datetime
    evidence: str | None = None
    """The name of the file below `evidence/` in the node's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """How the CometBFT beside a validator's node stands."""

    height: int
    """Of the last block that it has."""
    peers: int = 0
    """Other validators that it is connected with; none where it does not answer."""
    is_catching_up: bool = False
    power: int | None = None
    """Its votes in the next block: none for one that is no validator, None where it does not answer."""
    restarts: int = 0
    """How often it was started again since the node started."""

    def describe(self) -> dict[str, Any]:
        """Return plain fields."""
        return {
            "height": self.height,
            "peers": self.peers,
            "catching_up": self.is_catching_up,
            "power": self.power,
            "restarts": self.restarts,
        }

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> "Agreed":
        """Read what `describe` gave."""
        return cls(
            height=fields["height"],
            peers=fields["peers"],
            is_catching_up=fields["catching_up"],
            power=fields["power"],
            restarts=fields["restarts"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a node knows of itself and of the sequencer that it follows."""

    size: int = 0
    """Statements in this node's copy of the log."""
    checkpoint_size: int | None = None
    """The size of the newest signed checkpoint that this node holds."""
    sequencer_size: int | None = None
    last_contact: datetime | None = None
    """When the sequencer last answered."""
    catching_up_to: int | None = None
    problems: tuple[Problem, ...] = ()
    peers: Mapping[PartyId, str] = field(default_factory=dict)
    """How the way to each other party is, by its circuit breaker."""
    agreement: Agreed | None = None
    """How CometBFT stands, at a validator's node."""
    halted: bool = False
    stopped: bool = False
    """Whether a fault ended the node behind its interface."""

    @property
    def lag(self) -> int:
        """How many statements the sequencer has shown that this node does not hold yet."""
        return max(0, (self.sequencer_size or 0) - self.size)

    @property
    def status(self) -> Status:
        """`ok` and `degraded` serve; `starting` has no checkpoint yet; `halted` waits for an operator."""
        if self.stopped:
            return "stopped"
        if self.halted:
            return "halted"
        if self.checkpoint_size is None:
            return "starting"
        return "degraded" if self.problems or self.catching_up_to is not None else "ok"

    def check_halted(self) -> None:
        """Raise what says why the node is halted, where it is."""
        if self.halted:
            raise self.why_halted

    @property
    def why_halted(self) -> ForkError | OtherLogError:
        """What a halted node refuses with; a fork is the graver reason."""
        codes = {one.code for one in self.problems}
        return OtherLogError() if APPLICATION_HASH in codes and FORK not in codes else ForkError()

    def describe(self) -> dict[str, Any]:
        """Return plain fields, as `/readyz` and `hanse doctor --json` show them."""
        return {
            "status": self.status,
            "size": self.size,
            "checkpoint_size": self.checkpoint_size,
            "sequencer_size": self.sequencer_size,
            "lag": self.lag,
            "last_contact": _time(self.last_contact),
            "catching_up_to": self.catching_up_to,
            "problems": [
                {"code": one.code, "since": _time(one.since), "evidence": one.evidence}
                for one in self.problems
            ],
            "peers": dict(self.peers),
            "agreement": None if self.agreement is None else self.agreement.describe(),
            "halted": self.halted,
        }

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> "Health":
        """Read what `describe` gave, in another process of this node."""
        return cls(
            size=fields["size"],
            checkpoint_size=fields["checkpoint_size"],
            sequencer_size=fields["sequencer_size"],
            last_contact=_read_time(fields["last_contact"]),
            catching_up_to=fields["catching_up_to"],
            problems=tuple(
                Problem(
                    code=one["code"], since=datetime.fromisoformat(one["since"]), evidence=one["evidence"]
                )
                for one in fields["problems"]
            ),
            peers=fields["peers"],
            agreement=None if fields["agreement"] is None else Agreed.parse(fields["agreement"]),
            halted=fields["halted"],
            stopped=fields["status"] == "stopped",
        )


class HealthBoard:
    """Where a node's threads write how it stands. `now` is the last whole value."""

    def __init__(self) -> None:
        self.now = Health()
        self._writing = threading.Lock()

    def update(self, **changes: Any) -> None:
        """Replace fields of the value."""
        with self._writing:
            self.now = replace(self.now, **changes)

    def raise_problem(self, problem: Problem) -> bool:
        """Add a problem; one of that code keeps since when it lasts. Return whether it is new."""
        with self._writing:
            others = [one for one in self.now.problems if one.code != problem.code]
            known = [one for one in self.now.problems if one.code == problem.code]
            since = min([problem.since, *(one.since for one in known)])
            evidence = problem.evidence or next((one.evidence for one in known), None)
            self.now = replace(self.now, problems=(*others, replace(problem, since=since, evidence=evidence)))
            return not known

    def clear_problem(self, code: str) -> None:
        """Take a problem away that has ended."""
        with self._writing:
            kept = tuple(one for one in self.now.problems if one.code != code)
            if kept != self.now.problems:
                self.now = replace(self.now, problems=kept)


def tell_shares(board: HealthBoard, clock: Clock, state: str) -> None:
    """Say on the board whether a steward still waits for values of its own (`node.roles.receiving.State`)."""
    current = {"whole": None, "refused": SHARES_REFUSED}.get(state, SHARES_MISSING)
    for code in SHARES_MISSING, SHARES_REFUSED:
        if code == current:
            board.raise_problem(Problem(code=code, since=clock.now()))
        else:
            board.clear_problem(code)


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def _read_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
