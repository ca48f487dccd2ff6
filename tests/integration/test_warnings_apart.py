"""Warnings between nodes in processes of their own: raised at two members, seen at a third, over HTTP alone.

Periods last until every member has spoken (`bulletin_hours` 0), so that nobody waits for a clock.
"""

import json
from collections import Counter
from contextlib import closing, redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
from support_net import NodeProcess, running, wait_until

from hanse_ledger.bodies import Bulletin
from hanse_ledger.ids import Month, PartyId, month_at
from hanse_ledger.statements import parse_statement
from node.cli import main
from node.storage.database import Database
from node.storage.log import LogStore

ALDER, BIRCH, CEDAR, ELM = MEMBERS = [PartyId(name) for name in ("alder", "birch", "cedar", "elm")]
FIRM = "ref:DEMO:LATE"


def hanse(node: NodeProcess, *words: str) -> Any:
    """Run a command beside a node that is running."""
    out = StringIO()
    with redirect_stdout(out):
        assert main([*words, "--config", str(node.config), "--json"]) == 0
    return json.loads(out.getvalue())


def person(node: NodeProcess) -> httpx.Client:
    """Add an analyst at a node, and speak to it as that person."""
    hanse(node, "risk", "people", "add", "ada", "--role", "admin")
    hanse(node, "risk", "people", "add", "ann", "--role", "analyst", "--as", "ada")
    made = hanse(node, "keys", "api", "new", "--name", "ann", "--scope", "all", "--person", "ann")
    key = {"authorization": f"Bearer {made['key']}"}
    return httpx.Client(base_url=node.url, headers=key, timeout=30, trust_env=False)


def level(node: NodeProcess) -> int:
    (answer,) = node.ask("POST", "/v1/inquiries", json={"subjects": [FIRM], "purpose": "credit-review"})[
        "answers"
    ]
    assert answer["status"] == "nothing"
    return int(answer["warning_level"])


def bulletins(node: NodeProcess) -> Counter[int]:
    """How many bulletins of each period stand on the log, by a node's copy of it."""
    with closing(Database(node.config.parent / "node.sqlite")) as database:
        log = LogStore(database).entries(0, 1 << 20)
    bodies = (parse_statement(raw).body for raw in log)
    return Counter(body.period for body in bodies if isinstance(body, Bulletin))


def test_a_warning_of_two_members_is_a_level_at_a_third_until_it_is_cleared(tmp_path: Path) -> None:
    month = Month(month_at(datetime.now(UTC).date()) - 1)
    with running(tmp_path, MEMBERS, month, policy={"bulletin_hours": 0}) as nodes:
        assert level(nodes[CEDAR]) == 0
        raised = {"subject": FIRM, "reason": "collection"}
        with person(nodes[ALDER]) as ann:
            assert ann.post("/v1/warnings", json=raised).status_code == 201
            assert ann.post("/v1/warnings", json=raised).json()["code"] == "warning_state"
            person(nodes[BIRCH]).close()
            hanse(nodes[BIRCH], "warning", "raise", FIRM, "--reason", "returned", "--as", "ann")
            for third in (CEDAR, ELM):
                wait_until(lambda: level(nodes[third]) == 1, "two warnings are a level")  # noqa: B023
            # Neither of them sees its own group's.
            assert [level(nodes[member]) for member in (ALDER, BIRCH)] == [0, 0]
            (own,) = ann.get("/v1/warnings").json()["items"]
            assert (own["state"], own["raised_by"]) == ("in_effect", "ann")
            assert ann.post("/v1/warnings/clear", json={"subject": FIRM}).json()["state"] == "clearing"
            wait_until(lambda: level(nodes[CEDAR]) == 0, "a cleared warning ends")
        found = bulletins(nodes[CEDAR])
        # All but the running period's: whether a member had something to say or not.
        assert len(found) > 2
        assert {found[period] for period in sorted(found)[:-1]} == {len(MEMBERS)}
