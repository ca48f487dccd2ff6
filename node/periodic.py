"""What a node does again and again beside all else, in a thread of its own."""

import threading
from collections.abc import Callable


class PeriodicTask:
    """Runs a function at an interval once it is started, until it is stopped or has an end.

    Runs never overlap. What goes wrong for a while (LedgerError) is for the function to log; anything else is
    a fault of ours and ends the thread.
    """

    def __init__(
        self, run: Callable[[], float | None], *, name: str, interval_s: float, first_s: float = 0.0
    ) -> None:
        """`run` returns after how many seconds it is due again, if that is before the interval is over.

        The first run comes `first_s` after the start. `name` is the thread's.
        """
        self._run, self._interval_s, self._first_s = run, interval_s, first_s
        self._woken, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._repeat, name=name, daemon=True)

    def start(self) -> None:
        """Begin, once."""
        self._thread.start()

    def wake(self) -> None:
        """Have the next run come now, or after the one that goes on."""
        self._woken.set()

    @property
    def has_ended(self) -> bool:
        """Whether no more runs are begun; one that takes long looks at it."""
        return self._ended.is_set()

    def end(self) -> None:
        """Begin no more runs. The function itself may call it."""
        self._ended.set()
        self._woken.set()

    def stop(self) -> None:
        """Wait for the run that goes on, and begin no more."""
        self.end()
        self._thread.join()

    def _repeat(self) -> None:
        pause_s = self._first_s
        while self._is_due_after(pause_s):
            due_s = self._run()
            pause_s = self._interval_s if due_s is None else min(due_s, self._interval_s)

    def _is_due_after(self, pause_s: float) -> bool:
        self._woken.wait(pause_s)
        # Cleared before looking and running: what is told from here on counts for the next run.
        self._woken.clear()
        return not self.has_ended
