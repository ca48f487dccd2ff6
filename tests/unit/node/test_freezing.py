"""What a close freezes, against a count in the clear: rows as lists, subject by subject, nothing vectorised.

The vault holds the rows themselves instead of shares: freezing adds up either.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pytest
from sqlalchemy import select
from support_consortium import (
    DESK,
    STEWARDS,
    Ledger,
    admission,
    canonical,
    changed,
    cosign_key,
    genesis_body,
    publish,
    report,
    shared_rows,
    statement_key,
    values_of,
)

from hanse_ledger.bodies import Close, Propose, Vote
from hanse_ledger.codec import decode
from hanse_ledger.consortium import parse_document
from hanse_ledger.ids import Month, month_text
from hanse_ledger.rows import encode_cells
from hanse_ledger.state import LedgerState
from hanse_ledger.windows import window_months
from node.roles.freezing import Freezer
from node.roles.party import Standing
from node.storage.database import Database
from node.storage.schema import frozen_month, opened, opened_month, window

ROWS = 64
CHAMBER, AUDITOR = list(STEWARDS.values())[:2]


class ClearRow(NamedTuple):
    """One row of a report, as its member made it."""

    token: bytes
    month: int
    condition: int
    exposure: int
    delay: int


class ClearEntry(NamedTuple):
    """A report that counts: everything that freezing depends on, as plain values."""

    place: int
    counts_at: int
    member: str
    log_month: int
    minimum: int
    rows: list[ClearRow]


class ClearWindow(NamedTuple):
    months: tuple[int, ...]
    frozen_at: int
    groups: int
    cells: tuple[int, ...]


@dataclass(frozen=True)
class Vault:
    """What a `Freezer` uses of its node's `Standing`."""

    state: LedgerState
    database: Database


@dataclass
class Town:
    """A consortium whose members report what a test says, and a steward that opens it all."""

    ledger: Ledger
    database: Database
    members: list[str]
    entries: list[ClearEntry] = field(default_factory=list)

    def freeze(self) -> None:
        Freezer(cast(Standing, Vault(self.ledger.state, self.database))).freeze_closed()

    def send(self, member: str, rows: list[ClearRow]) -> int:
        """Log a report of these rows and padding; return its index."""
        padding = [
            ClearRow(
                random.Random(f"{member}{i}{len(self.ledger.entries)}").randbytes(32), rows[-1].month, 0, 0, 0
            )
            for i in range(ROWS - len(rows))
        ]
        index = self.ledger.accept(member, report()).index
        entry = self.ledger.state.reports[index]
        every = [*rows, *padding]
        self.entries.append(ClearEntry(index, -1, member, entry.log_month, entry.contributors_min, every))
        cells = encode_cells(*([row[i] for row in every] for i in (2, 3, 4)))
        with self.database.write() as connection:
            values = {
                "entry": index,
                "member": member,
                "validity": b"",
                "tokens": b"".join(row.token for row in every),
                "months": np.array([row.month for row in every], "<u2").tobytes(),
                "share": cells.astype("<u4").tobytes(),
            }
            connection.execute(opened.insert(), values)
            months = [{"month": month, "entry": index} for month in sorted({row.month for row in every})]
            connection.execute(opened_month.insert(), months)
        return index

    def let_count(self, index: int) -> None:
        """Let all stewards publish values that hold, one statement each."""
        entry = self.ledger.state.reports[index]
        for x, values in values_of(entry, shared_rows(entry.rows)).items():
            self.ledger.accept(STEWARDS[x], publish((index, values)))
        assert entry.counts_at is not None
        place = next(i for i, one in enumerate(self.entries) if one.place == index)
        self.entries[place] = self.entries[place]._replace(counts_at=entry.counts_at)

    def close(self) -> Month:
        month = self.ledger.state.log_month
        for steward in (CHAMBER, AUDITOR):
            self.ledger.accept(steward, Close(month=month))
        return month

    def act(self, change: dict[str, int], groups: dict[str, str] | None = None) -> None:
        """Bring another policy, or groups, into force with everybody's vote."""
        current = parse_document(self.ledger.state.consortium.raw)

        def change_it(doc: dict[str, Any]) -> None:
            doc["policy"].update(change)
            doc["previous"] = current.hash.hex()
            for party in doc["parties"]:
                party["group"] = (groups or {}).get(party["id"], party.get("group", ""))

        raw = canonical(changed(change_it, json.loads(current.raw)))
        self.ledger.accept(self.members[0], Propose(document=raw))
        for party in [*self.members, *STEWARDS.values()]:
            if self.ledger.state.consortium.hash != parse_document(raw).hash:
                self.ledger.accept(party, Vote(document_hash=parse_document(raw).hash))
        assert self.ledger.state.consortium.raw == raw

    def frozen(self) -> dict[bytes, list[ClearWindow]]:
        with self.database.read() as connection:
            rows = connection.execute(select(window)).all()
        found = defaultdict(list)
        for row in rows:
            months = tuple(int(month) for month in window_months(row.months, frozen_at=Month(row.frozen_at)))
            cells = tuple(int(cell) for cell in np.frombuffer(row.share, "<u4"))
            found[row.token].append(ClearWindow(months, row.frozen_at, row.groups, cells))
        return {token: sorted(windows) for token, windows in found.items()}

    def contributions(self, month: int) -> dict[str, set[bytes]]:
        query = select(frozen_month.c.contributions).where(frozen_month.c.month == month)
        with self.database.read() as connection:
            found = decode(connection.execute(query).scalar_one(), limit=1 << 20)
        return {member: {tokens[i : i + 32] for i in range(0, len(tokens), 32)} for member, tokens in found}


