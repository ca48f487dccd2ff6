"""API keys of the party's own people and systems: 256 bits, shown once, kept as their SHA-256.

The keys are random, so one hash is enough: there is nothing to guess (a password would need more). Any thread
or process that has the node's database open may use this at the same time.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from hanse_ledger.errors import UnavailableError
from node.errors import ApiKeyError, NotFoundError, ScopeError, TooManyKeysError
from node.own.scopes import SCOPES, Scope
from node.ports import Clock, Entropy
from node.storage.database import Database
from node.storage.schema import api_key

SECRET_BYTES: Final = 32
LIVE_MOST: Final = 2
"""Of one name: the one in use and the one that replaces it."""
_ID_BYTES: Final = 8
_PREFIX: Final = "hanse_"
_USE_NOTED_EVERY: Final = timedelta(minutes=1)
_CONFIGURED: Final = "settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is known: all but the key itself. Times are in UTC."""

    id: str
    name: str
    scopes: frozenset[str]
    person: str | None = None
    """Who acts with the key where a role is needed; nobody without one."""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Return whether the key opens anything at a time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def allow(self, scope: str) -> None:
        """Raise ScopeError unless the key has a scope."""
        if scope not in self.scopes:
            raise ScopeError(f"the API key lacks the scope {scope}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made, with the only copy of its secret."""

    key: ApiKey
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Who acts with a key, and what writes the key's id down in the transaction that makes it."""

    person: str
    note: Callable[[Connection, str], None]


class ApiKeys:
    """One party's API keys."""

    def __init__(
        self, database: Database, *, clock: Clock, entropy: Entropy, configured: Collection[str] = ()
    ) -> None:
        """Take also `configured`, SHA-256 in hex of keys that the settings name: these have all scopes."""
        self._database, self._clock, self._entropy = database, clock, entropy
        self._configured = [bytes.fromhex(one) for one in configured]

    def new(
        self,
        *,
        name: str,
        scopes: Collection[Scope],
        expires_at: datetime | None,
        binding: Binding | None = None,
    ) -> NewKey:
        """Make a key; raises TooManyKeysError where two of this name are live, or what the binding raises."""
        secret = _PREFIX + base64.urlsafe_b64encode(self._entropy(SECRET_BYTES)).rstrip(b"=").decode()
        now = self._clock.now()
        made = ApiKey(
            id=self._entropy(_ID_BYTES).hex(),
            name=name,
            scopes=frozenset(scopes),
            person=None if binding is None else binding.person,
            created_at=now,
            expires_at=expires_at,
        )
        with self._database.write() as connection:
            if sum(key.is_live(now) for key in _named(connection, name)) >= LIVE_MOST:
                raise TooManyKeysError(f"{LIVE_MOST} keys of this name are live: revoke one of them first")
            connection.execute(api_key.insert(), _values(made, secret))
            if binding is not None:
                binding.note(connection, made.id)
        return NewKey(key=made, secret=secret)

    def listed(self, *, after: str | None = None, limit: int | None = None) -> list[ApiKey]:
        """Return keys in the order of their ids, those that no longer open anything too."""
        query = select(api_key).order_by(api_key.c.id).limit(limit)
        if after is not None:
            query = query.where(api_key.c.id > after)
        with self._database.read() as connection:
            return [_read(row) for row in connection.execute(query)]

    def revoke(self, key_id: str) -> ApiKey:
        """End a key for good; again changes nothing. Raises NotFoundError."""
        with self._database.write() as connection:
            row = connection.execute(select(api_key).where(api_key.c.id == key_id)).one_or_none()
            if row is None:
                raise NotFoundError("no API key has this id")
            known = _read(row)
            if known.revoked_at is not None:
                return known
            revoked = replace(known, revoked_at=self._clock.now())
            change = api_key.update().where(api_key.c.id == key_id)
            connection.execute(change, {"revoked_at": _text(revoked.revoked_at)})
        return revoked

    def find(self, secret: str) -> ApiKey:
        """Return the live key that this is; raises ApiKeyError, which does not tell what is wrong with it."""
        given = _hash(secret)
        if any(hmac.compare_digest(given, known) for known in self._configured):
            return ApiKey(id=_CONFIGURED, name=_CONFIGURED, scopes=frozenset(SCOPES))
        # Found by the hash of 256 random bits: how long it takes tells nothing of any key.
        with self._database.read() as connection:
            row = connection.execute(select(api_key).where(api_key.c.sha256 == given)).one_or_none()
        now = self._clock.now()
        if row is None or not _read(row).is_live(now):
            raise ApiKeyError("a live API key of this node's party is needed")
        self._note_use(row, now)
        return _read(row)

    def _note_use(self, row: Any, now: datetime) -> None:
        noted = _time(row.last_used)
        if noted is not None and now - noted < _USE_NOTED_EVERY:
            return
        change = api_key.update().where(api_key.c.id == row.id)
        # A database that is full or busy shuts nobody out: the next use is noted instead.
        with suppress(UnavailableError), self._database.write(durable=False) as connection:
            connection.execute(change, {"last_used": now.isoformat()})


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _named(connection: Connection, name: str) -> list[ApiKey]:
    return [_read(row) for row in connection.execute(select(api_key).where(api_key.c.name == name))]


def _values(made: ApiKey, secret: str) -> dict[str, object]:
    return {
        "id": made.id,
        "name": made.name,
        "sha256": _hash(secret),
        "scopes": " ".join(sorted(made.scopes)),
        "person": made.person,
        "created_at": _text(made.created_at),
        "expires_at": _text(made.expires_at),
    }


def _read(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        scopes=frozenset(row.scopes.split()),
        person=row.person,
        created_at=_time(row.created_at),
        expires_at=_time(row.expires_at),
        revoked_at=_time(row.revoked_at),
        last_used=_time(row.last_used),
    )


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def describe(key: ApiKey) -> dict[str, object]:
    """Return what may be shown of a key."""
    times: Sequence[str] = ("created_at", "expires_at", "revoked_at", "last_used")
    shown = {name: _text(getattr(key, name)) for name in times}
    return {"id": key.id, "name": key.name, "scopes": sorted(key.scopes), "person": key.person, **shown}
