"""A founding rehearsed over one mail folder, by the commands that founders give."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hanse_ledger.ids import PartyId
from node import keystore
from node.keystore import N_LEAST, Cost

STEEL = "hanse.example/steel"
PASSPHRASE = "a passphrase for tests alone"  # noqa: S105 - it protects nothing
STEWARDS = tuple(PartyId(f"steward-{x}") for x in (1, 2, 3, 4))
DESK = PartyId("desk")
MEMBERS = (PartyId("alder"), PartyId("birch"), PartyId("cedar"))
FOUNDERS = (*STEWARDS, DESK, *MEMBERS)

POLICY = """\
consortium = "hanse.example/steel"
first_month = "2026-01"
ordering = ["desk"]

[policy]
contributors_min = 4
warnings_min = 2
currency = "CNY"
exponent = 2
bounds = [1000, 10000, 50000, 250000, 1000000]
retention_months = 36
purposes = ["credit-review", "onboarding"]
inquiries_base = 5000
inquiries_per_subject = 0
tokens_per_day = 100000
share_hours = 24
dispute_months = 2
bulletin_hours = 24

[policy.rates.EUR]
2026-01 = 8100000
"""


@contextmanager
def cheap_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let key files be made so that they open quickly, with the passphrase in the environment."""
    with monkeypatch.context() as patch:
        patch.setattr(keystore, "COST", Cost(n=N_LEAST, r=8, p=1))
        patch.setenv("HANSE_PASSPHRASE", PASSPHRASE)
        yield
