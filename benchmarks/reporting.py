"""What a report costs beside the private work: a member's evidence and statement, a steward's storing.

One party's node runs alone in this thread (`consortium.alone`), so that process CPU time is its own; the
sequencer's part, in the same thread, is below 1 us a row.
"""

import os
import statistics
import time
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import consortium as bench
from benchmarks import private_work
from benchmarks.measure import Measure, at_most
from hanse_ledger.ids import HASH_BYTES, PartyId, StewardX
from hanse_ledger.rows import make_row
from node.ports import StewardVerb
from node.roles.checking import Checking
from node.roles.contributor import Contributor
from node.roles.drafts import ROWS_A_REPORT
from node.roles.outbox import Outbox
from node.roles.party import Standing
from node.roles.recipients import Recipients
from node.roles.sealing_keys import SealingKeys
from node.roles.seeds import Seeds
from node.roles.tokens import TokenSource
from node.storage.book import load_invoices
from node.wire import reply_of

_ROUNDS_FOR_SEEDS: Final = 8


@dataclass(frozen=True, slots=True)
class CannedLink:
    """A steward that has said what its sealing key is, and takes every share."""

    x: StewardX
    party: PartyId
    sealing_keys: bytes

    def ask(self, verb: StewardVerb, _body: bytes, *, insist: bool = False) -> Future[bytes]:
        """Return the reply at once."""
        del insist
        reply: Future[bytes] = Future()
        reply.set_result(self.sealing_keys if verb == "sealing-keys" else b"")
        return reply


def measure_evidence(folder: Path, *, members: int) -> Measure:
    """Measure a full report from the book to the log, less what is measured beside it.

    That is the private work, and reading the book and making its rows, which are there without a ledger.
    """
    bench.found_bench(folder)
    with bench.opened(folder) as embedded:
        bench.settle(embedded)
        stewards = bench.links_of(embedded, bench.ASKING).values()
        asked = [(link, link.ask("sealing-keys", b"")) for link in stewards]
        links = {link.x: CannedLink(link.x, link.party, reply_of(future)) for link, future in asked}
    whole, rows = zip(*(_report(folder, member, links) for member in bench.MEMBERS[:members]), strict=True)
    private = statistics.median(_private_figures(len(whole)))
    value = statistics.median(whole) - statistics.median(rows) - private
    return at_most(
        "member.evidence_us_per_row",
        value,
        goal=40.0,
        unit="us",
        clock="process CPU time",
        rows=ROWS_A_REPORT,
        invoices_a_row=bench.INVOICES_A_ROW,
        repetitions=len(whole),
        whole=round(statistics.median(whole), 2),
        private=round(private, 2),
        book_and_rows=round(statistics.median(rows), 2),
    )


def measure_check_stored(folder: Path, *, reports: int) -> Measure:
    """Measure every steward in turn: from sealed shares that were delivered to its words in the log."""
    bench.found_bench(folder)
    with bench.opened(folder) as embedded:
        for _ in range(_ROUNDS_FOR_SEEDS):
            embedded.work()
        node = embedded.member(bench.ASKING)
        tokens = os.urandom(HASH_BYTES * ROWS_A_REPORT * reports)
        bench.put_drafts(node.standing.database, tokens, month=bench.FIRST_MONTH)
        node.report()
        stewards = {x: party.id for x, party in embedded.consortium.stewards.items()}
    figures = [_check(folder, x, party, reports) for x, party in stewards.items()]
    return at_most(
        "steward.check_stored_us_per_row",
        statistics.median(figures),
        goal=15.0,
        unit="us",
        clock="process CPU time",
        rows=ROWS_A_REPORT * reports,
        repetitions=len(figures),
        least=round(min(figures), 2),
        most=round(max(figures), 2),
    )


def _report(folder: Path, member: PartyId, links: Mapping[StewardX, CannedLink]) -> tuple[float, float]:
    """Return us a row: of the whole report, and of reading the book and making rows alone."""
    with ExitStack() as stack:
        standing = bench.alone(folder, member, stack)
        standing.catch_up()
        bench.put_book(standing.database, bench.subjects(ROWS_A_REPORT), bench.FIRST_MONTH)
        tokens = TokenSource(standing, lambda: links)
        contributor = Contributor(
            standing=standing,
            outbox=Outbox(standing),
            tokens=tokens,
            recipients=Recipients(standing=standing, links=lambda: links),
            links=lambda: links,
        )
        start = time.process_time()
        reported = contributor.work()
        spent = time.process_time() - start
        rows_alone = _make_rows(standing)
    if reported.rows != ROWS_A_REPORT:
        raise AssertionError("the report has not the rows of the book")
    return spent * 1e6 / ROWS_A_REPORT, rows_alone * 1e6 / ROWS_A_REPORT


def _make_rows(standing: Standing) -> float:
    policy = standing.consortium.policy
    start = time.process_time()
    with standing.database.read() as connection:
        book = load_invoices(connection)
    for invoices in book.values():
        make_row(
            invoices,
            month=bench.FIRST_MONTH,
            bounds_minor=policy.bounds_minor,
            currency=policy.currency,
            rates={},
        )
    return time.process_time() - start


def _private_figures(count: int) -> list[float]:
    report = private_work.Report(1)
    figures = []
    for _ in range(count):
        start = time.process_time()
        report.make()
        figures.append((time.process_time() - start) * 1e6 / ROWS_A_REPORT)
    return figures


def _check(folder: Path, x: StewardX, party: PartyId, reports: int) -> float:
    with ExitStack() as stack:
        standing = bench.alone(folder, party, stack)
        standing.catch_up()
        keys = SealingKeys(standing)
        seeds = Seeds(standing=standing, x=x, keys=keys, links=dict)
        checking = Checking(standing=standing, x=x, keys=keys, seeds=seeds, outbox=Outbox(standing))
        if len(checking.unpublished()) != reports:
            raise AssertionError("not every report waits for this steward")
        start = time.process_time()
        checking.work()
        spent = time.process_time() - start
        entries = standing.state.reports.values()
    if any(entry.published.get(x) is None for entry in entries):
        raise AssertionError("a good report was refused")
    return spent * 1e6 / (ROWS_A_REPORT * reports)
