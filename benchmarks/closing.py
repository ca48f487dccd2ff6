"""Freeze a vault's month again, in a process of its own so that its memory can be told.

`python -m benchmarks.closing FOLDER PARTY [--spread]` takes the vault of one steward of a consortium that
`consortium.fill` made, removes what the closed month froze, freezes it anew, and prints a JSON object. With
`--spread` the rows are first dealt over the three months of the quarter, so that its windows freeze; the
vault then fits no other steward's.
Nothing else is in the process: its peak of memory is the node's, its copy of the log included.
"""

import json
import re
import resource
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import bindparam, func, select

from benchmarks import consortium as bench
from hanse_ledger.ids import PartyId
from node.roles.freezing import Freezer
from node.roles.party import Standing
from node.storage.schema import frozen_month, opened, opened_month, window

_QUARTER = 3


def thaw(standing: Standing) -> None:
    """Remove what the close of `MONTH` froze."""
    with standing.database.write() as connection:
        connection.execute(window.delete().where(window.c.frozen_at == bench.MONTH))
        connection.execute(frozen_month.delete().where(frozen_month.c.month == bench.MONTH))


def spread(standing: Standing) -> None:
    """Deal every report's rows over the months of the quarter; nothing in the vault tells it from life."""
    with standing.database.write() as connection:
        sizes = connection.execute(select(opened.c.entry, func.length(opened.c.months))).all()
        months = [
            {
                "of": entry,
                "months": (bench.FIRST_MONTH + np.arange(size // 2) % _QUARTER).astype("<u2").tobytes(),
            }
            for entry, size in sizes
        ]
        connection.execute(opened.update().where(opened.c.entry == bindparam("of")), months)
        connection.execute(opened_month.delete())
        pairs = [
            {"entry": entry, "month": bench.FIRST_MONTH + place}
            for entry, _ in sizes
            for place in range(_QUARTER)
        ]
        connection.execute(opened_month.insert(), pairs)


def peak_kib() -> int:
    """Return the most memory that this program has held.

    Linux starts `ru_maxrss` with what the parent held when it forked, so its own account is asked first.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1])  # type: ignore[index]
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def freeze(standing: Standing) -> dict[str, Any]:
    """Freeze what is closed and not frozen; return seconds, peak memory and what was frozen."""
    start = time.perf_counter()
    rows = sum(entry.rows for entry in standing.state.reports.values())
    replayed = time.perf_counter()
    Freezer(standing).freeze_closed()
    end = time.perf_counter()
    with standing.database.read() as connection:
        count = select(func.count()).select_from(window).where(window.c.frozen_at == bench.MONTH)
        windows = connection.execute(count).scalar_one()
    return {
        "seconds": round(end - replayed, 2),
        "rss_mb": round(peak_kib() / 1024, 1),
        "rows": rows,
        "windows": windows,
        "replay_s": round(replayed - start, 2),
    }


def main() -> None:
    """Print one close's figures."""
    folder, party = Path(sys.argv[1]), PartyId(sys.argv[2])
    with ExitStack() as stack:
        standing = bench.alone(folder, party, stack)
        thaw(standing)
        if "--spread" in sys.argv[3:]:
            spread(standing)
        print(json.dumps(freeze(standing)))


if __name__ == "__main__":
    main()
