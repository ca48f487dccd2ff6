"""Estimates among the signals as they are read from a member's database."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from consortium_config.sample import demo_document
from hanse_ledger.ids import PartyId, SubjectId, month_at
from node.clocks import DemoClock, system_entropy
from node.risk.signals.compute import signals_of
from node.risk.signals.reading import InputsReader
from node.storage.database import Database
from node.storage.schema import book_import, invoice

AS_OF = date(2024, 9, 30)
PROMPT, SLOW, STRANGER = (SubjectId(f"ref:DEMO:{name}") for name in ("PROMPT", "SLOW", "STRANGER"))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(tmp_path / "member.sqlite")
    with found.write() as connection:
        take(connection, PROMPT, *[-2] * 6)
        take(connection, SLOW, *[45] * 3)
    yield found
    found.close()


def take(connection: Connection, subject: SubjectId, *late: int) -> None:
    """Import invoices that were paid so many days after they were due."""
    values = {"sha256": bytes(32), "as_of": AS_OF.isoformat(), "taken": 1}
    key = connection.execute(book_import.insert(), values).inserted_primary_key
    assert key is not None
    due = AS_OF - timedelta(days=90)
    for days in late:
        line = {
            "customer": subject,
            "reference": f"{key[0]}-{len(list(connection.execute(invoice.select())))}",
            "subject": subject,
            "invoice_date": (due - timedelta(days=30)).isoformat(),
            "due_date": due.isoformat(),
            "paid_date": (due + timedelta(days=days)).isoformat(),
            "amount_minor": 1_000,
            "currency": "CNY",
            "disputed": False,
            "import_id": key[0],
        }
        connection.execute(invoice.insert(), line)


def reader(database: Database) -> InputsReader:
    demo = demo_document(
        members=[PartyId("alder")],
        currency="CNY",
        exponent=2,
        first_month=month_at(AS_OF),
        entropy=system_entropy,
    )
    return InputsReader(database, consortium=lambda: demo.consortium, clock=DemoClock(AS_OF))


def late30(of: InputsReader, subject: SubjectId) -> float:
    value = signals_of(of.one(subject))["estimate.late30"].value
    assert value is not None
    return value


def test_estimates_are_signals_of_who_is_known(database: Database) -> None:
    found = reader(database)
    assert late30(found, SLOW) > 0.3
    assert late30(found, PROMPT) < 0.1
    assert signals_of(found.one(STRANGER))["estimate.late30"].unknown == "no_estimate"


def test_one_customer_s_estimate_is_the_same_alone_and_among_all(database: Database) -> None:
    alone, together = reader(database).one(SLOW), reader(database).all()[SLOW]
    assert alone.given == together.given
    assert set(alone.given) == {"estimate.late10", "estimate.late30"}


def test_what_is_usual_is_learned_again_when_the_book_has_changed(database: Database) -> None:
    found = reader(database)
    before = late30(found, PROMPT)
    with database.write() as connection:
        take(connection, SubjectId("ref:DEMO:THIRD"), *[60] * 9)
    after = late30(found, PROMPT)
    assert after > before
    assert after == late30(reader(database), PROMPT)
