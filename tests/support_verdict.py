"""What must hold of a simulated consortium after a run, whatever happened in it: checked from its folder."""

import inspect
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from support_clear import Expected, Window
from support_consortium import snapshot
from support_simulation import World

from hanse_ledger.consortium import parse_document
from hanse_ledger.ids import PartyId, SubjectId
from hanse_ledger.merkle import root_at
from hanse_ledger.state import LedgerState
from node.bootstrap import CONSORTIUM_FILE, DATABASE_FILE, SEQUENCER_FILE
from node.roles.inquirer import Outcome
from node.storage.database import Database
from node.storage.log import LogStore
from node.storage.schema import draft, evidence, opened, own_row, share_out, token, window
from node.wire import reply_of

P: Final = 2**31 - 1
CELLS: Final = 56
_ALL: Final = 1 << 30


def verify_world(world: World, expected: Expected, *, failed: int = 0) -> None:
    """Check everything, and drop the nodes on the way; so many reports must never have counted."""
    _bring_all_up(world)
    ledger = _verify_log(world)
    assert sum(entry.failed_at is not None for entry in ledger.reports.values()) == failed
    _verify_live_states(world, ledger)
    world.close()
    _verify_answers(world, expected)
    customers = _tokens(world)
    vaults = [_Vault(world.folder, party.id, party.x or 0) for party in ledger.consortium.stewards.values()]
    for vault in vaults:
        _verify_rows(vault, ledger, customers, expected)
    _verify_windows(vaults, customers, expected)
    for member in world.members:
        _verify_member(world, member, expected)


@contextmanager
def opened_database(folder: Path, party: str, file: str = DATABASE_FILE) -> Iterator[Database]:
    """Open one party's database."""
    database = Database(folder / "parties" / party / file)
    try:
        yield database
    finally:
        database.close()


def table_of(folder: Path, party: str, query: Any) -> list[Any]:
    """Return what a query finds in one party's database."""
    with opened_database(folder, party) as database, database.read() as connection:
        return list(connection.execute(query))


def _bring_all_up(world: World) -> None:
    for party in world.embedded.consortium.stewards.values():
        reply_of(world.embedded.door(party.id).post(party.id, "work", b""))
    for member in world.members:
        world.member(member).standing.catch_up()


def _verify_log(world: World) -> LedgerState:
    """Accept the whole log anew from its bytes; every node holds the same bytes, and the same tree."""
    ordering = world.embedded.consortium.ordering[0]
    with opened_database(world.folder, ordering, SEQUENCER_FILE) as database:
        entries = LogStore(database).entries(0, _ALL)
    ledger = LedgerState()
    for raw in entries:
        ledger.apply(raw)
    holders = [*world.members, *(party.id for party in ledger.consortium.stewards.values())]
    stores = [(ordering, SEQUENCER_FILE), *((party, DATABASE_FILE) for party in holders)]
    for party, file in stores:
        with opened_database(world.folder, party, file) as database:
            log = LogStore(database)
            assert log.entries(0, _ALL) == entries
            assert root_at(ledger.size, log.node) == ledger.frontier.root()
    return ledger


def _verify_live_states(world: World, ledger: LedgerState) -> None:
    """Hold the states that the nodes have in memory against the one that was made anew."""
    seen = snapshot(ledger)
    for member in world.members:
        assert snapshot(world.member(member).standing.state) == seen
    for party in ledger.consortium.stewards.values():
        steward = inspect.getclosurevars(world.host.handler(party.id)).nonlocals["steward"]
        assert snapshot(steward._standing.state) == seen


class _Vault:
    """What one steward has stored."""

    def __init__(self, folder: Path, party: PartyId, x: int) -> None:
        self.x = x
        self.opened = {row.entry: row for row in table_of(folder, party, select(opened))}
        self.windows = {
            (row.token, row.frozen_at, row.months): row for row in table_of(folder, party, select(window))
        }
        assert table_of(folder, party, select(evidence)) == []


def _tokens(world: World) -> dict[bytes, str]:
    """Return the customer behind each token, on which all members agree."""
    pairs = {
        (row.token, row.subject.rsplit(":", 1)[1])
        for member in world.members
        for row in table_of(world.folder, member, select(token))
    }
    customers = dict(pairs)
    assert len(customers) == len(pairs) == len(set(customers.values()))
    return customers


