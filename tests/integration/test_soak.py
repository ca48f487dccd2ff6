"""Nine processes under load, killed and paused at random: nothing lost, nothing doubled, no sum wrong.

`make soak` runs a hundred rounds; HANSE_SOAK_SEED and HANSE_SOAK_ROUNDS choose others.
"""

import os
from pathlib import Path
from typing import Final

from support_soak import Soak
from support_soak_verdict import verify_soak

SEED: Final = int(os.environ.get("HANSE_SOAK_SEED", "20261122"))
ROUNDS: Final = int(os.environ.get("HANSE_SOAK_ROUNDS", "4"))


def test_nothing_is_lost_or_doubled_whoever_dies(tmp_path: Path) -> None:
    print(f"HANSE_SOAK_SEED={SEED} HANSE_SOAK_ROUNDS={ROUNDS}")  # noqa: T201 - shown where the test fails
    with Soak(tmp_path / "nodes", seed=SEED, rounds=ROUNDS) as soak:
        soak.run(print)
        verify_soak(soak)
