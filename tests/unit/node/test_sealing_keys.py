"""A steward's sealing keys: one a quarter, and gone 13 months after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select
from support_node import MEMBERS, Bench, month

from consortium_config.sample import STEWARDS
from hanse_ledger.errors import UnavailableError, VerificationError
from hanse_ledger.ids import Month, PartyId, StewardX
from hanse_ledger.privacy.sealing import seal, share_info
from hanse_ledger.signing import key_id_of
from node.roles.messages import read_sealing_key
from node.roles.party import Standing
from node.roles.sealing_keys import SealingKeys
from node.storage.schema import sealing_key

STEWARD = STEWARDS[StewardX(2)]
_PRIVATE = select(sealing_key.c.private).order_by(sealing_key.c.first_month)


@dataclass
class AtMonth:
    """A steward's standing in a log month that a test sets."""

    standing: Standing
    log_month: Month

    def __getattr__(self, name: str) -> Any:
        if name == "state":
            return SimpleNamespace(log_month=self.log_month)
        return getattr(self.standing, name)


@pytest.fixture
def at(tmp_path: Path) -> Iterator[AtMonth]:
    bench = Bench(tmp_path, members=MEMBERS[:1])
    yield AtMonth(bench.standing(STEWARD), month("2024-10"))
    bench.close()


def keys(at: AtMonth) -> SealingKeys:
    return SealingKeys(cast(Standing, at))


def quarters(at: AtMonth) -> list[Month]:
    with at.standing.database.read() as connection:
        query = select(sealing_key.c.first_month).order_by(sealing_key.c.first_month)
        return list(connection.execute(query).scalars())


def public(at: AtMonth, reply: bytes, of: Month) -> bytes:
    consortium = at.standing.consortium
    return read_sealing_key(reply, consortium=consortium, steward=consortium.stewards[StewardX(2)], month=of)


def test_one_key_serves_a_quarter_and_outlives_a_restart(at: AtMonth) -> None:
    first = public(at, keys(at).serve(), month("2024-10"))
    for text in ("2024-11", "2024-12"):
        at.log_month = month(text)
        assert public(at, keys(at).serve(), at.log_month) == first
    assert quarters(at) == [month("2024-10")]
    at.log_month = month("2025-01")
    reply = keys(at).serve()
    assert public(at, reply, month("2025-01")) != first
    assert public(at, reply, month("2024-12")) == first
    assert quarters(at) == [month("2024-10"), month("2025-01")]


def test_a_quarter_in_the_middle_of_which_the_ledger_begins(at: AtMonth) -> None:
    at.log_month = month("2024-11")
    assert public(at, keys(at).serve(), month("2024-11"))
    assert quarters(at) == [month("2024-10")]


def test_there_is_no_key_for_a_quarter_to_come(at: AtMonth) -> None:
    with pytest.raises(UnavailableError):
        public(at, keys(at).serve(), month("2025-01"))


def test_what_is_sealed_to_it_opens_until_it_is_destroyed(at: AtMonth, tmp_path: Path) -> None:
    key = public(at, keys(at).serve(), at.log_month)
    info = share_info(at.standing.consortium.id, StewardX(2), PartyId("alder"), 7)
    sealed = seal(public_key=key, info=info, plaintext=b"rows")
    # Thirteen months after the quarter's last month, December 2024: January 2026 is the last.
    at.log_month = month("2026-01")
    running = keys(at)
    running.ensure()
    private = running.private(key_id_of(key))
    assert private is not None
    assert private.open(info=info, sealed=sealed) == b"rows"
    at.log_month = month("2026-03")
    running.ensure()
    assert running.private(key_id_of(key)) is not None
    at.log_month = month("2026-04")
    with at.standing.database.read() as connection:
        destroyed, kept = connection.execute(_PRIVATE).scalars()
    running.ensure()
    files = b"".join(path.read_bytes() for path in tmp_path.glob(f"{STEWARD}.sqlite*"))
    assert (destroyed in files, kept in files) == (False, True)
    assert running.private(key_id_of(key)) is None
    assert quarters(at) == [month("2026-01"), month("2026-04")]
    assert keys(at).private(key_id_of(key)) is None


def test_nobody_else_s_key_is_taken_for_it(at: AtMonth) -> None:
    reply = keys(at).serve()
    consortium = at.standing.consortium
    for x in (1, 3, 4):
        with pytest.raises(VerificationError):
            read_sealing_key(
                reply, consortium=consortium, steward=consortium.stewards[StewardX(x)], month=at.log_month
            )
