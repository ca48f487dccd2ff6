"""The consortium of docs/deployment.md under an engine: founded, started, loaded and asked through the proxy.

run.sh starts it where the engine is, and the consortium's names lead to the proxy. Grafana is left out:
it has no stand-in.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx
import rfc8785
from net_books import Books, sample_books
from net_loading import is_ready, load
from support_containers import PARTIES, blocks
from support_make_net import windows_of_exports

from hanse_client import Hanse

_PROFILE: Final = ("docker", "compose", "--profile", "cometbft")
_MONTHS: Final = 3
_SUBJECTS: Final = 64
_PURPOSE: Final = "credit-review"
_READY_S: Final = 300.0
_WAIT_S: Final = 120.0


@dataclass(frozen=True, kw_only=True)
class Reached:
    """A party behind the proxy, and the file with an API key for its people."""

    id: str
    url: str
    api_key: Path


def main(clone: Path) -> None:
    """Carry out the page, step by step, in a clone; raises with what went wrong."""
    os.chdir(clone)
    books = replace(sample_books(), months=sample_books().months[:_MONTHS])
    say("Founding, by the page's own commands")
    found(books.months[0])
    say("First start, with the proxy's own authority")
    start()
    parties = {party: reached(party) for party in PARTIES}
    wait_for(lambda: all(map(is_ready, parties.values())), _READY_S, "not every node follows the log")
    say("Loading three months")
    load(parties, books)
    say("Asking")
    ask_everything(parties, books)
    ask_as_people_do(parties["alder"], next(iter(expected(books))))
    say("Every answer through the proxy is that of sums over the exports.")


def found(first_month: str) -> None:
    """Give the commands of the page to a shell, with the sample's first month in the policy."""
    settings = Path("deploy/env.example").read_text("utf-8")
    Path(".env").write_text(settings.replace("HANSE_TLS=acme", "HANSE_TLS=internal"), "utf-8")
    run("sh", "deploy/secrets.sh")
    (policy,) = blocks("toml")
    Path("policy.toml").write_text(policy.replace("2026-01", first_month), "utf-8")
    commands = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    # Root needs no sudo, which may not be there.
    script = ["set -e", 'sudo() { "$@"; }', "ENGINE=-cometbft", *commands]
    run("bash", "-c", "\n".join(script))


def start() -> None:
    """Start the proxy, trust its authority as the page says, and start all else."""
    run(*_PROFILE, "up", "--detach", "--wait", "proxy")
    # It writes the certificate of its authority once it has begun to serve.
    wait_for(copies_authority, _WAIT_S, "the proxy has no authority")
    Path("tls/trusted/ca.pem").chmod(0o644)
    settings = Path(".env").read_text("utf-8")
    Path(".env").write_text(settings.replace("#HANSE_CA_FILE", "HANSE_CA_FILE"), "utf-8")
    services = run(*_PROFILE, "config", "--services").split()
    run(*_PROFILE, "up", "--detach", "--wait", *(name for name in services if name != "grafana"))
    os.environ["SSL_CERT_FILE"] = str(Path("tls/trusted/ca.pem").absolute())


def reached(party: str) -> Reached:
    """Make an API key for a party's people in its container."""
    words = ("keys", "api", "new", "--config", "node.toml", "--name", "trial", "--scope", "all", "--json")
    key = Path(f"{party}.key").absolute()
    key.write_text(
        json.loads(run(*_PROFILE, "exec", "-T", f"{party}-cometbft", "hanse", *words))["key"], "utf-8"
    )
    return Reached(id=party, url=f"https://{party}.hanse.example", api_key=key)


def copies_authority() -> bool:
    """Copy the certificate of the proxy's authority, as the page says; say whether it was there."""
    root = "proxy:/data/caddy/pki/authorities/local/root.crt"
    command = [*_PROFILE, "cp", root, "tls/trusted/ca.pem"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def wait_for(holds: Callable[[], bool], most_s: float, otherwise: str) -> None:
    """Look again each second: containers tell nobody here when they have come so far."""
    ends_at = time.monotonic() + most_s
    while not holds():
        if time.monotonic() > ends_at:
            raise TimeoutError(otherwise)
        time.sleep(1)


def expected(books: Books) -> dict[str, list[dict[str, Any]]]:
    """What every subject's windows must say, from the exports alone."""
    first = int(books.months[0][:4]) * 12 + int(books.months[0][5:]) - 1
    return windows_of_exports(books.exports, first=first, last=first + _MONTHS - 1)


def ask_everything(parties: Mapping[str, Reached], books: Books) -> None:
    """Ask one member's node for every subject, and compare."""
    clear = expected(books)
    subjects, got = sorted(clear), dict[str, Any]()
    headers = {"authorization": f"Bearer {parties['birch'].api_key.read_text('utf-8')}"}
    with httpx.Client(base_url=parties["birch"].url, headers=headers, timeout=_WAIT_S) as client:
        for begin in range(0, len(subjects), _SUBJECTS):
            asked = {"subjects": subjects[begin : begin + _SUBJECTS], "purpose": _PURPOSE}
            reply = client.post("/v1/inquiries", json=asked).raise_for_status().json()
            got |= {answer["subject"]: answer["windows"] for answer in reply["answers"]}
    if got != clear:
        raise AssertionError("an answer is not what the exports say")


def ask_as_people_do(member: Reached, subject: str) -> None:
    """Ask by the client, which verifies, and by the command."""
    document = rfc8785.dumps(httpx.get(f"{member.url}/v1/consortium").json()["document"])
    with Hanse(member.url, api_key=member.api_key.read_text("utf-8"), trust=document) as client:
        client.check(subject, purpose=_PURPOSE)
    words = (
        "inquire",
        subject,
        "--purpose",
        _PURPOSE,
        "--url",
        member.url,
        "--api-key-file",
        str(member.api_key),
    )
    run(sys.executable, "-m", "node.cli", *words)


def run(*command: str) -> str:
    """Run a command and return what it writes; raises with what it said where it fails."""
    ended = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(command)[:200]}\n{ended.stdout[-2000:]}\n{ended.stderr[-4000:]}")
    return ended.stdout


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
