"""Votes change who agrees on the order, and the order goes on: real CometBFT, a process a validator."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest
from support_comet import cometbft, peers_of
from support_consortium import (
    ALDER,
    AUDITOR,
    CHAMBER,
    DESK,
    REGULATOR,
    UNION,
    Document,
    Ledger,
    adopt,
    canonical,
    document,
    genesis_body,
    log_key,
    party_in,
    seed,
)
from support_net import wait_until

from hanse_ledger.bodies import Inquiry
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import PartyId
from hanse_ledger.policy import verify_log_signature
from hanse_ledger.signing import SigningKey
from hanse_ledger.witnessing import policy_of
from node.agreeing import Agreement
from node.clocks import SystemClock
from node.health import HealthBoard
from node.sequencing.cometbft.home import chain_id, write_home
from node.sequencing.cometbft.signing import LogKeys
from node.sequencing.cometbft.signs import Signs
from node.sequencing.kept import EvidenceStore
from node.sequencing.term import Term
from node.storage.database import Database
from node.storage.log import LogStore
from node.wire import reply_of

FOUR = (DESK, CHAMBER, AUDITOR, UNION)
FIVE = (*FOUR, REGULATOR)
NEXT_SEED = seed("next log key", DESK)
SEEDS = {party: seed("log key", party) for party in FIVE}
_SUBMIT_S = 60


def orders(doc: Document, *parties: str) -> None:
    for party in parties:
        party_in(doc, party)["log_key"] = log_key(party).public.hex()
    doc["ordering"] = list(parties)


class Net:
    """Validators in this process, each with its CometBFT beside it, and what their log should be."""

    def __init__(self, folder: Path) -> None:
        self.ledger, doc = Ledger(), document()
        orders(doc, *FOUR)
        self.ledger.append(self.ledger.sign(DESK, genesis_body(canonical(doc))))
        self.folder, self.peers = folder, peers_of(SEEDS)
        self.boards: dict[PartyId, HealthBoard] = {}
        self.running: dict[PartyId, tuple[Agreement, ExitStack]] = {}

    @property
    def in_force(self) -> Consortium:
        return self.ledger.state.consortium

    def start(self, party: PartyId) -> None:
        home = self.folder / party
        write_home(
            home,
            founding=self.ledger.state.documents[0],
            consortium=self.in_force,
            party=party,
            log_seed=SEEDS[party],
            listen=self.peers[party].partition("@")[2],
            peers=self.peers,
        )
        with ExitStack() as opened:
            database = opened.enter_context(closing(Database(self.database(party))))
            agreement = Agreement(
                home,
                keys=keys_of(party),
                genesis=self.ledger.entries[0],
                database=database,
                guard=lambda handler: handler,
                signs=self.signs_of(party, opened),
            )
            opened.enter_context(agreement)
            self.running[party] = agreement, opened.pop_all()

    def signs_of(self, party: PartyId, opened: ExitStack) -> Signs:
        own = opened.enter_context(closing(Database(self.folder / f"{party}-own.sqlite")))
        return Signs(
            folder=self.folder / party,
            board=self.boards.setdefault(party, HealthBoard()),
            clock=SystemClock(),
            chain_id=chain_id(self.ledger.state.documents[0]),
            kept=EvidenceStore(own, self.folder / party, party),
            term=Term(orderer=None),
        )

    def stop(self, party: PartyId) -> None:
        self.running.pop(party)[1].close()

    def database(self, party: PartyId) -> Path:
        return self.folder / f"{party}.sqlite"

    def submit(self, raw: bytes, by: PartyId) -> None:
        """Hand in a statement, and the same bytes again where no block took it in time."""
        wait_until(partial(self.is_taken, raw, by), f"{by} takes a statement")

    def is_taken(self, raw: bytes, by: PartyId) -> bool:
        try:
            reply_of(self.running[by][0].door.post(by, "submit", raw), _SUBMIT_S)
        except UnavailableError:
            return False
        return True

    def adopt(self, change: Callable[[Document], object]) -> None:
        """Let everybody vote for a changed document, by way of one validator after the other."""
        before, ways = len(self.ledger.entries), list(self.running)
        adopt(self.ledger, change)
        for place, raw in enumerate(self.ledger.entries[before:]):
            self.submit(raw, ways[place % len(ways)])

    def go_on(self, rounds: int = 3) -> None:
        """Let some blocks be agreed: an update acts two heights after its block."""
        for _ in range(rounds):
            number = len(self.ledger.entries)
            inquiry = Inquiry(request_hashes=(number.to_bytes(32, "big"),))
            raw = self.ledger.sign(ALDER, inquiry)
            self.ledger.append(raw)
            self.submit(raw, list(self.running)[number % len(self.running)])

    def wait_same(self, parties: Sequence[PartyId]) -> None:
        """Wait until these hold the whole log, as it should be."""
        for party in parties:
            with closing(Database(self.database(party))) as database:
                log = LogStore(database)
                wait_until(partial(self.is_whole, log), f"{party} is behind")
                assert log.entries(0, 1_000) == self.ledger.entries

    def is_whole(self, log: LogStore) -> bool:
        return log.size() == len(self.ledger.entries)

    def note_of(self, party: PartyId) -> bytes:
        with closing(Database(self.database(party))) as database:
            note = LogStore(database).checkpoint()
        assert note is not None
        return note

    def close(self) -> None:
        for party in list(self.running):
            self.stop(party)


def keys_of(party: PartyId) -> LogKeys:
    """What a party's key file holds: the desk has made its next log key."""
    seeds = [SEEDS[party], *([NEXT_SEED] if party == DESK else [])]
    held = {SigningKey(one).public: one for one in seeds}

    def voted(consortium: Consortium) -> SigningKey | None:
        named = held.get(consortium.parties[party].log_key or b"")
        return None if named is None else SigningKey(named)

    return LogKeys(in_use=SigningKey(SEEDS[party]), voted=voted, seed_of=held.get)


