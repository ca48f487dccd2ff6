"""What a channel is, and what may become of an attempt to send by it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from node.risk.delivery.notices import Notice
from node.risk.policy.watching import Severity

Ending: TypeAlias = Literal["sent", "failed", "refused"]
"""`failed` may pass and is tried again; `refused` will not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended; `detail` is a short code, never what the other side wrote."""

    ending: Ending
    detail: str
    hold_s: float | None = None
    """How long the other side asks to be left alone."""


class Channel(Protocol):
    """One way out: one recipient's e-mail or one webhook. Used by one thread.

    `send` gives up after a bounded time. What it sends of one notice has one id, so that a receiver who gets
    it twice sees that: an attempt that a crash ended is made again.
    """

    @property
    def name(self) -> str:
        """What its progress is stored under."""
        ...

    @property
    def least(self) -> Severity:
        """The least grave notices that go out by it."""
        ...

    def send(self, notice: Notice, at: datetime) -> Outcome:
        """Make one attempt; raises nothing that the network or the other side causes."""
        ...
