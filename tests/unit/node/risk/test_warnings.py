"""The firm's own warnings: by whom, in which state, and what the book proposes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from support_bulletins import ACME, level, play_round
from support_node import MEMBERS, Bench, invoice, month, reading
from support_people import ADMIN, ANALYST, AUDITOR

from hanse_ledger.errors import MalformedError, NotPermittedError, SubjectIdError
from hanse_ledger.filings import Alias
from hanse_ledger.ids import PartyId, SubjectId
from node.errors import NotFoundError, WarningStateError
from node.receivables.outcome import Trouble
from node.risk.audit import AuditChain
from node.risk.warnings import Raising, Warnings

ALDER, BIRCH, CEDAR, *_ = MEMBERS


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def warnings(bench: Bench, member: PartyId = ALDER) -> Warnings:
    database = bench.standing(member).database
    return Warnings(database, bench.clock, AuditChain(database))


def raising(subject: str = ACME) -> Raising:
    return Raising(subject=subject, reason="collection")


def states(bench: Bench) -> list[str]:
    return [one.state for one in warnings(bench).listed(ANALYST)]


def take(bench: Bench, trouble: Trouble | None, reference: str = "R1") -> None:
    """Import one invoice of ACME with a status."""
    read = reading({"ACME": [invoice(reference, "2024-10-02", "2024-10-20")]})
    records = tuple(replace(record, trouble=trouble) for record in read.records)
    bench.member(ALDER).import_book(
        replace(read, records=records), sha256=bytes(32), as_of=date(2024, 10, 31)
    )


def test_a_warning_waits_takes_effect_is_cleared_and_has_an_end(bench: Bench) -> None:
    raised = warnings(bench).raise_one(ANALYST, raising("ref:demo:acme"))
    assert (raised.subject, raised.raised_by, raised.source) == (ACME, "ann", "hand")
    assert (raised.state, raised.ends_with) == ("waiting", None)
    play_round(bench)
    (found,) = warnings(bench).listed(ANALYST)
    assert (found.state, found.ends_with) == ("in_effect", month("2025-01"))
    cleared = warnings(bench).clear(ANALYST, ACME)
    assert (cleared.state, cleared.cleared_by) == ("clearing", "ann")
    play_round(bench)
    assert states(bench) == ["cleared"]


def test_one_warning_of_a_subject_stands_at_a_time(bench: Bench) -> None:
    warnings(bench).raise_one(ANALYST, raising())
    with pytest.raises(WarningStateError):
        warnings(bench).raise_one(ANALYST, raising())
    warnings(bench).clear(ANALYST, ACME)
    with pytest.raises(NotFoundError):
        warnings(bench).clear(ANALYST, ACME)
    # Raised, cleared and raised again before anything left: the last word holds.
    warnings(bench).raise_one(ANALYST, raising())
    warnings(bench, BIRCH).raise_one(ANALYST, raising())
    play_round(bench)
    assert level(bench, CEDAR) == 1


def test_only_who_may_and_all_of_it_is_in_the_audit_chain(bench: Bench) -> None:
    own = warnings(bench)
    for actor in (ADMIN, AUDITOR):
        with pytest.raises(NotPermittedError):
            own.raise_one(actor, raising())
        with pytest.raises(NotPermittedError):
            own.clear(actor, ACME)
    with pytest.raises(NotPermittedError):
        own.listed(ADMIN)
    own.raise_one(ANALYST, replace(raising(), note="a call with their bookkeeper"))
    own.clear(ANALYST, ACME)
    own.listed(AUDITOR, subject=ACME)
    rows = AuditChain(bench.standing(ALDER).database).rows(limit=9)
    assert [(row.actor.name, row.action, row.subject) for row in rows] == [
        ("ann", "warning.raised", ACME),
        ("ann", "warning.cleared", ACME),
        ("di", "warning.viewed", ACME),
    ]


def test_what_cannot_be_raised(bench: Bench) -> None:
    own = warnings(bench)
    with pytest.raises(SubjectIdError):
        own.raise_one(ANALYST, raising("acme"))
    with pytest.raises(MalformedError):
        own.raise_one(ANALYST, replace(raising(), note="x" * 501))
    with pytest.raises(MalformedError):
        own.raise_one(ANALYST, replace(raising(), notified_on=date(2099, 1, 1)))
    assert own.listed(ANALYST) == []


def test_a_natural_persons_firm_is_told_first(bench: Bench) -> None:
    subject = "uscc:92310115MA1H8R7C64"
    with pytest.raises(MalformedError, match="told"):
        warnings(bench).raise_one(ANALYST, raising(subject))
    told = replace(raising(subject), notified_on=date(2024, 10, 30))
    assert warnings(bench).raise_one(ANALYST, told).state == "waiting"


def test_the_book_proposes_and_a_person_confirms(bench: Bench) -> None:
    own = warnings(bench)
    take(bench, "returned")
    assert [(one.kind, one.reason) for one in own.proposals(ANALYST)] == [("raise", "returned")]
    play_round(bench)
    assert own.listed(ANALYST) == []
    with pytest.raises(NotPermittedError):
        own.confirm(AUDITOR, ACME)
    assert own.confirm(ANALYST, ACME).source == "book"
    assert own.proposals(ANALYST) == []
    take(bench, None)
    assert [(one.kind, one.reason) for one in own.proposals(ANALYST)] == [("clear", None)]
    assert own.confirm(ANALYST, ACME).state == "clearing"
    with pytest.raises(NotFoundError):
        own.confirm(ANALYST, ACME)


def test_an_insolvent_customer_is_a_public_fact_and_no_warning(bench: Bench) -> None:
    take(bench, "insolvent")
    assert warnings(bench).proposals(ANALYST) == []


def test_a_dismissed_proposal_comes_back_with_another_invoice(bench: Bench) -> None:
    own = warnings(bench)
    take(bench, "collection")
    assert own.dismiss(ANALYST, ACME).invoices == 1
    assert own.proposals(ANALYST) == []
    take(bench, "returned", "R2")
    assert [one.invoices for one in own.proposals(ANALYST)] == [2]
    own.dismiss(ANALYST, ACME)
    assert own.proposals(ANALYST) == []


def test_a_warning_that_lapses_may_be_raised_again_and_ends_by_itself(bench: Bench) -> None:
    own = warnings(bench)
    take(bench, "collection")
    own.confirm(ANALYST, ACME)
    play_round(bench)
    for name in ("2024-10", "2024-11", "2024-12"):
        assert own.proposals(ANALYST) == []
        bench.end_month(month(name))
    bench.member(ALDER).send_bulletin()
    assert [one.kind for one in own.proposals(ANALYST)] == ["renew"]
    assert own.confirm(ANALYST, ACME).state == "waiting"
    assert own.proposals(ANALYST) == []
    play_round(bench)
    bench.end_month(month("2025-01"))
    bench.member(ALDER).send_bulletin()
    assert states(bench) == ["in_effect", "ended"]


def test_an_alias_that_came_since_does_not_hide_a_warning(bench: Bench) -> None:
    other = SubjectId("duns:123456789")
    warnings(bench).raise_one(ANALYST, raising(other))
    warnings(bench, BIRCH).raise_one(ANALYST, raising(other))
    play_round(bench)
    assert level(bench, CEDAR, other) == 1
    primary = SubjectId("vat:DE:136695976")
    bench.log(PartyId("desk"), Alias(other=other, primary=primary))
    bench.standing(ALDER).catch_up()
    assert warnings(bench).clear(ANALYST, other).subject == other
    play_round(bench)
    assert states(bench) == ["cleared"]
