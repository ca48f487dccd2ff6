"""The stewards agree on the order: four validators, each node beside its CometBFT, all on this machine.

Statements (inquiries of one hash each, signed before) are brought to one validator over HTTP; a statement is
answered when the block that holds it is durable there. Idle, each comes a while after the one before was
answered, as CometBFT makes an empty block after every one that changes the log; beside it stands what it is
when each comes at once. Then one of the four is stopped, and later started again, to catch up with the blocks
that were made without it.
"""

import http.client
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks import apart
from benchmarks import consortium as bench
from benchmarks.measure import Measure, at_least, at_most, percentile
from benchmarks.processes import Running, new_urls, running, write_validators
from benchmarks.sequencing import signers
from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.checkpoint import parse_signed_checkpoint
from hanse_ledger.ids import PartyId
from node.roles.drafts import ROWS_A_REPORT

FIRST, *_REST = STEWARDS.values()
DOWN: Final = _REST[-1]
_WARM_UP: Final = 10
_COSE: Final = "application/cose"
_INTERVAL_S: Final = 5.0
"""How often nodes do by themselves what is due: six times as often as without a setting."""
_AT_ONCE: Final = 64
"""Subjects that one request names at most; each request is a statement of its own."""
_PAUSE_S: Final = 0.1
_APART_S: Final = 0.25
"""On average, from an answer to the next statement of an idle consortium: nobody files by a rhythm."""
_BLOCKS_EACH: Final = 2
"""One with the statement, and an empty one for the application hash that it changed."""
_CATCH_UP_MOST_S: Final = 600.0


