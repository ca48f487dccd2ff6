"""A node's own side without the node: configuration and document in a folder, people in its registry."""

from collections.abc import Mapping
from pathlib import Path

from support_consortium import ALDER, canonical, document

from node.own.service import OwnService
from node.risk.roles import Actor, Role

CONFIG = f"""
party = "{ALDER}"
consortium = "consortium.json"
genesis = "genesis.cose"
folder = "."
listen = "127.0.0.1:8080"
"""
ADMIN = Actor(name="ada", role="admin")
NAMES: Mapping[Role, str] = {
    "analyst": "ann",
    "approver": "bo",
    "compliance": "cy",
    "auditor": "di",
}
ANALYST, APPROVER = Actor(name="ann", role="analyst"), Actor(name="bo", role="approver")
COMPLIANCE, AUDITOR = Actor(name="cy", role="compliance"), Actor(name="di", role="auditor")


def write_config(folder: Path) -> Path:
    """Write what `--config` reads; the database is made when it is first opened."""
    (folder / "consortium.json").write_bytes(canonical(document()))
    (folder / "node.toml").write_text(CONFIG)
    return folder / "node.toml"


def add_people(own: OwnService) -> None:
    """Add an admin, and somebody for each other role."""
    own.people.begin(ADMIN.name)
    for role, name in NAMES.items():
        own.people.add(ADMIN, name, role)