def in_the_clear(
    entries: list[ClearEntry], closes: list[tuple[int, int, int, dict[str, str]]], first: int
) -> tuple[dict[bytes, list[ClearWindow]], dict[int, dict[str, set[bytes]]]]:
    """Count by section 7. `closes` has (month, position, minimum, groups as the document stands there)."""
    windows: dict[bytes, list[ClearWindow]] = defaultdict(list)
    frozen: set[tuple[bytes, int]] = set()
    contributions: dict[int, dict[str, set[bytes]]] = {}
    for closing, position, minimum, groups in closes:
        counting: dict[tuple[str, bytes, int], tuple[ClearRow, ClearEntry]] = {}
        placed = [entry for entry in entries if 0 <= entry.counts_at < position]
        for entry in sorted(placed, key=lambda one: (one.counts_at, one.place)):
            for row in entry.rows:
                if row.month <= entry.log_month:
                    counting.setdefault((entry.member, row.token, row.month), (row, entry))
        contributions[closing] = defaultdict(set)
        spans = [length for length in (1, 3, 12) if (closing + 1) % length == 0]
        for length in spans:
            for token in {token for _, token, _ in counting}:
                months = [
                    month
                    for month in range(max(first, closing - length + 1), closing + 1)
                    if (token, month) not in frozen
                ]
                held = [
                    (member, row, entry)
                    for (member, at, month), (row, entry) in counting.items()
                    if at == token and month in months
                ]
                count = len({groups[member] or f"alone {member}" for member, _, _ in held})
                if held and count >= max(minimum, *(entry.minimum for _, _, entry in held)):
                    cells = [0] * 56
                    for member, row, _ in held:
                        cells[row.condition * 6 + row.exposure] += 1
                        cells[48 + row.delay] += 1
                        contributions[closing][member].add(token)
                    windows[token].append(ClearWindow(tuple(months), closing, count, tuple(cells)))
                    frozen |= {(token, month) for month in months}
    return {token: sorted(found) for token, found in windows.items()}, contributions


