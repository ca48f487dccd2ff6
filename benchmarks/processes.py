"""Parties of a consortium's folder as processes on loopback: `hanse node run`, one for each."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import ConsortiumId, PartyId
from hanse_ledger.privacy.group import Scalar
from hanse_ledger.signing import SigningKey
from node.bootstrap import CONSORTIUM_FILE, GENESIS_FILE, KEYS_FILE, PARTIES_FOLDER
from node.files import OWNER_ONLY, write_new
from node.keystore import N_LEAST, Cost, Secrets, Seeds, create_keys
from node.passphrase import Passphrase
from node.sequencing.cometbft.home import node_id, node_seed, write_home

_PASSPHRASE_FILE: Final = "passphrase"  # noqa: S105 - a file's name
_API_KEY: Final = "an-api-key-of-this-run-alone"
PEER_FILE: Final = "peer-listen"
"""Where a validator's CometBFT listens, in its party's folder."""
_START_S: Final = 300.0
_STOP_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """A party's node that answers at `url`; `client` speaks to it as the party's own people do."""

    url: str
    client: httpx.Client
    pid: int


def new_urls(folder: Path) -> dict[PartyId, str]:
    """Return a URL on loopback for every party of a consortium's folder."""
    parties = parse_document((folder / CONSORTIUM_FILE).read_bytes()).parties
    return dict(zip(parties, free_urls(len(parties)), strict=True))


def write_validators(folder: Path) -> None:
    """Write the CometBFT folder of everybody who orders, before any of their nodes has run."""
    consortium = parse_document((folder / CONSORTIUM_FILE).read_bytes())
    seeds = {}
    for party in consortium.ordering:
        content = json.loads((folder / PARTIES_FOLDER / party / KEYS_FILE).read_text())
        seeds[party] = bytes.fromhex(content["log"])
    hosts = [url.removeprefix("http://") for url in free_urls(len(seeds))]
    listens = dict(zip(seeds, hosts, strict=True))
    peers = {p: f"{node_id(SigningKey(node_seed(seeds[p])).public)}@{listens[p]}" for p in seeds}
    for party, log_seed in seeds.items():
        home = folder / PARTIES_FOLDER / party
        (home / PEER_FILE).write_text(listens[party])
        write_home(
            home / "cometbft",
            founding=consortium,
            consortium=consortium,
            party=party,
            log_seed=log_seed,
            listen=listens[party],
            peers=peers,
        )


def free_urls(count: int) -> list[str]:
    """Return URLs on loopback whose ports were free a moment ago."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"http://127.0.0.1:{one.getsockname()[1]}" for one in sockets]


@contextmanager
def running(
    folder: Path, parties: Iterable[PartyId], urls: Mapping[PartyId, str], *, interval_s: float = 1.0
) -> Iterator[dict[PartyId, Running]]:
    """Run these parties' nodes on what their folders hold; all are ready when this yields.

    Their dealt keys are turned into key files of nodes apart: no embedded node opens the folders after that.
    """
    consortium = parse_document((folder / CONSORTIUM_FILE).read_bytes()).id
    with ExitStack() as stack:
        nodes = {}
        for party in parties:
            home = folder / PARTIES_FOLDER / party
            _encrypt_keys(home, consortium, party)
            config = _configure(folder, party, urls, interval_s)
            nodes[party] = stack.enter_context(_process(config, urls[party]))
        for node in nodes.values():
            wait_ready(node.client, "/readyz")
        yield nodes


def wait_ready(client: httpx.Client, path: str) -> None:
    """Wait until a process that was started answers with 200."""
    ends_at = time.monotonic() + _START_S
    while time.monotonic() < ends_at:
        try:
            if client.get(path).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise UnavailableError("a process did not become ready")


def _configure(folder: Path, party: PartyId, urls: Mapping[PartyId, str], interval_s: float) -> Path:
    """Write a party's settings into its folder; return the file."""
    settings = {
        "party": party,
        "consortium": str(folder / CONSORTIUM_FILE),
        "genesis": str(folder / GENESIS_FILE),
        "folder": ".",
        "passphrase_file": _PASSPHRASE_FILE,
        "listen": urls[party].removeprefix("http://"),
        "url": urls[party],
        "work_interval_s": interval_s,
        "api_keys": [hashlib.sha256(_API_KEY.encode()).hexdigest()],
    }
    home = folder / PARTIES_FOLDER / party
    comet = home / PEER_FILE
    agrees = any((folder / PARTIES_FOLDER).glob(f"*/{PEER_FILE}"))
    # JSON's texts, numbers and lists are TOML's.
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    lines += ['engine = "cometbft"'] if agrees else []
    lines += ["[peers]", *(f"{name} = {json.dumps(url)}" for name, url in urls.items())]
    lines += ["[cometbft]", f"listen = {json.dumps(comet.read_text())}"] if comet.exists() else []
    path = home / "node.toml"
    path.write_text("\n".join(lines))
    return path


def _encrypt_keys(home: Path, consortium: ConsortiumId, party: PartyId) -> None:
    """Put a key file that a passphrase opens, quickly, in the place of a dealt one."""
    if (home / _PASSPHRASE_FILE).exists():
        return
    content = json.loads((home / KEYS_FILE).read_text())
    dealt = {name: bytes.fromhex(value) for name, value in content.items()}
    key_share = dealt.get("key_share")
    secrets = Secrets(
        consortium=consortium,
        party=party,
        seeds=Seeds(statement=dealt["statement"], cosign=dealt["cosign"], log=dealt.get("log")),
        key_share=None if key_share is None else Scalar(key_share),
    )
    (home / KEYS_FILE).unlink()
    passphrase = Passphrase(b"what protects nothing, in a folder of this run")
    create_keys(home / KEYS_FILE, secrets, passphrase, os.urandom, Cost(n=N_LEAST, r=8, p=1))
    write_new(home / _PASSPHRASE_FILE, passphrase.secret, OWNER_ONLY)


@contextmanager
def _process(config: Path, url: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "node.cli", "node", "run", "--config", str(config)]
    key = {"authorization": f"Bearer {_API_KEY}"}
    with (
        (config.parent / "node.log").open("ab") as log,
        httpx.Client(base_url=url, headers=key, timeout=120, trust_env=False) as client,
        subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL) as process,
    ):
        try:
            yield Running(url, client, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
