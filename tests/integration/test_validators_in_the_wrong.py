"""What whole nodes say of a validator in the wrong: `/readyz`, metrics and `hanse doctor`."""

import json
import os
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from support_agreement import VALIDATORS, Agreement, found_agreeing
from support_comet import forget_signed, keep_only_signed, write_node_key
from support_months import MEMBERS, log_months
from support_net import NodeProcess, free_ports, stop_all, wait_until
from support_orderer import hanse

from hanse_ledger.ids import PartyId
from hanse_ledger.misbehaviour import DoubleVote
from hanse_ledger.misbehaviour_file import parse_evidence
from hanse_ledger.signing import SEED_BYTES
from node.storage.database import Database
from node.storage.schema import log_entry

FIRST, DAMAGED, COPIED, _ = VALIDATORS


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agreement]:
    """The four stewards, which agree. A test leaves them running, each with its copy whole."""
    founded, nodes = found_agreeing(tmp_path_factory.mktemp("wrong"), MEMBERS, log_months()[0])
    made = Agreement(founded, nodes)
    try:
        made.start(*VALIDATORS)
        made.order(made.statement())
        yield made
    finally:
        stop_all(nodes)


def test_a_copy_that_differs_in_one_byte_halts_its_node_until_it_is_made_anew(net: Agreement) -> None:
    node = net.nodes[DAMAGED]
    size = net.size(FIRST)
    wait_until(lambda: net.size(DAMAGED) == size, "it has the newest statement")
    assert node.stop() == 0
    change_one_byte(folder(node) / "sequencer.sqlite", size - 1)
    node.start()
    wait_until(lambda: is_halted(node), "it is halted")
    check_halted(node)
    assert net.order(net.statement()) == size

    # What docs/operation.md says.
    assert node.stop() == 0
    keep_only_signed(folder(node) / "cometbft", folder(node) / "sequencer.sqlite")
    net.start(DAMAGED)
    wait_until(lambda: net.size(DAMAGED) > size, "it has caught up")
    assert "application_hash" not in problems(node)


def change_one_byte(database: Path, position: int) -> None:
    """Change the last byte of a stored statement, which is its signature's."""
    with closing(Database(database)) as opened, opened.write() as connection:
        of = log_entry.c.position == position
        raw = connection.execute(select(log_entry.c.statement).where(of)).scalar_one()
        changed = raw[:-1] + bytes([raw[-1] ^ 1])
        connection.execute(update(log_entry).where(of).values(statement=changed))


def is_halted(node: NodeProcess) -> bool:
    with suppress(httpx.TransportError):
        return bool(health(node)["halted"])
    return False


def check_halted(node: NodeProcess) -> None:
    """It lives, says why it is halted, takes nothing, and its CometBFT is ended for good."""
    told = node.client.get("/readyz")
    assert (told.status_code, told.json()["code"]) == (503, "application_hash")
    assert "another log" in told.json()["detail"]
    assert "application_hash" in problems(node)
    metrics = node.client.get("/metrics").text
    assert 'hanse_problem{code="application_hash"} 1.0' in metrics
    assert 'hanse_status{status="halted"} 1.0' in metrics
    refused = node.client.post("/v1/statements", content=b"", headers={"content-type": "application/cose"})
    assert (refused.status_code, refused.json()["code"]) == (503, "application_hash")
    ended = hanse("doctor", "--config", node.config)
    assert ended.returncode == 1
    assert "The validators have agreed on another log than this node's" in " ".join(ended.stdout.split())


def test_a_key_that_runs_in_two_places_is_shown_by_every_node(net: Agreement) -> None:
    twin = write_twin(net)
    others = [party for party in VALIDATORS if party != COPIED]
    try:
        twin.start()
        wait_until(lambda: votes_on(net, others), "the double votes are noticed")
    finally:
        stop_all({COPIED: twin})
    for party in others:
        check_double_vote(net, net.nodes[party])


def votes_on(net: Agreement, others: list[PartyId]) -> bool:
    net.order(net.statement())
    return all("double_vote" in problems(net.nodes[party]) for party in others)


def write_twin(net: Agreement) -> NodeProcess:
    """Write a second node with a validator's keys, as whoever has copied its folder would."""
    original = net.nodes[COPIED]
    twin = folder(original).with_name("twin")
    # What it has signed is not known there: the worst that a copy may lack.
    shutil.copytree(folder(original), twin, ignore=shutil.ignore_patterns("*.sqlite*", "*.sock", "data"))
    settings = tomllib.loads(original.config.read_text())
    port, peer_port = free_ports(2)
    places = {
        str(folder(original)): str(twin),
        settings["listen"]: f"127.0.0.1:{port}",
        settings["cometbft"]["listen"]: f"127.0.0.1:{peer_port}",
    }
    for path in (twin / "node.toml", twin / "cometbft" / "config" / "config.toml"):
        text = path.read_text()
        for old, new in places.items():
            text = text.replace(old, new)
        path.write_text(text)
    # Peers know each other by another key: two with one would keep each other out.
    write_node_key(twin / "cometbft", os.urandom(SEED_BYTES))
    forget_signed(twin / "cometbft")
    return NodeProcess(twin / "node.toml", f"http://127.0.0.1:{port}")


def check_double_vote(net: Agreement, node: NodeProcess) -> None:
    """Its health, its metrics and the doctor name it, and anybody can verify the two votes."""
    assert health(node)["status"] == "degraded"
    assert 'hanse_problem{code="double_vote"} 1.0' in node.client.get("/metrics").text
    name = problems(node)["double_vote"]["evidence"]
    raw = (folder(node) / "evidence" / name).read_bytes()
    found = parse_evidence(raw)
    assert isinstance(found, DoubleVote)
    assert found.key == net.founded.consortium.parties[COPIED].log_key
    document = folder(node) / "consortium.json"
    shown = hanse("log", "evidence", folder(node) / "evidence" / name, "--consortium", document, "--json")
    assert shown.returncode == 0, shown.stderr
    assert (json.loads(shown.stdout)["kind"], json.loads(shown.stdout)["holds"]) == ("double_vote", True)
    ended = hanse("doctor", "--config", node.config, "--json")
    assert ended.returncode == 1
    texts = [one["text"] for one in json.loads(ended.stdout)["findings"]]
    assert f"{name} is there, and holds." in texts
    assert any(text.startswith("double_vote since") for text in texts)


def folder(node: NodeProcess) -> Path:
    return node.config.parent


def health(node: NodeProcess) -> dict[str, Any]:
    told: dict[str, Any] = node.client.get("/readyz").json()
    found: dict[str, Any] = told.get("health", told)
    return found


def problems(node: NodeProcess) -> dict[str, dict[str, Any]]:
    return {one["code"]: one for one in health(node)["problems"]}
