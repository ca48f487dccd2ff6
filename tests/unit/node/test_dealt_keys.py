import json
from pathlib import Path

import pytest

from consortium_config.sample import DealtKeys
from hanse_ledger.errors import CorruptionError
from hanse_ledger.privacy.group import Scalar
from node.dealt_keys import read_dealt_keys, write_dealt_keys

DEALT = DealtKeys(statement_seed=b"s" * 32, cosign_seed=b"c" * 32, key_share=None, log_seed=None)
STEWARD = DealtKeys(
    statement_seed=b"s" * 32, cosign_seed=b"c" * 32, log_seed=b"l" * 32, key_share=Scalar(b"\x01" + bytes(31))
)


def test_keys_come_back_as_they_were(tmp_path: Path) -> None:
    for name, dealt in (("a", DEALT), ("b", STEWARD)):
        write_dealt_keys(tmp_path / name, dealt)
        keys = read_dealt_keys(tmp_path / name)
        assert keys.statement.public != keys.cosign.public
        assert (keys.log is None) is (dealt.log_seed is None)
        assert keys.key_share == dealt.key_share
    assert (
        read_dealt_keys(tmp_path / "a").statement.public == read_dealt_keys(tmp_path / "b").statement.public
    )


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_dealt_keys(path, STEWARD)
    assert path.stat().st_mode & 0o777 == 0o600
    for mode in (0o640, 0o604, 0o602, 0o620, 0o610):
        path.chmod(mode)
        with pytest.raises(CorruptionError, match="owner"):
            read_dealt_keys(path)
    path.chmod(0o400)
    assert read_dealt_keys(path).key_share == STEWARD.key_share


def test_a_key_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_dealt_keys(path, STEWARD)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        write_dealt_keys(path, DEALT)
    assert path.read_bytes() == before


def test_no_key_shows_itself(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_dealt_keys(path, STEWARD)
    shown = repr(read_dealt_keys(path))
    for value in json.loads(path.read_text()).values():
        assert value not in shown
    assert repr(STEWARD.key_share) not in shown
