"""Rows that are due, and how they are cut into reports whose size says no more than a power of two."""

import hashlib
import random
from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from support_node import invoice, month

from consortium_config.sample import demo_policy
from hanse_ledger.errors import MissingRateError
from hanse_ledger.evidence import encode_leaf, evidence_root, leaf_hash, row_leaves
from hanse_ledger.ids import Month, SubjectId, Token
from hanse_ledger.rows import Invoice, Row
from node.roles.drafts import Draft, DueRow, cut_drafts, due_rows, first_open_month

POLICY = demo_policy(currency="EUR", exponent=2)
OCTOBER, NOVEMBER, DECEMBER = month("2024-10"), month("2024-11"), month("2024-12")


def token(subject: SubjectId) -> Token:
    return Token(hashlib.sha256(subject.encode()).digest())


def due(number: int, at: Month = NOVEMBER, *, condition: int = 3) -> DueRow:
    return DueRow(
        subject=SubjectId(f"ref:DEMO:{number}"),
        month=at,
        row=Row(condition=condition, exposure=1, delay=2, peak_minor=123_400, delay_days=9),
        leaves=[encode_leaf("subject", f"ref:DEMO:{number}"), encode_leaf("month", int(at))],
        salts=[bytes([number % 256]) * 16, bytes([at % 256]) * 16],
    )


def cut(
    rows: list[DueRow], log_month: Month = DECEMBER, seed: int = 7
) -> list[tuple[Draft, list[DueRow | None]]]:
    tokens = {row.subject: token(row.subject) for row in rows}
    return cut_drafts(rows, tokens, log_month=log_month, entropy=random.Random(seed).randbytes)


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (0, [64]),
        (1, [64]),
        (63, [64]),
        (64, [64]),
        (65, [128]),
        (128, [128]),
        (129, [256]),
        (513, [1_024]),
        (1_024, [1_024]),
        (1_025, [1_024, 64]),
        (2_048, [1_024, 1_024]),
        (2_348, [1_024, 1_024, 512]),
    ],
)
def test_reports_have_1024_rows_and_the_last_a_power_of_two(count: int, sizes: list[int]) -> None:
    drafts = cut([due(number) for number in range(count)])
    assert [len(draft.rows) for draft, _ in drafts] == sizes
    assert [len(draft.evidence_roots) for draft, _ in drafts] == sizes
    placed = [row for _, rows in drafts for row in rows if row is not None]
    assert sorted(row.subject for row in placed) == sorted(f"ref:DEMO:{n}" for n in range(count))


def test_rows_stand_in_the_order_of_month_and_token_over_all_reports() -> None:
    rng = random.Random(5)
    rows = [due(number, Month(OCTOBER + number % 3)) for number in range(1_500)]
    rng.shuffle(rows)
    drafts = cut(rows)
    keys = [
        (int(draft.rows.month(i)), bytes(draft.rows.token(i)))
        for draft, _ in drafts
        for i in range(len(draft.rows))
    ]
    first, last = keys[:1_024], keys[1_024:]
    assert first == sorted(first)
    assert last == sorted(last)
    real = [(row.month, token(row.subject)) for _, placed in drafts for row in placed if row is not None]
    assert real == sorted(real)


def test_each_row_is_at_its_number_with_its_classes_and_root() -> None:
    rows = [due(number, condition=number % 8) for number in range(70)]
    (draft, placed), *_ = cut(rows)
    cells = draft.cells()
    for number, row in enumerate(placed):
        condition, exposure, delay = (0, 0, 0)
        if row is not None:
            condition, exposure, delay = row.row.condition, row.row.exposure, row.row.delay
            assert draft.rows.token(number) == token(row.subject)
            assert draft.rows.month(number) == row.month
            assert draft.evidence_roots[number] == row.root()
        expected = np.zeros(56, np.uint32)
        expected[[condition * 6 + exposure, 48 + delay]] = 1
        assert (cells[number] == expected).all()


