"""The versions of a member's risk policy: which is in force, who adopted it, and when.

A version is never changed or taken away; the newest is in force, and before the first the default is.
Adopting one is in the audit chain and starts the monitoring rules anew, all in one transaction: a file that
is refused leaves everything as it was.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from hanse_ledger.errors import RejectedError
from node.errors import NotFoundError
from node.ports import Clock
from node.risk.audit import AuditChain
from node.risk.events import record_event
from node.risk.policy.reading import default_policy, default_raw, parse_policy
from node.risk.policy.whole import RiskPolicy
from node.risk.roles import SYSTEM, Actor, require
from node.risk.typed import typed_or_none
from node.storage.database import Database
from node.storage.risk_schema import risk_policy

NOTE_CHARS_MOST: Final = 500
_DEFAULT: Final = 0
_NEWEST: Final = select(risk_policy).order_by(risk_policy.c.version.desc()).limit(1)


class UnchangedPolicyError(RejectedError):
    """The policy that is to be adopted is in force already, to the byte."""

    code = "policy_unchanged"


class OutdatedPreviewError(RejectedError):
    """Another version was adopted since the one that the caller has looked at."""

    code = "policy_outdated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a policy; number 0 is the default, which nobody adopted."""

    number: int
    raw: bytes = field(repr=False)
    adopted_at: datetime | None
    actor: Actor
    note: str

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file, in hex."""
        return hashlib.sha256(self.raw).hexdigest()

    def describe(self) -> dict[str, Any]:
        """Return the version as it is shown, without its file."""
        return {
            "version": self.number,
            "sha256": self.sha256,
            "adopted_at": None if self.adopted_at is None else self.adopted_at.isoformat(),
            "actor": self.actor.name,
            "role": self.actor.role,
            "note": self.note,
        }


class Policies:
    """The policies of one node."""

    def __init__(self, database: Database, clock: Clock, audit: AuditChain) -> None:
        self._database, self._clock, self._audit = database, clock, audit
        self._read: tuple[int, RiskPolicy] = (_DEFAULT, default_policy())
        """The newest version that was read, which never changes."""

    def in_force(self) -> tuple[Version, RiskPolicy]:
        """Return the version in force, and what it says."""
        with self._database.read() as connection:
            version = _newest(connection)
        number, policy = self._read
        if number != version.number:
            policy = parse_policy(version.raw)
            self._read = version.number, policy
        return version, policy

    def one(self, number: int) -> Version:
        """Return a version; raises NotFoundError."""
        if number == _DEFAULT:
            return _default()
        with self._database.read() as connection:
            row = connection.execute(select(risk_policy).where(risk_policy.c.version == number)).one_or_none()
        if row is None:
            raise NotFoundError("the risk policy has no version of this number")
        return _version(row)

    def listed(self, *, before: int | None = None, limit: int) -> list[Version]:
        """Return versions, the newest first, from below one down; the default is the last."""
        query = select(risk_policy).order_by(risk_policy.c.version.desc()).limit(limit)
        if before is not None:
            query = query.where(risk_policy.c.version < before)
        with self._database.read() as connection:
            found = [_version(row) for row in connection.execute(query)]
        if len(found) < limit and before != _DEFAULT:
            found.append(_default())
        return found

    def adopt(self, actor: Actor, raw: bytes, *, note: str, replaces: int | None = None) -> Version:
        """Let a policy file be in force from now on.

        With `replaces` only in the place of that version, which the caller has compared it with. Raises
        PolicyError for a file that cannot be in force, UnchangedPolicyError, OutdatedPreviewError.
        """
        require(actor, "policy.adopt")
        parse_policy(raw)
        now = self._clock.now()
        with self._database.write() as connection:
            before = _newest(connection)
            if replaces is not None and replaces != before.number:
                raise OutdatedPreviewError("another version of the policy was adopted since")
            if before.raw == raw:
                raise UnchangedPolicyError("this policy is in force")
            adopted = Version(
                number=before.number + 1,
                raw=raw,
                adopted_at=now,
                actor=actor,
                note=typed_or_none(note, NOTE_CHARS_MOST),
            )
            connection.execute(risk_policy.insert(), _row(adopted))
            content = {"version": adopted.number, "sha256": adopted.sha256, "note": adopted.note}
            self._audit.append(
                connection, actor=actor, action="policy.adopted", subject=None, content=content, at=now
            )
            record_event(
                connection, kind="policy_adopted", key=f"policy:{adopted.number}", subject=None, at=now
            )
        return adopted


def _newest(connection: Connection) -> Version:
    row = connection.execute(_NEWEST).one_or_none()
    return _default() if row is None else _version(row)


def _default() -> Version:
    return Version(number=_DEFAULT, raw=default_raw(), adopted_at=None, actor=SYSTEM, note="")


def _version(row: Any) -> Version:
    return Version(
        number=row.version,
        raw=row.content,
        adopted_at=datetime.fromisoformat(row.adopted_at),
        actor=Actor(name=row.actor, role=row.role),
        note=row.note,
    )


def _row(version: Version) -> dict[str, Any]:
    return {
        "version": version.number,
        "content": version.raw,
        "sha256": bytes.fromhex(version.sha256),
        "adopted_at": "" if version.adopted_at is None else version.adopted_at.isoformat(),
        "actor": version.actor.name,
        "role": version.actor.role,
        "note": version.note,
    }