def measure_agreement(
    folder: Path, *, statements: int, blocks: int, reports: int, subjects: int
) -> Iterator[Measure]:
    """Measure all of it over one consortium, the quiet before the loud."""
    bench.found_bench(folder, agreeing=True)
    write_validators(folder)
    urls = new_urls(folder)
    (signer,) = signers(folder, iter(bench.MEMBERS[-1:]))
    with ExitStack() as stack:
        up = [DESK_ID, FIRST, *(party for party in _REST if party != DOWN)]
        nodes = stack.enter_context(running(folder, up, urls, interval_s=_INTERVAL_S))
        address = urls[FIRST].removeprefix("http://")
        with running(folder, [DOWN], urls, interval_s=_INTERVAL_S):
            _bring(address, [signer.next() for _ in range(_WARM_UP)])
            at_once = _bring(address, [signer.next() for _ in range(statements)])
            idle = _bring(address, [signer.next() for _ in range(statements)], apart_s=_APART_S)
            yield from _idle(idle, at_once)
            yield _rows(folder, urls, reports)
            yield from _inquiries(folder, urls, subjects)
        _bring(address, [signer.next() for _ in range(_WARM_UP)])
        at_once = _bring(address, [signer.next() for _ in range(statements)])
        one_down = _bring(address, [signer.next() for _ in range(statements)], apart_s=_APART_S)
        yield from _one_down(one_down, at_once)
        missed = [signer.next() for _ in range(blocks // _BLOCKS_EACH)]
        yield _catching_up(folder, urls, nodes, missed, sum(at_once) / 1e3 / len(at_once))


def _idle(times_ms: Sequence[float], at_once_ms: Sequence[float]) -> Iterator[Measure]:
    shared = {"statements": len(times_ms), "validators": len(STEWARDS)}
    for name, part, goal in (("p50", 0.5, 100.0), ("p99", 0.99, 300.0)):
        yield at_most(
            f"agreement.{name}_ms",
            percentile(times_ms, part),
            goal=goal,
            unit="ms",
            one_after_the_other=round(percentile(at_once_ms, part), 2),
            **shared,
        )


def _one_down(times_ms: Sequence[float], at_once_ms: Sequence[float]) -> Iterator[Measure]:
    shared = {"statements": len(times_ms), "validators": len(STEWARDS), "down": 1}
    for name, found, beside, goal in (
        ("p50", percentile(times_ms, 0.5), percentile(at_once_ms, 0.5), 150),
        ("worst", max(times_ms), max(at_once_ms), 1_500),
    ):
        yield at_most(
            f"agreement.one_down_{name}_ms",
            found,
            goal=goal,
            unit="ms",
            one_after_the_other=round(beside, 2),
            **shared,
        )


def _rows(folder: Path, urls: Mapping[PartyId, str], reports: int) -> Measure:
    """Measure full reports of four members from drafts until all count, as with a sequencer alone."""
    members = bench.MEMBERS[:4]
    seconds = apart.report_drafts(folder, members, urls, reports)
    rows = len(members) * reports * ROWS_A_REPORT
    return at_least(
        "agreement.rows_per_s", rows / seconds, goal=10_000, unit="1/s", rows=rows, members=len(members)
    )


def _inquiries(folder: Path, urls: Mapping[PartyId, str], count: int) -> Iterator[Measure]:
    """Measure a member's inquiries through its API: with cached tokens, and a portfolio in requests."""
    asked = [str(subject) for subject in bench.subjects(count)]
    with running(folder, [bench.MEMBERS[5]], urls) as nodes:
        (node,) = nodes.values()
        portfolio_ms = sum(_asked(node, asked[i : i + _AT_ONCE]) for i in range(0, count, _AT_ONCE))
        single_ms = [_asked(node, [subject]) for subject in asked[: max(count // 10, 1)]]
    yield at_most(
        "agreement.inquiry_p50_ms", percentile(single_ms, 0.5), goal=200, unit="ms", inquiries=len(single_ms)
    )
    yield at_most(
        "agreement.portfolio_ms_per_subject", portfolio_ms / count, goal=10, unit="ms", subjects=count
    )


def _asked(node: Running, subjects: Sequence[str]) -> float:
    start = time.perf_counter()
    asked = {"subjects": subjects, "purpose": bench.PURPOSE}
    answer = node.client.post("/v1/inquiries", json=asked)
    if not answer.is_success:
        raise AssertionError(answer.text)
    return (time.perf_counter() - start) * 1e3


def _catching_up(
    folder: Path,
    urls: Mapping[PartyId, str],
    nodes: Mapping[PartyId, Running],
    statements: Sequence[bytes],
    at_once_s: float,
) -> Measure:
    """Make blocks of statements while one is down; start it, and compare the two speeds.

    It catches up from the first block that it takes on. Before that Python starts, and CometBFT waits three
    seconds for its peers, however many blocks there are. `at_once_s` is what a statement takes where each
    comes as soon as the one before is answered: then blocks are made fastest.
    """
    start = time.perf_counter()
    _bring(urls[FIRST].removeprefix("http://"), statements, apart_s=_APART_S)
    made_s = time.perf_counter() - start
    size = _size(nodes[FIRST])
    start = time.perf_counter()
    with running(folder, [DOWN], urls, interval_s=_INTERVAL_S) as late:
        behind = _size(late[DOWN])
        begun_at, _ = _grown(late[DOWN], behind + 1)
        _, done_at = _grown(late[DOWN], size)
    made, caught = len(statements) / made_s, (size - behind) / (done_at - begun_at)
    return at_least(
        "agreement.catch_up_ratio",
        caught / made,
        goal=20,
        unit="",
        blocks=_BLOCKS_EACH * (size - behind),
        made_s=round(made_s, 1),
        caught_up_s=round(done_at - begun_at, 1),
        before_the_first_s=round(begun_at - start, 1),
        with_the_start=round((size - behind) / (done_at - start) / made, 1),
        made_one_after_the_other=round(caught * at_once_s, 1),
    )


def _grown(node: Running, size: int) -> tuple[float, float]:
    """Wait until a node's log has a size; return when it was last looked at before, and when it had it."""
    before = time.perf_counter()
    ends_at = before + _CATCH_UP_MOST_S
    while _size(node) < size:
        before = time.perf_counter()
        if before > ends_at:
            raise AssertionError("it does not catch up")
        time.sleep(_PAUSE_S)
    return before, time.perf_counter()


def _size(node: Running) -> int:
    return parse_signed_checkpoint(node.client.get("/log/checkpoint").raise_for_status().content).size


def _bring(address: str, statements: Sequence[bytes], *, apart_s: float = 0.0) -> list[float]:
    """Leave statements one after the other, so far apart on average; return the ms that each took."""
    pauses = random.Random(len(statements))
    connection = http.client.HTTPConnection(address)
    found = []
    for statement in statements:
        if apart_s:
            time.sleep(pauses.expovariate(1 / apart_s))
        start = time.perf_counter()
        connection.request("POST", "/v1/statements", statement, {"content-type": _COSE})
        answer = connection.getresponse()
        content = answer.read()
        found.append((time.perf_counter() - start) * 1e3)
        if answer.status != http.client.OK:
            raise AssertionError(content)
    connection.close()
    return found