def _verify_rows(
    vault: _Vault, ledger: LedgerState, customers: Mapping[bytes, str], expected: Expected
) -> None:
    """Check that every row that is due counts once, and that nothing else counts but padding."""
    counting = Counter[tuple[str, str, int]]()
    padding = Counter[bytes]()
    for index, entry in ledger.reports.items():
        if entry.counts_at is None:
            assert entry.failed_at is not None
            continue
        row = vault.opened[index]
        months = [int.from_bytes(row.months[i : i + 2], "little") for i in range(0, len(row.months), 2)]
        for number, month in enumerate(months):
            name = row.tokens[32 * number : 32 * number + 32]
            if name in customers:
                counting[entry.member, customers[name], month] += 1
            else:
                padding[name] += 1
    assert counting == Counter(dict.fromkeys(expected.rows, 1))
    assert set(padding.values()) == {1}


def _verify_windows(vaults: list[_Vault], customers: Mapping[bytes, str], expected: Expected) -> None:
    """Combine every two and every three stewards' frozen shares to the sums in the clear."""
    clear = {
        (customer, each.frozen_at, sum(1 << month % 12 for month in each.months)): each
        for customer, windows in expected.windows.items()
        for each in windows
    }
    for vault in vaults:
        named = {(customers[name], at, mask): row.groups for (name, at, mask), row in vault.windows.items()}
        assert named == {key: each.groups for key, each in clear.items()}
        assert all(row.withheld_at is None for row in vault.windows.values())
    for key in vaults[0].windows:
        want = clear[customers[key[0]], key[1], key[2]]
        shares = {vault.x: _values(vault.windows[key].share) for vault in vaults}
        for size in (2, 3):
            for xs in combinations(shares, size):
                _verify_sums([_at_zero({x: shares[x][cell] for x in xs}) for cell in range(CELLS)], want)


def _verify_sums(cells: list[int], want: Window) -> None:
    assert tuple(sum(cells[6 * c : 6 * c + 6]) for c in range(8)) == want.condition
    assert tuple(sum(cells[e:48:6]) for e in range(6)) == want.exposure
    assert tuple(cells[48:]) == want.delay


def _values(share: bytes) -> list[int]:
    return [int.from_bytes(share[i : i + 4], "little") for i in range(0, len(share), 4)]


def _at_zero(points: Mapping[int, int]) -> int:
    """Interpolate at 0 modulo p, by Lagrange's formula."""
    total = 0
    for x, value in points.items():
        over = under = 1
        for other in points:
            if other != x:
                over, under = over * other % P, under * (other - x) % P
        total += value * over * pow(under, -1, P)
    return total % P


def _verify_answers(world: World, expected: Expected) -> None:
    assert world.outcomes
    for outcomes in world.outcomes.values():
        assert [outcome.subject for outcome in outcomes] == world.subjects
        for outcome in outcomes:
            customer = SubjectId(outcome.subject).rsplit(":", 1)[1]
            want = expected.windows.get(customer, [])
            figures = outcome.figures
            assert figures is not None
            assert figures.level == _level(world, outcome)
            assert outcome.status == ("checked" if want else "nothing")
            assert (figures.stewards, figures.deviating) == ((1, 2, 3, 4), ())
            assert [
                (w.months, w.frozen_at, w.band, w.condition, w.exposure, w.delay) for w in figures.windows
            ] == [(w.months, w.frozen_at, _band(w.groups), w.condition, w.exposure, w.delay) for w in want]


def _level(world: World, outcome: Outcome) -> int:
    """Return the level that its warners give a subject, without the inquirer's own group."""
    consortium = parse_document((world.folder / CONSORTIUM_FILE).read_bytes())
    groups = consortium.groups()
    warning = {groups[member] for member, subject in world.warners.items() if subject == outcome.subject}
    count = len(warning - {groups[outcome.request.party]})
    least = consortium.policy.warnings_min
    return 2 if count >= 2 * least else int(count >= least)


def _band(groups: int) -> int:
    return sum(groups >= least for least in (4, 6, 10, 20))


def _verify_member(world: World, member: PartyId, expected: Expected) -> None:
    """Check a member's own store: its rows are those due, its reports count, nothing is left to send."""
    rows = table_of(world.folder, member, select(own_row))
    assert {
        (member, row.subject.rsplit(":", 1)[1], row.month): (row.condition, row.exposure, row.delay)
        for row in rows
    } == {key: row for key, row in expected.rows.items() if key[0] == member}
    drafts = table_of(world.folder, member, select(draft))
    assert len(drafts) == world.last - world.first + 1
    assert all(row.counted for row in drafts)
    assert table_of(world.folder, member, select(share_out)) == []
    assert table_of(world.folder, member, select(evidence)) == []
