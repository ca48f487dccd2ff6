"""Writing files so that they are there whole or not at all."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from node.errors import KeyFileError, LockedError

_PARTIAL: Final = ".partial"
_OPEN_TO_READ: Final = 0o666
OWNER_ONLY: Final = 0o600


def write_whole(path: Path, content: bytes, mode: int = _OPEN_TO_READ) -> None:
    """Write a file and its folders; a crash leaves the old file, or none, or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}{_PARTIAL}")
    partial.unlink(missing_ok=True)  # a stopped one's, perhaps with another mode
    write_new(partial, content, mode)
    partial.replace(path)


def write_new(path: Path, content: bytes, mode: int = _OPEN_TO_READ) -> None:
    """Write a file that must not be there yet; `mode` is cut down by the process's umask."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def check_private(path: Path) -> None:
    """Refuse a file that others may read, or that stands in a folder where others may replace it.

    Raises KeyFileError.
    """
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError("others may use the file; make it readable by its owner alone (chmod 600)")
    if path.absolute().parent.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise KeyFileError("others may write in the file's folder; leave it to its owner (chmod 700)")


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
