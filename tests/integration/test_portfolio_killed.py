"""A member's process is killed in the middle of a portfolio, and goes on when it is started again."""

import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support_net import NodeProcess, running, wait_until

from hanse_ledger.bodies import Inquiry
from hanse_ledger.checkpoint import parse_checkpoint
from hanse_ledger.ids import Month, PartyId, month_at
from hanse_ledger.note import parse_note
from hanse_ledger.statements import parse_statement
from hanse_ledger.tiles import decode_bundle

MEMBERS = [PartyId(name) for name in ("alder", "birch", "cedar", "elm")]
SUBJECTS = [f"ref:DEMO:K{number:05}" for number in range(1_100)]


def kill(node: NodeProcess) -> None:
    """End a process as a power cut would, and start another in its folder."""
    os.kill(node.process.pid, signal.SIGKILL)
    node.process.wait()
    node.client.close()
    node.start()
    node.wait_ready()


def logged_requests(node: NodeProcess, party: PartyId) -> list[bytes]:
    """Every request hash that a party has logged, by the entries that the node serves."""
    size = parse_checkpoint(parse_note(node.client.get("/log/checkpoint").content).text).size
    raw = node.client.get(f"/log/tile/entries/000.p/{size}").content
    statements = [parse_statement(entry) for entry in decode_bundle(raw, size)]
    bodies = [one.body for one in statements if one.party == party]
    return [request for body in bodies if isinstance(body, Inquiry) for request in body.request_hashes]


def answers(node: NodeProcess, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    at: dict[str, Any] = {"limit": 500}
    while True:
        page = node.ask("GET", f"{path}/answers", params=at)
        found += page["items"]
        if page["next"] is None:
            return found
        at["cursor"] = page["next"]


def test_a_killed_portfolio_goes_on_and_asks_nobody_twice(tmp_path: Path) -> None:
    first = Month(month_at(datetime.now(UTC).date()) - 1)
    with running(tmp_path, MEMBERS, first) as nodes:
        node = nodes[MEMBERS[0]]
        asked = {"name": "all", "purpose": "monitoring", "subjects": SUBJECTS}
        key = {"idempotency-key": "all-of-october"}
        path = f"/v1/portfolios/{node.ask('POST', '/v1/portfolios', json=asked, headers=key)['id']}"
        for least in (1, 300, 1_050):
            wait_until(lambda: node.ask("GET", path)["done"] >= least, "it goes on")  # noqa: B023
            kill(node)
        again = node.ask("POST", "/v1/portfolios", json=asked, headers=key)
        assert f"/v1/portfolios/{again['id']}" == path
        wait_until(lambda: node.ask("GET", path)["state"] == "done", "it ends")
        ended = node.ask("GET", path)
        assert (ended["total"], ended["done"], ended["nothing"], ended["failed"]) == (1_100, 1_100, 1_100, 0)
        found = answers(node, path)
        assert [one["subject"] for one in found] == SUBJECTS
        assert len({one["request_id"] for one in found}) == len(SUBJECTS)
        requests = logged_requests(node, MEMBERS[0])
        assert len(requests) == len(set(requests)) == len(SUBJECTS)
