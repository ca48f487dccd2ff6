"""Which members `make net` has, and which months it reports, from a folder of exports."""

from datetime import date
from pathlib import Path

import pytest
from net_books import BooksError, books_of, sample_books

HEAD = "invoice,customer,invoice_date,due_date,paid_date,amount,currency\n"


def written(folder: Path, **exports: str) -> Path:
    for member, lines in exports.items():
        (folder / f"{member}.csv").write_text(HEAD + lines)
    return folder


def test_members_months_currency_and_customers_are_those_of_the_folder(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        birch="1,C1,2019-01-31,2019-02-28,2019-04-29,10.00,USD\n2,C2,2018-12-02,2019-01-02,,5.00,EUR\n",
        alder="1,C1,2019-02-01,2019-03-01,,10.00,USD\n",
    )
    books = books_of(folder)
    assert books.members == ("alder", "birch")
    assert books.months == ("2018-12", "2019-01", "2019-02", "2019-03")
    assert (books.last_day, books.currency, books.most_shared) == (date(2019, 4, 29), "USD", "ref:DEMO:C1")


def test_a_month_whose_last_day_is_the_last_day_has_ended(tmp_path: Path) -> None:
    folder = written(tmp_path, alder="1,C1,2019-02-01,2019-03-01,2019-02-28,10.00,EUR\n")
    assert books_of(folder).months == ("2019-02",)


@pytest.mark.parametrize("exports", [{}, {"alder": ""}, {"alder": "1,C1,soon,2019-03-01,,10.00,EUR\n"}])
def test_a_folder_without_usable_exports_is_refused(tmp_path: Path, exports: dict[str, str]) -> None:
    with pytest.raises(BooksError, match="invoice_date"):
        books_of(written(tmp_path, **exports))


def test_the_sample_has_four_members_and_a_half_year() -> None:
    books = sample_books()
    assert len(books.members) == 4
    assert (books.months[0], books.months[-1], len(books.months)) == ("2025-07", "2025-12", 6)