def town(folder: Path, members: dict[str, str], first: int, minimum: int) -> Town:
    """Found a consortium of these members and groups, with the stewards and desk of `support_consortium`."""

    def change(doc: dict[str, Any]) -> None:
        keep = {DESK, *STEWARDS.values()}
        doc["parties"] = [party for party in doc["parties"] if party["id"] in keep]
        for member, group in members.items():
            doc["parties"].append(
                {
                    "id": member,
                    "name": member,
                    "roles": ["member"],
                    "group": group,
                    "active": True,
                    "url": "",
                    "statement_key": statement_key(member).public.hex(),
                    "proof": admission(member),
                    "cosign_key": cosign_key(member).public.hex(),
                }
            )
        doc["parties"].sort(key=lambda party: party["id"])
        doc["first_month"] = month_text(Month(first))
        doc["policy"].update(contributors_min=minimum, inquiries_per_subject=1)

    raw = canonical(changed(change))
    ledger = Ledger()
    signers = sorted(party["id"] for party in json.loads(raw)["parties"])
    ledger.accept(DESK, genesis_body(raw, signers))
    return Town(ledger=ledger, database=Database(folder / "vault.sqlite"), members=list(members))


def token_of(number: int) -> bytes:
    return bytes([number]) * 31 + b"t"


