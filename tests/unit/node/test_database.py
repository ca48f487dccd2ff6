import random
import traceback
from collections.abc import Iterator
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from support_postgres import Places

from hanse_ledger.errors import CorruptionError, UnavailableError
from node.storage.bulk import bulk_insert
from node.storage.database import Database, Moment, inserted_id
from node.storage.migrate import MIGRATIONS, upgrade
from node.storage.schema import REVISION, book_import, invoice, token
from node.storage.tables import metadata, version

IMPORT = {"sha256": bytes(32), "as_of": "2024-10-31", "taken": 1}


@pytest.fixture
def database(places: Places) -> Iterator[Database]:
    made = Database(places("node"))
    yield made
    made.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    """An SQLite file, for what is said of it alone."""
    made = Database(tmp_path / "node.sqlite")
    yield made
    made.close()


def migrate_anew(database: Database) -> None:
    """Take a database that was made in one go, and let the migrations make it."""
    with database.write() as connection:
        for table in (*reversed(metadata.sorted_tables), version):
            table.drop(connection)
        upgrade(connection, None)


def test_the_migrations_make_exactly_the_schema(database: Database) -> None:
    for _ in range(2):
        with database.read() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
            assert context.get_current_revision() == REVISION
        migrate_anew(database)


def shapes(database: Database) -> dict[str, Any]:
    """What Alembic does not compare: WITHOUT ROWID, primary keys, unique constraints, foreign keys."""
    found = {}
    with database.read() as connection:
        for name in [table.name for table in (*metadata.sorted_tables, version)]:
            made = text("SELECT sql FROM sqlite_master WHERE name = :name")
            found[name] = (
                connection.execute(text(f'PRAGMA table_xinfo("{name}")')).all(),
                connection.execute(text(f'PRAGMA foreign_key_list("{name}")')).all(),
                sorted(
                    (index.unique, index.origin, index.partial)
                    for index in connection.execute(text(f'PRAGMA index_list("{name}")'))
                ),
                "WITHOUT ROWID" in connection.execute(made, {"name": name}).scalar_one(),
            )
    return found


def test_indexes_and_table_options_are_those_of_the_schema(file: Database) -> None:
    in_one_go = shapes(file)
    migrate_anew(file)
    assert shapes(file) == in_one_go


def test_every_connection_is_durable(file: Database) -> None:
    """WAL, FULL (2): a commit has reached the disk when it returns; foreign keys hold."""
    for opened in (file.read(), file.write()):
        with opened as connection:
            pragmas = ("journal_mode", "synchronous", "foreign_keys")
            found = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in pragmas]
            assert found == ["wal", 2, 1]


def put(connection: Connection, name: str, value: str) -> None:
    connection.execute(token.delete().where(token.c.subject == name))
    connection.execute(token.insert(), {"subject": name, "token": value.encode()})


def get(connection: Connection, name: str) -> str | None:
    found = connection.execute(select(token.c.token).where(token.c.subject == name)).scalar()
    return None if found is None else found.decode()


def test_a_write_is_whole_or_not_at_all(database: Database) -> None:
    def write_two_and_fail() -> None:
        with database.write() as connection:
            put(connection, "a", "1")
            put(connection, "b", "2")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_two_and_fail()
    with database.read() as connection:
        assert connection.execute(select(token)).all() == []
    with database.write() as connection:
        put(connection, "a", "1")
        put(connection, "a", "3")
    with database.read() as connection:
        assert (get(connection, "a"), get(connection, "b")) == ("3", None)


@pytest.mark.parametrize(("moment", "is_kept"), [("before", False), ("in", False), ("after", True)])
def test_a_probe_breaks_a_write_before_or_after_it_is_durable(
    places: Places, moment: Moment, *, is_kept: bool
) -> None:
    armed: list[Moment] = []

    def probe(now: Moment) -> None:
        if now in armed:
            raise OSError

    database = Database(places("node"), probe=probe)
    armed.append(moment)
    with pytest.raises(OSError), database.write() as connection:  # noqa: PT011 - it has no text
        put(connection, "a", "1")
    database.close()
    database = Database(places("node"))
    with database.read() as connection:
        assert (get(connection, "a") == "1") is is_kept
    database.close()


def test_a_read_sees_one_state_and_changes_nothing(places: Places, database: Database) -> None:
    other = Database(places("node"))
    with database.read() as connection:
        assert get(connection, "a") is None
        with other.write() as writing:
            put(writing, "a", "1")
        assert get(connection, "a") is None
    with suppress(DBAPIError), database.read() as connection:
        assert get(connection, "a") == "1"
        put(connection, "a", "2")
    with database.read() as connection:
        assert get(connection, "a") == "1"
    other.close()


