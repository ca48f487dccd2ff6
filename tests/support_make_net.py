"""The consortium that `make net` runs, in a folder of the test's own."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
from net_books import sample_books
from net_parties import Layout, Party, layout_in
from net_processes import running_pid
from support_clear import Bill, row_of
from support_cli import Ended
from support_demo import windows_of

from hanse_ledger.ids import PartyId

ROOT: Final = Path(__file__).parents[1]
_LOST: Final = frozenset({"insolvent", "collection", "charged_off"})
_WAIT_S: Final = 300


@dataclass(frozen=True)
class Net:
    """Nine processes, or those of them that run."""

    folder: Path

    def run(self, command: str, *more: str) -> Ended:
        """Run `up`, `down` or `delete` as make does."""
        words = [sys.executable, str(ROOT / "scripts" / "net.py"), command, str(self.folder), *more]
        ended = subprocess.run(
            words, capture_output=True, text=True, timeout=_WAIT_S, check=False, env=_alone()
        )
        return Ended(code=ended.returncode, out=ended.stdout, err=ended.stderr)

    @property
    def parties(self) -> dict[str, Party]:
        return dict(self.layout.parties)

    @property
    def layout(self) -> Layout:
        found = layout_in(self.folder)
        assert found is not None
        return found

    def pids(self) -> dict[str, int | None]:
        return {party.id: running_pid(party) for party in self.parties.values()}

    def client(self, party: str) -> httpx.Client:
        """One of the party's own people."""
        of = self.parties[party]
        headers = {"authorization": f"Bearer {of.api_key.read_text().strip()}"}
        return httpx.Client(base_url=of.url, headers=headers, timeout=90, trust_env=False)

    def inquire(self, party: str, *subjects: str) -> list[dict[str, Any]]:
        with self.client(party) as client:
            asked = {"subjects": subjects, "purpose": "credit-review"}
            reply = client.post("/v1/inquiries", json=asked)
        assert reply.status_code == 200, reply.text
        answers: list[dict[str, Any]] = reply.json()["answers"]
        return answers

    def hanse(self, *words: object, **environment: str) -> Ended:
        """Run a command in a process of its own."""
        return _ended([sys.executable, "-m", "node.cli", *map(str, words)], environment)


def _ended(command: list[str], more: dict[str, str]) -> Ended:
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=_WAIT_S, check=False, env=_alone() | more
    )
    return Ended(code=ended.returncode, out=ended.stdout, err=ended.stderr)


def _alone() -> dict[str, str]:
    """The environment without what this machine's user has set for Hanse."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HANSE", "LC_"))}
    return kept | {"LANG": "en_US.UTF-8"}


def windows_in_the_clear() -> dict[str, list[dict[str, Any]]]:
    """What every subject's windows must say, from the sample's exports alone."""
    books = sample_books()
    first, last = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (books.months[0], books.months[-1]))
    return windows_of_exports(books.exports, first=first, last=last)


def windows_of_exports(
    exports: Mapping[PartyId, bytes] | Mapping[str, bytes], *, first: int, last: int
) -> dict[str, list[dict[str, Any]]]:
    """What every subject's windows must say when these exports were reported from month to month."""
    rows = {}
    for member, export in exports.items():
        bills = [_bill(line) for line in csv.DictReader(io.StringIO(export.decode()))]
        for customer in {bill.customer for bill in bills}:
            own = [bill for bill in bills if bill.customer == customer]
            for month in range(first, last + 1):
                row = row_of(own, month)
                if row is not None:
                    rows[member, customer, month] = row
    return windows_of(rows, first=first, last=last)


def _bill(line: dict[str, str]) -> Bill:
    invoiced = date.fromisoformat(line["invoice_date"])
    return Bill(
        customer=line["customer"],
        reference=line["invoice"],
        invoiced=invoiced,
        due=date.fromisoformat(line["due_date"]),
        paid=date.fromisoformat(line["paid_date"]) if line["paid_date"] else None,
        minor=int(Decimal(line["amount"]) * 100),
        lost=date.fromisoformat(line["status_date"]) if line.get("status") in _LOST else None,
        known=invoiced,
    )


def record_of(party: Party) -> dict[str, Any]:
    """What `up` wrote down of a party's process."""
    record: dict[str, Any] = json.loads((party.home / "process.json").read_text())
    return record
