"""`make net ENGINE=cometbft DATABASE=postgresql` with small books: asked, ended, begun again, deleted."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from net_books import books_of
from net_databases import database_folder, programs
from net_parties import STEWARDS, Layout
from net_processes import comet_pid
from support_comet import cometbft
from support_make_net import Net, windows_of_exports

MEMBERS = ("alder", "birch", "cedar", "doum")
SUBJECT = "ref:DEMO:C1"
HEAD = "invoice,customer,invoice_date,due_date,paid_date,amount,currency\n"


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exports of one month: every member has sold to one customer, who pays all but one of them late."""
    folder = tmp_path_factory.mktemp("books")
    for place, member in enumerate(MEMBERS):
        line = f"1,C1,2025-07-01,2025-07-15,2025-07-{10 + 7 * place},{place + 1}20.00,EUR\n"
        (folder / f"{member}.csv").write_text(HEAD + line)
    return folder


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory, books: Path) -> Iterator[Net]:
    cometbft()
    if programs() is None:
        pytest.skip("PostgreSQL is not installed: make setup-full")
    net = Net(tmp_path_factory.mktemp("agreed") / "net")
    asked = ("--engine", "cometbft", "--database", "postgresql", "--receivables", str(books))
    try:
        ended = net.run("up", *asked)
        assert ended.code == 0, ended.err
        yield net
    finally:
        net.run("delete")


def left_of(net: Net, layout: Layout) -> list[str]:
    """What of a net still runs on this machine, and which networks of it are there."""
    folders = [str(net.folder), *(str(database_folder(party)) for party in layout.parties.values())]
    running = [line for line in said("ps", "-eo", "args") if any(folder in line for folder in folders)]
    if layout.bridge is None:
        return running
    shown = said("ip", "-brief", "link") + said("ip", "netns", "list")
    return running + [line for line in shown if f"-{layout.bridge.tag}" in line]


def said(*command: str) -> list[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def test_four_agree_and_what_is_answered_is_what_the_exports_say(net: Net, books: Path) -> None:
    (answer,) = net.inquire("alder", SUBJECT)
    month = 2025 * 12 + 6
    clear = windows_of_exports(books_of(books).exports, first=month, last=month)
    assert (answer["status"], answer["windows"]) == ("checked", clear[SUBJECT])
    assert answer["windows"]
    for party in net.parties.values():
        assert party.is_validator == (party.id in STEWARDS)
        with net.client(party.id) as client:
            ready = client.get("/readyz").json()
        assert (comet_pid(party) is not None) == party.is_validator
        assert (ready["agreement"] is not None) == party.is_validator
        assert (database_folder(party) / "data" / "PG_VERSION").exists()
        assert not list(party.home.glob("*.sqlite"))


def test_down_leaves_the_databases_alone_and_delete_nothing(net: Net, books: Path) -> None:
    layout = net.layout
    (before,) = net.inquire("birch", SUBJECT)
    assert net.run("down").code == 0
    assert left_of(net, layout) == []
    # What is there goes on with what it was founded as.
    again = net.run("up", "--receivables", str(books))
    assert again.code == 0, again.err
    assert left_of(net, layout) != []
    (after,) = net.inquire("birch", SUBJECT)
    assert (after["status"], after["windows"]) == ("checked", before["windows"])
    assert net.run("delete").code == 0
    assert left_of(net, layout) == []
    assert not net.folder.exists()
    assert not any(database_folder(party).exists() for party in layout.parties.values())


def test_delete_leaves_a_folder_that_is_no_nets(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    ended = Net(tmp_path).run("delete")
    assert ended.code == 0
    assert "no consortium" in ended.err
    assert (tmp_path / "mine").exists()
