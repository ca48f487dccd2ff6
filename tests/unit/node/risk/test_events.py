from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from support_postgres import Places

from hanse_ledger.ids import SubjectId
from node.risk.events import Event, next_event, record_event
from node.storage.database import Database
from node.storage.monitoring_schema import risk_event

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def database(places: Places) -> Iterator[Database]:
    made = Database(places("node"))
    yield made
    made.close()


def test_an_event_is_recorded_once_for_its_kind_and_key(database: Database) -> None:
    for _ in range(2):
        with database.write() as connection:
            record_event(connection, kind="month_closed", key="2026-10", subject=None, at=NOW)
            record_event(connection, kind="fact", key="2026-10", subject=SubjectId("ref:A:1"), at=NOW)
    with database.write() as connection:
        found = [next_event(connection)]
        connection.execute(risk_event.update().where(risk_event.c.number == 1), {"done_at": NOW.isoformat()})
        found.append(next_event(connection))
        connection.execute(risk_event.update(), {"done_at": NOW.isoformat()})
        found.append(next_event(connection))
    assert found == [
        Event(number=1, kind="month_closed", key="2026-10", subject=None, at=NOW, reached=None),
        Event(number=2, kind="fact", key="2026-10", subject=SubjectId("ref:A:1"), at=NOW, reached=None),
        None,
    ]


def test_an_event_is_gone_with_the_transaction_that_caused_it(database: Database) -> None:
    def record_and_fail() -> None:
        with database.write() as connection:
            record_event(connection, kind="book_imported", key="1", subject=None, at=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        record_and_fail()
    with database.read() as connection:
        assert next_event(connection) is None
