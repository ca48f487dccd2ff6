"""`hanse warning` in a demo's folder, whose people are called by their roles."""

from pathlib import Path

import pytest
from support_cli import Run
from support_embedded import FAILING, copy_of_tiny_demo

WHO = ("--as", "analyst")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_of_tiny_demo(tmp_path)


def level(run: Run, folder: Path) -> int:
    (answer,) = run(
        "inquire", FAILING, "--purpose", "monitoring", "--dir", folder, "--party", "cedar", "--json"
    ).document
    return int(answer["warning_level"])


def test_a_round_brings_what_two_members_warn_of_to_a_third(run: Run, folder: Path) -> None:
    for party in ("ash", "birch"):
        at = ("--dir", folder, "--party", party)
        raised = run("warning", "raise", FAILING, "--reason", "collection", *WHO, *at)
        assert (raised.code, raised.out) == (
            0,
            f"{FAILING}: placed for collection, raised by analyst; goes with the next bulletin\n",
        )
    assert level(run, folder) == 0
    ended = run("warning", "round", "--dir", folder, "--json")
    assert ended.document == {"period": 4}
    assert level(run, folder) == 1
    at = ("--dir", folder, "--party", "ash")
    listed = run("warning", "list", *WHO, *at)
    assert (
        listed.out == f"{FAILING}: placed for collection, raised by analyst; in effect until 2024-07 closes\n"
    )
    assert run("warning", "clear", FAILING, *WHO, *at, "--json").document["state"] == "clearing"
    assert run("warning", "round", "--dir", folder).out == ""
    assert level(run, folder) == 0
    assert run("warning", "list", FAILING, *WHO, *at, "--json").document[0]["state"] == "cleared"
    assert run("log", "audit", "--dir", folder).code == 0


def test_what_cannot_be_done(run: Run, folder: Path) -> None:
    at = ("--dir", folder, "--party", "ash")
    for words, code in (
        (("raise", FAILING, "--reason", "collection", "--as", "admin"), "not_permitted"),
        (("raise", "FAILING", "--reason", "collection", *WHO), "subject_id"),
        (("clear", FAILING, *WHO), "not_found"),
        (("proposals", "--confirm", FAILING, *WHO), "not_found"),
    ):
        refused = run("warning", *words, *at, "--json")
        assert (refused.code, refused.document["error"]["code"]) == (1, code), words
    wrong: tuple[tuple[str, ...], ...] = (
        ("raise", FAILING, "--reason", "gossip", *WHO),
        ("raise", FAILING, "--reason", "returned", "--notified-on", "today", *WHO),
        ("raise", FAILING, "--reason", "returned"),
        ("proposals", "--confirm", FAILING, "--dismiss", FAILING, *WHO),
    )
    for usage in wrong:
        assert run("warning", *usage, *at).code == 2, usage


def test_the_book_proposes(run: Run, folder: Path, tmp_path: Path) -> None:
    at = ("--dir", folder, "--party", "ash")
    assert run("warning", "proposals", *WHO, *at).out == "The book proposes nothing.\n"
    header = "invoice,customer,invoice_date,due_date,paid_date,amount,currency,status"
    export = tmp_path / "late.csv"
    lines = [header, "L1,LATE,2024-03-01,2024-03-11,,10.00,CNY,returned"]
    lines += ["B1,BROKE,2024-03-01,2024-03-11,,20.00,CNY,bad debt"]
    export.write_text("\n".join(lines))
    taken = run("receivables", "import", export, *at)
    assert taken.code == 0, taken.err
    found = run("warning", "proposals", *WHO, *at, "--json").document
    assert [(one["subject"], one["kind"], one["reason"]) for one in found] == [
        ("ref:DEMO:BROKE", "raise", "charged_off"),
        ("ref:DEMO:LATE", "raise", "returned"),
    ]
    shown = run("warning", "proposals", *WHO, *at)
    assert "payment returned unpaid" in shown.out
    confirmed = run("warning", "proposals", "--confirm", "ref:DEMO:LATE", *WHO, *at, "--json")
    assert confirmed.document["source"] == "book"
    rest = run("warning", "proposals", "--dismiss", "ref:DEMO:BROKE", *WHO, *at, "--json")
    assert rest.document == []
