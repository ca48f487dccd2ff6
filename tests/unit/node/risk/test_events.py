from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from support_postgres import Places

from hanse_ledger.ids import SubjectId
from node.risk.events import Event, note_done, note_reached, open_events, record_event
from node.storage.database import Database

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
    month = Event(number=1, kind="month_closed", key="2026-10", subject=None, at=NOW, reached=None)
    fact = Event(number=2, kind="fact", key="2026-10", subject=SubjectId("ref:A:1"), at=NOW, reached=None)
    with database.write() as connection:
        assert open_events(connection) == [month, fact]
        note_reached(connection, month, "ref:A:1")
        assert [one.reached for one in open_events(connection)] == ["ref:A:1", None]
        note_done(connection, month, NOW)
        assert open_events(connection) == [fact]
        record_event(connection, kind="month_closed", key="2026-10", subject=None, at=NOW)
        assert open_events(connection) == [fact]


def test_an_event_is_gone_with_the_transaction_that_caused_it(database: Database) -> None:
    def record_and_fail() -> None:
        with database.write() as connection:
            record_event(connection, kind="book_imported", key="1", subject=None, at=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        record_and_fail()
    with database.read() as connection:
        assert open_events(connection) == []
