import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import OperationalError

from hanse_ledger.errors import CorruptionError
from node.storage.database import Database, Moment
from node.storage.migrate import MIGRATIONS
from node.storage.schema import REVISION, metadata, token


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "node.sqlite")
    yield made
    made.close()


def test_the_migrations_make_exactly_the_schema(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_indexes_and_table_options_are_those_of_the_schema(tmp_path: Path, database: Database) -> None:
    """What Alembic does not compare: WITHOUT ROWID, primary keys, unique constraints, foreign keys."""
    plain = Database(tmp_path / "plain.sqlite")
    with plain.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(text(f'DROP TABLE "{table.name}"'))
        metadata.create_all(connection)
    shapes = []
    for one in (database, plain):
        with one.read() as connection:
            shapes.append(
                {
                    table.name: (
                        connection.execute(text(f'PRAGMA table_xinfo("{table.name}")')).all(),
                        connection.execute(text(f'PRAGMA foreign_key_list("{table.name}")')).all(),
                        sorted(
                            (index.unique, index.origin, index.partial)
                            for index in connection.execute(text(f'PRAGMA index_list("{table.name}")'))
                        ),
                        "WITHOUT ROWID"
                        in connection.execute(
                            text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table.name}
                        ).scalar_one(),
                    )
                    for table in metadata.sorted_tables
                }
            )
    plain.close()
    assert shapes[0] == shapes[1]


def test_every_connection_is_durable(database: Database) -> None:
    """WAL, FULL (2): a commit has reached the disk when it returns; foreign keys hold."""
    for opened in (database.read(), database.write()):
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
    tmp_path: Path, moment: Moment, *, is_kept: bool
) -> None:
    armed: list[Moment] = []

    def probe(now: Moment) -> None:
        if now in armed:
            raise OSError

    database = Database(tmp_path / "node.sqlite", probe=probe)
    armed.append(moment)
    with pytest.raises(OSError), database.write() as connection:  # noqa: PT011 - it has no text
        put(connection, "a", "1")
    database.close()
    database = Database(tmp_path / "node.sqlite")
    with database.read() as connection:
        assert (get(connection, "a") == "1") is is_kept
    database.close()


def test_a_read_sees_one_state_and_changes_nothing(tmp_path: Path, database: Database) -> None:
    other = Database(tmp_path / "node.sqlite")
    with database.read() as connection:
        assert get(connection, "a") is None
        with other.write() as writing:
            put(writing, "a", "1")
        assert get(connection, "a") is None
    with database.read() as connection:
        assert get(connection, "a") == "1"
        put(connection, "a", "2")
    with database.read() as connection:
        assert get(connection, "a") == "1"
    other.close()


def test_opening_again_keeps_what_is_there(tmp_path: Path, database: Database) -> None:
    with database.write() as connection:
        put(connection, "a", "1")
    again = Database(tmp_path / "node.sqlite")
    with again.read() as connection:
        assert get(connection, "a") == "1"
    again.close()


def test_a_database_of_a_newer_program_is_refused(tmp_path: Path, database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CorruptionError, match="newer"):
        Database(tmp_path / "node.sqlite")


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "node.sqlite"
    content = random.Random(1).randbytes(8_192)
    path.write_bytes(content)
    with pytest.raises(Exception, match="not a database"):
        Database(path)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OperationalError):
        Database(tmp_path / "none" / "node.sqlite")


def test_the_newest_migration_is_the_one_that_opening_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION
