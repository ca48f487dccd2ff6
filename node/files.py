"""Writing files so that they are there whole or not at all."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from node.errors import LockedError

_PARTIAL: Final = ".partial"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file and its folders; a crash leaves the old file, or none, or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}{_PARTIAL}")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def is_partial(path: Path) -> bool:
    """Say whether this is what a stopped `write_whole` left behind."""
    return path.name.startswith(".") and path.name.endswith(_PARTIAL)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder; raises LockedError at once when one is in it.

    The lock goes with the process, however that ends.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError("another process has this node's folder open") from error
        yield
    finally:
        os.close(descriptor)
