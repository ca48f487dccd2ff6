"""`hanse risk people`, `hanse risk audit` and keys of a person, beside a node that may be running."""

from contextlib import closing
from pathlib import Path

import pytest
from support_cli import Run
from support_people import write_config

from node.clocks import SystemClock, system_entropy
from node.own.api_keys import ApiKeys
from node.storage.database import Database
from node.storage.risk_schema import audit


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path)


@pytest.fixture
def begun(run: Run, config: Path) -> Path:
    """A registry with the admin ada, the analyst 李娜 and the auditor di."""
    at = ("--config", config)
    assert run("risk", "people", "add", "ada", "--role", "admin", *at).code == 0
    for name, role in (("李娜", "analyst"), ("di", "auditor")):
        assert run("risk", "people", "add", name, "--role", role, "--as", "ada", *at).code == 0
    return config


def test_the_operator_adds_the_first_admin_who_adds_the_others(run: Run, begun: Path) -> None:
    at = ("--config", begun)
    found = run("risk", "people", "list", "--as", "ada", *at, "--json").document
    assert [(one["name"], one["role"]) for one in found] == [
        ("ada", "admin"),
        ("di", "auditor"),
        ("李娜", "analyst"),
    ]
    for words in (
        ("add", "eve", "--role", "admin"),
        ("add", "eve", "--role", "analyst", "--as", "李娜"),
        ("retire", "ada", "--as", "di"),
        ("change", "di", "--role", "admin", "--as", "李娜"),
        ("list", "--as", "eve"),
    ):
        ended = run("risk", "people", *words, *at, "--json")
        assert (ended.code, ended.document["error"]["code"]) == (1, "not_permitted"), words


def test_wrong_usage(run: Run, begun: Path) -> None:
    assert run("risk", "people", "list", "--config", begun).code == 2
    assert run("risk", "people", "list", "--as", "ada").code == 2
    assert run("risk", "people", "add", "x", "--role", "root", "--as", "ada", "--config", begun).code == 2


def test_a_person_changes_and_retires(run: Run, begun: Path) -> None:
    at = ("--as", "ada", "--config", begun)
    assert "approver" in run("risk", "people", "change", "李娜", "--role", "approver", *at).out
    assert "retired" in run("risk", "people", "retire", "李娜", *at).out
    assert "retired" in run("risk", "people", "list", *at).out
    assert "已退出" in run("risk", "people", "list", *at, "--lang", "zh-CN").out


def test_the_party_s_node_in_a_demo(run: Run, demo: Path) -> None:
    """It has a person for each role; each is added by the admin, whom the operator has added."""
    at = ("--dir", demo, "--party", "elm")
    refused = run("risk", "people", "add", "ada", "--role", "admin", *at)
    assert refused.code == 1
    exported = run("risk", "audit", "export", "--as", "auditor", *at, "--json").document
    rows = [(row["actor"], row["action"]) for row in exported["rows"]]
    added = [actor for actor, action in rows if action == "people.added"]
    assert (added, rows[-1]) == (["system", *["admin"] * 4], ("auditor", "audit.exported"))
    assert {row["at"] for row in exported["rows"]} == {"2024-04-01T00:00:00+00:00"}


def test_a_key_acts_for_a_person(run: Run, begun: Path) -> None:
    new = ("keys", "api", "new", "--config", begun, "--name", "ui", "--scope", "imports:read")
    made = run(*new, "--person", "李娜", "--json").document
    assert made["person"] == "李娜"
    with closing(Database(begun.parent / "node.sqlite")) as database:
        keys = ApiKeys(database, clock=SystemClock(), entropy=system_entropy)
        assert keys.find(made["key"]).person == "李娜"
    assert "李娜" in run("keys", "api", "list", "--config", begun).out
    ended = run(*new, "--person", "nobody", "--json")
    assert (ended.code, ended.document["error"]["code"]) == (1, "not_found")


def test_the_chain_is_exported_and_checked(run: Run, begun: Path, tmp_path: Path) -> None:
    at, out = ("--config", begun), tmp_path / "out" / "audit.jsonl"
    ended = run("risk", "audit", "export", "--as", "di", "--out", out, *at)
    assert ended.code == 0
    assert out.stat().st_mode & 0o077 == 0
    head = run("risk", "audit", "verify", *at, "--json").document
    assert (head["size"], head["head"] in ended.err) == (4, True)
    assert run("risk", "audit", "verify", "--file", out, "--head", head["head"]).out.strip() == head["head"]
    assert run("risk", "audit", "export", "--as", "di", *at).out.count("\n") == 5
    assert run("risk", "audit", "verify", *at, "--head", head["head"]).code == 0
    refused = run("risk", "audit", "export", "--as", "李娜", *at, "--json")
    assert refused.document["error"]["code"] == "not_permitted"


def test_a_tampered_chain_is_refused(run: Run, begun: Path) -> None:
    at = ("--config", begun)
    head = run("risk", "audit", "verify", *at, "--json").document["head"]
    with closing(Database(begun.parent / "node.sqlite")) as database, database.write() as connection:
        connection.execute(audit.delete().where(audit.c.number == 2))
    assert run("risk", "audit", "verify", *at).code == 0
    ended = run("risk", "audit", "verify", *at, "--head", head, "--json")
    assert (ended.code, ended.document["error"]["code"]) == (1, "audit_chain")
    with closing(Database(begun.parent / "node.sqlite")) as database, database.write() as connection:
        connection.execute(audit.update().where(audit.c.number == 0), {"actor": "eve"})
    assert run("risk", "audit", "verify", *at).code == 1
