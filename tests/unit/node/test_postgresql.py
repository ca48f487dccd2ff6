"""What is PostgreSQL's alone: the one writer, a server that goes and comes back, what it may not say."""

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from support_consortium import ALDER, DESK, Ledger, canonical, document, genesis_body
from support_postgres import Cluster

from hanse_ledger.bodies import Inquiry
from hanse_ledger.errors import CorruptionError, MalformedError, UnavailableError
from node.errors import LockedError, SettingsError
from node.sequencing.replica import Replica
from node.storage.bulk import bulk_insert
from node.storage.database import Database
from node.storage.engines import Schema
from node.storage.schema import token


@pytest.fixture
def place(cluster: Cluster) -> Schema:
    return cluster.new_schema()


@pytest.fixture
def writer(place: Schema) -> Iterator[Database]:
    made = Database(place, alone=True)
    yield made
    made.close()


def put(database: Database, name: str) -> None:
    with database.write() as connection:
        connection.execute(token.insert(), {"subject": name, "token": b""})


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(token.c.subject).order_by(token.c.subject)).scalars())


def end_sessions(cluster: Cluster) -> None:
    """Cut all clients off, as a network or an administrator may."""
    cluster.run(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )


def recover(database: Database) -> None:
    """Write until the lost session is replaced: the first call says that it was lost."""
    with pytest.raises(UnavailableError):
        put(database, "lost")
    with pytest.raises(UnavailableError):
        put(database, "lost")


def test_a_second_writer_is_refused_until_the_first_is_gone(place: Schema, writer: Database) -> None:
    with pytest.raises(LockedError):
        Database(place, alone=True)
    put(writer, "a")
    writer.close()
    second = Database(place, alone=True)
    put(second, "b")
    assert names(second) == ["a", "b"]
    second.close()


def test_schemas_of_one_database_have_writers_of_their_own(cluster: Cluster, writer: Database) -> None:
    other = Database(cluster.new_schema(), alone=True)
    put(other, "a")
    assert (names(writer), names(other)) == ([], ["a"])
    other.close()


def test_writes_of_several_sessions_come_one_after_the_other(place: Schema, writer: Database) -> None:
    impatient = place.url.update_query_dict({"options": "-c lock_timeout=50ms"})
    other = Database(replace(place, url=impatient))
    with writer.write() as connection:
        connection.execute(token.insert(), {"subject": "a", "token": b""})
        with pytest.raises(UnavailableError, match="busy"):
            put(other, "b")
    put(other, "c")
    assert names(writer) == ["a", "c"]
    other.close()


def test_a_writer_whose_session_was_cut_off_takes_its_lock_again(cluster: Cluster, writer: Database) -> None:
    put(writer, "a")
    before = writer.session
    end_sessions(cluster)
    recover(writer)
    put(writer, "b")
    assert names(writer) == ["a", "b"]
    assert writer.session != before


def test_a_writer_that_lost_its_lock_to_another_never_writes_again(
    cluster: Cluster, place: Schema, writer: Database
) -> None:
    put(writer, "a")
    end_sessions(cluster)
    other = Database(place, alone=True)
    put(other, "b")
    for _ in range(3):
        with pytest.raises(UnavailableError):
            put(writer, "c")
    other.close()
    with pytest.raises(CorruptionError, match="another process"):
        put(writer, "c")
    with pytest.raises(CorruptionError, match="another process"):
        _ = writer.session
    assert names(writer) == ["a", "b"]


@pytest.fixture
def own_cluster(cluster: Cluster) -> Iterator[Cluster]:
    """The server, which the test may stop; the others find it running again."""
    yield cluster
    if cluster.server.poll() is None:
        return
    cluster.start()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_server_that_goes_and_comes_back(own_cluster: Cluster, writer: Database, how: int) -> None:
    put(writer, "a")
    own_cluster.stop(how)
    for _ in range(2):
        with pytest.raises(UnavailableError, match="out of reach"):
            names(writer)
        with pytest.raises(UnavailableError, match="out of reach"):
            put(writer, "b")
        with pytest.raises(UnavailableError, match="out of reach"):
            _ = writer.session
    own_cluster.start()
    with pytest.raises(UnavailableError):
        put(writer, "b")
    put(writer, "c")
    assert names(writer) == ["a", "c"]


