"""Attacks on a founding and on key files (docs/threat-model.md): by mail, by a steward, by a thief."""

import json
from pathlib import Path

import pytest
import rfc8785
from support_dkg import signed_anew
from support_founding import (
    MEMBERS,
    PASSPHRASE,
    STEWARDS,
    X,
    at_stage,
    bad_share,
    cheap_keys,
    done,
    messages,
    participant,
    refused,
)

from hanse_ledger.privacy import dkg
from hanse_ledger.privacy.dkg_messages import commitment_of, read_commits
from hanse_ledger.privacy.group import multiply_base
from node.errors import PassphraseError
from node.keystore import open_keys
from node.passphrase import Passphrase

ONE, TWO, THREE, FOUR = STEWARDS
ALDER, BIRCH = MEMBERS[:2]


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_keys(monkeypatch)


def test_letter_changed_on_the_way(tmp_path: Path) -> None:
    going = at_stage("dealt", tmp_path)
    name = "steward-2.deal-1.cose"
    done(going.do("key", FOUR))  # takes the honest one
    kept = going.letter(name)
    going.replace(name, kept[:-1] + bytes([kept[-1] ^ 1]))
    refused(going.do("key", FOUR), "steward-2: deal:", "ask it for the file again", name)
    going.replace(name, kept)
    own = "steward-4.deal-1.cose"
    going.replace(own, kept)
    refused(going.do("key", FOUR), "other content", own)


def test_steward_deals_a_share_off_its_line(tmp_path: Path) -> None:
    going = at_stage("committed", tmp_path)
    bad_share(going)
    for party in (TWO, THREE):
        going.do("key", party)
    complaint = going.mail / "steward-4.complaint-1.cose"
    (going.mail / "steward-3.complaint-1.cose").unlink()  # it was faster; this is steward 4's test
    verdict = ("steward-1: share:", "complaint of steward-4", "--run 2", complaint.name)
    refused(going.do("key", FOUR), *verdict)
    assert complaint.exists()
    first = complaint.read_bytes()
    for step, party in (("key", FOUR), ("key", TWO), ("next", ALDER), ("next", ONE), ("key", ONE)):
        refused(going.do(step, party), *verdict)
    complaint.unlink()
    refused(going.do("key", FOUR), *verdict)
    assert complaint.read_bytes() == first
    assert not list(going.mail.glob("steward-4.confirm-1.cose"))


def test_steward_complains_falsely(tmp_path: Path) -> None:
    going = at_stage("dealt", tmp_path)
    me, key = participant(going, TWO), dkg._sealing_key(participant(going, TWO))
    session = read_commits(going.draft().roster, messages(going, "commit"))
    fields = [X[ONE], going.letter("steward-1.deal-1.cose"), key.to_bytes()]
    going.replace("steward-2.complaint-1.cose", dkg._sign(me, "dkg-complaint", session.hash, fields))
    refused(going.do("key", ONE), "steward-2: complaint:", "complaint of steward-2", "--run 2")
    going.replace("steward-2.complaint-1.cose", b"no complaint")
    refused(going.do("key", ONE), "steward-2: message:", "steward-2.complaint-1.cose")


def test_steward_sends_two_commitments(tmp_path: Path) -> None:
    going = at_stage("committed", tmp_path)
    done(going.do("key", TWO))  # takes the first one
    me, name = participant(going, ONE), "steward-1.commit-1.cose"
    a0, a1 = multiply_base(5), multiply_base(7)
    other = commitment_of(going.draft().roster, X[ONE], a0, a1)
    going.replace(name, signed_anew(me, "dkg-commit", going.letter(name), {2: other}))
    refused(going.do("key", TWO), "steward-1: commit:", "two different ones", name)


def test_document_changed_between_signers(tmp_path: Path) -> None:
    going = at_stage("keyed", tmp_path)
    done(going.do("sign", ALDER, "--yes"))
    document = json.loads(going.letter("consortium.json"))
    document["policy"]["contributors_min"] = 3
    going.replace("consortium.json", rfc8785.dumps(document))
    refused(going.do("sign", BIRCH, "--yes"), "document:", "consortium.json")
    assert not (going.mail / "birch.signature-1.json").exists()


def test_key_file_stolen(tmp_path: Path) -> None:
    """Without the passphrase a copy of a steward's folder gives nothing but public things."""
    going = at_stage("founded", tmp_path)
    secrets = going.secrets(ONE)
    stolen = b"".join(path.read_bytes() for path in going.home(ONE).rglob("*") if path.is_file())
    for secret in (secrets.seeds.statement, secrets.seeds.cosign, secrets.key_share or b""):
        assert secret not in stolen
        assert secret.hex().encode() not in stolen
    for guess in ("", "a passphrase for tests", PASSPHRASE + " "):
        with pytest.raises(PassphraseError):
            open_keys(going.home(ONE) / "keys.json", Passphrase(guess.encode()))
