"""Inputs as they stand in a member's database, on SQLite and PostgreSQL."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from support_consortium import consortium
from support_postgres import Places
from support_signals import BOOK_DAY, DECEMBER, window

from hanse_ledger.filings import FactKind
from hanse_ledger.ids import Month, NodeHash, SubjectId
from hanse_ledger.privacy.answer import Figures, WindowFigures
from node.clocks import DemoClock
from node.risk.signals.compute import signals_of
from node.risk.signals.inputs import OwnInvoice
from node.risk.signals.reading import InputsReader
from node.storage.bulk import bulk_insert
from node.storage.database import Database
from node.storage.figures import pack_figures
from node.storage.public_schema import public_alias, public_fact
from node.storage.risk_schema import credit_limit
from node.storage.schema import book_import, customer, draft, inquiry, invoice, own_row

S1, S2, OTHER = SubjectId("ref:DEMO:1"), SubjectId("ref:DEMO:2"), SubjectId("ref:DEMO:9")
NUMBERS = itertools.count()


@pytest.fixture
def database(places: Places) -> Iterator[Database]:
    made = Database(places("node"))
    yield made
    made.close()


@pytest.fixture
def reader(database: Database) -> InputsReader:
    known = consortium()
    policy = replace(known.policy, rates={"EUR": {Month(DECEMBER + 1): 8_000_000}})
    found = replace(known, policy=policy)
    return InputsReader(database, consortium=lambda: found, clock=DemoClock(date(2020, 1, 14)))


def figures(*windows: WindowFigures, level: int = 0) -> str:
    return pack_figures(
        Figures(
            checked=True,
            stewards=(),
            deviating=(),
            last_closed=DECEMBER,
            log_size=9,
            root=NodeHash(bytes(32)),
            windows=windows,
            level=level,
            disputed=False,
        )
    )


def put_inquiry(
    database: Database,
    status: str | None,
    *,
    subject: SubjectId = S1,
    position: int | None = 5,
    kept: str | None = None,
) -> None:
    number = next(NUMBERS)
    values = {
        "request_hash": number.to_bytes(32, "big"),
        "subject": subject,
        "request": b"",
        "answer_key": b"",
        "made_at": f"2020-01-{number % 28 + 1:02}",
        "position": position,
        "request_id": f"{number:032x}",
        "purpose": "credit-review",
        "status": status,
        "figures": kept,
    }
    with database.write() as connection:
        connection.execute(inquiry.insert(), values)


def put_invoices(database: Database, subjects: Sequence[SubjectId], **more: Any) -> None:
    values = {
        "invoice_date": "2019-12-01",
        "due_date": "2019-12-31",
        "paid_date": None,
        "amount_minor": 100,
        "currency": "CNY",
        "lost_on": None,
        "disputed": False,
    }
    with database.write() as connection:
        day = {"sha256": b"", "as_of": BOOK_DAY.isoformat(), "taken": 1}
        made = connection.execute(book_import.insert().returning(book_import.c.id), day).scalar_one()
        lines = [
            {
                **values,
                "customer": one,
                "reference": f"R{next(NUMBERS)}",
                "subject": one,
                "import_id": made,
                **more,
            }
            for one in subjects
        ]
        bulk_insert(connection, invoice, lines)


def put_row(database: Database, *, month: Month, counted_in: Month | None) -> None:
    values = {"log_month": month, "rows": b"", "evidence_roots": b""}
    with database.write() as connection:
        made = connection.execute(
            draft.insert().returning(draft.c.id),
            {**values, "counted": counted_in is not None, "counted_in": counted_in},
        )
        row = {"subject": S1, "month": month, "condition": 2, "exposure": 0, "delay": 1, "peak_minor": 5}
        rest = {"delay_days": 3, "draft": made.scalar_one(), "number": 0, "evidence": b""}
        connection.execute(own_row.insert(), {**row, **rest})


def test_the_newest_checked_answer_is_what_counts(database: Database, reader: InputsReader) -> None:
    put_inquiry(database, "checked", position=7, kept=figures(window(), level=2))
    put_inquiry(database, "checked", position=5, kept=figures(window(), level=1))
    put_inquiry(database, "unchecked", position=9, kept=figures(window()))
    found = reader.one(S1).answered
    assert found is not None
    assert (found.level, found.last_closed, found.windows) == (2, DECEMBER, (window(),))


def test_a_newer_answer_without_windows_takes_the_place_of_older_figures(
    database: Database, reader: InputsReader
) -> None:
    put_inquiry(database, "checked", position=5, kept=figures(window()))
    put_inquiry(database, "nothing", position=6, kept=figures())
    assert signals_of(reader.one(S1))["network.late_share"].unknown == "no_window"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("unchecked", "unchecked"),
        ("disagreement", "disagreement"),
        ("refused", "refused"),
        (None, "unanswered"),
    ],
)
def test_what_no_rule_may_use_is_unknown_with_its_reason(
    database: Database, reader: InputsReader, status: str | None, reason: str
) -> None:
    put_inquiry(database, status, kept=None if status is None else figures(window()))
    found = signals_of(reader.one(S1))
    assert found["network.late_share"].unknown == reason
    assert found["network.warning_level"].unknown == reason


def test_who_was_never_asked_about_is_not_asked(reader: InputsReader) -> None:
    found = signals_of(reader.one(S1))
    assert found["network.late_share"].unknown == "not_asked"
    assert found["own.open_minor"].unknown == "no_book"


def test_own_rows_are_read_with_whether_they_surely_count(database: Database, reader: InputsReader) -> None:
    put_inquiry(database, "checked", kept=figures(window()))
    put_row(database, month=DECEMBER, counted_in=DECEMBER)
    put_row(database, month=Month(DECEMBER - 1), counted_in=None)
    put_row(database, month=Month(DECEMBER - 30), counted_in=Month(DECEMBER - 30))
    found = sorted(reader.one(S1).rows)
    assert [(row.month, row.delay_days, row.counted_in, row.is_settled) for row in found] == [
        (DECEMBER - 1, 3, DECEMBER - 1, False),
        (DECEMBER, 3, DECEMBER, True),
    ]


def test_lines_come_in_the_reporting_currency_and_without_a_rate_without_amount(
    database: Database, reader: InputsReader
) -> None:
    put_invoices(database, [S1], currency="EUR", paid_date="2020-01-02", disputed=True)
    put_invoices(database, [S1], currency="USD", lost_on="2020-01-03")
    made, due = date(2019, 12, 1).toordinal(), date(2019, 12, 31).toordinal()
    paid, lost = date(2020, 1, 2).toordinal(), date(2020, 1, 3).toordinal()
    assert sorted(reader.one(S1).invoices, key=lambda one: one.contested) == [
        OwnInvoice(made, due, None, None, lost, False),  # noqa: FBT003 - a named tuple's field
        OwnInvoice(made, due, paid, 800, None, True),  # noqa: FBT003
    ]
    assert reader.firm_open_minor() == 0


def test_one_subject_with_two_ids_is_one(database: Database, reader: InputsReader) -> None:
    put_invoices(database, [S1, OTHER])
    put_inquiry(database, "checked", kept=figures(window()))
    with database.write() as connection:
        connection.execute(public_alias.insert(), {"other": OTHER, "primary": S1})
        connection.execute(
            credit_limit.insert(), {"subject": OTHER, "limit_minor": 7, "set_by": "bo", "set_at": "2020"}
        )
    assert list(reader.all()) == [S1]
    by_other, by_primary = reader.one(OTHER), reader.one(S1)
    assert replace(by_other, subject=S1) == by_primary == reader.all()[S1]
    assert len(by_primary.invoices) == 2
    assert by_primary.limit_minor == 7
    assert by_primary.answered is not None


def test_facts_in_force_are_read_by_any_id(database: Database, reader: InputsReader) -> None:
    fact = {"desk": "desk", "kind": FactKind.JUDGMENT, "day": "2019-05-01", "source": "a", "document": b""}
    with database.write() as connection:
        connection.execute(public_alias.insert(), {"other": OTHER, "primary": S1})
        connection.execute(public_fact.insert(), {**fact, "position": 3, "subject": OTHER})
        withdrawn = {"position": 4, "subject": S1, "withdrawn_at": 6, "kind": FactKind.STRUCK_OFF}
        connection.execute(public_fact.insert(), {**fact, **withdrawn})
    found = signals_of(reader.one(S1))
    assert (found["fact.judgment"].value, found["fact.struck_off"].value) == (1, 0)


def test_all_are_who_is_on_the_books_on_the_list_or_has_a_limit(
    database: Database, reader: InputsReader
) -> None:
    put_invoices(database, [S2])
    put_inquiry(database, "checked", subject=SubjectId("ref:DEMO:5"), kept=figures(window()))
    with database.write() as connection:
        listed = {"customer": "1", "name": "", "name_key": "", "subject": OTHER, "updated_at": ""}
        connection.execute(customer.insert(), listed)
        unmatched = {"customer": "2", "name": "", "name_key": "", "subject": None, "updated_at": ""}
        connection.execute(customer.insert(), unmatched)
        connection.execute(
            credit_limit.insert(), {"subject": S1, "limit_minor": 7, "set_by": "bo", "set_at": "2020"}
        )
    assert list(reader.all()) == [S1, S2, OTHER]


def test_a_portfolio_takes_as_many_queries_as_one_subject(database: Database, reader: InputsReader) -> None:
    subjects = [SubjectId(f"ref:DEMO:{number}") for number in range(600)]
    put_invoices(database, subjects)
    for subject in subjects[:3]:
        put_inquiry(database, "checked", subject=subject, kept=figures(window()))
    statements: list[str] = []
    with database.read() as connection:
        engine = connection.engine
    event.listen(engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    counts = []
    # Before the first of these it is learned what is usual among the customers.
    reader.one(subjects[0])
    for read in (lambda: reader.some(subjects), reader.all, lambda: reader.some(subjects[:2])):
        statements.clear()
        assert len(read()) in {2, len(subjects)}
        counts.append(len(statements))
    assert max(counts) <= 16
    assert max(counts) - min(counts) <= 2
    assert reader.some(subjects) == dict(reader.all()) | {one: reader.one(one) for one in subjects[:5]}
