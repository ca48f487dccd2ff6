"""`hanse` with a clock that can be set: off by the seconds that the file named in `HANSE_SKEW_FILE` says."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from node.cli import main
from node.clocks import SystemClock

_FILE = Path(os.environ.pop("HANSE_SKEW_FILE"))


def _skewed(_clock: SystemClock) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=float(_FILE.read_text()))


if __name__ == "__main__":
    SystemClock.now = _skewed  # type: ignore[assignment, method-assign]
    sys.exit(main())
