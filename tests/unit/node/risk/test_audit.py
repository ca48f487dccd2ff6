"""The audit chain: whatever is done to its rows behind its back is found."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, select
from support_postgres import Places

from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import SubjectId
from node.errors import AuditChainError
from node.risk.audit import EMPTY, AuditChain, Head, verify_lines
from node.risk.roles import SYSTEM, Actor
from node.storage.database import Database
from node.storage.public_schema import public_alias
from node.storage.risk_schema import audit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LI = Actor(name="李娜", role="analyst")
SUBJECT, OTHER = SubjectId("ref:DEMO:4711"), SubjectId("ref:DEMO:4712")
ROWS = 7


@pytest.fixture
def database(places: Places) -> Iterator[Database]:
    made = Database(places("node"))
    yield made
    made.close()


@pytest.fixture
def chain(database: Database) -> AuditChain:
    made = AuditChain(database)
    for number in range(ROWS):
        subject = SUBJECT if number % 2 else None
        content = {"n": number, "text": "\u4e00", "part": 0.5, "none": None, "list": [True]}
        at = NOON + timedelta(minutes=number)
        assert (
            made.record(actor=LI, action="report.viewed", subject=subject, content=content, at=at) == number
        )
    return made


def tamper(database: Database, change: Callable[[Connection], object]) -> None:
    with database.write() as connection:
        change(connection)


def set_row(number: int, **values: object) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(audit.update().where(audit.c.number == number), values)


def swap(connection: Connection) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        connection.execute(audit.update().where(audit.c.number == old), {"number": new})


def rewritten(connection: Connection) -> None:
    """Change a row and make every hash anew, as somebody would who knows how the chain is made."""
    rows = connection.execute(select(audit).order_by(audit.c.number)).mappings().all()
    connection.execute(audit.delete())
    chain = AuditChain(database=None)  # type: ignore[arg-type]  # `append` uses the connection alone
    for row in rows:
        content = {"n": 0} if row["number"] == 1 else json.loads(row["content"])
        actor, at = Actor(name=row["actor"], role=row["role"]), datetime.fromisoformat(row["at"])
        chain.append(
            connection, actor=actor, action=row["action"], subject=row["subject"], content=content, at=at
        )


def test_a_chain_that_nobody_touched_holds(chain: AuditChain, database: Database) -> None:
    head = chain.verify()
    assert (head.size, head) == (ROWS, chain.head())
    assert chain.verify(head) == head
    assert AuditChain(database).verify() == head


def test_an_empty_chain_holds(database: Database) -> None:
    chain = AuditChain(database)
    assert chain.verify(EMPTY) == chain.head() == EMPTY
    assert list(chain.export()) == []


def test_a_row_is_there_with_its_cause_or_not_at_all(chain: AuditChain, database: Database) -> None:
    def write_and_fail() -> None:
        with database.write() as connection:
            chain.append(connection, actor=SYSTEM, action="x", subject=None, content={}, at=NOON)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert chain.verify().size == ROWS


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (set_row(2, content='{"n":9}'), 2),
        (set_row(2, content="[1"), 2),
        (set_row(2, actor="other"), 2),
        (set_row(2, role="admin"), 2),
        (set_row(2, action="report.read"), 2),
        (set_row(3, subject=None), 3),
        (set_row(2, subject="ref:DEMO:1"), 2),
        (set_row(2, at=NOON.isoformat()), 2),
        (set_row(2, hash=bytes(32)), 2),
        (set_row(0, actor="other"), 0),
        (set_row(ROWS - 1, actor="other"), ROWS - 1),
        (lambda connection: connection.execute(audit.delete().where(audit.c.number == 2)), 3),
        (lambda connection: connection.execute(audit.delete().where(audit.c.number == 0)), 1),
        (swap, 2),
    ],
)
def test_a_changed_missing_or_moved_row_is_found(
    chain: AuditChain, database: Database, change: Callable[[Connection], object], number: int
) -> None:
    tamper(database, change)
    with pytest.raises(AuditChainError) as refused:
        chain.verify()
    assert refused.value.number == number


@pytest.mark.parametrize(
    "change",
    [
        lambda connection: connection.execute(audit.delete().where(audit.c.number >= ROWS - 2)),
        lambda connection: connection.execute(audit.delete()),
        rewritten,
    ],
)
def test_a_cut_or_remade_chain_is_found_by_a_head_that_was_kept(
    chain: AuditChain, database: Database, change: Callable[[Connection], object]
) -> None:
    kept = Head.parse(str(chain.verify()))
    tamper(database, change)
    chain.verify()  # by itself it looks whole
    with pytest.raises(AuditChainError):
        chain.verify(kept)


def test_what_goes_on_from_a_kept_head_holds(chain: AuditChain) -> None:
    kept = chain.head()
    chain.record(actor=LI, action="report.viewed", subject=SUBJECT, content={}, at=NOON)
    assert chain.verify(kept).size == ROWS + 1


def test_a_stranger_checks_an_export_with_a_hash_function_alone(chain: AuditChain) -> None:
    lines = [line.rstrip(b"\n") for line in chain.export()]
    for before, line in zip([None, *lines], lines, strict=False):
        previous = bytes(32) if before is None else hashlib.sha256(before).digest()
        assert json.loads(line)["previous"] == previous.hex()
    assert hashlib.sha256(lines[-1]).digest() == chain.head().hash
    assert verify_lines(lines) == chain.head()
    said = json.loads(lines[1])
    assert (said["number"], said["actor"], said["role"]) == (1, LI.name, LI.role)
    assert (said["subject"], said["content"]["text"]) == (SUBJECT, "\u4e00")


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines[:2], *lines[3:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [*lines[:2], lines[2].replace(b"report", b"repost"), *lines[3:]],
        lambda lines: [*lines[:2], b"{", *lines[3:]],
        lambda lines: [*lines[:2], b"[]", *lines[3:]],
        lambda lines: [lines[0], *lines],
        lambda lines: lines[1:],
    ],
)
def test_a_changed_export_is_found(chain: AuditChain, change: Callable[[list[bytes]], list[bytes]]) -> None:
    lines = [line.rstrip(b"\n") for line in chain.export()]
    with pytest.raises(AuditChainError):
        verify_lines(change(lines))


def test_the_end_of_an_export_needs_a_kept_head(chain: AuditChain) -> None:
    lines = [line.rstrip(b"\n") for line in chain.export()]
    for changed in (lines[:-1], [*lines[:-1], lines[-1].replace(b"report", b"repost")]):
        verify_lines(changed)
        with pytest.raises(AuditChainError):
            verify_lines(changed, chain.head())


def test_rows_are_read_in_order_and_by_any_id_of_a_subject(database: Database, chain: AuditChain) -> None:
    assert [row.number for row in chain.rows(limit=3)] == [0, 1, 2]
    assert [row.number for row in chain.rows(after=2, limit=2)] == [3, 4]
    alias = {"other": OTHER, "primary": SUBJECT}
    tamper(database, lambda connection: connection.execute(public_alias.insert(), alias))
    assert chain.rows(limit=9, subject=OTHER) == chain.rows(limit=9, subject=SUBJECT)
    about = chain.rows(limit=9, subject=SUBJECT)
    assert [row.number for row in about] == [1, 3, 5]
    assert (about[0].actor, about[0].at, about[0].content["n"]) == (LI, NOON + timedelta(minutes=1), 1)
    assert SUBJECT not in repr(about[0])


@pytest.mark.parametrize("text", ["", "1", "1:ab", f"01:{'0' * 64}", f"-1:{'0' * 64}", f"1:{'G' * 64}"])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        Head.parse(text)
