"""What stopped a node the last time, beside its databases: who starts it again must not do so unknowing."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from hanse_ledger.errors import CorruptionError, LedgerError
from hanse_ledger.ids import PartyId
from node.files import write_whole
from node.ports import Clock
from node.wire import Build, Handler

STOPPED_FILE: Final = "stopped.json"
ORDERING_STOPPED_FILE: Final = "stopped_ordering.json"
"""What stopped the part that orders, where that has a thread of its own."""


def recording(build: Build, folder: Path, clock: Clock, name: str = STOPPED_FILE) -> Build:
    """Write down what stops a node: stored state, or that it cannot be opened. An end as told forgets it."""

    def record(error: Exception) -> None:
        content = {"at": clock.now().isoformat(timespec="seconds"), "why": str(error)}
        write_whole(folder / name, json.dumps(content).encode())

    def recorded() -> tuple[Handler, Callable[[], None]]:
        try:
            handler, close = build()
        except (CorruptionError, LedgerError) as error:
            record(error)
            raise
        has_stopped = False

        def handle(caller: PartyId, verb: str, body: bytes) -> bytes:
            nonlocal has_stopped
            try:
                return handler(caller, verb, body)
            except CorruptionError as error:
                has_stopped = True
                record(error)
                raise

        def end() -> None:
            close()
            if not has_stopped:
                (folder / name).unlink(missing_ok=True)

        return handle, end

    return recorded


def last_stop(folder: Path) -> dict[str, Any] | None:
    """Return when and why the node stopped by itself the last time, None where it did not."""
    for name in (STOPPED_FILE, ORDERING_STOPPED_FILE):
        with suppress(FileNotFoundError):
            content: dict[str, Any] = json.loads((folder / name).read_bytes())
            return content
    return None
