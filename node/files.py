"""Writing files so that they are there whole or not at all."""

import os
from pathlib import Path
from typing import Final

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
