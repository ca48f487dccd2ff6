"""The consortium that `make net` founds: its parties, and where each has its folder and its address."""

import json
import os
import secrets
import socket
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FIRST_PORT: Final = 8471
CONSORTIUM: Final = "hanse.example/net"
STEWARDS: Final = ("steward-1", "steward-2", "steward-3", "steward-4")
DESK: Final = "desk"
_ADDRESSES: Final = "addresses.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One party: its id and role, its own folder, and where its node listens."""

    id: str
    home: Path
    port: int

    @property
    def role(self) -> str:
        """What the party does."""
        return "steward" if self.id in STEWARDS else "desk" if self.id == DESK else "member"

    @property
    def listen(self) -> str:
        """Where the node listens."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where others reach it."""
        return f"http://{self.listen}"

    @property
    def config(self) -> Path:
        """The node's configuration; there once the party is founded."""
        return self.home / "node.toml"

    @property
    def passphrase(self) -> Path:
        """The file with what opens the party's key file."""
        return self.home / "passphrase"

    @property
    def api_key(self) -> Path:
        """The file with a key for the party's own people."""
        return self.home / "api-key"

    @property
    def log(self) -> Path:
        """What the node's process has written."""
        return self.home / "node.log"


def choose_parties(folder: Path, members: Sequence[str]) -> dict[str, Party]:
    """Return all parties by their ids; their ports are chosen once, as signed documents name them."""
    path = folder / _ADDRESSES
    if not path.exists():
        parties = (*STEWARDS, DESK, *members)
        ports = dict(zip(parties, _free_ports(len(parties)), strict=True))
        path.write_text(json.dumps(ports, indent=1) + "\n", "utf-8")
    return parties_in(folder)


def parties_in(folder: Path) -> dict[str, Party]:
    """Return the parties that were chosen, by their ids; none where none were."""
    path = folder / _ADDRESSES
    ports = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {party: Party(id=party, home=folder / party, port=port) for party, port in ports.items()}


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner may read, with its folder where that is missing."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")


def new_passphrase() -> str:
    """Return a passphrase that nobody can guess."""
    return secrets.token_urlsafe(24)


def _free_ports(count: int) -> list[int]:
    """Return neighbouring ports from `FIRST_PORT` on if all are free, else any free ones."""
    wanted = [FIRST_PORT + place for place in range(count)]
    return wanted if all(map(_is_free, wanted)) else _any_ports(count)


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
