"""What CometBFT writes when it cannot go on, known by its words.

It says it in its log alone: after a consensus failure the process lives on and agrees on nothing. One that
follows from the application's end, or from its database's, is healed by a new start; another application
hash, or a folder that is older than the database, never is.
"""

from pathlib import Path
from typing import Final, Literal, TypeAlias

Cause: TypeAlias = Literal["application_hash", "cometbft_behind", "consensus_failure"]

_DECIDED: Final = ("committed an invalid block", "does not match AppHash", "Error in validation")
"""While voting, at a start, and while catching up, where a block's commit is verified before the block is."""
_HASH: Final = ("AppHash", "LastResultsHash")
_BEHIND: Final = "is higher than core"
_FAILURE: Final = "CONSENSUS FAILURE"
_KEPT_BYTES_MOST: Final = 16 << 20
_LINE_BYTES_MOST: Final = 1 << 20


def cause_of(line: str) -> Cause | None:
    """Return what a line of CometBFT's log says is wrong, None for all others.

    A proposal with another application hash is only refused: its proposer is the one in the wrong. One that
    more than two thirds have decided shows that this node is.
    """
    if any(words in line for words in _DECIDED) and any(words in line for words in _HASH):
        return "application_hash"
    if _BEHIND in line:
        return "cometbft_behind"
    return "consensus_failure" if _FAILURE in line else None


class Output:
    """The file that CometBFT writes to, read as it grows. What an earlier process wrote is not read again."""

    def __init__(self, path: Path) -> None:
        """Begin at the end of the file; one that has grown large is set aside, in the place of the last."""
        if path.exists() and path.stat().st_size > _KEPT_BYTES_MOST:
            path.replace(path.with_name(path.name + ".1"))
        path.touch(0o600)
        self.path = path
        self._read_to = path.stat().st_size

    def cause(self) -> Cause | None:
        """Return a cause that the lines which are new name, one that a new start does not heal first."""
        with self.path.open("rb") as written:
            written.seek(self._read_to)
            new = written.read(_LINE_BYTES_MOST)
        # A line that is not whole is read again.
        new = new[: new.rfind(b"\n") + 1] or (new if len(new) == _LINE_BYTES_MOST else b"")
        self._read_to += len(new)
        causes = [cause_of(line) for line in new.decode("utf-8", "replace").splitlines()]
        found = [cause for cause in causes if cause is not None]
        return min(found, default=None)