def test_opening_again_keeps_what_is_there(places: Places, database: Database) -> None:
    with database.write() as connection:
        put(connection, "a", "1")
    again = Database(places("node"))
    with again.read() as connection:
        assert get(connection, "a") == "1"
    again.close()


def test_a_database_of_a_newer_program_is_refused(places: Places, database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CorruptionError, match="newer"):
        Database(places("node"))


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "node.sqlite"
    content = random.Random(1).randbytes(8_192)
    path.write_bytes(content)
    with pytest.raises(Exception, match="not a database"):
        Database(path)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        Database(tmp_path / "none" / "node.sqlite")


def test_texts_compare_by_their_bytes(database: Database) -> None:
    names = ["Z", "a", "\u00e4", "a b", "a-b", "\u4e2d", "\U0001f600", "\uff21", "_"]
    with database.write() as connection:
        connection.execute(token.insert(), [{"subject": name, "token": b""} for name in names])
        ordered = connection.execute(select(token.c.subject).order_by(token.c.subject)).scalars().all()
        above = connection.execute(select(token.c.subject).where(token.c.subject > "a")).scalars().all()
    assert ordered == sorted(names, key=str.encode)
    assert set(above) == {name for name in names if name.encode() > b"a"}


def test_numbers_have_64_bits(database: Database) -> None:
    line = dict.fromkeys(("customer", "reference", "subject", "invoice_date", "due_date", "currency"), "x")
    with database.write() as connection:
        number = inserted_id(connection.execute(book_import.insert(), IMPORT))
        row = {**line, "amount_minor": -(2**63), "disputed": False, "import_id": number}
        connection.execute(invoice.insert(), row)
        assert connection.execute(select(invoice.c.amount_minor)).scalar() == -(2**63)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 1_000])
def test_many_rows_at_once_are_what_was_given(database: Database, count: int) -> None:
    rows = [
        {
            "customer": f"\u4e2d\t\n\\N,{number}",
            "reference": "",
            "subject": "x",
            "invoice_date": "x",
            "due_date": "x",
            "paid_date": None if number % 2 else "x",
            "amount_minor": (-1) ** number * 2**number if number < 63 else number,
            "currency": "x",
            "lost_on": None,
            "disputed": number % 3 == 0,
            "import_id": 1,
            "trouble": None,
        }
        for number in range(count)
    ]
    tokens = [{"token": bytes([number % 256, 0, 255]), "subject": str(number)} for number in range(count)]
    with database.write() as connection:
        connection.execute(book_import.insert(), {"id": 1, **IMPORT})
        bulk_insert(connection, invoice, rows)
        bulk_insert(connection, token, tokens)
    with database.read() as connection:
        found = [dict(row) for row in connection.execute(select(invoice)).mappings()]
        assert sorted(found, key=itemgetter("customer")) == sorted(rows, key=itemgetter("customer"))
        assert {row.subject: row.token for row in connection.execute(select(token))} == {
            row["subject"]: row["token"] for row in tokens
        }


@pytest.mark.parametrize("count", [2, 20])
def test_an_error_says_nothing_of_the_values(
    database: Database, caplog: pytest.LogCaptureFixture, count: int
) -> None:
    caplog.set_level("DEBUG", logger="sqlalchemy.engine")
    secret = random.Random(5).randbytes(8).hex()

    def put_twice() -> None:
        with database.write() as connection:
            bulk_insert(connection, token, [{"subject": secret, "token": secret.encode()}] * count)

    with pytest.raises(IntegrityError) as caught:
        put_twice()
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert secret not in told + "".join(record.getMessage() for record in caplog.records)


def test_a_full_disk_is_an_error_that_passes(file: Database) -> None:
    def put_much() -> None:
        with file.write() as connection:
            put(connection, "a", "1")
            put(connection, "b", "1" * 1_000_000)

    def limit(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA max_page_count=150")

    event.listen(file._kind.engine, "connect", limit)
    file._kind.engine.dispose()
    for _ in range(2):
        with pytest.raises(UnavailableError, match="full"):
            put_much()
    with file.read() as connection:
        assert connection.execute(select(token)).all() == []
    event.remove(file._kind.engine, "connect", limit)
    file._kind.engine.dispose()
    put_much()
    with file.read() as connection:
        assert get(connection, "a") == "1"


def test_the_newest_migration_is_the_one_that_opening_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION
