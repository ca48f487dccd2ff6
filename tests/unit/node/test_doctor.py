"""Looking over a node that is stopped: what is wrong is named, and nothing is changed."""

import json
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import update
from support_net import apart, free_ports, genesis_of, parties, write_node
from support_node import FIRST, MEMBERS

from consortium_config.sample import DESK_ID, DemoConsortium
from hanse_ledger.errors import LedgerError
from node.apart import ApartNode
from node.cli import main
from node.clocks import SystemClock
from node.doctor import Finding, examine
from node.health import Health
from node.own import verbs
from node.settings import NodeSettings, load_settings
from node.storage.database import Database
from node.storage.schema import log_hash
from node.wire import reply_of


@pytest.fixture(scope="module")
def founded() -> DemoConsortium:
    names = parties(list(MEMBERS[:4]))
    return apart(list(MEMBERS[:4]), FIRST, dict(zip(names, free_ports(len(names)), strict=True)))


@pytest.fixture
def settings(tmp_path: Path, founded: DemoConsortium) -> NodeSettings:
    """The ordering party's node, which has run once."""
    made = load_settings(write_node(tmp_path / "desk", founded, DESK_ID, free_ports(1)[0]))
    with ApartNode(made) as node:
        reply_of(node.service.submit(genesis_of(founded)), 30)
        with suppress(LedgerError):  # nobody is there to cosign what it has caught up with
            reply_of(node.service._doors.node.post(DESK_ID, verbs.WORK, b""), 30)
    return made


def found(settings: NodeSettings) -> dict[str, list[Finding]]:
    checks: dict[str, list[Finding]] = {}
    for one in examine(settings, SystemClock()):
        checks.setdefault(one.check, []).append(one)
    return checks


def verdicts(settings: NodeSettings, check: str) -> set[str]:
    return {one.verdict for one in found(settings).get(check, [])}


def test_a_stopped_node_that_is_well(settings: NodeSettings) -> None:
    checks = found(settings)
    assert {one.verdict for name in ("document", "keys", "database") for one in checks[name]} == {"ok"}
    assert [one.values["name"] for one in checks["database"]] == ["node", "sequencer"]
    assert [one.verdict for one in checks["node"]] == ["warning"]
    assert not any(one.verdict == "wrong" for name in checks for one in checks[name] if name != "disk")


def test_key_files_that_others_may_read_or_that_are_another_s(
    settings: NodeSettings, founded: DemoConsortium, tmp_path: Path
) -> None:
    keys = settings.folder / "keys.json"
    keys.chmod(0o644)
    assert verdicts(settings, "keys") == {"wrong"}
    other = write_node(tmp_path / "alder", founded, MEMBERS[0], 1).parent / "keys.json"
    keys.write_bytes(other.read_bytes())
    keys.chmod(0o600)
    assert verdicts(settings, "keys") == {"wrong"}


@pytest.mark.parametrize("name", ["node", "sequencer"])
def test_a_tree_that_is_not_the_signed_one(settings: NodeSettings, name: str) -> None:
    database = Database(settings.folder / f"{name}.sqlite")
    with database.write() as connection:
        connection.execute(update(log_hash).values(hash=bytes(32)))
    database.close()
    wrong = [one for one in found(settings)["database"] if one.verdict == "wrong"]
    assert [one.values["name"] for one in wrong] == [name]


def test_a_file_that_is_no_database(settings: NodeSettings) -> None:
    (settings.folder / "node.sqlite").write_bytes(b"no database at all" * 100)
    assert "wrong" in verdicts(settings, "database")


def test_a_genesis_of_another_consortium(settings: NodeSettings) -> None:
    settings.genesis.write_bytes(b"another")
    assert [one.check for one in examine(settings, SystemClock()) if one.verdict == "wrong"] == ["document"]


def test_evidence_that_lies_there(settings: NodeSettings) -> None:
    (settings.folder / "evidence").mkdir()
    (settings.folder / "evidence" / "fork-1-0.json").write_text("{}")
    assert verdicts(settings, "evidence") == {"warning"}


def test_other_nodes_that_a_running_node_does_not_reach(settings: NodeSettings) -> None:
    told = Health(size=7, checkpoint_size=7, peers={MEMBERS[0]: "closed", MEMBERS[1]: "open"}).describe()

    class Readyz(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(settings.address, Readyz) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        checks = found(settings)
        server.shutdown()
        serving.join()
    assert [one.verdict for one in checks["node"]] == ["ok"]
    named = [one.values for one in checks["peers"] if "why" in one.values]
    assert named == [{"party": MEMBERS[1], "why": "open"}]


def test_the_command(settings: NodeSettings, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(settings.folder / "node.toml")
    assert main(["doctor", "--config", config, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["wrong"] is False
    (settings.folder / "keys.json").chmod(0o644)
    assert main(["doctor", "--config", config, "--lang", "zh-CN"]) == 1
    assert "错误" in capsys.readouterr().out
