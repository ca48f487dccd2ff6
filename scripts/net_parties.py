"""The consortium that `make net` founds: its parties, where each has its folder and its address.

Chosen once and written down, as signed documents name the addresses.
"""

import json
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from net_namespaces import Bridge, choose_bridge

FIRST_PORT: Final = 8471
HTTP_PORT: Final = 8080
PEER_PORT: Final = 26656
METRICS_PORT: Final = 26660
"""The ports where every party has an address of its own; docker-compose.yml has them too."""
CONSORTIUM: Final = "hanse.example/net"
STEWARDS: Final = ("steward-1", "steward-2", "steward-3", "steward-4")
DESK: Final = "desk"
_ADDRESSES: Final = "addresses.json"
_LOOPBACK: Final = "127.0.0.1"
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - of a namespace of its own

Engine: TypeAlias = Literal["solo", "cometbft"]
DatabaseKind: TypeAlias = Literal["sqlite", "postgresql"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a party is: its host, the port of its node, and those of its CometBFT if it has one."""

    host: str
    port: int
    peer_port: int = 0
    metrics_port: int = 0
    namespace: str | None = None
    """The network namespace of its own; without it the party is on this machine's loopback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One party: its id and role, its own folder, and where it is."""

    id: str
    home: Path
    address: Address

    @property
    def role(self) -> str:
        """What the party does."""
        return "steward" if self.id in STEWARDS else "desk" if self.id == DESK else "member"

    @property
    def is_validator(self) -> bool:
        """Whether a CometBFT runs beside the party's node."""
        return bool(self.address.peer_port)

    @property
    def listen(self) -> str:
        """Where the node listens."""
        return self._listen(self.address.port)

    @property
    def peer_listen(self) -> str:
        """Where its CometBFT listens for the other validators."""
        return self._listen(self.address.peer_port)

    @property
    def metrics_listen(self) -> str:
        """Where its CometBFT serves its metrics."""
        return self._listen(self.address.metrics_port)

    @property
    def peer(self) -> str:
        """Where other validators reach its CometBFT."""
        return f"{self.address.host}:{self.address.peer_port}"

    @property
    def url(self) -> str:
        """Where others reach the node."""
        return f"http://{self.address.host}:{self.address.port}"

    @property
    def metrics_url(self) -> str:
        """Where Prometheus reaches the metrics of its CometBFT."""
        return f"http://{self.address.host}:{self.address.metrics_port}/metrics"

    @property
    def config(self) -> Path:
        """The node's configuration; there once the party is founded."""
        return self.home / "node.toml"

    @property
    def comet_home(self) -> Path:
        """The folder of its CometBFT."""
        return self.home / "cometbft"

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

    def _listen(self, port: int) -> str:
        return f"{_EVERYWHERE if self.address.namespace else self.address.host}:{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The whole net: how it orders its log, where databases are, who is where."""

    engine: Engine
    database: DatabaseKind
    bridge: Bridge | None
    """What connects the parties' network namespaces, None on loopback."""
    parties: Mapping[str, Party]

    @property
    def ordering(self) -> tuple[str, ...]:
        """Those that order the log: whose agreement it takes, or the one who does it alone."""
        return STEWARDS if self.engine == "cometbft" else (DESK,)


def choose_layout(
    folder: Path, members: Sequence[str], *, engine: Engine, database: DatabaseKind, apart: bool
) -> Layout:
    """Return the layout that was chosen before, or choose one; `apart` gives each party a namespace."""
    path = folder / _ADDRESSES
    if not path.exists():
        names = (*STEWARDS, DESK, *members)
        validators = STEWARDS if engine == "cometbft" else ()
        bridge = choose_bridge(folder) if apart else None
        addresses = _on_loopback(names, validators) if bridge is None else _apart(names, validators, bridge)
        chosen = {
            "engine": engine,
            "database": database,
            "bridge": None if bridge is None else asdict(bridge),
            "parties": {name: asdict(address) for name, address in addresses.items()},
        }
        path.write_text(json.dumps(chosen, indent=1) + "\n", "utf-8")
    found = layout_in(folder)
    if found is None:
        raise AssertionError("it was written a moment ago")
    return found


def layout_in(folder: Path) -> Layout | None:
    """Return the layout that was chosen, None where none was."""
    path = folder / _ADDRESSES
    if not path.exists():
        return None
    chosen = json.loads(path.read_text("utf-8"))
    return Layout(
        engine=chosen["engine"],
        database=chosen["database"],
        bridge=None if chosen["bridge"] is None else Bridge(**chosen["bridge"]),
        parties={
            name: Party(id=name, home=folder / name, address=Address(**address))
            for name, address in chosen["parties"].items()
        },
    )


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner may read, with its folder where that is missing."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")


def new_passphrase() -> str:
    """Return a passphrase that nobody can guess."""
    return secrets.token_urlsafe(24)


def _apart(names: Sequence[str], validators: Sequence[str], bridge: Bridge) -> dict[str, Address]:
    return {
        name: Address(
            host=bridge.host(place),
            port=HTTP_PORT,
            peer_port=PEER_PORT if name in validators else 0,
            metrics_port=METRICS_PORT if name in validators else 0,
            namespace=bridge.namespace(name),
        )
        for place, name in enumerate(names)
    }


def _on_loopback(names: Sequence[str], validators: Sequence[str]) -> dict[str, Address]:
    ports = iter(_free_ports(len(names) + 2 * len(validators)))
    nodes = {name: next(ports) for name in names}
    comets = {name: (next(ports), next(ports)) for name in validators}
    return {
        name: Address(host=_LOOPBACK, port=port, peer_port=peer, metrics_port=metrics)
        for name, port in nodes.items()
        for peer, metrics in [comets.get(name, (0, 0))]
    }


def _free_ports(count: int) -> list[int]:
    """Return neighbouring ports from `FIRST_PORT` on if all are free, else any free ones."""
    wanted = [FIRST_PORT + place for place in range(count)]
    return wanted if all(map(_is_free, wanted)) else _any_ports(count)


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
    return True


def _any_ports(count: int) -> list[int]:
    probes = [socket.create_server((_LOOPBACK, 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
