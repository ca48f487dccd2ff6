"""`hanse keys api` works on a node's database, beside a node that may be running."""

import random
from contextlib import closing
from pathlib import Path

import pytest
from support_cli import Run

from node.clocks import SystemClock
from node.errors import ApiKeyError
from node.own.api_keys import ApiKeys
from node.storage.database import Database

CONFIG = """
party = "alder"
consortium = "consortium.json"
genesis = "genesis.cose"
folder = "."
listen = "127.0.0.1:8080"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "node.toml").write_text(CONFIG)
    return tmp_path / "node.toml"


def test_a_key_is_made_listed_and_revoked(run: Run, config: Path) -> None:
    words = ("--name", "erp", "--scope", "imports:write", "--scope", "imports:read", "--expires", 30)
    made = run("keys", "api", "new", "--config", config, *words, "--json").document
    assert made["scopes"] == ["imports:read", "imports:write"]
    with closing(Database(config.parent / "node.sqlite")) as database:
        keys = ApiKeys(database, clock=SystemClock(), entropy=random.Random(1).randbytes)
        assert keys.find(made["key"]).id == made["id"]
        listed = run("keys", "api", "list", "--config", config)
        assert made["id"] in listed.out
        assert made["key"] not in listed.out
        assert run("keys", "api", "revoke", made["id"], "--config", config).code == 0
        with pytest.raises(ApiKeyError):
            keys.find(made["key"])
    (shown,) = run("keys", "api", "list", "--config", config, "--json").document
    assert shown["revoked_at"] is not None
    assert shown["expires_at"] == made["expires_at"]


def test_the_key_alone_is_on_standard_output(run: Run, config: Path) -> None:
    ended = run("keys", "api", "new", "--config", config, "--name", "all", "--scope", "all")
    assert len(ended.out.split()) == 1
    assert "once" in ended.err


def test_what_is_no_scope_and_who_is_no_key(run: Run, config: Path) -> None:
    new = ("keys", "api", "new", "--config", config, "--name", "erp")
    assert run(*new, "--scope", "everything").code == 2
    assert run(*new).code == 2
    ended = run("keys", "api", "revoke", "0" * 16, "--config", config, "--json")
    assert (ended.code, ended.document["error"]["code"]) == (1, "not_found")


def test_a_third_key_of_a_name_is_refused(run: Run, config: Path) -> None:
    new = ("keys", "api", "new", "--config", config, "--name", "erp", "--scope", "imports:read", "--json")
    ended = [run(*new) for _ in range(3)]
    assert [one.code for one in ended] == [0, 0, 1]
    assert ended[2].document["error"]["code"] == "too_many_keys"