def test_a_replica_reads_again_what_a_fallen_server_has_kept(
    cluster: Cluster, place: Schema, writer: Database
) -> None:
    """What was followed is not awaited on the disk: a server that falls may lose the last of it."""
    ledger = Ledger()
    ledger.append(ledger.sign(DESK, genesis_body(canonical(document()))))
    for number in range(3):
        ledger.append(ledger.sign(ALDER, Inquiry(request_hashes=(number.to_bytes(32, "big"),))))
    replica = Replica(writer)
    replica.append(ledger.entries[:2])
    for name in ("log_entry", "log_hash"):
        cluster.run(f"CREATE TABLE {name}_kept AS TABLE {name}", place.name)
    replica.append(ledger.entries[2:], durable=False)
    end_sessions(cluster)
    for name in ("log_entry", "log_hash"):
        cluster.run(f"TRUNCATE {name}; INSERT INTO {name} TABLE {name}_kept", place.name)
    assert replica.state.size == 4
    recover(writer)
    assert replica.state.size == replica.log.size() == 2
    replica.append(ledger.entries[2:])
    assert replica.log.entries(0, 9) == ledger.entries


@pytest.mark.parametrize(
    ("state", "sentence"), [("53100", "full"), ("53200", "busy"), ("40001", "busy"), ("58030", "disk")]
)
def test_what_a_server_cannot_do_for_now_may_be_asked_again(
    writer: Database, state: str, sentence: str
) -> None:
    with writer.write() as connection:
        body = f"BEGIN RAISE 'a secret' USING ERRCODE = '{state}', DETAIL = 'a secret'; END"
        connection.execute(
            text(f"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $fail$ {body} $fail$")
        )
        connection.execute(
            text("CREATE TRIGGER fail BEFORE INSERT ON token FOR EACH ROW EXECUTE FUNCTION fail()")
        )
    with pytest.raises(UnavailableError, match=sentence) as caught:
        put(writer, "a")
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"
    with writer.write() as connection:
        connection.execute(text("DROP TRIGGER fail ON token"))
    put(writer, "a")
    assert names(writer) == ["a"]


@pytest.mark.parametrize("count", [1, 20])
def test_a_text_that_it_cannot_hold_is_malformed(writer: Database, count: int) -> None:
    rows = [{"subject": f"a{number}\0", "token": b"\0"} for number in range(count)]
    with pytest.raises(MalformedError), writer.write() as connection:
        bulk_insert(connection, token, rows)
    with pytest.raises(MalformedError), writer.read() as connection:
        connection.execute(select(token).where(token.c.subject == "\0"))
    put(writer, "a")
    assert names(writer) == ["a"]


def test_every_text_compares_by_bytes_and_every_number_has_64_bits(place: Schema, writer: Database) -> None:
    with writer.read() as connection:
        found = connection.execute(
            text(
                "SELECT DISTINCT data_type, collation_name FROM information_schema.columns"
                " WHERE table_schema = :schema AND table_name <> 'alembic_version'"
            ),
            {"schema": place.name},
        ).all()
    assert set(found) == {("bigint", None), ("text", "C"), ("bytea", None), ("boolean", None)}


def test_a_database_in_another_encoding_is_refused(cluster: Cluster, place: Schema) -> None:
    cluster.run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(SettingsError, match="UTF8"):
        Database(replace(place, url=cluster.url("latin")))


def test_a_server_that_is_not_there(place: Schema, caplog: pytest.LogCaptureFixture) -> None:
    url = make_url("postgresql://hanse:a-secret@127.0.0.1:1/hanse")
    with pytest.raises(UnavailableError) as caught:
        Database(replace(place, url=url), alone=True)
    assert "secret" not in f"{caught.value} {caught.value.__cause__} {caplog.text}"
    assert "connection" in caplog.text


def test_the_url_s_own_options_stand_beside_ours(place: Schema) -> None:
    options = "-c statement_timeout=77s -c search_path=public"
    url = place.url.update_query_dict({"options": options, "application_name": "mine"})
    database = Database(replace(place, url=url))
    with database.read() as connection:
        shown = [
            connection.execute(text(f"SHOW {name}")).scalar()
            for name in ("statement_timeout", "application_name", "search_path", "lock_timeout")
        ]
    assert shown == ["77s", "mine", place.name, "10s"]
    database.close()
