"""A network namespace for each party of `make net`, joined by a bridge, as containers have it.

Made by root alone. What is made is named after the net's folder, so that two nets do not meet, and so that
exactly this is removed again.
"""

import hashlib
import ipaddress
import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_TAG_DIGITS: Final = 5
_FIRST_HOST: Final = 11
PARTIES_MOST: Final = 200
"""As many as have an address in one network."""
_NETWORKS: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """What joins the namespaces: `tag` is in all names, `network` begins all addresses."""

    tag: str
    network: str

    @property
    def name(self) -> str:
        """The bridge's name among this machine's interfaces."""
        return f"hn-{self.tag}"

    def namespace(self, party: str) -> str:
        """Return the name of a party's namespace."""
        return f"hanse-{self.tag}-{party}"

    def host(self, place: int) -> str:
        """Return the address of the party at a place."""
        return f"{self.network}.{_FIRST_HOST + place}"


def reason_against(parties: int) -> str | None:
    """Say why there can be no namespaces here; None where there can."""
    if os.geteuid() != 0:
        return "it takes root"
    if shutil.which("ip") is None:
        return "the command ip (iproute2) is missing"
    if parties > PARTIES_MOST:
        return f"more than {PARTIES_MOST} parties"
    probe = f"hanse-probe-{os.getpid()}"
    pair = (f"hp{os.getpid()}a", f"hp{os.getpid()}b")
    try:
        _ip("netns", "add", probe)
        _ip("link", "add", pair[0], "type", "veth", "peer", "name", pair[1], "netns", probe)
    except subprocess.CalledProcessError as error:
        return str(error.stderr).strip() or "this machine does not let it"
    finally:
        _try("netns", "delete", probe)
        _try("link", "delete", pair[0])
    return None


def choose_bridge(folder: Path) -> Bridge:
    """Return names that follow from the net's folder, and a network that nothing here is in yet."""
    digest = hashlib.sha256(str(folder).encode()).digest()
    taken = {
        ipaddress.ip_interface(f"{one['local']}/{one['prefixlen']}").network
        for link in _shown("-4", "address")
        for one in link["addr_info"]
    }
    for step in range(_NETWORKS):
        network = f"10.83.{(digest[-1] + step) % _NETWORKS}"
        if not any(ipaddress.ip_network(f"{network}.0/24").overlaps(other) for other in taken):
            return Bridge(tag=digest.hex()[:_TAG_DIGITS], network=network)
    raise AssertionError("no machine is in so many networks")


def connect(bridge: Bridge, hosts: Iterable[tuple[str, str]]) -> None:
    """Make what is missing of the bridge and of the namespaces; `hosts` are their names with addresses."""
    if bridge.name not in _links():
        _ip("link", "add", bridge.name, "type", "bridge")
        _ip("address", "add", f"{bridge.network}.1/24", "dev", bridge.name)
    _ip("link", "set", bridge.name, "up")
    for namespace, host in hosts:
        if namespace not in _namespaces():
            _join(bridge, namespace, host)


def disconnect(bridge: Bridge, namespaces: Iterable[str]) -> None:
    """Remove these namespaces, with all that still runs in them, and the bridge."""
    there = _namespaces()
    for namespace in namespaces:
        if namespace in there:
            _end_within(namespace)
            _ip("netns", "delete", namespace)
    if bridge.name in _links():
        _ip("link", "delete", bridge.name)


def within(namespace: str | None, command: list[str]) -> list[str]:
    """Return the command that runs in a namespace; the process that is started becomes it."""
    return command if namespace is None else [_program(), "netns", "exec", namespace, *command]


def _join(bridge: Bridge, namespace: str, host: str) -> None:
    """Make one namespace; whole, or it is not there."""
    outer, inner = f"{bridge.name}-{host.rpartition('.')[2]}", "eth0"
    _try("link", "delete", outer)
    _ip("netns", "add", namespace)
    try:
        _ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", namespace)
        _ip("link", "set", outer, "master", bridge.name, "up")
        _ip("-n", namespace, "address", "add", f"{host}/24", "dev", inner)
        for link in ("lo", inner):
            _ip("-n", namespace, "link", "set", link, "up")
    except subprocess.CalledProcessError:
        _ip("netns", "delete", namespace)
        raise


def _end_within(namespace: str) -> None:
    """End what a killed node has left in its namespace: nobody else's process is in it."""
    for pid in _ip("netns", "pids", namespace).split():
        os.kill(int(pid), 9)


def _namespaces() -> set[str]:
    return {one["name"] for one in _shown("netns", "list")}


def _links() -> set[str]:
    return {one["ifname"] for one in _shown("link")}


def _shown(*words: str) -> list[Any]:
    found: list[Any] = json.loads(_ip("-json", *words) or "[]")
    return found


def _ip(*words: str) -> str:
    command = [_program(), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _try(*words: str) -> None:
    subprocess.run([_program(), *words], check=False, capture_output=True)


def _program() -> str:
    return shutil.which("ip") or "ip"
