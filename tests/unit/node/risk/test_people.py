"""The registry: who acts under which name, who may change that, and what is written down of it."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support_simulation import StillClock

from hanse_ledger.errors import MalformedError, NotPermittedError
from node.errors import ApiKeyError, NotFoundError, PersonStateError
from node.own.api_keys import ApiKeys
from node.risk.audit import AuditChain
from node.risk.people import People
from node.risk.roles import PERSONS, Actor
from node.storage.database import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADMIN = Actor(name="ada", role="admin")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "node.sqlite")
    yield made
    made.close()


@pytest.fixture
def people(database: Database) -> People:
    made = People(database, StillClock(NOON), AuditChain(database))
    made.begin("ada")
    return made


@pytest.fixture
def keys(database: Database) -> ApiKeys:
    return ApiKeys(database, clock=StillClock(NOON), entropy=random.Random(1).randbytes)


def actions(database: Database) -> list[tuple[str, str, Any]]:
    rows = AuditChain(database).rows(limit=99)
    return [(row.actor.name, row.action, row.content) for row in rows]


def test_the_operator_adds_the_first_admin_and_no_second(people: People, database: Database) -> None:
    assert people.actor("ada") == ADMIN
    with pytest.raises(NotPermittedError):
        people.begin("bo")
    assert actions(database) == [("system", "people.added", {"name": "ada", "role": "admin"})]


def test_without_a_live_admin_the_operator_begins_again(people: People) -> None:
    people.add(ADMIN, "bo", "analyst")
    people.retire(ADMIN, "ada")
    assert people.begin("cy").role == "admin"


def test_each_role_is_given_and_written_down(people: People, database: Database) -> None:
    for role in PERSONS:
        people.add(ADMIN, f"p {role}", role)
        assert people.actor(f"p {role}") == Actor(name=f"p {role}", role=role)
    assert ("ada", "people.added", {"name": "p auditor", "role": "auditor"}) in actions(database)
    assert [one.name for one in people.listed(ADMIN, limit=2)] == ["ada", "p admin"]
    assert [one.name for one in people.listed(ADMIN, after="p approver")] == ["p auditor", "p compliance"]


def test_only_an_admin_changes_the_registry(people: People) -> None:
    people.add(ADMIN, "bo", "analyst")
    for actor in [Actor(name="bo", role=role) for role in PERSONS if role != "admin"]:
        with pytest.raises(NotPermittedError):
            people.add(actor, "cy", "analyst")
        with pytest.raises(NotPermittedError):
            people.change_role(actor, "bo", "approver")
        with pytest.raises(NotPermittedError):
            people.retire(actor, "bo")
        with pytest.raises(NotPermittedError):
            people.bind("ada", actor=actor)
    assert people.actor("bo").role == "analyst"


def test_a_role_changes_but_nobody_s_own(people: People, database: Database) -> None:
    people.add(ADMIN, "bo", "analyst")
    assert people.change_role(ADMIN, "bo", "approver").role == "approver"
    with pytest.raises(PersonStateError):
        people.change_role(ADMIN, "bo", "approver")
    with pytest.raises(NotPermittedError):
        people.change_role(ADMIN, "ada", "approver")
    assert actions(database)[-1] == (
        "ada",
        "people.changed",
        {"name": "bo", "role": "approver", "before": "analyst"},
    )


def test_who_has_retired_acts_no_more_and_the_name_is_gone(people: People, keys: ApiKeys) -> None:
    people.add(ADMIN, "bo", "analyst")
    key = keys.new(name="bo", scopes=["imports:read"], expires_at=None, binding=people.bind("bo"))
    people.retire(ADMIN, "bo")
    with pytest.raises(NotPermittedError):
        people.actor("bo")
    with pytest.raises(ApiKeyError):
        keys.find(key.secret)
    for again in (
        lambda: people.add(ADMIN, "bo", "analyst"),
        lambda: people.retire(ADMIN, "bo"),
        lambda: people.change_role(ADMIN, "bo", "approver"),
        lambda: keys.new(name="b2", scopes=["imports:read"], expires_at=None, binding=people.bind("bo")),
    ):
        with pytest.raises(PersonStateError):
            again()
    assert [key.name for key in keys.listed()] == ["bo"]


def test_a_key_is_bound_by_its_writing_down(people: People, keys: ApiKeys, database: Database) -> None:
    made = keys.new(name="ui", scopes=["imports:read"], expires_at=None, binding=people.bind("ada"))
    assert keys.find(made.secret).person == "ada"
    assert actions(database)[-1] == ("system", "people.bound", {"name": "ada", "key": made.key.id})
    keys.new(name="ui", scopes=["imports:read"], expires_at=None, binding=people.bind("ada", actor=ADMIN))
    assert actions(database)[-1][0] == "ada"
    with pytest.raises(NotFoundError):
        keys.new(name="x", scopes=["imports:read"], expires_at=None, binding=people.bind("nobody"))


@pytest.mark.parametrize("name", ["", " ", "a" * 65, "a\nb", "a\0", "system", "\u202eada"])
def test_what_is_no_name_is_refused(people: People, name: str) -> None:
    with pytest.raises(MalformedError):
        people.add(ADMIN, name, "analyst")


def test_a_name_has_one_form(people: People) -> None:
    people.add(ADMIN, " Zoe\u0308 ", "analyst")
    assert people.actor("Zo\u00eb").name == "Zo\u00eb"
    with pytest.raises(PersonStateError):
        people.add(ADMIN, "Zo\u00eb", "analyst")


def test_system_is_no_role_of_a_person(people: People) -> None:
    with pytest.raises(MalformedError):
        people.add(ADMIN, "bo", "system")
