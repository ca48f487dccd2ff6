"""A consortium whose nodes die at any durable write goes on to the same end (seeded; the seed is printed).

`HANSE_SIM_SEED` chooses another run; `HANSE_SIM_ALL=1` kills at every single write and moment of it.
"""

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import pytest
from support_clear import Bill, Expected, expected, make_books
from support_faults import Plan, Storm, WriteFailedError, at_write, no_fault
from support_simulation import World, found_world
from support_verdict import verify_world

from hanse_ledger.ids import PartyId
from node.storage.database import Moment

SEED: Final = int(os.environ.get("HANSE_SIM_SEED", "20261122"))
ALL: Final = os.environ.get("HANSE_SIM_ALL") == "1"
FIRST: Final = 2025 * 12 + 1
"""February: the first quarter has two months, and closes with the second of three."""
LAST: Final = FIRST + 2
GROUPS: Final = {"alder": "wood", "birch": "wood"}
SAMPLES: Final = 3
MOMENTS: Final[tuple[Moment, ...]] = get_args(Moment)


@dataclass(frozen=True)
class Clean:
    """A run without faults: its books, what must come of them, its writes, and copies of its folder."""

    books: dict[str, list[Bill]]
    expected: Expected
    sites: Counter[str]
    starts: list[tuple[int, Path]]
    """Number of the first write, and the folder, at the start of each month."""
    writes: int


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    home = tmp_path_factory.mktemp("clean")
    _say("without faults")
    books = make_books(random.Random(SEED), first=FIRST, months=LAST - FIRST + 1)
    found_world(home / "run", members=books, first=FIRST, seed=SEED, change=_join_groups)
    world = _world(home / "run", books)
    starts: list[tuple[int, Path]] = []

    def keep(month: int) -> None:
        # Opened anew, so that this run makes the same writes as one that starts from the copy.
        world.close()
        shutil.copytree(home / "run", home / str(month))
        starts.append((len(world.faults.writes), home / str(month)))
        world.open()

    world.at_month = keep
    world.run()
    clear = expected(books, groups=GROUPS, first=FIRST, last=LAST, contributors_min=4)
    verify_world(world, clear)
    return Clean(
        books=books,
        expected=clear,
        sites=Counter(site for _, site in world.faults.writes),
        starts=starts,
        writes=len(world.faults.writes),
    )


def test_the_run_has_windows_of_a_month_and_of_a_quarter_and_thin_subjects(clean: Clean) -> None:
    windows = [window for found in clean.expected.windows.values() for window in found]
    customers = {customer for _, customer, _ in clean.expected.rows}
    assert {len(window.months) for window in windows} == {1, 2}
    assert len(customers - set(clean.expected.windows)) > 3
    assert all(sum(window.condition) >= window.groups for window in windows)
    # Some rows were known late: their month was reported in a later log month.
    assert any(
        bill.known > bill.invoiced and bill.known.month > bill.invoiced.month
        for bills in clean.books.values()
        for bill in bills
    )


@pytest.mark.parametrize("survives", [False, True], ids=["the process", "one party"])
def test_every_kind_of_write_is_cut_at_every_moment(clean: Clean, tmp_path: Path, *, survives: bool) -> None:
    storm = Storm(random.Random(SEED), often=clean.sites, moments=MOMENTS)
    world = _begun(clean, tmp_path, 0, storm, survives=survives)
    world.run()
    assert storm.wanted == set()
    verify_world(world, clean.expected)


def test_a_members_write_fails_and_its_node_lives_on(clean: Clean, tmp_path: Path) -> None:
    # "in": the write is lost. "after": it is persisted though the call failed.
    often = {site: count for site, count in clean.sites.items() if site.startswith("member ")}
    rng = random.Random(SEED)
    storm = Storm(rng, often=often, moments=MOMENTS[1:], raises=lambda _: WriteFailedError("disk full"))
    world = _begun(clean, tmp_path, 0, storm, survives=True)
    world.run()
    assert storm.wanted == set()
    verify_world(world, clean.expected)


def _chosen(writes: int) -> Iterator[tuple[int, Moment]]:
    rng = random.Random(SEED)
    if ALL:
        yield from ((write, moment) for write in range(writes) for moment in MOMENTS)
    else:
        yield from ((rng.randrange(writes), rng.choice(MOMENTS)) for _ in range(SAMPLES))


def test_killed_once_anywhere(clean: Clean, tmp_path: Path) -> None:
    for write, moment in _chosen(clean.writes):
        _say(f"killed at write {write}, {moment}")
        start = max(i for i, (number, _) in enumerate(clean.starts) if number <= write)
        world = _begun(clean, tmp_path, start, at_write(write - clean.starts[start][0], moment))
        world.run()
        assert world.faults.struck == 1
        verify_world(world, clean.expected)
        shutil.rmtree(world.folder)


def _say(what: str) -> None:
    print(f"HANSE_SIM_SEED={SEED}: {what}")  # noqa: T201 - pytest shows it where a test fails


def _begun(clean: Clean, tmp_path: Path, start: int, plan: Plan, *, survives: bool = False) -> World:
    _say(f"from start {start}, survives={survives}")
    shutil.copytree(clean.starts[start][1], tmp_path / "run")
    return _world(tmp_path / "run", clean.books, plan, survives=survives)


def _world(
    folder: Path, books: dict[str, list[Bill]], plan: Plan = no_fault, *, survives: bool = False
) -> World:
    world = World(folder, seed=SEED, books=books, first=FIRST, last=LAST, plan=plan, survives=survives)
    # Two groups, one of them with both its members: a level for everybody else.
    warners = [*map(PartyId, GROUPS), world.members[-1]]
    world.warners = dict.fromkeys(warners, world.subjects[0])
    return world


def _join_groups(document: dict[str, list[dict[str, str]]]) -> None:
    for party in document["parties"]:
        party["group"] = GROUPS.get(party["id"], "")
