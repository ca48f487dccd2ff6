"""Which rows are withheld since when, as a function of positions alone."""

from hanse_ledger.ids import Month, PartyId
from hanse_ledger.privacy.bulletin import Code
from hanse_ledger.withholding import (
    Contest,
    RowPlace,
    Said,
    is_open,
    last_month_to_respond,
    withheld_rows,
)

ALDER, BIRCH = PartyId("alder"), PartyId("birch")
OURS, THEIRS = RowPlace(3, 7), RowPlace(4, 0)
CLOSES = (10, 20, 30)


def said(code: Code, took_effect: int, row: RowPlace = OURS, dispute: int | None = 5) -> Said:
    return Said(row=row, code=code, dispute=dispute, took_effect=took_effect)


def contest(ends_at: int | None = 30, resolved_at: int | None = None, took_effect: int = 8) -> Contest:
    return Contest(
        dispute=5,
        took_effect=took_effect,
        ends_at=ends_at,
        resolved_at=resolved_at,
        rows={OURS: ALDER, THEIRS: BIRCH},
    )


def test_a_withdrawal_waits_for_the_next_close_after_it() -> None:
    for took_effect, since in ((9, 10), (10, 20), (29, 30)):
        assert withheld_rows([said(Code.ERROR, took_effect, dispute=None)], [], CLOSES) == {OURS: since}
    assert withheld_rows([said(Code.WRONG_SUBJECT, 30, dispute=None)], [], CLOSES) == {}


def test_the_first_withdrawal_of_a_row_holds() -> None:
    twice = [said(Code.ERROR, 25, dispute=None), said(Code.WRONG_SUBJECT, 12, dispute=None)]
    assert withheld_rows(twice, [], CLOSES) == {OURS: 20}


def test_silence_is_withheld_from_the_close_that_ends_the_term() -> None:
    assert withheld_rows([said(Code.CONFIRMED, 9)], [contest()], CLOSES) == {THEIRS: 30}
    assert withheld_rows([], [contest(ends_at=None)], CLOSES) == {}
    for resolved_at, rows in ((29, set()), (31, {OURS, THEIRS})):
        assert withheld_rows([], [contest(resolved_at=resolved_at)], CLOSES).keys() == rows


def test_what_does_not_hold_is_withheld_from_the_next_close_on_resolved_or_not() -> None:
    for code in (Code.CORRECTED, Code.CANNOT_BE_CONFIRMED):
        both = [said(code, 12), said(Code.CONFIRMED, 11, THEIRS)]
        assert withheld_rows(both, [contest(resolved_at=11)], CLOSES) == {OURS: 20}


def test_a_row_that_was_confirmed_before_may_still_be_overturned() -> None:
    changed = [said(Code.CONFIRMED, 9), said(Code.CORRECTED, 21), said(Code.CONFIRMED, 9, THEIRS)]
    assert withheld_rows(changed, [contest()], CLOSES) == {OURS: 30}


def test_an_answer_before_or_after_the_term_is_none() -> None:
    for took_effect in (8, 31):
        early = [said(Code.CANNOT_BE_CONFIRMED, took_effect), said(Code.CONFIRMED, 9, THEIRS)]
        assert withheld_rows(early, [contest(ends_at=30)], CLOSES) == {OURS: 30}
    other = [said(Code.CANNOT_BE_CONFIRMED, 9, dispute=6), said(Code.CANNOT_BE_CONFIRMED, 9, dispute=None)]
    assert withheld_rows(other, [contest(ends_at=None)], CLOSES) == {}
    elsewhere = [said(Code.CANNOT_BE_CONFIRMED, 9, RowPlace(9, 9))]
    assert withheld_rows(elsewhere, [contest(ends_at=None)], CLOSES) == {}


def test_an_answer_is_no_withdrawal_and_a_withdrawal_no_answer() -> None:
    assert withheld_rows([said(Code.CORRECTED, 9, dispute=None)], [], CLOSES) == {}
    assert withheld_rows([said(Code.ERROR, 9)], [contest(ends_at=None)], CLOSES) == {}


def test_a_dispute_is_open_between_its_effect_and_its_resolution() -> None:
    assert not is_open(took_effect=8, resolved_at=None, log_size=8)
    assert is_open(took_effect=8, resolved_at=None, log_size=9)
    assert is_open(took_effect=8, resolved_at=12, log_size=12)
    assert not is_open(took_effect=8, resolved_at=12, log_size=13)
    assert not is_open(took_effect=8, resolved_at=6, log_size=9)


def test_the_term_is_as_many_months_after_the_dispute_s_own() -> None:
    assert last_month_to_respond(Month(100), 2) == 102
