"""How the agreement goes, by CometBFT's own word: asked again and again, for the node's health."""

from collections.abc import Callable
from typing import Final, Protocol

from hanse_ledger.errors import UnavailableError
from node.health import Agreed
from node.periodic import PeriodicTask
from node.sequencing.cometbft.rpc import Standing

INTERVAL_S: Final = 2.0


class Asked(Protocol):
    """Whoever knows how CometBFT stands."""

    def standing(self) -> Standing:
        """Return how it stands; raises UnavailableError."""
        ...


class Outlook:
    """Looks in a thread of its own; `tell` hears what was seen, without peers where nothing answers."""

    def __init__(
        self,
        *,
        rpc: Asked,
        restarts: Callable[[], int],
        tell: Callable[[Agreed], None],
        interval_s: float = INTERVAL_S,
    ) -> None:
        """Begin. `restarts` says how often CometBFT was started again."""
        self._rpc, self._restarts, self._tell = rpc, restarts, tell
        self._height = 0
        self._task = PeriodicTask(self._run, name="outlook", interval_s=interval_s, first_s=interval_s)
        self._task.start()

    def stop(self) -> None:
        """Finish what goes on."""
        self._task.stop()

    def _run(self) -> None:
        self._tell(self._look())

    def _look(self) -> Agreed:
        try:
            found = self._rpc.standing()
        except UnavailableError:
            return Agreed(height=self._height, restarts=self._restarts())
        self._height = found.height
        return Agreed(
            height=found.height,
            peers=found.peers,
            is_catching_up=found.is_catching_up,
            power=found.power,
            restarts=self._restarts(),
        )
