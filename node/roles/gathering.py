"""Waiting for several stewards at once: for those that are needed and a little longer, not for all."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Final

from hanse_ledger.ids import StewardX
from node.wire import WAIT_S

GRACE_LEAST_S: Final = 0.25
GRACE_MOST_S: Final = 2.0


def arriving(
    asked: Mapping[StewardX, Future[bytes]],
    is_enough: Callable[[], bool] = lambda: False,
    wait_s: float = WAIT_S,
) -> Iterator[tuple[StewardX, Future[bytes]]]:
    """Give each steward's reply as it comes, by x where several have come.

    It ends when all have come, or `wait_s` after it began. Once `is_enough` says so, it gives the rest as
    much time again as the first ones took, 0.25 to 2 s: what they add is welcome, but nobody waits for one
    that hangs. A reply that is still under way is not given: what becomes of it is unknown, as with any that
    is lost.
    """
    began = time.monotonic()
    ends_at = began + wait_s
    pending = dict(asked)
    while pending:
        wait(pending.values(), max(0.0, ends_at - time.monotonic()), FIRST_COMPLETED)
        done = sorted(x for x, future in pending.items() if future.done())
        if not done:
            return
        for x in done:
            yield x, pending.pop(x)
        if pending and is_enough():
            now = time.monotonic()
            ends_at = min(ends_at, now + min(GRACE_MOST_S, max(GRACE_LEAST_S, now - began)))
