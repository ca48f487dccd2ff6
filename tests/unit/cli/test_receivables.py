import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support_cli import Run
from support_embedded import copy_of_tiny_demo, tiny_books

HEADER = "invoice,customer,invoice_date,due_date,paid_date,amount,currency\n"
GOOD = "N1,SHARED,2024-03-01,2024-03-20,2024-03-30,5.00,CNY\n"
BAD = "N2,SHARED,2024-03-01,2024-03-20,,5.00,EUR\n"
CREDIT = "N3,SHARED,2024-03-01,2024-03-20,,-5.00,CNY\n"


Book = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return copy_of_tiny_demo(tmp_path)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    def book(*lines: str) -> Path:
        path = tmp_path / "book.csv"
        path.write_text(HEADER + "".join(lines))
        return path

    return book


def test_check_says_line_by_line_what_would_be_taken(run: Run, demo: Path, book: Book) -> None:
    path = book(GOOD, BAD, CREDIT)
    ended = run("receivables", "check", path, "--dir", demo, "--json")
    assert ended.code == 1
    told = ended.document
    assert [(verdict["line"], verdict["verdict"]) for verdict in told["verdicts"]] == [
        (2, "take"),
        (3, "refuse"),
        (4, "leave-out"),
    ]
    assert told["verdicts"][0]["subject"] == "ref:DEMO:SHARED"
    assert told["verdicts"][1]["reason"] == "currency_no_rate"
    assert (told["lines"], told["taken"], told["refused"], told["left_out"]) == (3, 1, 1, 1)
    plain = run("receivables", "check", path, "--dir", demo)
    assert plain.code == 1
    assert "Lines 3: 1 can be taken, 1 are left out, 1 are refused." in plain.out
    assert "Line 3, column currency" in plain.out
    assert "Taken: lines 2" in plain.out
    assert "第3行“currency”列" in run("receivables", "check", path, "--dir", demo, "--lang", "zh-CN").out


def test_check_needs_no_consortium(run: Run, book: Book) -> None:
    ended = run(
        "receivables", "check", book(GOOD, GOOD.replace("N1", "N4")), "--json", "--as-of", "2024-04-01"
    )
    assert ended.code == 0
    assert ended.document["taken"] == 2
    assert "subject ids are not checked" in ended.err
    # The currency is that of most lines, unless it is said.
    two = book(BAD, BAD.replace("N2", "N5"), GOOD)
    assert run("receivables", "check", two, "--json").document["currencies"] == {"EUR": 2}
    assert run("receivables", "check", two, "--json", "--currency", "CNY").document["currencies"] == {
        "CNY": 1
    }


def test_a_day_after_the_export_is_refused(run: Run, book: Book) -> None:
    ended = run("receivables", "check", book(GOOD), "--as-of", "2024-03-10", "--json")
    assert ended.document["verdicts"][0]["reason"] == "date_future"
    assert run("receivables", "check", book(GOOD), "--as-of", "10.3.2024").code == 2


def test_customers_come_from_the_map_and_its_bad_lines_are_listed(
    run: Run, demo: Path, book: Book, tmp_path: Path
) -> None:
    table = tmp_path / "map.csv"
    table.write_text("customer,subject\nSHARED,uscc:91350100M000100Y43\nOTHER,uscc:1\n")
    ended = run("receivables", "check", book(GOOD), "--map", table, "--dir", demo, "--json")
    assert ended.code == 1
    assert ended.document["verdicts"][0]["subject"] == "uscc:91350100M000100Y43"
    assert [remark["line"] for remark in ended.document["map_refused"]] == [3]
    table.write_text("customer,subject\nSHARED,uscc:91350100M000100Y43\n")
    assert run("receivables", "check", book(GOOD), "--map", table, "--dir", demo).code == 0
    table.write_text("customer,subject\nOTHER,uscc:91350100M000100Y43\n")
    ended = run("receivables", "check", book(GOOD), "--map", table, "--dir", demo, "--json")
    assert ended.document["verdicts"][0]["reason"] == "no_subject"


def test_a_mapping_is_saved_and_taken_again(run: Run, demo: Path, book: Book, tmp_path: Path) -> None:
    saved = tmp_path / "mapping.json"
    assert run("receivables", "check", book(GOOD), "--dir", demo, "--save-mapping", saved).code == 0
    assert json.loads(saved.read_text())["columns"]["customer"] == "customer"
    assert run("receivables", "check", book(GOOD), "--dir", demo, "--mapping", saved).code == 0
    saved.write_text('{"columns": {"amount": "nowhere"}}')
    assert run("receivables", "check", book(GOOD), "--dir", demo, "--mapping", saved).code == 1


def test_a_file_that_is_no_table_is_refused_in_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\0\0\0")
    ended = run("receivables", "check", tmp_path / "x.csv", "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "receivables_table"
    assert run("receivables", "check", tmp_path / "missing.csv").code == 2


def test_an_import_is_all_or_nothing_unless_it_is_told(run: Run, home: Path, book: Book) -> None:
    words = ("receivables", "import", book(GOOD, BAD), "--dir", home, "--party", "ash", "--json")
    refused = run(*words)
    assert refused.code == 1
    assert refused.document["imported"] is None
    assert run(*words, "--skip-refused").document["imported"]["new"] == 1
    again = run(*words, "--skip-refused")
    assert again.code == 0
    assert (again.document["imported"]["new"], again.document["imported"]["unchanged"]) == (0, 1)


def test_an_import_says_how_many_invoices_customers_and_rows(run: Run, home: Path, book: Book) -> None:
    april = "N9,FAILING,2024-04-01,2024-04-20,,7.00,CNY\n"
    words = ("receivables", "import", book(GOOD, april), "--dir", home, "--party", "elm")
    ended = run(*words)
    assert ended.code == 0
    assert "Imported: invoices new 2, changed 0, unchanged 0." in ended.out
    assert "Customers 2, subjects 2, rows 1, of which due 0." in ended.out
    assert "SHARED, Mar 2024: reported paid late" in ended.out
    assert "What was reported stays as it was." in ended.out


def test_what_was_reported_and_differs_now_is_listed(run: Run, home: Path, tmp_path: Path) -> None:
    corrected = tmp_path / "cedar.csv"
    corrected.write_text(
        tiny_books()["cedar"].replace("2024-01-02,2024-01-20,2024-01-21", "2024-01-02,2024-01-20,2024-01-19")
    )
    ended = run("receivables", "import", corrected, "--dir", home, "--party", "cedar", "--json")
    (difference,) = ended.document["imported"]["differences"]
    assert (difference["subject"], difference["month"]) == ("ref:DEMO:SHARED", "2024-01")
    assert (difference["reported"][0], difference["now"][0]) == (2, 1)


def test_an_older_export_is_refused(run: Run, home: Path, book: Book) -> None:
    early = GOOD.replace("2024-03-30", "2024-03-02")
    ended = run(
        "receivables", "import", book(early), "--dir", home, "--party", "ash", "--as-of", "2024-03-15"
    )
    assert ended.code == 1
    assert "[older_export]" in ended.err


def test_only_a_member_has_a_book(run: Run, home: Path, book: Book) -> None:
    for party in ("desk", "steward-1"):
        assert run("receivables", "import", book(GOOD), "--dir", home, "--party", party).code == 2
