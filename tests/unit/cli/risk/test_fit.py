"""`hanse risk fit` and `hanse risk model`: a card in both languages, and whether its figures may be used."""

from contextlib import closing
from pathlib import Path

import pytest
from support_cli import Run
from support_model import BOOK_DAY, bills
from support_people import put_bills, write_config

from node.storage.database import Database

pytest.importorskip("sklearn", reason="needs the extra hanse[model]")


@pytest.fixture
def at(run: Run, tmp_path: Path) -> tuple[object, ...]:
    config = write_config(tmp_path)
    assert run("risk", "people", "add", "ada", "--role", "admin", "--config", config).code == 0
    return ("--as", "ada", "--config", config)


def fill(folder: Path, customers: int) -> None:
    with closing(Database(folder / "node.sqlite")) as database:
        put_bills(database, *bills(customers=customers), as_of=BOOK_DAY)


def test_a_model_that_is_ready_is_shown_with_its_figures(
    run: Run, tmp_path: Path, at: tuple[object, ...]
) -> None:
    fill(tmp_path, 120)
    fitted = run("risk", "fit", *at)
    assert fitted.code == 0, fitted.err
    for words in ("Ready: its probabilities are shown.", "AUC", "95% interval", "Became late"):
        assert words in fitted.out
    chinese = run("--lang", "zh-CN", "risk", "model", *at).out
    assert "可用：显示其概率。" in chinese
    assert "Ready" not in chinese
    card = run("risk", "model", *at, "--json").document
    assert (card["version"], card["state"], card["fitted_by"]) == (1, "ready", "ada")


def test_too_few_outcomes_are_a_refusal_that_says_how_many_are_missing(
    run: Run, tmp_path: Path, at: tuple[object, ...]
) -> None:
    fill(tmp_path, 24)
    fitted = run("risk", "fit", *at, "--json")
    assert (fitted.code, fitted.document["state"]) == (1, "too_few")
    missing = fitted.document["missing"]["late_customers"]
    assert missing > 0
    shown = run("risk", "model", *at)
    assert shown.code == 0
    assert f"Customers who paid late are missing: {missing}" in shown.out


def test_before_any_fit_there_is_no_card(run: Run, at: tuple[object, ...]) -> None:
    ended = run("risk", "model", *at, "--json")
    assert (ended.code, ended.document["error"]["code"]) == (1, "not_found")
