"""The ordering part of a node: who takes statements and shows the log, alone or in agreement with others."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import LedgerError
from hanse_ledger.ids import PartyId
from node.agreeing import Agreement
from node.documents import founding_document
from node.errors import SettingsError
from node.handover import check_may_order
from node.health import HealthBoard
from node.place import still_agrees
from node.ports import Clock
from node.sequencing.cometbft.home import chain_id, check_home, check_signed
from node.sequencing.cometbft.process import find_cometbft
from node.sequencing.cometbft.signing import LogKeys
from node.sequencing.cometbft.signs import Signs
from node.sequencing.kept import EvidenceStore
from node.sequencing.remote import serve_sequencer
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.sequencing.term import Term
from node.settings import NodeSettings
from node.storage.blocks import last_block
from node.storage.database import Database
from node.storage.log import LogStore
from node.wire import Door, Handler, Mailbox, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """What a node that orders is started with."""

    settings: NodeSettings
    consortium: Consortium
    term: Term
    keys: LogKeys | None
    genesis: bytes
    board: HealthBoard
    """Says whether the log was forked: nobody adds to it then."""
    clock: Clock

    @property
    def is_due(self) -> bool:
        """Whether this party's node is to order.

        A founder that is not made ready for it does not start; a party that votes have let in follows the
        others until it is. Who is voted out stays as long as the others cannot agree without it.
        """
        party = PartyId(self.settings.party)
        if self.term.orderer is not None:
            return self.term.orders(party, self.consortium)
        if not self.term.orders(party, self.consortium):
            return still_agrees(self.settings, self.keys)
        return party in founding_document(self.genesis).ordering or self._is_ready()

    def check(self) -> LogKeys:
        """Return the keys to order with.

        Raises SettingsError for keys, settings or files with which this party cannot order.
        """
        if self.keys is None:
            raise SettingsError("keys: the ordering party has no log key")
        if self.term.orderer is None:
            find_cometbft()
            check_home(self._home(), founding_document(self.genesis), self._held(self.keys))
        return self.keys

    def start(self, database: Database, own: Database, opened: ExitStack) -> Door:
        """Start ordering over a database of its own, beside its node's `own`; return the door to it.

        Raises SettingsError for keys, settings or databases with which this party may not order.
        """
        keys = self.check()
        if self.term.orderer is None:
            return self._agree(database, keys, opened)
        founder = founding_document(self.genesis).ordering[0]
        check_may_order(LogStore(database), LogStore(own), self.term, founder)
        mailbox = Mailbox()
        opened.callback(Service(mailbox, self._solo(database, keys)).stop)
        return mailbox

    def _is_ready(self) -> bool:
        try:
            self.check()
        except (LedgerError, OSError):
            return False
        return True

    def _home(self) -> Path:
        if self.settings.cometbft is None:
            raise SettingsError("cometbft: this party agrees on the order, and the settings do not say how")
        return self.settings.cometbft.home

    def _held(self, keys: LogKeys) -> list[bytes]:
        voted = keys.voted(self.consortium)
        return [key.public for key in (keys.in_use, voted) if key is not None]

    def _agree(self, database: Database, keys: LogKeys, opened: ExitStack) -> Door:
        home = self._home()
        with database.read() as connection:
            check_signed(home, last_block(connection).signed_height)
        agreement = Agreement(
            home,
            keys=keys,
            genesis=self.genesis,
            database=database,
            guard=self._unless_halted,
            signs=self._signs(opened, founding_document(self.genesis)),
        )
        return opened.enter_context(agreement).door

    def _signs(self, opened: ExitStack, founding: Consortium) -> Signs:
        # Evidence is the node's; its own thread has the database open, and keeps what it finds itself.
        database = opened.enter_context(closing(Database(self.settings.place("node"))))
        party = PartyId(self.settings.party)
        return Signs(
            folder=self.settings.folder,
            board=self.board,
            clock=self.clock,
            chain_id=chain_id(founding),
            kept=EvidenceStore(database, self.settings.folder, party),
            term=self.term,
        )

    def _solo(self, database: Database, keys: LogKeys) -> Callable[[], tuple[Handler, Callable[[], None]]]:
        def build() -> tuple[Handler, Callable[[], None]]:
            replica = Replica(database)
            sequencer = SoloSequencer(replica=replica, log_key=keys.in_use, voted=keys.voted)
            if not replica.state.founded:
                sequencer.submit(self.genesis)
            return self._unless_halted(serve_sequencer(sequencer)), lambda: None

        return build

    def _unless_halted(self, handler: Handler) -> Handler:
        """Let nobody add to a log that was forked, or by a copy that is another log."""

        def handle(caller: PartyId, verb: str, body: bytes) -> bytes:
            self.board.now.check_halted()
            return handler(caller, verb, body)

        return handle
