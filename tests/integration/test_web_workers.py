"""One node whose HTTP is answered by web workers, as processes: who dies, who comes back, what is shared."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from support_http import signer_of
from support_net import NodeProcess, found_nodes, genesis_of, stop_all, wait_until
from support_node import FIRST
from support_postgres import Cluster

from consortium_config.sample import DESK_ID, DemoConsortium
from hanse_ledger.ids import PartyId
from hanse_ledger.signing import SigningKey

ALDER, STEWARD = PartyId("alder"), PartyId("steward-1")
PATIENCE_S = 120


def workers_of(node: NodeProcess) -> set[int]:
    return {child.pid for child in psutil.Process(node.process.pid).children()}


def answers(node: NodeProcess, path: str = "/healthz") -> bool:
    try:
        # A new connection each time: any of the workers may take it.
        return httpx.get(node.url + path, trust_env=False, timeout=10).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def founded(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[DemoConsortium, dict[PartyId, NodeProcess]]]:
    folder = tmp_path_factory.mktemp("workers")
    found, nodes = found_nodes(folder, [ALDER], FIRST, web_workers=2)
    running = {party: nodes[party] for party in (DESK_ID, STEWARD)}
    try:
        for node in running.values():
            node.start()
        for node in running.values():
            wait_until(lambda: answers(node, "/readyz"), node.log())  # noqa: B023
        yield found, running
    finally:
        stop_all(running)


def test_the_log_and_what_changes_it(founded: tuple[DemoConsortium, dict[PartyId, NodeProcess]]) -> None:
    found, nodes = founded
    desk = nodes[DESK_ID]
    assert len(workers_of(desk)) == 2
    cose = {"content-type": "application/cose"}
    # The same bytes again get the same index, whichever worker brings them to the writer.
    for _ in range(4):
        posted = httpx.post(
            f"{desk.url}/v1/statements", content=genesis_of(found), headers=cose, trust_env=False, timeout=30
        )
        assert (posted.status_code, posted.json()) == (200, {"index": 0})
    for path in (
        "/log/checkpoint",
        "/log/tile/entries/000.p/1",
        "/log/proof/0",
        "/log/policy",
        "/v1/consortium",
    ):
        assert answers(desk, path), path
    assert not answers(desk, "/log/tile/entries/000.p/2")
    bad = httpx.post(f"{desk.url}/v1/statements", content=b"\x00", headers=cose, trust_env=False, timeout=30)
    assert (bad.status_code, bad.json()["code"]) == (400, "malformed")


def test_a_signed_request_is_taken_once_by_all_workers_together(
    founded: tuple[DemoConsortium, dict[PartyId, NodeProcess]],
) -> None:
    found, nodes = founded
    url = nodes[STEWARD].url + "/v1/sealing-keys"
    key = SigningKey(found.keys[ALDER].statement_seed)
    headers = signer_of(found.consortium, ALDER, key).headers(method="POST", url=url, body=b"")
    answered = [httpx.post(url, headers=headers, trust_env=False, timeout=30) for _ in range(12)]
    assert [one.status_code for one in answered].count(200) == 1
    refused = [one.json()["code"] for one in answered if one.status_code != 200]
    assert refused == ["request_signature"] * 11
    # The one reply is signed by a key that the worker does not have.
    assert "signature" in answered[0].headers


def test_a_worker_that_is_killed_is_started_again(
    founded: tuple[DemoConsortium, dict[PartyId, NodeProcess]],
) -> None:
    desk = founded[1][DESK_ID]
    before = workers_of(desk)
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: len(workers_of(desk) - {killed}) == 2, "a new worker")
    assert len(workers_of(desk) & before) == 1
    wait_until(lambda: all(answers(desk) for _ in range(8)), "both answer")


def test_workers_end_with_their_writer(
    founded: tuple[DemoConsortium, dict[PartyId, NodeProcess]],
) -> None:
    desk = founded[1][DESK_ID]
    orphans = workers_of(desk)
    os.kill(desk.process.pid, signal.SIGKILL)
    desk.process.wait(30)
    wait_until(lambda: not any(map(psutil.pid_exists, orphans)), "the workers end")
    desk.start()
    wait_until(lambda: answers(desk, "/readyz"), "it starts again")
    assert desk.stop() == 0
    assert not answers(desk)


def test_a_second_node_on_one_database_does_not_start(tmp_path: Path, cluster: Cluster) -> None:
    url = cluster.new_database().render_as_string()
    _, nodes = found_nodes(tmp_path, [ALDER], FIRST, database=url)
    first, second = nodes[DESK_ID], nodes[STEWARD]
    try:
        first.start()
        wait_until(lambda: answers(first, "/log/checkpoint"), "the first runs")
        command = [sys.executable, "-m", "node.cli", "node", "run", "--config", str(second.config)]
        refused = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_S, text=True)
        assert refused.returncode == 1
        assert "Another process runs this node." in refused.stderr
        assert url not in refused.stderr
        # Whoever has the lock loses its server, and goes on by itself when that is back.
        cluster.stop(signal.SIGQUIT)
        wait_until(lambda: not answers(first, "/log/checkpoint"), "it says that its database is gone")
        assert first.process.poll() is None
        cluster.start()
        wait_until(lambda: answers(first, "/log/checkpoint"), "it goes on")
        assert first.process.poll() is None
    finally:
        stop_all({DESK_ID: first})
        if cluster.server.poll() is not None:
            cluster.start()
