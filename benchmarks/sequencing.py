"""Statements accepted durably by the solo sequencer over HTTP, from four clients at once.

The ordering party's node is a process of its own on SQLite; the clients are threads of this one, whose
statements (inquiries of one hash each) are signed before the clock starts. A client sends its next request
when the last one was answered, which is when its statements are durable.
"""

import hashlib
import http.client
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from benchmarks import consortium as bench
from benchmarks.measure import Measure, at_least
from benchmarks.processes import new_urls, running
from consortium_config.sample import DESK_ID
from hanse_ledger.bodies import Inquiry
from hanse_ledger.consortium import parse_document
from hanse_ledger.ids import HASH_BYTES, ConsortiumId, PartyId, StatementHash
from hanse_ledger.signing import SigningKey
from hanse_ledger.statements import NO_PREVIOUS, sign_statement
from node.bootstrap import CONSORTIUM_FILE, KEYS_FILE, PARTIES_FOLDER
from node.dealt_keys import read_dealt_keys

CLIENTS: Final = 4
BATCH: Final = 16
_COSE, _SEQUENCE = "application/cose", "application/cbor-seq"


class Signer:
    """Signs one party's chain of inquiries, ahead of sending it."""

    def __init__(self, *, consortium: ConsortiumId, party: PartyId, key: SigningKey) -> None:
        self._consortium, self._party, self._key = consortium, party, key
        self._seq, self._prev = 0, NO_PREVIOUS

    def next(self) -> bytes:
        """Return the next statement of the chain."""
        statement = sign_statement(
            key=self._key,
            party=self._party,
            consortium=self._consortium,
            seq=self._seq,
            prev=self._prev,
            body=Inquiry(request_hashes=(os.urandom(HASH_BYTES),)),
        )
        self._seq, self._prev = self._seq + 1, StatementHash(hashlib.sha256(statement).digest())
        return statement


def signers(folder: Path, members: Iterator[PartyId]) -> list[Signer]:
    """Return the signers of some members of a founded consortium whose log has nothing of theirs yet."""
    consortium = parse_document((folder / CONSORTIUM_FILE).read_bytes()).id
    keys = {member: read_dealt_keys(folder / PARTIES_FOLDER / member / KEYS_FILE) for member in members}
    return [Signer(consortium=consortium, party=m, key=k.statement) for m, k in keys.items()]


def measure_statements(folder: Path, *, batches: int) -> Measure:
    """Measure batches of 16, each client `batches` of them; beside it as many single statements."""
    bench.found_bench(folder)
    clients = signers(folder, iter(bench.MEMBERS[:CLIENTS]))
    in_batches = [[b"".join(one.next() for _ in range(BATCH)) for _ in range(batches)] for one in clients]
    singly = [[one.next() for _ in range(batches)] for one in clients]
    with running(folder, [DESK_ID], new_urls(folder)) as nodes:
        address = nodes[DESK_ID].url.removeprefix("http://")
        batches_s = _send(in_batches, lambda bodies: _post_all(address, bodies, _SEQUENCE))
        singly_s = _send(singly, lambda bodies: _post_all(address, bodies, _COSE))
    return at_least(
        "sequencer.statements_per_s",
        CLIENTS * batches * BATCH / batches_s,
        goal=1_000,
        unit="1/s",
        clients=CLIENTS,
        batch=BATCH,
        statements=CLIENTS * batches * BATCH,
        singly_per_s=round(CLIENTS * batches / singly_s),
        database="SQLite",
    )


def _send(bodies: list[list[bytes]], post: Callable[[list[bytes]], None]) -> float:
    """Let every client send its own, all at once; return the seconds until the last one is answered."""
    with ThreadPoolExecutor(len(bodies)) as pool:
        start = time.perf_counter()
        list(pool.map(post, bodies))
        return time.perf_counter() - start


def _post_all(address: str, bodies: list[bytes], media_type: str) -> None:
    # The standard library's client takes a tenth of the time of one that is made for comfort.
    connection = http.client.HTTPConnection(address)
    for body in bodies:
        connection.request("POST", "/v1/statements", body, {"content-type": media_type})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            raise AssertionError(content)
    connection.close()
