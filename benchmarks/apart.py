"""Parties that are really apart: reports through members, log and four stewards, each a process of its own.

Timed are reports of 1,024 rows from when they stand in the members' databases, as drafts that are due or as a
book whose rows are still to be made, until every member's own copy of the log says that all of its reports
count. In between are shares, seals, delivery over HTTP, the statements through the sequencer, the four
stewards' checks and their own statements, everything stored durably on the way.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from benchmarks import consortium as bench
from benchmarks.measure import Measure, at_least
from benchmarks.processes import Running, new_urls, running
from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import HASH_BYTES, PartyId
from node.bootstrap import DATABASE_FILE, PARTIES_FOLDER
from node.roles.drafts import ROWS_A_REPORT
from node.storage.book import put_import
from node.storage.database import Database

_MOST_S: Final = 600.0
_PAUSE_S: Final = 0.05


def measure_rows(folder: Path, *, members: int, reports: int) -> Measure:
    """Measure full reports of several members from drafts to counting; beside it as many from books."""
    names = bench.MEMBERS[: 2 * members]
    bench.found_bench(folder, names)
    urls = new_urls(folder)
    with running(folder, [DESK_ID, *STEWARDS.values()], urls):
        drafts_s = report_drafts(folder, names[:members], urls, reports)
        book_s = _report(folder, names[members:], urls, lambda database: _put_book(database, reports))
    rows = members * reports * ROWS_A_REPORT
    return at_least(
        "reports.rows_per_s_apart",
        rows / drafts_s,
        goal=15_000,
        unit="1/s",
        rows=rows,
        members=members,
        stewards=len(STEWARDS),
        timed="from drafts in the members' databases until all reports count",
        from_book_per_s=round(rows / book_s),
    )


def report_drafts(
    folder: Path, members: Sequence[PartyId], urls: Mapping[PartyId, str], reports: int
) -> float:
    """Let members report drafts of full reports; return seconds until all count."""
    return _report(folder, members, urls, lambda database: _put_drafts(database, reports))


def _report(
    folder: Path, members: Sequence[PartyId], urls: Mapping[PartyId, str], put: Callable[[Database], None]
) -> float:
    """Run members that have nothing, give them something to report; return seconds until all of it counts."""
    with running(folder, members, urls) as nodes:
        for member in members:
            with closing(Database(folder / PARTIES_FOLDER / member / DATABASE_FILE)) as database:
                put(database)
        start = time.perf_counter()
        for node in nodes.values():
            while not _all_count(node):
                if time.perf_counter() - start > _MOST_S:
                    raise UnavailableError("the reports do not come to count")
                time.sleep(_PAUSE_S)
        return time.perf_counter() - start


def _all_count(node: Running) -> bool:
    reported = node.client.get("/v1/reports").raise_for_status().json()
    return bool(0 < reported["reports"] == reported["counting"])


def _put_drafts(database: Database, reports: int) -> None:
    tokens = os.urandom(HASH_BYTES * ROWS_A_REPORT * reports)
    bench.put_drafts(database, tokens, bench.FIRST_MONTH)
    # A member reports by itself once it has imported something.
    with database.write() as connection:
        put_import(connection, sha256=bytes(32), as_of=bench.AS_OF, taken=0)


def _put_book(database: Database, reports: int) -> None:
    bench.put_book(database, bench.subjects(ROWS_A_REPORT * reports), bench.FIRST_MONTH)
