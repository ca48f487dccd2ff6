"""`hanse` with a machine clock that is off by as many seconds as a file says: a program of its own for tests.

python support_skewed.py FILE node run --config ...
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from node import clocks
from node.cli import main


class SkewedClock:
    """The machine's clock, and an offset that may change while the node runs."""

    file: Path

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self.file.read_text()))


if __name__ == "__main__":
    SkewedClock.file = Path(sys.argv[1])
    clocks.SystemClock.now = SkewedClock.now  # type: ignore[assignment, method-assign]
    clocks.SystemClock.file = SkewedClock.file  # type: ignore[attr-defined]
    sys.exit(main(sys.argv[2:]))
