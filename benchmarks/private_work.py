"""CPU time of the private work on a full report: what a member and one steward spend on a row.

Both figures are CPU time of the whole process, threads included, for reports of 1,024 rows.
`python benchmarks/private_work.py` prints one JSON object a measure.
"""

import hashlib
import json
import os
import random
import statistics
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from hanse_ledger.ids import ConsortiumId, NodeHash, PartyId, StewardX
from hanse_ledger.privacy import sealing, shares, validity
from hanse_ledger.rows import CONDITIONS, DELAYS, EXPOSURES, encode_cells

ROWS: Final = 1_024
STEWARDS: Final = tuple(StewardX(x) for x in (1, 2, 3, 4))
CONSORTIUM: Final = ConsortiumId("hanse.example/bench")
MEMBER: Final = PartyId("bench-member")
WARM_UP: Final = 3
REPETITIONS: Final = 31


class Report:
    """One report of 1,024 made-up rows, with the keys of its four stewards."""

    def __init__(self, seed: int) -> None:
        draw = random.Random(seed)
        self.classes = [
            [draw.randrange(count) for _ in range(ROWS)] for count in (CONDITIONS, EXPOSURES, DELAYS)
        ]
        self.rows = shares.RowColumns.of([draw.randbytes(32) for _ in range(ROWS)], [24_312] * ROWS)
        self.keys = {x: sealing.SealingPrivateKey(draw.randbytes(96)) for x in STEWARDS}
        self.seeds = {x: draw.randbytes(validity.SEED_BYTES) for x in STEWARDS}
        self.leaf_hash, self.root_before = NodeHash(draw.randbytes(32)), NodeHash(draw.randbytes(32))

    def info(self, x: StewardX) -> bytes:
        """Return what binds steward x's sealed share."""
        return sealing.share_info(CONSORTIUM, x, MEMBER, 0)

    def make(self) -> tuple[bytes, dict[StewardX, tuple[bytes, bytes]]]:
        """Do the member's work: (rows hash, sealed share and its SHA-256 by x)."""
        cells = encode_cells(*(np.array(column) for column in self.classes))
        split = shares.split(cells, shares.draw_masks(os.urandom(32), ROWS), STEWARDS)
        salt = os.urandom(shares.SALT_BYTES)
        sealed = {}
        for x, share in split.items():
            plaintext = shares.encode_share(shares.SharePlaintext(salt=salt, rows=self.rows, share=share))
            made = sealing.seal(public_key=self.keys[x].public_key, info=self.info(x), plaintext=plaintext)
            sealed[x] = made, hashlib.sha256(made).digest()
        return shares.rows_hash(salt, self.rows.tokens, self.rows.months), sealed

    def check(self, x: StewardX, rows_hash: bytes, sealed: bytes, sealed_hash: bytes) -> list[int]:
        """Do one steward's work: from sealed bytes to the eight values that it publishes."""
        if hashlib.sha256(sealed).digest() != sealed_hash:
            raise AssertionError("the sealed share is another one")
        plaintext = shares.parse_share(self.keys[x].open(info=self.info(x), sealed=sealed))
        shares.verify_share(plaintext, rows_hash_reported=rows_hash, row_count=ROWS)
        return validity.validity_values(
            x=x,
            stewards=STEWARDS,
            share=plaintext.share,
            seeds={y: seed for y, seed in self.seeds.items() if y != x},
            leaf_hash=self.leaf_hash,
            root_before=self.root_before,
        )


def measure_member() -> dict[str, Any]:
    """Measure cells, shares for four stewards, and four seals, from the rows' classes."""
    report = Report(1)
    return _measure("member.private_us_per_row", 8.0, report.make)


def measure_steward() -> dict[str, Any]:
    """Measure one steward: hash, opening, strict parse, rows hash and validity values."""
    report = Report(2)
    rows_hash, sealed = report.make()
    # What is measured must be right: the values of all four make the entry count.
    published = {x: report.check(x, rows_hash, *sealed[x]) for x in STEWARDS}
    if not validity.values_hold(published, STEWARDS):
        raise AssertionError("the values of a good report do not hold")
    x = STEWARDS[0]
    return _measure("steward.check_us_per_row", 6.0, lambda: report.check(x, rows_hash, *sealed[x]))


def _measure(name: str, goal_us: float, work: Callable[[], object]) -> dict[str, Any]:
    for _ in range(WARM_UP):
        work()
    figures = sorted(_us_per_row(work) for _ in range(REPETITIONS))
    value = statistics.median(figures)
    return {
        "name": name,
        "value": round(value, 2),
        "unit": "us",
        "goal": f"<= {goal_us:g}",
        "met": value <= goal_us,
        "detail": {
            "rows": ROWS,
            "stewards": len(STEWARDS),
            "repetitions": REPETITIONS,
            "clock": "process CPU time",
            "least": round(figures[0], 2),
            "most": round(figures[-1], 2),
        },
    }


def _us_per_row(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1e6 / ROWS


def main() -> None:
    """Print both measures."""
    for measure in (measure_member, measure_steward):
        print(json.dumps(measure()), flush=True)


if __name__ == "__main__":
    main()
