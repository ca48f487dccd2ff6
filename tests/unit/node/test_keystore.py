"""The key file: what opens it, what is refused, and that nothing of it shows."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from hanse_ledger.ids import ConsortiumId, PartyId
from hanse_ledger.privacy.group import Scalar
from node import keystore
from node.errors import KeyFileError, PassphraseError
from node.keystore import (
    N_LEAST,
    Cost,
    Secrets,
    Seeds,
    create_keys,
    open_keys,
    party_keys,
    read_owner,
    replace_keys,
)
from node.passphrase import Passphrase

CHEAP = Cost(n=N_LEAST, r=8, p=1)
GIVEN, OTHER = Passphrase(b"the passphrase of this test"), Passphrase(b"the passphrase of this Test")
MEMBER = Secrets(
    consortium=ConsortiumId("hanse.example/steel"),
    party=PartyId("alder"),
    seeds=Seeds(statement=b"s" * 32, cosign=b"c" * 32),
)
STEWARD = replace(
    MEMBER,
    party=PartyId("steward-1"),
    seeds=Seeds(statement=b"S" * 32, cosign=b"C" * 32, log=b"L" * 32),
    following=Seeds(statement=b"f" * 32, cosign=b"g" * 32),
    retired=(b"r" * 32, b"q" * 32),
    key_share=Scalar(b"\x01" + bytes(31)),
    dkg_seed=b"d" * 32,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path / "keys.json"


def create(path: Path, secrets: Secrets = STEWARD) -> Path:
    create_keys(path, secrets, GIVEN, os.urandom, CHEAP)
    return path


@pytest.mark.parametrize("secrets", [MEMBER, STEWARD])
def test_secrets_come_back_as_they_were(path: Path, secrets: Secrets) -> None:
    create(path, secrets)
    assert open_keys(path, GIVEN) == secrets
    assert read_owner(path) == (secrets.consortium, secrets.party)


def test_the_format_is_scrypt_and_aes_gcm_over_the_header(path: Path) -> None:
    document = json.loads(create(path).read_bytes())
    sealed = bytes.fromhex(document.pop("sealed"))
    kdf, cipher = document["kdf"], document["cipher"]
    assert (document["format"], kdf["name"], cipher["name"]) == ("hanse-keys/1", "scrypt", "AES-256-GCM")
    derived = Scrypt(salt=bytes.fromhex(kdf["salt"]), length=32, n=kdf["n"], r=kdf["r"], p=kdf["p"])
    key = derived.derive(GIVEN.secret)
    plain = AESGCM(key).decrypt(bytes.fromhex(cipher["nonce"]), sealed, rfc8785.dumps(document))
    assert json.loads(plain) == {
        "keys": {"statement": "53" * 32, "cosign": "43" * 32, "log": "4c" * 32},
        "following": {"statement": "66" * 32, "cosign": "67" * 32},
        "retired": ["72" * 32, "71" * 32],
        "key_share": "01" + "00" * 31,
        "dkg_seed": "64" * 32,
    }


def test_a_new_file_costs_what_is_recommended_for_files() -> None:
    assert Cost(n=1 << 17, r=8, p=1) == keystore.COST


def test_another_passphrase_and_a_changed_file_are_told_in_the_same_words(path: Path) -> None:
    create(path)
    said = set()
    for passphrase, change in ((OTHER, False), (GIVEN, True)):
        if change:
            document = json.loads(path.read_bytes())
            document["sealed"] = document["sealed"][:-2] + ("00" if document["sealed"][-2:] != "00" else "01")
            path.write_bytes(rfc8785.dumps(document))
        with pytest.raises(PassphraseError) as caught:
            open_keys(path, passphrase)
        said.add(str(caught.value))
    assert len(said) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"party": "birch"},
        {"consortium": "hanse.example/other"},
        {"kdf": {"salt": "00" * 16}},
        {"kdf": {"n": 1 << 15}},
        {"kdf": {"p": 2}},
        {"cipher": {"nonce": "00" * 12}},
    ],
)
def test_the_header_is_bound_to_the_secrets(path: Path, change: Mapping[str, Any]) -> None:
    write_changed(create(path), change)
    with pytest.raises(PassphraseError):
        open_keys(path, GIVEN)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "hanse-keys/2"},
        {"kdf": {"name": "argon2id"}},
        {"kdf": {"n": 1 << 13}},
        {"kdf": {"n": 1 << 21}},
        {"kdf": {"n": (1 << 15) + 1}},
        {"kdf": {"r": 7}},
        {"kdf": {"r": 16}},
        {"kdf": {"p": 0}},
        {"kdf": {"p": 5}},
        {"kdf": {"salt": "00" * 15}},
        {"kdf": {"more": 1}},
        {"cipher": {"name": "AES-128-GCM"}},
        {"cipher": {"nonce": "00" * 11}},
        {"sealed": "zz"},
        {"more": True},
        {"party": 1},
    ],
)
def test_what_is_no_key_file_is_refused_before_the_passphrase_is_tried(
    path: Path, change: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_changed(create(path), change)
    monkeypatch.setattr(keystore, "_derive", None)
    with pytest.raises(KeyFileError):
        open_keys(path, GIVEN)


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"statement":"00"}', b"\xff", b" " * 70_000])
def test_a_demo_s_file_and_other_bytes_are_refused(path: Path, raw: bytes) -> None:
    path.touch(0o600)
    path.write_bytes(raw)
    with pytest.raises(KeyFileError):
        open_keys(path, GIVEN)


def test_what_is_open_to_others_is_refused(path: Path) -> None:
    create(path)
    for mode in (0o640, 0o604, 0o620, 0o602, 0o610, 0o601):
        path.chmod(mode)
        with pytest.raises(KeyFileError, match="owner"):
            open_keys(path, GIVEN)
    path.chmod(0o600)
    for mode in (0o770, 0o707):
        path.parent.chmod(mode)
        for touch in (lambda: open_keys(path, GIVEN), lambda: replace_keys(path, MEMBER, GIVEN, os.urandom)):
            with pytest.raises(KeyFileError, match="folder"):
                touch()
    path.parent.chmod(0o755)
    assert open_keys(path, GIVEN) == STEWARD


def test_a_key_file_is_never_written_over_by_a_new_one(path: Path) -> None:
    before = create(path).read_bytes()
    with pytest.raises(FileExistsError):
        create_keys(path, MEMBER, GIVEN, os.urandom, CHEAP)
    assert path.read_bytes() == before


def test_it_is_replaced_whole_under_another_salt_and_nonce(path: Path) -> None:
    before = json.loads(create(path).read_bytes())
    leftover = path.with_name(".keys.json.partial")
    leftover.write_bytes(b"of one that was stopped")
    replace_keys(path, STEWARD, OTHER, os.urandom, CHEAP)
    after = json.loads(path.read_bytes())
    assert open_keys(path, OTHER) == STEWARD
    assert (path.stat().st_mode & 0o777, leftover.exists()) == (0o600, False)
    assert before["kdf"]["salt"] != after["kdf"]["salt"]
    assert before["cipher"]["nonce"] != after["cipher"]["nonce"]
    with pytest.raises(PassphraseError):
        open_keys(path, GIVEN)


def test_a_stopped_writing_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create(path)

    def stop(_source: Path, _target: Path) -> None:
        raise OSError("stopped")

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(OSError, match="stopped"):
        replace_keys(path, MEMBER, OTHER, os.urandom, CHEAP)
    assert open_keys(path, GIVEN) == STEWARD


def test_no_key_shows_itself(path: Path) -> None:
    raw = create(path).read_text()
    shown = repr(STEWARD) + repr(party_keys(STEWARD)) + repr(GIVEN) + raw
    for secret in (b"S", b"C", b"L", b"f", b"g", b"d"):
        assert (secret * 32).hex() not in shown
        assert repr(secret * 32) not in shown
    assert "this test" not in shown


def test_party_keys_hold_the_next_keys_beside_those_in_use() -> None:
    keys = party_keys(STEWARD)
    assert len({key.public for key in keys.signing}) == 5
    assert (keys.retired, keys.key_share) == (STEWARD.retired, STEWARD.key_share)
    assert len(party_keys(MEMBER).signing) == 2


def write_changed(path: Path, change: Mapping[str, Any]) -> None:
    document = json.loads(path.read_bytes())
    for name, value in change.items():
        document[name] = {**document[name], **value} if isinstance(value, dict) else value
    path.write_bytes(rfc8785.dumps(document))
