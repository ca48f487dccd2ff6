"""`hanse backup` and `hanse restore` as their operator sees them."""

from pathlib import Path

import pytest
from support_cli import Run
from support_net import PASSPHRASE, apart, free_ports, parties, write_node
from support_node import FIRST, MEMBERS

from node.storage.database import Database

ALDER = MEMBERS[0]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    names = parties(list(MEMBERS[:4]))
    founded = apart(list(MEMBERS[:4]), FIRST, dict(zip(names, free_ports(len(names)), strict=True)))
    config = write_node(tmp_path / "alder", founded, ALDER, 0)
    Database(config.parent / "node.sqlite").close()
    return config


def test_a_copy_is_made_and_brought_back(
    run: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, home = tmp_path / "alder.age", tmp_path / "home"
    made = run("backup", "--config", config, "--out", out, "--json")
    assert made.code == 0, made.err
    assert (made.document["party"], made.document["out"]) == (ALDER, str(out))
    assert out.stat().st_mode & 0o777 == 0o600
    again = run("backup", "--config", config, "--out", out)
    assert again.code == 2

    monkeypatch.setenv("HANSE_PASSPHRASE", "another passphrase")
    wrong = run("restore", out, "--dir", home, "--offline", "--json")
    assert (wrong.code, wrong.document["error"]["code"]) == (1, "backup")
    monkeypatch.setenv("HANSE_PASSPHRASE", PASSPHRASE)
    # All others are out of reach here, and what they have signed meanwhile is not known.
    alone = run("restore", out, "--dir", home, "--json")
    assert (alone.code, alone.document["error"]["code"]) == (1, "unavailable")
    assert not home.exists()
    offline = run("restore", out, "--dir", home, "--offline")
    assert offline.code == 0
    assert "No other node was asked" in offline.err
    assert f"hanse node run --config {home}/node.toml" in offline.out
    assert (home / "keys.json").read_bytes() == (config.parent / "keys.json").read_bytes()
    over = run("restore", out, "--dir", home, "--offline", "--json")
    assert (over.code, over.document["error"]["code"]) == (1, "backup")


def test_a_passphrase_that_does_not_open_the_keys_makes_no_copy(
    run: Run, config: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_text("not what opens the key file\n")
    other.chmod(0o600)
    out = tmp_path / "alder.age"
    ended = run("backup", "--config", config, "--out", out, "--passphrase-file", other, "--json")
    assert (ended.code, ended.document["error"]["code"]) == (1, "passphrase")
    assert not out.exists()
