"""Documents as a copy of the log keeps them: read without its statements, whatever votes have changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_consortium import (
    DESK,
    Ledger,
    adopt,
    canonical,
    consortium,
    document,
    genesis_body,
    log_key,
    party_in,
    seed,
)
from support_postgres import Places

from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.signing import SigningKey
from node.documents import document_in_force, documents_of, has_come, newest_of
from node.sequencing.replica import Replica
from node.settings import NodeSettings
from node.storage.database import Database, Moment
from node.storage.documents import stored_documents
from node.storage.schema import document as table
from node.storage.schema import log_entry

NEXT_LOG_KEY = SigningKey(seed("next log key", DESK))


def more_contributors(doc: dict[str, dict[str, int]]) -> None:
    doc["policy"]["contributors_min"] += 1


def voted() -> tuple[Ledger, list[Consortium]]:
    """A log in which two documents followed the founding one."""
    ledger = Ledger()
    ledger.append(ledger.sign(DESK, genesis_body(canonical(document()))))
    adopt(ledger, more_contributors)
    adopt(ledger, lambda doc: party_in(doc, DESK).update(log_key=NEXT_LOG_KEY.public.hex()))
    return ledger, ledger.state.documents


@pytest.fixture
def database(places: Places) -> Iterator[Database]:
    made = Database(places("node"))
    yield made
    made.close()


def stored(database: Database) -> list[bytes]:
    with database.read() as connection:
        return stored_documents(connection)


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_every_document_is_stored_with_the_statement_it_acts_at(database: Database, batch: int) -> None:
    ledger, documents = voted()
    replica = Replica(database)
    for start in range(0, len(ledger.entries), batch):
        replica.append(ledger.entries[start : start + batch])
        assert stored(database) == [one.raw for one in replica.state.documents]
    assert stored(database) == [one.raw for one in documents]


@pytest.mark.parametrize(("moment", "count"), [("before", 0), ("in", 0), ("after", 3)])
def test_they_are_stored_whole_with_their_statements_or_not_at_all(
    tmp_path: Path, moment: Moment, count: int
) -> None:
    def probe(now: Moment) -> None:
        if now == moment:
            raise OSError("the disk says no")

    path = tmp_path / "node.sqlite"
    Database(path).close()
    database = Database(path, probe=probe)
    with pytest.raises(OSError, match="disk"):
        Replica(database).append(voted()[0].entries)
    assert len(stored(database)) == count
    database.close()


def test_a_copy_that_an_older_program_made_is_completed(database: Database) -> None:
    ledger, documents = voted()
    Replica(database).append(ledger.entries)
    with database.write() as connection:
        connection.execute(table.delete().where(table.c.number > 0))
    assert Replica(database).state.size == len(ledger.entries)
    assert stored(database) == [one.raw for one in documents]


def test_the_newest_counts_once_the_trusted_one_has_come(database: Database) -> None:
    ledger, (founding, second, third) = voted()
    assert newest_of(database, founding) == founding
    replica = Replica(database)
    replica.append(ledger.entries[:1])
    assert (has_come(database, founding), has_come(database, second)) == (True, False)
    # What its party trusts is later than what it has: a party that joins.
    assert newest_of(database, third) == third
    replica.append(ledger.entries[1:])
    assert {newest_of(database, one).hash for one in (founding, second, third)} == {third.hash}
    stranger = parse_document(third.raw.replace(b'"contributors_min":5', b'"contributors_min":6'))
    assert newest_of(database, stranger) == stranger


def test_a_node_s_files_say_which_document_is_in_force(tmp_path: Path) -> None:
    ledger, documents = voted()
    path = tmp_path / "consortium.json"
    path.write_bytes(consortium().raw)
    settings = NodeSettings(party=DESK, consortium=path, genesis=path, folder=tmp_path, listen="127.0.0.1:0")
    assert documents_of(settings) == [documents[0]]
    assert not (tmp_path / "node.sqlite").exists()
    database = Database(settings.place("node"))
    Replica(database).append(ledger.entries)
    # Nothing is replayed for it.
    with database.write() as connection:
        connection.execute(log_entry.delete())
    database.close()
    assert document_in_force(settings).hash == documents[-1].hash
    assert [one.hash for one in documents_of(settings)] == [one.hash for one in reversed(documents)]
    assert log_key(DESK).public != documents[-1].parties[DESK].log_key
