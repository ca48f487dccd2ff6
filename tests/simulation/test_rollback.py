"""A node that comes back from an old copy of its database: it says nothing twice, and nothing false."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from support_clear import Bill, Expected, even_books, expected
from support_simulation import PURPOSE, World, found_world
from support_sources import StoredLog

from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.bodies import Inquiry
from hanse_ledger.checkpoint import AddCheckpoint
from hanse_ledger.errors import CheckpointConflictError, UnavailableError, VerificationError
from hanse_ledger.ids import PartyId, RequestHash, StewardX
from hanse_ledger.merkle import prove_consistency
from hanse_ledger.state import LedgerState
from hanse_ledger.statements import sign_statement
from node.backup import copy_database
from node.bootstrap import DATABASE_FILE, SEQUENCER_FILE
from node.dealt_keys import read_dealt_keys
from node.ports import Sequencer
from node.receivables.subjectmap import demo_subject
from node.restore import rejoin
from node.roles.answering import batch_of
from node.roles.inquirer import Outcome
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.settings import NodeSettings
from node.storage.database import Database
from node.wire import reply_of

SEED: Final = 7
FIRST: Final = 2025 * 12 + 3
MEMBERS: Final = ("alder", "birch", "cedar", "elm")
X: Final = StewardX(1)
ALDER, STEWARD = PartyId("alder"), STEWARDS[X]
SUBJECT: Final = demo_subject("C1").id
ALL: Final = 1 << 20


@dataclass
class Past:
    """A consortium that has closed two months, and every party's database as it was between them."""

    folder: Path
    between: Path


def books() -> dict[str, list[Bill]]:
    return even_books(MEMBERS, customers=["C1", "C2"], first=FIRST, months=4)


def in_the_clear(last: int) -> Expected:
    return expected(books(), groups={}, first=FIRST, last=last, contributors_min=4)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    base = tmp_path_factory.mktemp("past")
    found_world(base / "run", members=MEMBERS, first=FIRST, seed=SEED)
    world = World(base / "run", seed=SEED, books=books(), first=FIRST, last=FIRST + 1)

    def keep(month: int) -> None:
        if month == FIRST + 1:
            # Asked once before the copy is made, so that everybody has its tokens.
            world._inquire(ALDER)
            world.close()
            for path in sorted((base / "run" / "parties").glob("*/*.sqlite")):
                copy = base / "between" / path.parent.name / path.name
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy_database(path, copy)
            world.open()

    world.at_month = keep
    world.run()
    world.close()
    return Past(base / "run", base / "between")


@pytest.fixture
def world(past: Past, tmp_path: Path) -> Iterator[World]:
    shutil.copytree(past.folder, tmp_path / "run")
    world = World(tmp_path / "run", seed=SEED, books=books(), first=FIRST, last=FIRST + 1)
    world.clock.after(FIRST + 1)
    yield world
    world.close()


def swap(world: World, party: PartyId, copy: Path, name: str = DATABASE_FILE) -> None:
    """Put a copy in the place of a party's database, while no node runs."""
    world.close()
    home = world.folder / "parties" / party
    for path in home.glob(f"{name}*"):
        path.unlink()
    shutil.copy(copy, home / name)
    world.open()


def roll_back(world: World, past: Past, party: PartyId, name: str = DATABASE_FILE) -> None:
    """Put a party's node where it was a month ago."""
    swap(world, party, past.between / party / name, name)


def stored_log(path: Path) -> list[bytes]:
    with closing(Database(path)) as database:
        return Replica(database).log.entries(0, ALL)


def log_of(world: World) -> list[bytes]:
    return stored_log(world.folder / "parties" / DESK_ID / SEQUENCER_FILE)


def ask(world: World, member: PartyId, purpose: str = PURPOSE, *, once: bool = False) -> Outcome:
    node = world.member(member)
    (outcome,) = (node.inquire_once if once else node.inquire)([SUBJECT], purpose)
    return outcome


def windows_of(outcome: Outcome) -> list[tuple[tuple[int, ...], tuple[int, ...] | None]]:
    assert outcome.figures is not None
    return [(window.months, window.condition) for window in outcome.figures.windows]


def clear_windows(last: int) -> list[tuple[tuple[int, ...], tuple[int, ...] | None]]:
    return [(window.months, window.condition) for window in in_the_clear(last).windows["C1"]]


def test_a_member_goes_on_in_its_own_chain(world: World, past: Past) -> None:
    before = log_of(world)
    roll_back(world, past, ALDER)
    assert world.member(ALDER).standing.state.size < len(before)
    assert windows_of(ask(world, ALDER)) == clear_windows(FIRST + 1)
    world.last = FIRST + 2
    world.run()
    assert log_of(world)[: len(before)] == before
    # Rows that were reported before the loss and again after it count once.
    for member in MEMBERS:
        assert windows_of(ask(world, PartyId(member))) == clear_windows(FIRST + 2)


def test_a_statement_in_an_old_outbox_is_known_by_the_log(world: World, tmp_path: Path) -> None:
    member = world.member(ALDER)
    member.standing.catch_up()
    made = member.inquirer._make([SUBJECT], member.tokens.tokens([SUBJECT]), PURPOSE)
    copy_database(world.folder / "parties" / ALDER / DATABASE_FILE, tmp_path / "copy")
    index = member.inquirer._log(made)[0].index
    size = len(log_of(world))
    swap(world, ALDER, tmp_path / "copy")
    again = world.member(ALDER)
    again._outbox.flush()
    assert len(log_of(world)) == size
    assert again.inquirer._index_of(made[0]) == index


