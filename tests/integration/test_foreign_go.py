"""What Go's x/mod, transparency-dev/formats and go-cose say about a log of ours."""

import hashlib
import json
import shutil
from pathlib import Path

import cbor2
import pytest
from support_go import logcheck
from support_tlog import (
    COSIGNER_KEY,
    LOG_KEY,
    WORKED_LOGS,
    Tree,
    WorkedLog,
    cosigned_note,
    policy_of,
    seeded,
)

from hanse_ledger.signing import SigningKey
from hanse_ledger.tiles import encode_bundle, tile_paths

STATEMENTS = WORKED_LOGS[2]
BUNDLE = "tile/entries/000.p/4"
HASHES = "tile/0/000.p/4"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """The log of four statements as `hanse log export` lays it out."""
    folder = tmp_path / "export"
    shutil.copytree(STATEMENTS.folder, folder)
    (folder / "policy").write_bytes(policy_of(STATEMENTS).encode())
    (folder / "keys.json").write_text(json.dumps({"acme": [LOG_KEY.public.hex()]}))
    return folder


def write_log(folder: Path, entries: list[bytes]) -> None:
    """Lay out `entries` with our own code, so that only what they say can be wrong."""
    log = WorkedLog(folder, entries, STATEMENTS.origin, STATEMENTS.cosigner)
    served = Tree(entries).tiles()
    for path in tile_paths(len(entries)):
        if path.level is None:
            served[path.encode()] = encode_bundle(entries[256 * path.index :][: path.width])
    shutil.rmtree(folder / "tile")
    for name, raw in served.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)
    cosigners = [(log.cosigner, COSIGNER_KEY)]
    (folder / "checkpoint").write_bytes(cosigned_note(log.checkpoint(), *cosigners))


def statement(number: int, prev: bytes, key: SigningKey = LOG_KEY, alg: int = -19) -> bytes:
    """COSE_Sign1 as in section 5 of the protocol, made with cbor2 alone."""
    claims = {1: "acme", 3: STATEMENTS.origin}
    kind = "application/vnd.hanse.close+cbor"
    protected = cbor2.dumps({1: alg, 3: kind, 4: key.key_id, 15: claims}, canonical=True)
    payload = cbor2.dumps([number, prev, [0, number]], canonical=True)
    signature = key.sign(cbor2.dumps(["Signature1", protected, b"", payload], canonical=True))
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]), canonical=True)


def chain(length: int) -> list[bytes]:
    entries, prev = [], bytes(32)
    for number in range(length):
        entries.append(statement(number, prev))
        prev = hashlib.sha256(entries[-1]).digest()
    return entries


def refused(export: Path, *, because: str) -> None:
    result = logcheck(export)
    assert result.returncode == 1, result.stdout
    assert because in result.stderr


def test_the_worked_statements_hold(export: Path) -> None:
    result = logcheck(export)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "logcheck: 4 entries hold\n"


def test_a_log_of_ours_over_several_tiles_holds(export: Path) -> None:
    write_log(export, chain(600))
    assert (export / "tile/0/002.p/88").exists()
    result = logcheck(export)
    assert (result.returncode, result.stdout) == (0, "logcheck: 600 entries hold\n"), result.stderr


@pytest.mark.parametrize("name", ["checkpoint", "policy", "keys.json", HASHES, BUNDLE])
def test_nothing_may_be_missing(export: Path, name: str) -> None:
    (export / name).unlink()
    refused(export, because="no such file")


@pytest.mark.parametrize(
    ("name", "at", "because"),
    [
        (HASHES, 0, "tree: tile/0/000.p/4 differs"),
        (HASHES, -1, "tree: tile/0/000.p/4 differs"),
        (BUNDLE, 2, "tree: the entries have another root"),
        (BUNDLE, -1, "tree: the entries have another root"),
        (BUNDLE, 1, "entries: a bundle"),
        ("checkpoint", 0, "checkpoint: "),
        ("checkpoint", -10, "checkpoint: the cosignatures"),
    ],
)
def test_nothing_may_be_changed(export: Path, name: str, at: int, because: str) -> None:
    raw = bytearray((export / name).read_bytes())
    raw[at] ^= 1
    (export / name).write_bytes(raw)
    refused(export, because=because)


def test_another_log_key_is_refused(export: Path) -> None:
    log = policy_of(STATEMENTS).logs[0]
    other = type(log.key)(name=log.key.name, public=seeded(7).public, type=log.key.type)
    policy = (export / "policy").read_text().replace(log.key.vkey(), other.vkey())
    (export / "policy").write_text(policy)
    refused(export, because="checkpoint: ")


def test_a_missing_cosignature_is_refused(export: Path) -> None:
    (export / "checkpoint").write_bytes(cosigned_note(STATEMENTS.checkpoint()))
    refused(export, because="checkpoint: the cosignatures")


@pytest.mark.parametrize("keys", [{}, {"acme": []}, {"acme": ["00" * 32]}, {"other": [LOG_KEY.public.hex()]}])
def test_a_statement_by_another_key_is_refused(export: Path, keys: dict[str, list[str]]) -> None:
    (export / "keys.json").write_text(json.dumps(keys))
    refused(export, because="statement 0: a key that is not one of acme's")


def test_an_earlier_key_of_the_party_is_known(export: Path) -> None:
    keys = {"acme": [seeded(7).public.hex(), LOG_KEY.public.hex()]}
    (export / "keys.json").write_text(json.dumps(keys))
    assert logcheck(export).returncode == 0


FIRST = statement(0, bytes(32))


@pytest.mark.parametrize(
    ("entries", "because"),
    [
        ([FIRST[:-1] + bytes([FIRST[-1] ^ 1])], "statement 0: verification error"),
        ([statement(0, bytes(32), alg=-8)], "statement 0: algorithm mismatch"),
        ([statement(1, bytes(32))], "statement 0: does not extend"),
        ([statement(0, bytes([1]) * 32)], "statement 0: does not extend"),
        ([FIRST, statement(1, bytes(32))], "statement 1: does not extend"),
        ([FIRST, FIRST], "statement 1: does not extend"),
        ([FIRST[1:]], "statement 0: "),
        ([FIRST + b"\0"], "statement 0: "),
        ([b"event-0"], "statement 0: "),
    ],
)
def test_a_log_that_holds_of_statements_that_do_not_is_refused(
    export: Path, entries: list[bytes], because: str
) -> None:
    write_log(export, entries)
    refused(export, because=because)
