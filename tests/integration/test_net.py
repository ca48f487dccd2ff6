"""`make net`: founded by the founders' own commands, nine processes, asked in every way, down and up."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from net_books import sample_books
from net_processes import stop_all
from net_records import identity_of
from support_make_net import Net, record_of, windows_in_the_clear
from support_net import wait_until

from hanse_client import Hanse

BATCH = 64


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    net = Net(tmp_path_factory.mktemp("make") / "net")
    ended = net.run("up")
    assert ended.code == 0, ended.err
    try:
        yield net
    finally:
        net.run("delete")


@pytest.fixture
def net(founded: Net) -> Net:
    """The net with all of its processes."""
    if None in founded.pids().values():
        assert founded.run("up").code == 0
    return founded


@contextmanager
def ending(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Kill a process whatever becomes of the block."""
    try:
        yield
    finally:
        process.kill()


def test_an_answer_is_the_same_by_http_by_command_and_by_client(net: Net) -> None:
    subject, alder = sample_books().most_shared, net.parties["alder"]
    (by_http,) = net.inquire("alder", subject)
    words = ("inquire", subject, "--purpose", "credit-review", "--url", alder.url)
    by_command = net.hanse(*words, "--api-key-file", alder.api_key, "--json")
    assert by_command.code == 0, by_command.err
    shown = net.hanse(*words, HANSE_API_KEY=alder.api_key.read_text())
    assert f"Report on {subject}" in shown.out
    with Hanse(
        alder.url, api_key=alder.api_key.read_text().strip(), trust=alder.home / "consortium.json"
    ) as hanse:
        by_client = hanse.check(subject, purpose="credit-review")
    assert by_http["status"] == by_client.status == "checked"
    (answer,) = by_command.document
    assert answer["windows"] == by_http["windows"] == windows_in_the_clear()[subject]
    assert [list(window.months) for window in by_client.windows] == [w["months"] for w in answer["windows"]]
    assert [list(window.condition or ()) for window in by_client.windows] == [
        window["condition"] for window in answer["windows"]
    ]


def test_the_command_says_what_is_wrong_with_a_remote_node(net: Net) -> None:
    url = net.parties["alder"].url
    asked = ("inquire", sample_books().most_shared, "--purpose", "credit-review", "--json", "--url")
    assert net.hanse(*asked, url).code == 2
    refused = net.hanse(*asked, url, HANSE_API_KEY="not a key")
    assert (refused.code, refused.document["error"]["code"]) == (1, "api_key")
    silent = net.hanse(*asked, "http://127.0.0.1:9", HANSE_API_KEY="not a key")
    assert (silent.code, silent.document["error"]["code"]) == (1, "unavailable")


def test_answer_files_of_a_running_node_verify(net: Net) -> None:
    alder, out = net.parties["alder"], net.folder / "answers"
    words = (
        "inquire",
        sample_books().most_shared,
        "ref:DEMO:NOBODY",
        "--purpose",
        "onboarding",
        "--out",
        f"{out}/",
    )
    ended = net.hanse(*words, "--url", alder.url, "--api-key-file", alder.api_key, "--json")
    assert ended.code == 0, ended.err
    found = {}
    for path in sorted(out.iterdir()):
        verified = net.hanse("verify", path, "--consortium", alder.home / "consortium.json", "--json")
        assert verified.code == 0, verified.err
        found[verified.document["request_id"]] = verified.document
    assert found == {answer["request_id"]: answer for answer in ended.document}


def test_every_figure_is_that_of_the_exports(net: Net) -> None:
    clear = windows_in_the_clear()
    subjects = sorted(clear)
    answers = []
    for begin in range(0, len(subjects), BATCH):
        answers += net.inquire("birch", *subjects[begin : begin + BATCH])
    assert {answer["subject"]: answer["windows"] for answer in answers} == clear
    assert {answer["status"] for answer in answers} == {"checked", "nothing"}


def test_up_again_changes_nothing_and_brings_back_what_was_killed(net: Net) -> None:
    before = net.pids()
    again = net.run("up")
    assert (again.code, net.pids()) == (0, before)
    assert "It runs already." in again.err
    pid = before["cedar"]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert net.run("up").code == 0
    after = net.pids()
    assert {party for party in net.parties if after[party] != before[party]} == {"cedar"}
    assert None not in after.values()


def test_down_ends_exactly_its_own_processes(net: Net) -> None:
    doum = net.parties["doum"]
    record = record_of(doum)
    os.kill(record["pid"], signal.SIGKILL)
    wait_until(lambda: net.pids()["doum"] is None, "doum is gone")
    with subprocess.Popen(["sleep", "600"]) as stranger, ending(stranger):
        # The number of the killed process has gone to a stranger, as numbers do.
        (doum.home / "process.json").write_text(json.dumps({**record, "pid": stranger.pid}))
        before = [pid for party, pid in net.pids().items() if party != "doum"]
        ended = net.run("down")
        assert ended.code == 0
        assert "doum" not in ended.err
        assert set(net.pids().values()) == {None}
        assert all(identity_of(pid or 0) is None for pid in before)
        assert stranger.poll() is None
    assert net.run("down").err == "Nothing runs.\n"


def test_with_one_steward_down_answers_stay_checked_and_with_two_they_say_so(net: Net) -> None:
    subject = sample_books().most_shared
    (whole,) = net.inquire("doum", subject)
    stop_all([net.parties["steward-2"]])
    (with_three,) = net.inquire("doum", subject)
    assert (with_three["status"], with_three["windows"]) == ("checked", whole["windows"])
    stop_all([net.parties["steward-4"]])
    (with_two,) = net.inquire("doum", subject)
    assert (with_two["status"], with_two["windows"]) == ("unchecked", whole["windows"])
    assert net.run("up").code == 0
    (again,) = net.inquire("doum", subject)
    assert (again["status"], again["windows"]) == ("checked", whole["windows"])


def test_a_member_that_lost_everything_comes_back_from_its_backup(net: Net) -> None:
    subject, cedar = sample_books().most_shared, net.parties["cedar"]
    copy, passphrase = net.folder / "cedar.tar.gz.age", cedar.passphrase.read_text().strip()
    made = net.hanse("backup", "--config", cedar.config, "--out", copy, "--json")
    assert made.code == 0, made.err
    # What is logged after the copy was made is known to the others.
    (before,) = net.inquire("cedar", subject)
    stop_all([cedar])
    shutil.rmtree(cedar.home)
    restored = net.hanse("restore", copy, "--dir", cedar.home, "--json", HANSE_PASSPHRASE=passphrase)
    assert restored.code == 0, restored.err
    assert restored.document["new_statements"] > 0
    assert set(restored.document["heard"]) == set(net.parties) - {"cedar"}
    cedar.passphrase.write_text(passphrase)
    cedar.passphrase.chmod(0o600)
    # Its people get a new API key: of theirs the node has the hash alone.
    assert net.run("up").code == 0
    (after,) = net.inquire("cedar", subject)
    assert (after["status"], after["windows"]) == ("checked", before["windows"])
    copy.unlink()
