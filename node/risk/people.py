"""The registry of the firm's own people: who is known by which name, and in which one role.

A name is never given to another person, for the audit chain goes on naming whoever had it.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from hanse_ledger.errors import MalformedError, NotPermittedError
from node.errors import NotFoundError, PersonStateError
from node.own.api_keys import Binding
from node.ports import Clock
from node.risk.audit import AuditChain
from node.risk.roles import PERSONS, SYSTEM, Actor, Role, require
from node.storage.database import Database
from node.storage.risk_schema import person as person_table
from node.storage.schema import api_key

NAME_CHARS_MOST: Final = 64
_LIVE: Final = person_table.c.retired_at.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may act; one who has retired may not."""

    name: str
    role: Role
    added_at: datetime
    retired_at: datetime | None = None

    @property
    def actor(self) -> Actor:
        """The person in its role."""
        return Actor(name=self.name, role=self.role)

    def describe(self) -> dict[str, Any]:
        """Return the person as it is shown."""
        retired = None if self.retired_at is None else self.retired_at.isoformat()
        added = self.added_at.isoformat()
        return {"name": self.name, "role": self.role, "added_at": added, "retired_at": retired}


class People:
    """The people of one node. Every change is in the audit chain."""

    def __init__(self, database: Database, clock: Clock, audit: AuditChain) -> None:
        self._database, self._clock, self._audit = database, clock, audit

    def actor(self, name: str) -> Actor:
        """Return who acts under a name; raises NotPermittedError where no live person has it."""
        with self._database.read() as connection:
            found = _find(connection, _name(name))
        if found is None or found.retired_at is not None:
            raise NotPermittedError("no live person has this name")
        return found.actor

    def begin(self, name: str) -> Person:
        """Add an admin as the operator, who has the node's database in hand.

        Raises NotPermittedError where there is a live admin: then that one adds people.
        """
        with self._database.write() as connection:
            is_admin = select(person_table.c.name).where(person_table.c.role == "admin", _LIVE)
            if connection.execute(is_admin.limit(1)).one_or_none() is not None:
                raise NotPermittedError("there is an admin, who adds people")
            return self._add(connection, SYSTEM, name, "admin")

    def add(self, actor: Actor, name: str, role: Role) -> Person:
        """Add a person; raises PersonStateError for a name that is or was somebody's."""
        require(actor, "people.manage")
        with self._database.write() as connection:
            return self._add(connection, actor, name, role)

    def change_role(self, actor: Actor, name: str, role: Role) -> Person:
        """Give a person another role; nobody gives one to oneself."""
        require(actor, "people.manage")
        with self._database.write() as connection:
            found = live_person(connection, name)
            if found.name == actor.name:
                raise NotPermittedError("nobody changes their own role")
            if found.role == _person_role(role):
                raise PersonStateError("the person has this role")
            self._change(connection, found, role=role)
            content = {"name": found.name, "role": role, "before": found.role}
            self._note(connection, actor, "people.changed", content)
            return _needed(connection, found.name)

    def retire(self, actor: Actor, name: str) -> Person:
        """Let a person act no more, and revoke the API keys that are bound to it."""
        require(actor, "people.manage")
        with self._database.write() as connection:
            found = live_person(connection, name)
            now = self._clock.now().isoformat()
            self._change(connection, found, retired_at=now)
            is_bound = (api_key.c.person == found.name) & api_key.c.revoked_at.is_(None)
            revoked = connection.execute(api_key.update().where(is_bound), {"revoked_at": now}).rowcount
            self._note(connection, actor, "people.retired", {"name": found.name, "keys": revoked})
            return _needed(connection, found.name)

    def bind(self, name: str, *, actor: Actor | None = None) -> Binding:
        """Return what binds a new API key to a person; without an actor it is the operator who does.

        Anybody may bind one to oneself, others' only an admin. Making the key raises NotFoundError or
        PersonStateError where no live person has the name.
        """
        known = _name(name)
        if actor is not None and actor.name != known:
            require(actor, "people.manage")

        def note(connection: Connection, key_id: str) -> None:
            content = {"name": live_person(connection, known).name, "key": key_id}
            self._note(connection, actor or SYSTEM, "people.bound", content)

        return Binding(person=known, note=note)

    def listed(self, actor: Actor, *, after: str | None = None, limit: int | None = None) -> list[Person]:
        """Return people in the order of their names, those who have retired too."""
        require(actor, "people.view")
        query = select(person_table).order_by(person_table.c.name).limit(limit)
        if after is not None:
            query = query.where(person_table.c.name > after)
        with self._database.read() as connection:
            return [_person(row) for row in connection.execute(query)]

    def _add(self, connection: Connection, actor: Actor, name: str, role: Role) -> Person:
        known = _name(name)
        if _find(connection, known) is not None:
            raise PersonStateError("this name is or was somebody's")
        made = Person(name=known, role=_person_role(role), added_at=self._clock.now())
        values = {"name": made.name, "role": made.role, "added_at": made.added_at.isoformat()}
        connection.execute(person_table.insert(), values)
        self._note(connection, actor, "people.added", {"name": made.name, "role": made.role})
        return made

    def _change(self, connection: Connection, found: Person, **values: object) -> None:
        connection.execute(person_table.update().where(person_table.c.name == found.name), values)

    def _note(self, connection: Connection, actor: Actor, action: str, content: dict[str, Any]) -> None:
        now = self._clock.now()
        self._audit.append(connection, actor=actor, action=action, subject=None, content=content, at=now)


def _find(connection: Connection, name: str) -> Person | None:
    row = connection.execute(select(person_table).where(person_table.c.name == name)).one_or_none()
    return None if row is None else _person(row)


def _needed(connection: Connection, name: str) -> Person:
    found = _find(connection, _name(name))
    if found is None:
        raise NotFoundError("no person has this name")
    return found


def live_person(connection: Connection, name: str) -> Person:
    """Return a person who may act; raises NotFoundError, or PersonStateError for one who has retired."""
    found = _needed(connection, name)
    if found.retired_at is not None:
        raise PersonStateError("the person has retired")
    return found


def _person(row: Any) -> Person:
    return Person(
        name=row.name,
        role=row.role,
        added_at=datetime.fromisoformat(row.added_at),
        retired_at=None if row.retired_at is None else datetime.fromisoformat(row.retired_at),
    )


def _name(text: str) -> str:
    """Return a name in the one form that it is known in."""
    name = unicodedata.normalize("NFC", text).strip()
    if not (0 < len(name) <= NAME_CHARS_MOST and name.isprintable()) or name == SYSTEM.name:
        raise MalformedError(f"a person's name has 1 to {NAME_CHARS_MOST} letters that can be printed")
    return name


def _person_role(role: Role) -> Role:
    if role not in PERSONS:
        raise MalformedError("a person has one of the roles of persons")
    return role
