"""How a validator's node says what is wrong with its application, its CometBFT and the other validators."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from hanse_ledger.misbehaviour import DoubleVote
from node.health import APPLICATION_HASH, Agreed, HealthBoard, Problem
from node.laststop import ORDERING_STOPPED_FILE, recording
from node.ports import Clock
from node.sequencing.cometbft.process import End
from node.sequencing.kept import EvidenceStore
from node.sequencing.term import Term
from node.wire import Build

DOUBLE_VOTE: Final = "double_vote"
VALIDATORS: Final = "validators"
ENDED: Final = "cometbft"
"""CometBFT has ended, and is started again."""
NO_AGREEMENT: Final = "no_agreement"
"""No block for longer than CometBFT waits before it makes an empty one: too few validators are in reach."""
_SILENCE: Final = timedelta(seconds=60)


class Signs:
    """Any thread may call it; evidence is kept by one at a time."""

    def __init__(
        self,
        *,
        folder: Path,
        board: HealthBoard,
        clock: Clock,
        chain_id: str,
        kept: EvidenceStore,
        term: Term,
    ) -> None:
        """`folder` is the node's own."""
        self._folder, self._board, self._clock = folder, board, clock
        self.chain_id, self._kept, self._term = chain_id, kept, term
        self._grown_to, self._grown_at = 0, clock.now()

    def recording(self, build: Build) -> Build:
        """Write down what stops the application."""
        return recording(build, self._folder, self._clock, ORDERING_STOPPED_FILE)

    def tell(self, end: End | None) -> None:
        """Say why CometBFT does not run; None once it runs soundly."""
        if end is None:
            self._board.clear_problem(ENDED)
        elif end == "application":
            # Both restart as a pair: the node ends, and whoever keeps it running starts it anew.
            self._board.update(stopped=True)
        else:
            self._board.raise_problem(Problem(code=end, since=self._now))
            if end == APPLICATION_HASH:
                # The own copy is another log than the one that was agreed on: nothing may rest on it.
                self._board.update(halted=True)

    def stand(self, agreed: Agreed) -> None:
        """Say how the agreement goes; one without new blocks is a problem. One thread calls it."""
        now = self._now
        self._board.update(agreement=agreed)
        if agreed.height > self._grown_to:
            self._grown_to, self._grown_at = agreed.height, now
            self._board.clear_problem(NO_AGREEMENT)
        elif now - self._grown_at >= _SILENCE:
            self._board.raise_problem(Problem(code=NO_AGREEMENT, since=self._grown_at))

    def differ(self, differ: bool) -> None:  # noqa: FBT001 - the application's one word
        """Say whether the validators stay other than the document in force says."""
        if differ:
            self._board.raise_problem(Problem(code=VALIDATORS, since=self._now))
        else:
            self._board.clear_problem(VALIDATORS)

    def keep(self, found: DoubleVote | None) -> None:
        """Keep evidence against a validator, and say that there is some."""
        now = self._now
        name = None if found is None else self._kept.keep(found, self._term, now)
        self._board.raise_problem(Problem(code=DOUBLE_VOTE, since=now, evidence=name))

    @property
    def _now(self) -> datetime:
        return self._clock.now()