@pytest.fixture
def net() -> Iterator[Net]:
    cometbft()
    # Unix sockets have short paths.
    folder = Path(tempfile.mkdtemp(prefix="hanse-"))
    made = Net(folder)
    yield made
    made.close()
    shutil.rmtree(folder)


def test_one_comes_one_goes_one_changes_its_key_and_the_order_goes_on(net: Net) -> None:
    for party in FOUR:
        net.start(party)
    net.wait_same(FOUR)
    net.go_on()
    # A fifth: voted in, started from the founding document and the one in force, it takes the blocks so far.
    net.adopt(lambda doc: orders(doc, *FIVE))
    net.start(REGULATOR)
    net.wait_same(FIVE)
    # Of five, four have to agree: with one down the new one's word is needed.
    net.stop(CHAMBER)
    net.go_on()
    net.start(CHAMBER)
    net.wait_same(FIVE)
    # One goes, and it does not matter any more whether it runs.
    net.adopt(lambda doc: orders(doc, DESK, CHAMBER, AUDITOR, REGULATOR))
    net.go_on()
    net.stop(UNION)
    net.go_on()
    # One changes its key: its CometBFT starts again with the new one.
    public = SigningKey(NEXT_SEED).public
    net.adopt(lambda doc: party_in(doc, DESK).update(log_key=public.hex()))
    net.go_on()
    # Of four, three have to agree: with one down the new key's word is needed.
    net.stop(AUDITOR)
    net.go_on()
    net.wait_same((DESK, CHAMBER, REGULATOR))
    for party in (DESK, CHAMBER, REGULATOR):
        signed = verify_log_signature(net.note_of(party), policy_of(net.in_force))
        assert signed.size == len(net.ledger.entries)
    # What it signed last under the old key is still there.
    state = (net.folder / DESK / "data" / "priv_validator_state.json").read_text()
    assert int(json.loads(state)["height"]) > 0