def test_a_padding_row_looks_like_any_other() -> None:
    """Its token and root are fresh, its month is the newest of the report, and it is sorted in."""
    ((draft, placed),) = cut([due(number, OCTOBER) for number in range(40)] + [due(90, NOVEMBER)])
    padding = [number for number, row in enumerate(placed) if row is None]
    assert len(padding) == 64 - 41
    assert {draft.rows.month(number) for number in padding} == {NOVEMBER}
    tokens = [draft.rows.token(number) for number in range(64)]
    assert len(set(tokens)) == len(set(draft.evidence_roots)) == 64
    assert {len(each) for each in (*tokens, *draft.evidence_roots)} == {32}
    real = tokens.index(token(SubjectId("ref:DEMO:90")))
    assert min(padding) < real < max(padding)


def test_without_rows_the_padding_is_of_the_log_month() -> None:
    ((draft, placed),) = cut([], log_month=DECEMBER)
    assert placed == [None] * 64
    assert set(draft.rows.months.tolist()) == {DECEMBER}


def test_what_is_random_comes_from_the_entropy_alone() -> None:
    rows = [due(number) for number in range(10)]
    one, same, other = (cut(rows, seed=seed)[0][0] for seed in (1, 1, 2))
    assert one.encode() == same.encode()
    assert one.encode() != other.encode()


def test_a_draft_is_read_back_as_it_was() -> None:
    ((draft, _),) = cut([due(number, Month(OCTOBER + number % 2)) for number in range(50)])
    again = Draft.parse(*draft.encode())
    assert again.encode() == draft.encode()
    assert again.evidence_roots == draft.evidence_roots
    assert (again.cells() == draft.cells()).all()


@pytest.mark.parametrize(
    ("first_month", "log_month", "expected"),
    [
        ("2024-10", "2024-10", "2024-10"),
        ("2024-10", "2024-12", "2024-10"),
        ("2024-10", "2025-01", "2025-01"),
        ("2024-10", "2025-12", "2025-01"),
        ("2023-01", "2024-05", "2024-01"),
    ],
)
def test_only_months_of_the_running_year_are_open(first_month: str, log_month: str, expected: str) -> None:
    assert first_open_month(month(first_month), month(log_month)) == month(expected)


def rows_of(
    book: Mapping[SubjectId, list[Invoice]],
    *,
    first: Month = OCTOBER,
    last: Month = DECEMBER,
    made: set[tuple[SubjectId, Month]] | None = None,
) -> Iterator[DueRow]:
    return due_rows(
        book, first=first, last=last, made=made or set(), policy=POLICY, entropy=random.Random(1).randbytes
    )


C1 = SubjectId("ref:DEMO:C1")
LONG = invoice("R1", "2024-09-20", "2024-10-20", paid="2024-12-05")


def test_a_row_for_each_month_with_an_open_invoice() -> None:
    rows = list(rows_of({C1: [LONG], SubjectId("ref:DEMO:C2"): [invoice("R2", "2025-01-02", "2025-02-01")]}))
    assert [(row.subject, row.month, row.row.condition) for row in rows] == [
        (C1, OCTOBER, 3),
        (C1, NOVEMBER, 4),
        (C1, DECEMBER, 2),
    ]


def test_what_was_made_or_lies_outside_is_left_out() -> None:
    assert [row.month for row in rows_of({C1: [LONG]}, made={(C1, NOVEMBER)})] == [OCTOBER, DECEMBER]
    assert [row.month for row in rows_of({C1: [LONG]}, first=NOVEMBER, last=NOVEMBER)] == [NOVEMBER]


def test_the_evidence_is_that_of_the_invoices_open_in_the_month() -> None:
    other = invoice("R0", "2024-10-05", "2024-11-05", paid="2024-10-30")
    october, november, _ = rows_of({C1: [LONG, other]})
    for row, lines in ((october, [LONG, other]), (november, [LONG])):
        leaves = row_leaves(subject=C1, month=row.month, row=row.row, invoices=lines)
        assert row.leaves == [encode_leaf(name, value) for name, value in leaves]
        hashed = [leaf_hash(salt, *leaf) for leaf, salt in zip(leaves, row.salts, strict=True)]
        assert row.root() == evidence_root(hashed)
        assert len(set(row.salts)) == len(leaves)
    assert not set(october.salts) & set(november.salts)


def test_a_currency_without_a_rate_stops_all() -> None:
    foreign = Invoice(
        reference="R9",
        invoice_date=LONG.invoice_date,
        due_date=LONG.due_date,
        paid_date=None,
        amount_minor=5,
        currency="USD",
        lost_on=None,
    )
    with pytest.raises(MissingRateError):
        list(rows_of({C1: [foreign]}))
