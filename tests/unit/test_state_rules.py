"""The rules of sections 2, 5 and 12 that look back at the log, kind by kind."""

from collections.abc import Callable

import pytest
from support_consortium import (
    ALDER,
    AUDITOR,
    BIRCH,
    BOTH,
    CHAMBER,
    DESK,
    DUNS,
    LEI,
    REGULATOR,
    UNION,
    XS,
    Ledger,
    bulletin,
    dispute,
    founded,
    publish,
    refuse,
    report,
)

from hanse_ledger.bodies import Body, Close, ClosePeriod, Inquiry
from hanse_ledger.errors import RejectedError, RuleError
from hanse_ledger.filings import Alias, Fact, Resolution
from hanse_ledger.ids import Month, PartyId, RequestHash, SubjectId, month_of

JANUARY = month_of(2026, 1)
FEBRUARY = Month(JANUARY + 1)
H1, H2, H3 = (bytes([n]) * 32 for n in (1, 2, 3))
REF = "ref:LIST:1"
USCC = "uscc:91350100M000100Y43"


def fact(subject: str = LEI, *, withdraws: int | None = None) -> Fact:
    return Fact(
        subject=subject,
        fact_kind=1,
        day="2026-01-31",
        source="",
        document_hash=bytes(32),
        withdraws=withdraws,
    )


def close(month: int = JANUARY) -> Close:
    return Close(month=Month(month))


def close_period(period: int = 0, *unopened: int) -> ClosePeriod:
    return ClosePeriod(period=period, unopened=unopened)


def alias(other: str, primary: str) -> Alias:
    return Alias(other=other, primary=primary)


def after(*steps: tuple[PartyId, Body]) -> Ledger:
    """A founded log (genesis at 0) with these statements from index 1 on."""
    ledger = founded()
    for party, body in steps:
        ledger.accept(party, body)
    return ledger


Step = tuple[PartyId, Body]
THREE = XS[:3]
WRONG_XS = {
    "one left out": THREE,
    "the last only": XS[3:],
    "one more": (2, 3, 4, 7, 255),
    "another": (1, *XS[1:]),
}

