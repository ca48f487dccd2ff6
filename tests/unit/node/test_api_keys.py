"""API keys: what opens what, for how long, and what is kept of them."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from support_simulation import StillClock

from hanse_ledger.errors import UnavailableError
from node.errors import ApiKeyError, NotFoundError, ScopeError, TooManyKeysError
from node.own.api_keys import ApiKeys
from node.own.scopes import SCOPES
from node.storage.database import Database, Moment
from node.storage.schema import api_key

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOON)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "node.sqlite")
    yield made
    made.close()


@pytest.fixture
def keys(database: Database, clock: StillClock) -> ApiKeys:
    return ApiKeys(database, clock=clock, entropy=random.Random(1).randbytes)


def test_a_key_opens_what_its_scopes_say(keys: ApiKeys) -> None:
    made = keys.new(name="erp", scopes=["imports:write"], expires_at=None)
    found = keys.find(made.secret)
    assert (found.id, found.name) == (made.key.id, "erp")
    found.allow("imports:write")
    for scope in set(SCOPES) - {"imports:write"}:
        with pytest.raises(ScopeError):
            found.allow(scope)


def test_the_key_itself_is_kept_nowhere(keys: ApiKeys, database: Database, tmp_path: Path) -> None:
    made = keys.new(name="erp", scopes=["imports:write"], expires_at=None)
    assert len(made.secret) >= 43
    assert made.secret not in repr(made)
    database.close()
    for path in tmp_path.iterdir():
        assert made.secret.encode() not in path.read_bytes()


def test_another_key_opens_nothing_and_is_not_told_why(keys: ApiKeys, clock: StillClock) -> None:
    expiring = keys.new(name="a", scopes=["imports:write"], expires_at=NOON + timedelta(days=1))
    revoked = keys.new(name="b", scopes=["imports:write"], expires_at=None)
    keys.revoke(revoked.key.id)
    assert keys.find(expiring.secret)
    clock.time = NOON + timedelta(days=1)
    told = set()
    for secret in (expiring.secret, revoked.secret, expiring.secret[:-1], "", "\xff"):
        with pytest.raises(ApiKeyError) as caught:
            keys.find(secret)
        told.add(str(caught.value))
    assert len(told) == 1


def test_two_of_a_name_live_and_an_ended_one_makes_room(keys: ApiKeys, clock: StillClock) -> None:
    first = keys.new(name="erp", scopes=["imports:write"], expires_at=None)
    keys.new(name="erp", scopes=["imports:write"], expires_at=NOON + timedelta(hours=1))
    with pytest.raises(TooManyKeysError):
        keys.new(name="erp", scopes=["imports:write"], expires_at=None)
    assert keys.new(name="crm", scopes=["imports:write"], expires_at=None)
    clock.time = NOON + timedelta(hours=1)
    third = keys.new(name="erp", scopes=["imports:write"], expires_at=None)
    with pytest.raises(TooManyKeysError):
        keys.new(name="erp", scopes=["imports:write"], expires_at=None)
    keys.revoke(first.key.id)
    assert keys.new(name="erp", scopes=["imports:write"], expires_at=None)
    assert keys.find(third.secret).id == third.key.id


def test_revoking_is_for_good_and_again_changes_nothing(keys: ApiKeys, clock: StillClock) -> None:
    made = keys.new(name="erp", scopes=["imports:write"], expires_at=None)
    assert keys.revoke(made.key.id).revoked_at == NOON
    clock.time = NOON + timedelta(days=1)
    assert keys.revoke(made.key.id).revoked_at == NOON
    with pytest.raises(NotFoundError):
        keys.revoke("0" * 16)


def test_use_is_noted_by_the_minute(keys: ApiKeys, clock: StillClock) -> None:
    made = keys.new(name="erp", scopes=["imports:write"], expires_at=None)
    noted = []
    for seconds in (0, 59, 60, 61):
        clock.time = NOON + timedelta(seconds=seconds)
        keys.find(made.secret)
        noted.append(keys.listed()[0].last_used)
    minute = NOON + timedelta(seconds=60)
    assert noted == [NOON, NOON, minute, minute]


def test_a_full_database_shuts_nobody_out(tmp_path: Path, clock: StillClock) -> None:
    full: list[Moment] = []

    def probe(now: Moment) -> None:
        if now in full:
            raise UnavailableError("the disk is full")

    database = Database(tmp_path / "full.sqlite", probe=probe)
    keys = ApiKeys(database, clock=clock, entropy=random.Random(1).randbytes)
    made = keys.new(name="erp", scopes=["imports:write"], expires_at=None)
    full.append("before")
    assert keys.find(made.secret).id == made.key.id
    assert keys.listed()[0].last_used is None
    full.clear()
    keys.find(made.secret)
    assert keys.listed()[0].last_used == NOON
    database.close()


def test_a_list_goes_on_after_an_id(keys: ApiKeys) -> None:
    ids = sorted(keys.new(name=f"n{i}", scopes=["imports:read"], expires_at=None).key.id for i in range(5))
    assert [key.id for key in keys.listed()] == ids
    assert [key.id for key in keys.listed(after=ids[1], limit=2)] == ids[2:4]


def test_what_is_stored_is_the_hash(keys: ApiKeys, database: Database) -> None:
    keys.new(name="erp", scopes=["imports:write", "imports:read"], expires_at=None)
    with database.read() as connection:
        (row,) = connection.execute(select(api_key))
    assert (len(row.sha256), row.scopes) == (32, "imports:read imports:write")
