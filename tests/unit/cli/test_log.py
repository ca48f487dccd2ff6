import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support_cli import Run
from support_embedded import MEMBERS, copy_of_tiny_demo

from hanse_ledger.consortium import parse_document
from hanse_ledger.ids import NodeHash
from hanse_ledger.policy import parse_policy, verify_checkpoint
from hanse_ledger.proof import parse_proof, verify_proof
from node.cli import main


@pytest.fixture(scope="module")
def exported(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("log") / "tiles"
    assert main(["log", "export", str(out), "--dir", str(demo)]) == 0
    return out


def test_a_whole_log_is_audited(run: Run, demo: Path) -> None:
    plain, as_json = run("log", "audit", "--dir", demo), run("log", "audit", "--dir", demo, "--json")
    assert (plain.code, as_json.code) == (0, 0)
    assert plain.out.startswith("DEMO:")
    assert "every one accepted anew" in plain.out
    audited = as_json.document
    assert audited["copies"] == 11
    assert audited["cosigned"] is True
    assert audited["last_closed_month"] == "2024-03"
    assert audited["kinds"]["genesis"] == 1
    assert sum(audited["kinds"].values()) == audited["size"]
    assert audited["counting_reports"] == 3 * len(MEMBERS)
    assert (
        run("log", "audit", "--dir", demo, "--party", "cedar", "--json").document["root"] == audited["root"]
    )


@pytest.mark.parametrize("party", ["desk", "steward-3", "cedar"])
@pytest.mark.parametrize("table", ["log_entry", "log_hash"])
def test_a_changed_byte_in_any_copy_fails_the_audit(run: Run, tmp_path: Path, party: str, table: str) -> None:
    home = copy_of_tiny_demo(tmp_path)
    (path,) = (home / "parties" / party).glob("*.sqlite")
    column = {"log_entry": "statement", "log_hash": "hash"}[table]
    query = f"SELECT {column} FROM {table} WHERE position = 7"  # noqa: S608 - names of ours
    update = f"UPDATE {table} SET {column} = ? WHERE position = 7"  # noqa: S608 - names of ours
    with closing(sqlite3.connect(path)) as database, database:
        (raw,) = database.execute(query).fetchone()
        database.execute(update, (bytes([*raw[:-1], raw[-1] ^ 1]),))
    ended = run("log", "audit", "--dir", home, "--json")
    assert ended.code == 1
    error = ended.document["error"]
    assert error["code"] == "verification"
    assert error["message"].startswith(f"{party}: statement ")
    assert "Traceback" not in ended.err


def test_a_log_speaks_chinese(run: Run, demo: Path) -> None:
    assert "账本成立" in run("log", "audit", "--dir", demo, "--lang", "zh-CN").out


def test_statements_are_shown_in_words(run: Run, demo: Path, exported: Path) -> None:
    wanted = {
        "the consortium document, signed by everybody in it",
        "a report of ",
        "a steward's check of ",
        "a steward's word that Jan 2024 has ended",
        "a steward's word that bulletin period 0 has ended",
    }
    size = run("log", "audit", "--dir", demo, "--json").document["size"]
    for index in range(size):
        shown = run("log", "show", index, "--dir", exported)
        assert shown.code == 0
        wanted = {sentence for sentence in wanted if sentence not in shown.out.splitlines()[0]}
        if not wanted:
            break
    assert not wanted


def test_an_index_outside_the_log_is_refused(run: Run, demo: Path) -> None:
    for words in (("show", 100_000), ("proof", 100_000)):
        ended = run("log", *words, "--dir", demo)
        assert ended.code == 1
        assert "[rejected]" in ended.err


def test_a_proof_holds_and_can_be_written(run: Run, exported: Path, tmp_path: Path) -> None:
    printed = run("log", "proof", 5, "--dir", exported)
    assert printed.code == 0
    assert printed.out.startswith("c2sp.org/tlog-proof@v1\n")
    written = run("log", "proof", 5, "--dir", exported, "--out", tmp_path / "5.tlog-proof")
    assert (written.code, written.out) == (0, "")
    assert (tmp_path / "5.tlog-proof").read_text() == printed.out
    assert run("log", "proof", 5, "--dir", exported, "--json").document == {"index": 5, "proof": printed.out}
    leaf = bytes.fromhex(run("log", "show", 5, "--dir", exported, "--json").document["leaf_hash"])
    policy = parse_policy((exported / "policy").read_bytes())
    verify_proof(parse_proof(printed.out.encode()), leaf=NodeHash(leaf), policy=policy)


def test_an_export_holds_what_others_need_and_audits_alone(run: Run, demo: Path, exported: Path) -> None:
    assert {path.name for path in exported.iterdir()} == {"checkpoint", "tile", "policy", "keys.json"}
    document = parse_document((demo / "consortium.json").read_bytes())
    keys = json.loads((exported / "keys.json").read_text())
    assert keys == {party.id: [party.statement_key.hex()] for party in document.parties.values()}
    policy = parse_policy((exported / "policy").read_bytes())
    verify_checkpoint((exported / "checkpoint").read_bytes(), policy)
    assert run("log", "audit", "--dir", exported, "--json").document["cosigned"] is True


def test_an_export_is_never_mixed_with_something_else(run: Run, demo: Path, exported: Path) -> None:
    assert run("log", "export", exported, "--dir", demo).code == 1


@pytest.mark.parametrize("name", ["tile/entries", "tile/0"])
def test_a_changed_tile_fails_the_audit(run: Run, exported: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(exported, tmp_path / "tiles"))
    tile = next(path for path in sorted((copy / name).rglob("*")) if path.is_file())
    raw = bytearray(tile.read_bytes())
    raw[len(raw) // 2] ^= 1
    tile.write_bytes(raw)
    ended = run("log", "audit", "--dir", copy, "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] in {"verification", "malformed"}


def test_a_folder_without_a_log_is_refused(run: Run, tmp_path: Path) -> None:
    ended = run("log", "audit", "--dir", tmp_path)
    assert ended.code == 1
    assert "[malformed]" in ended.err