def draw(rng: random.Random, count: int, months: list[int], subjects: int) -> list[ClearRow]:
    return [
        ClearRow(
            token_of(rng.randrange(subjects)),
            rng.choice(months),
            rng.randrange(8),
            rng.randrange(6),
            rng.randrange(8),
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_windows_are_those_of_a_count_in_the_clear(tmp_path: Path, seed: int) -> None:
    """Random rows over a year's end: late, doubled, too early, counting late or never; a new minimum."""
    rng = random.Random(seed)
    names = [f"m{i}" for i in range(7)]
    members = {name: rng.choice(("", "", "", "wood", "stone")) for name in names}
    first = 2024 * 12 + rng.choice((8, 9, 10))
    built = town(tmp_path, members, first, 3)
    raised_at = rng.randrange(first, first + 5)
    closes: list[tuple[int, int, int, dict[str, str]]] = []
    late: list[int] = []
    while built.ledger.state.log_month < first + 6:
        now = built.ledger.state.log_month
        if now == raised_at:
            members = {**members, names[0]: "stone"}
            built.act({"contributors_min": 4}, members)
        indexes = []
        for name in rng.sample(names, rng.randint(4, 7)):
            months = [now, now, now, max(first, now - 1), max(first, now - 2), now - 12, now + 1]
            indexes.append(built.send(name, draw(rng, rng.randint(8, 25), months, 11)))
        rng.shuffle(indexes)
        for index in late + indexes[1:]:
            built.let_count(index)
        # One counts in a later month, or never.
        late = indexes[:1] if rng.random() < 0.7 else []
        minimum = built.ledger.state.consortium.policy.contributors_min
        month = built.close()
        position = built.ledger.state.closed_at(month)
        assert position is not None
        closes.append((month, position, minimum, members))
        if rng.random() < 0.6:
            built.freeze()
    built.freeze()
    windows, contributions = in_the_clear(built.entries, closes, first)
    assert built.frozen() == windows
    for at, expected in contributions.items():
        assert built.contributions(at) == expected
    assert len(windows) > 3, "the seed shows too little"
    built.database.close()


FIRST = 2024 * 12
ONE = token_of(1)


@pytest.fixture
def four(tmp_path: Path) -> Iterator[Town]:
    """Six members, two of them of one group; at least four groups a window; from 2024-01."""
    members = {"m0": "", "m1": "", "m2": "", "m3": "wood", "m4": "wood", "m5": ""}
    built = town(tmp_path, members, FIRST, 4)
    yield built
    built.database.close()


def row(month: int, token: bytes = ONE, condition: int = 1) -> ClearRow:
    return ClearRow(token, month, condition, 2, 3)


def close_with(built: Town, month: int, *members: str, rows: list[ClearRow] | None = None) -> None:
    for member in members:
        built.let_count(built.send(member, rows or [row(month)]))
    assert built.close() == month
    built.freeze()


def test_a_group_counts_once_and_all_its_rows_are_summed(four: Town) -> None:
    close_with(four, FIRST, "m0", "m1", "m3", "m4")
    assert four.frozen() == {}
    close_with(four, FIRST + 1, "m0", "m1", "m2", "m3", "m4")
    (found,) = four.frozen()[ONE]
    assert (found.months, found.groups, sum(found.cells[:48])) == ((FIRST + 1,), 4, 5)


def test_a_quarter_gathers_what_its_months_could_not(four: Town) -> None:
    close_with(four, FIRST, "m0", "m1", "m2")
    close_with(four, FIRST + 1, "m0", "m1", "m2", "m5")
    close_with(four, FIRST + 2, "m5", "m3")
    assert [(w.months, w.frozen_at, w.groups) for w in four.frozen()[ONE]] == [
        ((FIRST, FIRST + 2), FIRST + 2, 5),
        ((FIRST + 1,), FIRST + 1, 4),
    ]


def test_a_year_gathers_what_its_quarters_could_not(four: Town) -> None:
    for month in range(FIRST, FIRST + 12):
        # Months without a row are in the window too: nothing of the year is left over.
        close_with(four, month, *(["m0", "m1", "m2", "m3"][month % 12 // 3 : month % 12 // 3 + 1]))
    (found,) = four.frozen()[ONE]
    assert (found.months, found.frozen_at, found.groups) == (tuple(range(FIRST, FIRST + 12)), FIRST + 11, 4)
    assert sum(found.cells[:48]) == 12


def test_a_row_that_comes_after_its_month_froze_counts_nowhere(four: Town) -> None:
    close_with(four, FIRST, "m0", "m1", "m2", "m3")
    (before,) = four.frozen()[ONE]
    for month in (FIRST + 1, FIRST + 2):
        close_with(four, month, "m5", rows=[row(FIRST, condition=7)])
    assert four.frozen()[ONE] == [before]


def test_only_the_first_row_of_a_member_and_month_counts(four: Town) -> None:
    early, late = four.send("m0", [row(FIRST, condition=5)]), four.send("m0", [row(FIRST, condition=6)])
    # The later entry counts first, so its row has the earlier place.
    four.let_count(late)
    four.let_count(early)
    close_with(four, FIRST, "m1", "m2", "m3")
    (found,) = four.frozen()[ONE]
    assert (found.cells[6 * 6 + 2], found.cells[5 * 6 + 2], found.cells[1 * 6 + 2]) == (1, 0, 3)


def test_a_raised_minimum_holds_for_what_was_sent_before_and_a_lowered_one_does_not(four: Town) -> None:
    close_with(four, FIRST, "m0", "m1", "m2")
    four.act({"contributors_min": 5})
    close_with(four, FIRST + 1, "m0", "m1", "m2", "m3")
    assert four.frozen() == {}
    four.act({"contributors_min": 4})
    # The months of the quarter hold rows that were sent under the minimum of five.
    close_with(four, FIRST + 2, "m0", "m1", "m2", "m3")
    assert [w.months for w in four.frozen()[ONE]] == [(FIRST + 2,)]


def test_a_steward_that_freezes_late_uses_the_document_of_the_close(four: Town) -> None:
    for member in ("m0", "m1", "m2", "m3"):
        four.let_count(four.send(member, [row(FIRST)]))
    four.close()
    four.act({"contributors_min": 6}, {"m0": "one", "m1": "one", "m2": "one"})
    four.freeze()
    (found,) = four.frozen()[ONE]
    assert (found.months, found.groups) == ((FIRST,), 4)


def test_freezing_again_changes_nothing(four: Town) -> None:
    close_with(four, FIRST, "m0", "m1", "m2", "m3")
    before = four.frozen()
    four.freeze()
    assert four.frozen() == before
