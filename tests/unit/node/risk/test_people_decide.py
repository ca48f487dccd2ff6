"""What people of a member do about one customer, from end to end, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from support_people import ANALYST, APPROVER, AUDITOR, Bench, add_people
from support_postgres import Places

from hanse_ledger.ids import SubjectId
from node.own.customers import Customer
from node.risk.audit import verify_lines
from node.risk.auditing import export_chain
from node.risk.experts import Opinion
from node.risk.kinds import Rating
from node.risk.register.service import Entry, Said
from node.risk.reviews.service import Done

NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)
SUBJECT = SubjectId("ref:DEMO:1")
RATING = Rating(probability=2, impact=4)


@pytest.fixture
def bench(places: Places) -> Iterator[Bench]:
    place = places("own")
    made = Bench(place, NOW)
    add_people(made.own)
    yield made
    made.close()


def test_one_customer_from_its_first_risk_to_its_review(bench: Bench) -> None:
    own = bench.own
    own.customers.put([Customer(number="4711", name="Alder Ltd", subject=SUBJECT)])
    bench.bill((SUBJECT, "1", "2025-09-01", "2025-10-01", None, 10_000))
    assert own.register.find(ANALYST)["found"] == 1
    entry = Entry(kind="legal", text="a lawsuit", rating=RATING, evidence=("press",))
    own.register.enter(ANALYST, SUBJECT, entry, risk_id="1" * 32)
    own.register.change(APPROVER, SUBJECT, "1" * 32, Said(reason="small", state="accepted"))
    assert [risk.state for risk in own.register.of(AUDITOR, SUBJECT)] == ["open", "accepted"]
    opinion = Opinion(
        grade="B",
        ratings={"credit": RATING},
        reason="the guarantee was renewed",
        evidence=("guarantee",),
        expires_on=NOW.date() + timedelta(days=30),
    )
    own.experts.assess(ANALYST, SUBJECT, opinion, assessment_id="2" * 32)
    assert own.experts.confirm(APPROVER, SUBJECT, "2" * 32).grade == "B"
    assert own.risk.run([SUBJECT]).assessments[0].grade == "B"
    (due,) = own.reviews.due(ANALYST)
    assert (due.grade, due.customers) == ("B", ("4711",))
    done = Done(looked_at=("report",), decision="keep the limit")
    assert own.reviews.record(ANALYST, SUBJECT, done, review_id="3" * 32).grade == "B"
    assert own.reviews.due(ANALYST) == []
    lines = list(export_chain(own.audit, AUDITOR, at=NOW))
    assert verify_lines(line.rstrip(b"\n") for line in lines) == own.audit.verify()
