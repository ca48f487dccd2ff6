"""Founding the consortium of `make net` as people found one: each step a command of one party.

All founders are on this machine, so that one folder does for their mail. No party's folder is looked into by
another party's command.
"""

import io
import json
import shutil
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final

from net_databases import database_url, throw_away
from net_parties import CONSORTIUM, STEWARDS, Layout, Party, new_passphrase, write_secret

from node.cli import main as hanse_main

_POLICY: Final = f"""\
consortium = "{CONSORTIUM}"
first_month = "{{first_month}}"
ordering = {{ordering}}

[policy]
contributors_min = 4
warnings_min = 2
currency = "{{currency}}"
exponent = 2
bounds = [1000, 10000, 50000, 250000, 1000000]
rates = {{{{}}}}
retention_months = 36
purposes = ["credit-review", "onboarding", "monitoring", "subject-access"]
inquiries_base = 5000
inquiries_per_subject = 0
tokens_per_day = 100000
share_hours = 24
dispute_months = 2
bulletin_hours = 24
"""
_KEY_ROUNDS: Final = 3
WORK_S: Final = 0.5
"""How often a node does what is due: often, so that nobody waits for a demonstration."""


class StepError(Exception):
    """A command of the founding failed; the message is what it said."""


def is_founded(parties: Mapping[str, Party]) -> bool:
    """Say whether every party has its configuration, which is written last."""
    return all(party.config.exists() for party in parties.values())


def found(folder: Path, layout: Layout, *, first_month: str, currency: str) -> None:
    """Found the consortium anew; what an earlier, unfinished founding left is thrown away first."""
    mail, parties, ordering = folder / "mail", layout.parties, layout.ordering
    throw_away(parties.values())
    for left in (mail, *(party.home for party in parties.values())):
        shutil.rmtree(left, ignore_errors=True)
    mail.mkdir()
    _say("each party makes its keys and its card: hanse party new")
    for party in parties.values():
        write_secret(party.passphrase, new_passphrase())
        _new_party(party, mail, orders=party.id in ordering)
    _say("one of them drafts the document: hanse consortium draft")
    policy = mail / "policy.toml"
    asked = {"first_month": first_month, "currency": currency, "ordering": json.dumps(ordering)}
    policy.write_text(_POLICY.format(**asked), "utf-8")
    hanse("consortium", "draft", "--mail", mail, "--policy", policy)
    _say("the stewards make the token key, which none of them holds: hanse consortium key")
    for _ in range(_KEY_ROUNDS):
        for steward in STEWARDS:
            _step("key", parties[steward], mail)
    _say("every party reads the document and signs it: hanse consortium sign")
    for party in parties.values():
        _step("sign", party, mail, "--yes")
    _say("who orders the log first begins it: hanse consortium genesis")
    _step("genesis", parties[ordering[0]], mail)
    _say("each party configures its node: hanse node config")
    for party in parties.values():
        _configure(party, mail, layout)


def init_validators(folder: Path, parties: Mapping[str, Party]) -> None:
    """Write the folders of CometBFT that are missing; it takes the parties' databases."""
    for party in parties.values():
        if party.is_validator and not party.comet_home.exists():
            hanse("node", "init-cometbft", "--config", party.config, "--cards", folder / "mail")


def hanse(*words: object) -> Any:
    """Run a command in this process and return its JSON; raises StepError with what it said."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = hanse_main([*map(str, words), "--json"])
    if code != 0:
        raise StepError(f"hanse {words[0]} {words[1]}: {err.getvalue().strip()}")
    return json.loads(out.getvalue())


def _new_party(party: Party, mail: Path, *, orders: bool) -> None:
    words: list[object] = ["--consortium", CONSORTIUM, "--party", party.id, "--role", party.role]
    words += ["--name", party.id.title(), "--url", party.url, "--passphrase-file", party.passphrase]
    if party.id in STEWARDS:
        words += ["--x", STEWARDS.index(party.id) + 1]
    if orders:
        words += ["--orders"]
    if party.is_validator:
        words += ["--peer", party.peer]
    hanse("party", "new", "--dir", party.home, "--mail", mail, *words)


def _step(step: str, party: Party, mail: Path, *more: str) -> None:
    folders = ("--dir", party.home, "--mail", mail, "--passphrase-file", party.passphrase)
    hanse("consortium", step, *folders, *more)


def _configure(party: Party, mail: Path, layout: Layout) -> None:
    folders = ("--dir", party.home, "--mail", mail, "--passphrase-file", party.passphrase)
    hanse("node", "config", *folders, "--listen", party.listen, "--engine", layout.engine)
    settings = f"work_interval_s = {WORK_S}\nopen_metrics = true\n"
    if layout.database == "postgresql":
        settings += f"database = {json.dumps(database_url(party))}\n"
    if party.is_validator:
        comet = {"listen": party.peer_listen, "metrics": party.metrics_listen}
        settings += "[cometbft]\n" + "".join(f"{name} = {json.dumps(at)}\n" for name, at in comet.items())
    with party.config.open("a", encoding="utf-8") as config:
        config.write(settings)


def _say(text: str) -> None:
    sys.stderr.write(f"  {text}\n")
