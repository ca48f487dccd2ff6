"""Replaying a whole log: a follower that starts empty, and `hanse log audit`, against bare verification.

The log has inquiries of one hash each, of 20 parties in turn. The follower is ours (`Follower` over HTTP, its
copy stored in SQLite), fed by the ordering party's node in a process of its own; it is measured in turn with
the bare verification of the same signatures, piece by piece, so that the machine's moods hit both alike.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import cycle, islice, pairwise
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from benchmarks import consortium as bench
from benchmarks.measure import Measure, at_most
from benchmarks.processes import new_urls, running
from benchmarks.sequencing import signers
from consortium_config.sample import DESK_ID
from hanse_ledger.codec import encode
from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.ids import PartyId
from hanse_ledger.statements import parse_statement
from node.bootstrap import (
    CONSORTIUM_FILE,
    DATABASE_FILE,
    GENESIS_FILE,
    KEYS_FILE,
    PARTIES_FOLDER,
    SEQUENCER_FILE,
)
from node.clocks import SystemClock
from node.dealt_keys import read_dealt_keys
from node.links.http import HttpCaller
from node.links.sequencer import HttpSequencer
from node.links.signatures import RequestSigner
from node.logs import export, replica_source
from node.sequencing.follower import Follower
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.storage.database import Database

PARTIES: Final = tuple(PartyId(f"member-{number:02}") for number in range(20))
_PIECES: Final = 10
_AT_ONCE: Final = 256


class Bare:
    """Bare verification of a log's signatures: keys loaded once, messages made ahead."""

    def __init__(self, consortium: Consortium, statements: Sequence[bytes]) -> None:
        keys = {
            party.id: Ed25519PublicKey.from_public_bytes(party.statement_key)
            for party in consortium.parties.values()
        }
        self._checks = []
        for raw in statements:
            signed = parse_statement(raw).signed
            message = encode(["Signature1", signed.protected, b"", signed.payload])
            self._checks.append((keys[signed.party], signed.signature, message))

    def seconds(self, start: int, end: int) -> float:
        """Verify the signatures from one place to another, in one thread; return how long that takes."""
        part = self._checks[start:end]
        begun = time.perf_counter()
        for key, signature, message in part:
            key.verify(signature, message)
        return time.perf_counter() - begun


def measure_replays(folder: Path, *, statements: int) -> list[Measure]:
    """Measure a follower and an audit over so many statements."""
    bench.found_bench(folder, PARTIES)
    consortium = parse_document((folder / CONSORTIUM_FILE).read_bytes())
    log = fill_log(folder, statements)
    bare = Bare(consortium, log)
    return [_measure_follower(folder, consortium, bare, len(log)), _measure_audit(folder, bare, len(log))]


def fill_log(folder: Path, count: int) -> list[bytes]:
    """Let the sequencer of a new consortium accept so many inquiries; return the whole log."""
    home = folder / PARTIES_FOLDER / DESK_ID
    clients = cycle(signers(folder, iter(PARTIES)))
    log = [(folder / GENESIS_FILE).read_bytes(), *(one.next() for one in islice(clients, count))]
    with _opened(home / SEQUENCER_FILE) as replica:
        log_key = read_dealt_keys(home / KEYS_FILE).log
        if log_key is None:
            raise AssertionError("the ordering party has no log key")
        sequencer = SoloSequencer(replica=replica, log_key=log_key)
        for start in range(0, len(log), _AT_ONCE):
            sequencer.submit_all(log[start : start + _AT_ONCE])
    # The ordering party's own node has followed: it has nothing to do while others are measured.
    shutil.copy(home / SEQUENCER_FILE, home / DATABASE_FILE)
    return log


def _measure_follower(folder: Path, consortium: Consortium, bare: Bare, size: int) -> Measure:
    follower_s = bare_s = cpu_s = 0.0
    with running(folder, [DESK_ID], new_urls(folder)) as nodes:
        caller = HttpCaller(
            base_url=nodes[DESK_ID].url, signer=_signer(folder, consortium), entropy=os.urandom
        )
        copy = folder / PARTIES_FOLDER / PARTIES[0] / DATABASE_FILE
        with closing(HttpSequencer(caller)) as source, _opened(copy) as replica:
            follower = Follower(replica=replica, source=source, trusted=consortium)
            for start, end in _pieces(size):
                begun, busy = time.perf_counter(), time.process_time()
                follower.catch_up(end)
                follower_s += time.perf_counter() - begun
                cpu_s += time.process_time() - busy
                # A follower takes whole bundles: it may be ahead of `end`, but not at the last one.
                bare_s += bare.seconds(start, end)
            if replica.state.size != size:
                raise AssertionError("the follower has not the whole log")
    return at_most(
        "follower.replay_ratio",
        follower_s / bare_s,
        goal=1.5,
        unit="x",
        statements=size,
        parties=len(PARTIES),
        over="HTTP, from the ordering party's process",
        follower_s=round(follower_s, 2),
        follower_cpu_s=round(cpu_s, 2),
        bare_s=round(bare_s, 2),
    )


def _measure_audit(folder: Path, bare: Bare, size: int) -> Measure:
    out = folder / "tiles"
    with _opened(folder / PARTIES_FOLDER / DESK_ID / SEQUENCER_FILE) as replica:
        export(replica_source(replica), out, lambda _step, _done, _of: None)
    command = [sys.executable, "-m", "node.cli", "log", "audit", "--dir", str(out), "--json"]
    before = bare.seconds(0, size)
    begun = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    audit_s = time.perf_counter() - begun
    bare_s = (before + bare.seconds(0, size)) / 2
    if json.loads(done.stdout)["size"] != size:
        raise AssertionError("not the whole log was audited")
    return at_most(
        "audit.replay_ratio",
        audit_s / bare_s,
        goal=1.5,
        unit="x",
        statements=size,
        parties=len(PARTIES),
        over="hanse log audit of a folder of tiles, from the program's start to its end",
        audit_s=round(audit_s, 2),
        bare_s=round(bare_s, 2),
    )


def _pieces(size: int) -> list[tuple[int, int]]:
    """Return where each of a few pieces of the log begins and ends."""
    ends = [size * piece // _PIECES for piece in range(_PIECES + 1)]
    return list(pairwise(ends))


@contextmanager
def _opened(path: Path) -> Iterator[Replica]:
    with closing(Database(path)) as database:
        yield Replica(database)


def _signer(folder: Path, consortium: Consortium) -> RequestSigner:
    keys = read_dealt_keys(folder / PARTIES_FOLDER / PARTIES[0] / KEYS_FILE)
    return RequestSigner(
        consortium=consortium.id,
        party=PARTIES[0],
        key=lambda: keys.statement,
        clock=SystemClock(),
        entropy=os.urandom,
    )
