"""What a machine does to a node: full disk, no database, a slow peer, a cut connection, a clock that jumps.

Each time somebody is told clearly, nothing is half done, and the node goes on once the fault is gone.
"""

import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from support_http import API_KEY
from support_net import NodeProcess, found_nodes, start_all, stop_all, wait_until

from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.ids import Month, PartyId, StewardX, month_at, month_text

MEMBERS = [PartyId(name) for name in ("alder", "birch", "cedar", "elm")]
ALDER, STEWARD = MEMBERS[0], STEWARDS[StewardX(1)]
SHARED = "ref:DEMO:SHARED"
ASKED = {"subjects": [SHARED], "purpose": "credit-review"}
NO_BYTES = 1
HARD = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

Nodes = dict[PartyId, NodeProcess]


def book(place: int, month: str) -> bytes:
    lines = ["invoice,customer,invoice_date,due_date,paid_date,amount,currency"]
    lines.append(f"{place}S,{SHARED},{month}-02,{month}-20,{month}-25,{100 + place}.00,EUR")
    return "".join(f"{line}\n" for line in lines).encode()


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Nine nodes whose one month is reported and closed."""
    month = Month(month_at(datetime.now(UTC).date()) - 1)
    _, nodes = found_nodes(tmp_path_factory.mktemp("faults"), MEMBERS, month)
    try:
        start_all(nodes)
        for place, member in enumerate(MEMBERS):
            nodes[member].ask("POST", "/v1/imports?confirm=true", content=book(place, month_text(month)))
        for member in MEMBERS:
            wait_until(lambda: counts(nodes[member]), f"{member}'s report counts")  # noqa: B023
        closing = {"month": month_text(month)}
        for steward in STEWARDS.values():
            wait_until(lambda: closes(nodes[steward], closing), f"{steward} closes")  # noqa: B023
        yield nodes
    finally:
        stop_all(nodes)


@pytest.fixture
def nodes(founded: Nodes) -> Nodes:
    """All nine, whatever a test before this one did."""
    for node in founded.values():
        if node.process.poll() is not None:
            node.start()
        node.wait_ready()
    return founded


def counts(node: NodeProcess) -> bool:
    reported = node.ask("GET", "/v1/reports")
    return bool(reported["reports"] and reported["counting"] == reported["reports"])


def closes(node: NodeProcess, closing: dict[str, str]) -> bool:
    return bool(node.ask("POST", "/v1/months/close", json=closing) == closing)


def inquire(node: NodeProcess) -> dict[str, Any]:
    answer: dict[str, Any] = node.ask("POST", "/v1/inquiries", json=ASKED)["answers"][0]
    return answer


def is_answered(node: NodeProcess) -> bool:
    reply = node.client.post("/v1/inquiries", json=ASKED)
    return reply.is_success and reply.json()["answers"][0]["status"] == "checked"


def code_of(node: NodeProcess, method: str, path: str, **how: Any) -> tuple[int, str | None]:
    reply = node.client.request(method, path, **how)
    return reply.status_code, reply.json().get("code")


@contextmanager
def full_disk(node: NodeProcess) -> Iterator[None]:
    """No file of the process may grow: every write beyond the first byte fails, as on a disk without room."""
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (NO_BYTES, HARD))
    try:
        yield
    finally:
        resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (HARD, HARD))


@contextmanager
def paused(node: NodeProcess) -> Iterator[None]:
    node.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        node.process.send_signal(signal.SIGCONT)


def test_a_member_whose_disk_is_full_says_so_and_goes_on_when_there_is_room(nodes: Nodes) -> None:
    alder, month = nodes[ALDER], month_text(Month(month_at(datetime.now(UTC).date()) - 1))
    more = book(7, month)
    with full_disk(alder):
        assert code_of(alder, "POST", "/v1/inquiries", json=ASKED) == (503, "unavailable")
        assert code_of(alder, "POST", "/v1/imports?confirm=true", content=more) == (503, "unavailable")
        assert alder.client.get("/healthz").status_code == 200
    assert alder.process.poll() is None
    assert inquire(alder)["status"] == "checked"
    # Of what failed nothing was taken: it is all new.
    assert alder.ask("POST", "/v1/imports?confirm=true", content=more)["new"] == 1


def test_a_steward_whose_disk_is_full_is_done_without(nodes: Nodes) -> None:
    with full_disk(nodes[STEWARD]):
        assert inquire(nodes[ALDER])["status"] == "checked"
        assert nodes[STEWARD].client.get("/healthz").status_code == 200
    assert inquire(nodes[ALDER])["status"] == "checked"
    assert nodes[STEWARD].process.poll() is None


def test_an_orderer_whose_disk_is_full_takes_no_statement(nodes: Nodes) -> None:
    desk, alder = nodes[DESK_ID], nodes[ALDER]
    before = desk.client.get("/log/checkpoint").content
    with full_disk(desk):
        assert code_of(alder, "POST", "/v1/inquiries", json=ASKED) == (503, "unavailable")
        assert desk.client.get("/log/checkpoint").content.split(b"\n\n")[0] == before.split(b"\n\n")[0]
    # A node that failed is left alone for a while first.
    wait_until(lambda: is_answered(alder), "the log takes inquiries again")


def test_a_database_that_goes_away_and_comes_back(nodes: Nodes, tmp_path: Path) -> None:
    """A node that cannot open its database does not start, says why, and starts when it is back."""
    cedar = nodes[MEMBERS[2]]
    cedar.kill()
    database = cedar.config.parent / "node.sqlite"
    database.rename(tmp_path / "away")
    database.mkdir()
    cedar.start()
    assert cedar.process.wait(60) == 1
    assert "database" in cedar.log()
    cedar.client.close()
    database.rmdir()
    (tmp_path / "away").rename(database)
    cedar.start()
    cedar.wait_ready()
    assert inquire(cedar)["status"] == "checked"


def test_a_slow_steward_holds_nobody_up(nodes: Nodes) -> None:
    alder = nodes[ALDER]
    with paused(nodes[STEWARD]):
        answer = inquire(alder)
        assert answer["status"] == "checked"
        assert alder.client.get("/v1/reports").status_code == 200
    wait_until(lambda: nodes[STEWARD].client.get("/readyz").status_code == 200, "the steward is back")
    assert inquire(alder)["windows"] == answer["windows"]


def set_skew(file: Path, seconds: int) -> None:
    """Let a skewed clock be off by so much, at once: it is never to read half a number."""
    written = file.with_suffix(".new")
    written.write_text(str(seconds))
    written.replace(file)


@pytest.mark.parametrize(("party", "jump_s"), [(ALDER, 3600), (STEWARD, -3600)])
def test_a_clock_that_jumps_is_named_and_all_goes_on_when_it_is_right_again(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, party: PartyId, jump_s: int
) -> None:
    node, skew = nodes[party], tmp_path / "skew"
    set_skew(skew, 0)
    assert node.stop() == 0
    monkeypatch.setenv("HANSE_SKEW_FILE", str(skew))
    node.program = (str(Path(__file__).parents[1] / "support_skewed.py"),)
    node.start()
    node.wait_ready()
    try:
        wait_until(lambda: is_answered(nodes[ALDER]), "its own clock is right")
        set_skew(skew, jump_s)
        if party == ALDER:
            wait_until(lambda: not is_answered(node), "signatures of another hour are not taken")
            wait_until(lambda: "clocks differ" in node.log(), "the log names the clocks")
        else:
            # The others are three: nobody waits for the one.
            assert inquire(nodes[ALDER])["status"] == "checked"
            wait_until(lambda: "clocks differ" in nodes[ALDER].log(), "the log names the clocks")
        assert node.client.get("/healthz").status_code == 200
        set_skew(skew, 0)
        wait_until(lambda: is_answered(nodes[ALDER]), "all goes on")
        assert node.stop() == 0
    finally:
        node.kill()
        node.program = NodeProcess.program
        node.start()


def test_nodes_are_stopped_and_started_one_by_one_and_nothing_is_lost(nodes: Nodes) -> None:
    """An upgrade (docs/runbook.md): the others answer meanwhile, and each comes back where it was."""
    before = {party: node.ask("GET", "/v1/reports") for party, node in nodes.items() if party in MEMBERS}
    windows = inquire(nodes[ALDER])["windows"]
    for party in (STEWARD, STEWARDS[StewardX(2)], MEMBERS[1]):
        assert nodes[party].stop() == 0
        assert inquire(nodes[ALDER])["status"] == "checked"
        nodes[party].start()
        nodes[party].wait_ready()
    answer = inquire(nodes[ALDER])
    assert (answer["status"], answer["windows"]) == ("checked", windows)
    assert {party: nodes[party].ask("GET", "/v1/reports") for party in MEMBERS} == before


def test_an_upload_that_is_cut_in_its_middle_changes_nothing(nodes: Nodes) -> None:
    alder, month = nodes[ALDER], month_text(Month(month_at(datetime.now(UTC).date()) - 1))
    whole = book(8, month)
    url = httpx.URL(alder.url)
    head = (
        f"POST /v1/imports?confirm=true HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n"
        f"Authorization: Bearer {API_KEY}\r\nContent-Length: {len(whole)}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 0)) as connection:
        connection.sendall(head.encode() + whole[: len(whole) // 2])
    assert alder.client.get("/healthz").status_code == 200
    assert alder.ask("POST", "/v1/imports?confirm=true", content=whole)["new"] == 1