def test_a_steward_that_lacks_counted_shares_answers_nothing_and_checks_on(world: World, past: Past) -> None:
    before = log_of(world)
    roll_back(world, past, STEWARD)
    outcome = ask(world, ALDER)
    assert outcome.figures is not None
    assert (outcome.status, sorted(outcome.answers), outcome.figures.deviating) == ("checked", [2, 3, 4], ())
    assert windows_of(outcome) == clear_windows(FIRST + 1)
    batch = batch_of([(outcome.request.encode(), outcome.index)])
    reply = world.embedded.door(STEWARD).post(ALDER, "answers", batch)
    with pytest.raises(UnavailableError):
        reply_of(reply, 5)
    world.last = FIRST + 2
    world.run()
    assert windows_of(ask(world, ALDER)) == clear_windows(FIRST + 2)
    # It had its word on all reports of the next month, and never a second one on those before.
    ledger = LedgerState()
    for raw in log_of(world):
        ledger.apply(raw)
    assert log_of(world)[: len(before)] == before
    assert all(X in entry.published for entry in ledger.reports.values())
    assert sum(entry.counts_at is not None for entry in ledger.reports.values()) == 3 * len(MEMBERS)


def test_a_steward_gives_again_the_answer_that_it_signed(world: World, tmp_path: Path) -> None:
    copy_database(world.folder / "parties" / STEWARD / DATABASE_FILE, tmp_path / "copy")
    first = ask(world, ALDER, "monitoring")
    swap(world, STEWARD, tmp_path / "copy")
    again = ask(world, ALDER, "monitoring", once=True)
    assert again.request == first.request
    assert again.answers == first.answers
    assert X in again.answers


def settings_of(world: World, party: PartyId) -> NodeSettings:
    return NodeSettings(
        party=party,
        consortium=world.folder / "consortium.json",
        genesis=world.folder / "genesis.cose",
        folder=world.folder / "parties" / party,
        listen="127.0.0.1:0",
    )


class Silent(Sequencer):
    """A node that is out of reach."""

    def submit(self, _statement: bytes) -> int:
        raise UnavailableError("silent")

    def entries(self, _start: int) -> tuple[bytes, list[bytes]]:
        raise UnavailableError("silent")

    def tile(self, _path: str) -> bytes | None:
        raise UnavailableError("silent")


def fork(past: Past, tmp_path: Path) -> Replica:
    """Order other statements after the old copy, as whoever orders the log could."""
    home = past.folder / "parties"
    shutil.copy(past.between / DESK_ID / SEQUENCER_FILE, tmp_path / "fork")
    log_key = read_dealt_keys(home / DESK_ID / "keys.json").log
    assert log_key is not None
    replica = Replica(Database(tmp_path / "fork"))
    sequencer = SoloSequencer(replica=replica, log_key=log_key)
    # More of them than the true log has, so that the fork does not look like an older copy.
    for number in range(2 * len(stored_log(past.folder / "parties" / DESK_ID / SEQUENCER_FILE))):
        head = replica.state.head(ALDER)
        statement = sign_statement(
            key=read_dealt_keys(home / ALDER / "keys.json").statement,
            party=ALDER,
            consortium=replica.state.consortium.id,
            seq=head.seq,
            prev=head.prev,
            body=Inquiry(request_hashes=(RequestHash(number.to_bytes(32)),)),
        )
        sequencer.submit(statement)
    return replica


def test_a_restored_node_takes_the_log_from_others_and_cosigns_no_fork(
    world: World, past: Past, tmp_path: Path
) -> None:
    other = world.member(PartyId("birch")).standing
    other.catch_up()
    roll_back(world, past, STEWARD)
    birch = StoredLog(world.member(PartyId("birch")).standing.replica)
    settings = settings_of(world, STEWARD)
    with pytest.raises(UnavailableError):
        rejoin(settings, {PartyId("cedar"): Silent()})
    new, heard = rejoin(settings, {PartyId("cedar"): Silent(), PartyId("birch"): birch})
    assert (new > 0, heard) == (True, ("birch",))
    forked = fork(past, tmp_path)
    with pytest.raises(VerificationError, match="cedar"):
        rejoin(settings, {PartyId("cedar"): StoredLog(forked)})
    note = forked.log.checkpoint()
    assert note is not None
    size = birch.size
    path = prove_consistency(size1=size, size2=forked.state.size, read=forked.log.node)
    body = AddCheckpoint(old_size=size, path=tuple(path), note=note).encode()
    with pytest.raises(VerificationError):
        reply_of(world.embedded.door(STEWARD).post(ALDER, "add-checkpoint", body), 5)
    early = AddCheckpoint(old_size=0, path=(), note=note).encode()
    with pytest.raises(CheckpointConflictError, match=str(size)):
        reply_of(world.embedded.door(STEWARD).post(ALDER, "add-checkpoint", early), 5)


def test_who_orders_the_log_goes_on_where_the_others_stand(world: World, past: Past) -> None:
    before = log_of(world)
    world.member(PartyId("birch")).standing.catch_up()
    roll_back(world, past, DESK_ID, SEQUENCER_FILE)
    assert len(log_of(world)) < len(before)
    birch = StoredLog(world.member(PartyId("birch")).standing.replica)
    new, _ = rejoin(settings_of(world, DESK_ID), {PartyId("birch"): birch})
    assert log_of(world) == before
    assert new == len(before) - len(stored_log(past.between / DESK_ID / SEQUENCER_FILE))
    world.last = FIRST + 2
    world.run()
    assert log_of(world)[: len(before)] == before
    assert windows_of(ask(world, ALDER)) == clear_windows(FIRST + 2)