REFUSED: dict[str, tuple[list[Step], Step]] = {
    **{f"report with {name}": ([], (ALDER, report(xs=xs))) for name, xs in WRONG_XS.items()},
    **{f"bulletin with {name}": ([], (ALDER, bulletin(xs=xs))) for name, xs in WRONG_XS.items()},
    **{f"dispute with {name}": ([], (DESK, dispute(xs=xs))) for name, xs in WRONG_XS.items()},
    "bulletin of a later period": ([], (ALDER, bulletin(1))),
    "bulletin of a closed period": (
        [(CHAMBER, close_period()), (AUDITOR, close_period())],
        (ALDER, bulletin(0)),
    ),
    "bulletin for a period that one steward closed": (
        [(CHAMBER, close_period())],
        (ALDER, bulletin(1)),
    ),
    "second bulletin in a period": ([(ALDER, bulletin())], (ALDER, bulletin())),
    "validity of an index beyond the log": ([], (CHAMBER, publish((9, None)))),
    "validity of itself": ([], (CHAMBER, publish((1, None)))),
    "validity of genesis": ([], (CHAMBER, publish((0, None)))),
    "validity of a bulletin": ([(ALDER, bulletin())], (CHAMBER, publish((1, None)))),
    "validity a second time": (
        [(ALDER, report()), (CHAMBER, publish((1, (0,) * 8)))],
        (CHAMBER, publish((1, (0,) * 8))),
    ),
    "validity after null": (
        [(ALDER, report()), (CHAMBER, publish((1, None)))],
        (CHAMBER, publish((1, (0,) * 8))),
    ),
    "validity with one of two unknown": (
        [(ALDER, report())],
        (CHAMBER, publish((1, None), (2, None))),
    ),
    "close before the first month": ([], (CHAMBER, close(JANUARY - 1))),
    "close of the month after the next": ([], (CHAMBER, close(FEBRUARY))),
    "close of a month that one has closed, and the next": (
        [(CHAMBER, close())],
        (AUDITOR, close(FEBRUARY)),
    ),
    "close of a month twice": ([(CHAMBER, close())], (CHAMBER, close())),
    "close of a closed month twice": (
        [(CHAMBER, close()), (AUDITOR, close())],
        (CHAMBER, close()),
    ),
    "close of a later period": ([], (CHAMBER, close_period(1))),
    "close of a period twice": ([(CHAMBER, close_period())], (CHAMBER, close_period())),
    "close of a period that lists genesis": ([], (CHAMBER, close_period(0, 0))),
    "close of a period that lists a report": ([(ALDER, report())], (CHAMBER, close_period(0, 1))),
    "close of a period that lists itself": ([], (CHAMBER, close_period(0, 1))),
    "close of a period that lists a bulletin and no other": (
        [(ALDER, bulletin())],
        (CHAMBER, close_period(0, 1, 2)),
    ),
    "withdrawal of what is no fact": ([(DESK, dispute())], (DESK, fact(withdraws=1))),
    "withdrawal of itself": ([], (DESK, fact(withdraws=1))),
    "withdrawal of another desk's fact": ([(DESK, fact())], (BOTH, fact(withdraws=1))),
    "withdrawal for another id": ([(DESK, fact())], (DESK, fact(DUNS, withdraws=1))),
    "second withdrawal": ([(DESK, fact()), (DESK, fact(withdraws=1))], (DESK, fact(withdraws=1))),
    "withdrawal of a withdrawal": (
        [(DESK, fact()), (DESK, fact(withdraws=1))],
        (DESK, fact(withdraws=2)),
    ),
    "alias of itself": ([], (DESK, alias(LEI, LEI))),
    "alias of an alias": ([(DESK, alias(DUNS, LEI))], (DESK, alias(REF, DUNS))),
    "alias for an alias": ([(DESK, alias(DUNS, LEI))], (DESK, alias(DUNS, LEI))),
    "alias for an alias, by another desk": (
        [(DESK, alias(DUNS, LEI))],
        (BOTH, alias(DUNS, USCC)),
    ),
    "alias for a primary": ([(DESK, alias(DUNS, LEI))], (DESK, alias(LEI, USCC))),
    "alias whose kind stands before": ([], (DESK, alias(LEI, DUNS))),
    "alias whose kind stands first": ([], (DESK, alias(USCC, REF))),
    "resolution of what is no dispute": ([(DESK, fact())], (DESK, Resolution(dispute=1, outcome=1))),
    "resolution of itself": ([], (DESK, Resolution(dispute=1, outcome=1))),
    "resolution of another desk's dispute": (
        [(DESK, dispute())],
        (BOTH, Resolution(dispute=1, outcome=1)),
    ),
    "second resolution": (
        [(DESK, dispute()), (DESK, Resolution(dispute=1, outcome=3))],
        (DESK, Resolution(dispute=1, outcome=1)),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_rule_refuses(name: str) -> None:
    steps, (party, body) = REFUSED[name]
    ledger = after(*steps)
    refuse(ledger, ledger.sign(party, body), RuleError)


ACCEPTED: dict[str, list[Step]] = {
    "a bulletin of each member": [(ALDER, bulletin()), (BIRCH, bulletin()), (BOTH, bulletin())],
    "a bulletin in each period": [
        (ALDER, bulletin()),
        (CHAMBER, close_period(0, 1)),
        (AUDITOR, close_period(0)),
        (ALDER, bulletin(1)),
    ],
    "reports of every size": [(ALDER, report(rows)) for rows in (64, 128, 256, 512, 1_024)],
    "values before any other's": [(ALDER, report()), (REGULATOR, publish((1, None)))],
    "values for two at once": [
        (ALDER, report()),
        (BIRCH, report()),
        (CHAMBER, publish((1, None), (2, (0,) * 8))),
    ],
    "a third close of a closed month": [(p, close()) for p in (CHAMBER, AUDITOR, UNION)],
    "a late close of a month before": [
        *((p, close()) for p in (CHAMBER, AUDITOR)),
        *((p, close(FEBRUARY)) for p in (CHAMBER, AUDITOR)),
        (REGULATOR, close()),
    ],
    "a third close of a closed period": [(p, close_period()) for p in (CHAMBER, AUDITOR, UNION)],
    "a close that lists bulletins and disputes": [
        (ALDER, bulletin()),
        (DESK, dispute()),
        (CHAMBER, close_period(0, 1, 2)),
    ],
    "a request again": [(ALDER, Inquiry(request_hashes=(H1,)))] * 2,
    "a fact twice": [(DESK, fact()), (DESK, fact())],
    "two facts and both withdrawn": [
        (DESK, fact()),
        (DESK, fact()),
        (DESK, fact(withdraws=2)),
        (DESK, fact(withdraws=1)),
    ],
    "two aliases of one primary": [(DESK, alias(DUNS, LEI)), (BOTH, alias(REF, LEI))],
    "an alias of a kind's own": [(DESK, alias("ref:LIST:2", REF))],
    "two disputes, resolved in any order": [
        (DESK, dispute()),
        (DESK, dispute()),
        (DESK, Resolution(dispute=2, outcome=2)),
        (DESK, Resolution(dispute=1, outcome=1)),
    ],
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_rule_lets_pass(name: str) -> None:
    assert after(*ACCEPTED[name]).state.size == 1 + len(ACCEPTED[name])


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (USCC, "crn:CN:1"),
        ("crn:CN:1", LEI),
        (LEI, "vat:DE:1"),
        ("vat:DE:1", DUNS),
        (DUNS, REF),
    ],
)
def test_primary_ids_have_an_order(better: str, worse: str) -> None:
    ledger = founded()
    refuse(ledger, ledger.sign(DESK, alias(better, worse)), RuleError)
    ledger.accept(DESK, alias(worse, better))
    assert ledger.state.primary_of(SubjectId(worse)) == better
    assert ledger.state.primary_of(SubjectId(better)) == better


def test_a_month_closes_with_the_second_steward() -> None:
    ledger = after((CHAMBER, close()))
    assert (ledger.state.closed_at(JANUARY), ledger.state.log_month) == (None, JANUARY)
    assert ledger.state.has_closed(JANUARY, CHAMBER)
    assert not ledger.state.has_closed(JANUARY, AUDITOR)
    ledger.accept(ALDER, report())
    ledger.accept(AUDITOR, close())
    assert (ledger.state.closed_at(JANUARY), ledger.state.log_month) == (3, FEBRUARY)
    ledger.accept(UNION, close())
    assert (ledger.state.closed_at(JANUARY), ledger.state.log_month) == (3, FEBRUARY)
    for party in (UNION, REGULATOR):
        ledger.accept(party, close(FEBRUARY))
    assert (ledger.state.closed_at(FEBRUARY), ledger.state.last_closed()) == (6, FEBRUARY)
    assert [ledger.state.last_closed(size) for size in (3, 4, 6, 7)] == [None, JANUARY, JANUARY, FEBRUARY]
    assert ledger.state.closed_at(Month(JANUARY - 1)) is None


def test_periods_close_apart_from_months() -> None:
    ledger = after((CHAMBER, close_period()), (AUDITOR, close()))
    assert (ledger.state.next_period, ledger.state.log_month) == (0, JANUARY)
    ledger.accept(UNION, close_period())
    assert (ledger.state.next_period, ledger.state.log_month) == (1, JANUARY)


def test_a_report_keeps_the_month_and_minimum_of_its_place() -> None:
    ledger = after((ALDER, report()), (CHAMBER, close()), (AUDITOR, close()), (ALDER, report(128)))
    first, second = ledger.state.reports.values()
    assert (first.index, first.seq, first.rows, first.log_month) == (1, 0, 64, JANUARY)
    assert (second.index, second.seq, second.rows, second.log_month) == (4, 1, 128, FEBRUARY)
    assert (first.contributors_min, first.stewards) == (4, XS)
    assert ledger.state.report_of(ALDER, 1) is second
    assert ledger.state.report_of(ALDER, 2) is None
    assert ledger.state.report_of(BIRCH, 0) is None


def test_the_first_log_of_a_request_is_its_inquiry() -> None:
    ledger = after(
        (ALDER, Inquiry(request_hashes=(H1, H2))),
        (BIRCH, Inquiry(request_hashes=(H1,))),
        (ALDER, Inquiry(request_hashes=(H2, H3))),
        (CHAMBER, close()),
        (AUDITOR, close()),
        (ALDER, Inquiry(request_hashes=(H1, bytes(32)))),
    )

    def place(party: PartyId, request_hash: bytes) -> tuple[int, int, int] | None:
        found = ledger.state.request(party, RequestHash(request_hash))
        return None if found is None else (found.index, found.log_month, found.ordinal)

    assert place(ALDER, H1) == (1, JANUARY, 0)
    assert place(ALDER, H2) == (1, JANUARY, 1)
    assert place(ALDER, H3) == (3, JANUARY, 2)
    assert place(BIRCH, H1) == (2, JANUARY, 0)
    assert place(BIRCH, H2) is None
    found = place(ALDER, bytes(32))
    assert found is not None
    assert found[:2] == (6, FEBRUARY)


BROKEN: dict[str, Callable[[Ledger], bytes]] = {
    "report of 63": lambda log: log.sign_fields(ALDER, "report", [[H1] * 63, H1, [[2, H1, H1, 1]]]),
    "a body that is null": lambda log: log.sign_fields(ALDER, "inquiry", None),
    "the same entry twice": lambda log: log.sign_fields(CHAMBER, "validity", [[[1, None], [1, None]]]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_well_signed_but_malformed_leaves_no_trace(name: str) -> None:
    ledger = after((ALDER, report()))
    root = ledger.state.frontier.root()
    with pytest.raises(RejectedError):
        ledger.append(BROKEN[name](ledger))
    assert (ledger.state.size, ledger.state.frontier.root()) == (2, root)
