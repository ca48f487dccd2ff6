"""A founding rehearsed over one mail folder, by the commands that founders give."""

import atexit
import io
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import pytest
from support_cli import Ended
from support_dkg import signed_anew

from consortium_config.draft_file import Draft, parse_draft
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.privacy import dkg
from hanse_ledger.privacy.dkg_messages import read_commits, share_info
from hanse_ledger.privacy.group import scalar_bytes
from hanse_ledger.privacy.sealing import seal
from hanse_ledger.signing import SigningKey
from node import keystore
from node.cli import main
from node.founding.letters import Kind, message_name
from node.keystore import N_LEAST, Cost, Secrets, open_keys
from node.passphrase import Passphrase
from node.texts import speak

STEEL = "hanse.example/steel"
PASSPHRASE = "a passphrase for tests alone"  # noqa: S105 - it protects nothing
STEWARDS = tuple(PartyId(f"steward-{x}") for x in (1, 2, 3, 4))
DESK = PartyId("desk")
MEMBERS = (PartyId("alder"), PartyId("birch"), PartyId("cedar"))
X = {party: StewardX(number) for number, party in enumerate(STEWARDS, 1)}
FOUNDERS = (*STEWARDS, DESK, *MEMBERS)

POLICY = """\
consortium = "hanse.example/steel"
first_month = "2026-01"
ordering = ["desk"]

[policy]
contributors_min = 4
warnings_min = 2
currency = "CNY"
exponent = 2
bounds = [1000, 10000, 50000, 250000, 1000000]
retention_months = 36
purposes = ["credit-review", "onboarding"]
inquiries_base = 5000
inquiries_per_subject = 0
tokens_per_day = 100000
share_hours = 24
dispute_months = 2
bulletin_hours = 24

[policy.rates.EUR]
2026-01 = 8100000
"""


def cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let key files be made so that they open quickly, with the passphrase in the environment."""
    monkeypatch.setattr(keystore, "COST", Cost(n=N_LEAST, r=8, p=1))
    monkeypatch.setenv("HANSE_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    for name in ("LC_ALL", "LC_MESSAGES", "HANSE_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)


def hanse(*words: object) -> Ended:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(word) for word in words])
    speak("en")
    return Ended(code=code, out=out.getvalue(), err=err.getvalue())


@dataclass(frozen=True)
class Rehearsal:
    """All founders' folders side by side, and the mail folder that they share."""

    folder: Path

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

    def home(self, party: str) -> Path:
        return self.folder / party

    def letter(self, name: str) -> bytes:
        return (self.mail / name).read_bytes()

    def replace(self, name: str, raw: bytes) -> None:
        (self.mail / name).write_bytes(raw)

    def secrets(self, party: str) -> Secrets:
        return open_keys(self.home(party) / "keys.json", Passphrase(PASSPHRASE.encode()))

    def draft(self) -> Draft:
        return parse_draft(self.letter("draft.json"))

    def new(self, party: PartyId, *more: str) -> Ended:
        role = "steward" if party in STEWARDS else "desk" if party == DESK else "member"
        words = ["--consortium", STEEL, "--party", party, "--name", party.title(), "--role", role]
        words += ["--x", party[-1]] if party in STEWARDS else []
        words += ["--orders"] if party == DESK else []
        words += ["--url", f"http://{party}.example"]
        return hanse("party", "new", "--dir", self.home(party), "--mail", self.mail, *words, *more)

    def make_draft(self, *more: str) -> Ended:
        policy = self.folder / "policy.toml"
        return hanse("consortium", "draft", "--mail", self.mail, "--policy", policy, *more)

    def do(self, step: str, party: str, *more: str) -> Ended:
        """Give one of the commands of a founder: key, sign, genesis, next."""
        return hanse("consortium", step, "--dir", self.home(party), "--mail", self.mail, *more)

    def all_keys(self) -> None:
        """Let the stewards go on until each has its share."""
        for _ in range(3):
            for steward in STEWARDS:
                done(self.do("key", steward))


def done(ended: Ended) -> Ended:
    assert ended.code == 0, ended.err
    return ended


Stage = Literal["cards", "draft", "committed", "dealt", "keyed", "signed", "founded"]


def at_stage(stage: Stage, folder: Path) -> Rehearsal:
    """A rehearsal that has come so far, in a folder of the test's own."""
    shutil.copytree(_stages() / stage, folder / stage)
    return Rehearsal(folder / stage)


@cache
def _stages() -> Path:
    """One founding, copied after each step."""
    top = Path(tempfile.mkdtemp(prefix="hanse-founding-"))
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    going = Rehearsal(top / "going")
    going.folder.mkdir()
    (going.folder / "policy.toml").write_text(POLICY)
    with pytest.MonkeyPatch.context() as monkeypatch:
        cheap_keys(monkeypatch)
        for stage, steps in _STEPS.items():
            for step in steps:
                done(step(going))
            shutil.copytree(going.folder, top / stage)
    return top


def _key(party: PartyId) -> Callable[[Rehearsal], Ended]:
    return lambda going: going.do("key", party)


_STEPS: Mapping[Stage, Sequence[Callable[[Rehearsal], Ended]]] = {
    "cards": [lambda going, party=party: going.new(party) for party in FOUNDERS],  # type: ignore[misc]
    "draft": [lambda going: going.make_draft()],
    # The last to commit can deal at once, and the last to deal can confirm.
    "committed": [_key(party) for party in STEWARDS],
    "dealt": [_key(party) for party in STEWARDS[:3]],
    "keyed": [_key(party) for party in (STEWARDS[3], *STEWARDS[:2], *STEWARDS)],
    "signed": [
        lambda going, party=party: going.do("sign", party, "--yes")  # type: ignore[misc]
        for party in FOUNDERS
    ],
    "founded": [lambda going: going.do("genesis", DESK)],
}


def refused(ended: Ended, *parts: str) -> None:
    """Check that a command was refused with the founding's code, in a sentence that names these."""
    assert ended.code == 1, ended
    for part in ("[founding]", *parts):
        assert part in ended.err, (part, ended.err)


def participant(going: Rehearsal, party: str) -> dkg.Participant:
    secrets = going.secrets(party)
    return dkg.Participant(
        roster=going.draft().roster,
        x=X[secrets.party],
        signing_key=SigningKey(secrets.seeds.statement),
        seed=secrets.dkg_seed or b"",
    )


def messages(going: Rehearsal, kind: Kind, run: int = 1) -> dict[StewardX, bytes]:
    return {x: going.letter(message_name(party, kind, run)) for party, x in X.items()}


def send_instead(going: Rehearsal, name: str, raw: bytes, party: str) -> None:
    """Let a dishonest steward send this, and keep it as its own."""
    going.replace(name, raw)
    (going.home(party) / "founding" / name).write_bytes(raw)


def bad_share(going: Rehearsal) -> None:
    """Let steward 1 seal to steward 4 a share that is not on its line."""
    me, session = (
        participant(going, STEWARDS[0]),
        read_commits(going.draft().roster, messages(going, "commit")),
    )
    name = "steward-1.deal-1.cose"
    honest = dkg.deal(me, messages(going, "commit"))
    sealed = [
        [
            y,
            seal(
                public_key=session.sealing_keys[y],
                info=share_info(session, me.x, y),
                plaintext=scalar_bytes(9),
            ),
        ]
        for y in me.roster.others(me.x)
    ]
    send_instead(going, name, signed_anew(me, "dkg-deal", honest, {5: sealed}), STEWARDS[0])
