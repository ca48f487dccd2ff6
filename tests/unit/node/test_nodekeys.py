"""A key file that a running node changes too: a command that works with it loses nothing by that."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from hanse_ledger.ids import ConsortiumId, PartyId
from hanse_ledger.signing import SigningKey
from node import keystore
from node.bootstrap import KEYS_FILE
from node.errors import LockedError
from node.founding.home import Home, OpenHome
from node.keyring import KeyRing
from node.keystore import N_LEAST, Cost, Secrets, Seeds, open_keys
from node.nodekeys import NodeKeys
from node.passphrase import Passphrase

GIVEN = Passphrase(b"the passphrase of this test")
SHARE = b"\x01" + bytes(31)


def test_a_share_that_comes_while_a_command_makes_keys_takes_none_of_them_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keystore, "COST", Cost(n=N_LEAST, r=8, p=1))
    tmp_path.chmod(0o700)
    home, seeds = Home(tmp_path), Seeds(statement=b"s" * 32, cosign=b"c" * 32)
    secrets = Secrets(consortium=ConsortiumId("hanse.example/a"), party=PartyId("five"), seeds=seeds)
    opened = OpenHome.create(home, secrets, GIVEN, os.urandom)
    running = NodeKeys(tmp_path / KEYS_FILE, lambda: GIVEN)
    ring = KeyRing(running.keys, running.changed)
    following = Seeds(statement=b"f" * 32, cosign=b"g" * 32)
    with home.alone():
        with pytest.raises(LockedError):
            running.keep_key_share(SHARE)
        opened.change(replace(opened.secrets, following=following))
    running.keep_key_share(SHARE)
    found = open_keys(home.keys_file, GIVEN)
    assert (found.following, found.key_share) == (following, SHARE)
    assert running.keys.key_share == SHARE
    # The node has written the file itself, and finds in it what the command has.
    assert ring.key(SigningKey(following.statement).public)
