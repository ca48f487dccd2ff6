"""A node's own side without the node: configuration and document in a folder, people in its registry."""

import random
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from support_consortium import ALDER, canonical, document
from support_simulation import StillClock

from hanse_ledger.consortium import parse_document
from node.bootstrap import Surroundings
from node.own.service import OwnService
from node.risk.roles import Actor, Role
from node.storage.book import put_import, put_lines
from node.storage.database import Database
from node.storage.engines import Place
from node.wire import ThreadHost

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


class Bench:
    """A member's own side over a fresh database, at a time of the test's own."""

    def __init__(self, folder: Place, now: datetime) -> None:
        """Make the database in a folder, or at a place of a test's own."""
        place = folder / "own.sqlite" if isinstance(folder, Path) and folder.is_dir() else folder
        self.clock, self.database = StillClock(now), Database(place)
        consortium = parse_document(canonical(document()))
        self.own = OwnService(
            database=self.database,
            party=ALDER,
            consortium=lambda: consortium,
            door=ThreadHost().door(ALDER),
            around=Surroundings(clock=self.clock, entropy=random.Random(1).randbytes),
        )
        self._imports = 0

    def bill(self, *lines: tuple[str, str, str, str, str | None, int]) -> None:
        """Put lines into the book: customer's subject, reference, invoice, due and paid date, minor units."""
        self._imports += 1
        put_bills(self.database, *lines, as_of=self.clock.now().date(), number=self._imports)

    def close(self) -> None:
        self.database.close()


def put_bills(
    database: Database, *lines: tuple[str, str, str, str, str | None, int], as_of: date, number: int = 1
) -> None:
    """Import lines as `Bench.bill` takes them."""
    with database.write() as connection:
        sha256 = number.to_bytes(32, "big")
        made = put_import(connection, sha256=sha256, as_of=as_of, taken=len(lines))
        put_lines(connection, [{**_line(line), "import_id": made} for line in lines])


def _line(line: tuple[str, str, str, str, str | None, int]) -> dict[str, Any]:
    subject, reference, invoiced, due, paid, amount_minor = line
    return {
        "customer": subject,
        "reference": reference,
        "subject": subject,
        "invoice_date": invoiced,
        "due_date": due,
        "paid_date": paid,
        "amount_minor": amount_minor,
        "currency": "CNY",
        "lost_on": None,
        "disputed": False,
    }
