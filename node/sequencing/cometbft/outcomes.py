"""What has become of submitted statements: told by the thread that commits blocks to those that wait."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from hanse_ledger.errors import LedgerError
from hanse_ledger.ids import NodeHash

Outcome: TypeAlias = int | LedgerError
"""The index at which a statement stands durably, or why a block refused it."""


@dataclass(slots=True)
class _Wait:
    waiters: int = 0
    outcome: Outcome | None = None


@dataclass(slots=True)
class Outcomes:
    """Keeps outcomes of those statements that somebody waits for, and no others."""

    _waits: dict[NodeHash, _Wait] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def expect(self, leaves: Iterable[NodeHash]) -> None:
        """Begin to keep what becomes of some statements, by their leaf hashes."""
        with self._changed:
            for leaf in leaves:
                self._waits.setdefault(leaf, _Wait()).waiters += 1

    def forget(self, leaves: Iterable[NodeHash]) -> None:
        """End what `expect` began."""
        with self._changed:
            for leaf in leaves:
                wait = self._waits[leaf]
                wait.waiters -= 1
                if not wait.waiters:
                    del self._waits[leaf]

    def tell(self, found: Mapping[NodeHash, Outcome]) -> None:
        """Say what a block has done, once that is durable."""
        with self._changed:
            for leaf, outcome in found.items():
                if leaf in self._waits:
                    self._waits[leaf].outcome = outcome
            self._changed.notify_all()

    def of(self, leaf: NodeHash, timeout_s: float) -> Outcome | None:
        """Wait for what becomes of an expected statement; None when nothing has in that time."""
        with self._changed:
            wait = self._waits[leaf]
            self._changed.wait_for(lambda: wait.outcome is not None, timeout_s)
            # A refusal holds for the block that it stood in: sent again, a statement may be accepted.
            outcome, wait.outcome = wait.outcome, None
            return outcome
