"""One web worker's node: reads the log and the own people's tables itself, asks the writer for the rest."""

import logging
import threading
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Final, Self

from hanse_ledger.errors import LedgerError
from hanse_ledger.ids import PartyId
from node.bootstrap import Surroundings
from node.links.gate import Gate
from node.logreader import start_reader
from node.own.service import OwnService
from node.service import Doors, NodeService
from node.settings import NodeSettings, url_of
from node.storage.database import Database
from node.web.channel import WriterEnd
from node.web.now import Desk

_log = logging.getLogger(__name__)

_REFRESH_S: Final = 0.5


class WorkerNode:
    """A context manager: leaving it lets go of what was opened."""

    def __init__(
        self, settings: NodeSettings, writer: WriterEnd, around: Surroundings, *, orders: bool
    ) -> None:
        """`orders` says whether the log is ordered by this node's writer."""
        self._writer = writer
        self._desk = Desk(writer.door("desk"), PartyId(settings.party))
        self._now = self._desk.now()
        self._open = ExitStack()
        try:
            self.service = self._service(settings, around, orders=orders)
        except BaseException:  # whatever ends the start, what is open is closed
            self._open.close()
            raise
        threading.Thread(target=self._refresh, name="now", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _service(self, settings: NodeSettings, around: Surroundings, *, orders: bool) -> NodeService:
        party = PartyId(settings.party)
        read = start_reader(
            settings,
            shown="sequencer" if orders else "node",
            consortium=lambda: self._now.in_force,
            cosigned=lambda: self._now.cosigned,
            opened=self._open,
        )
        node = self._writer.door("node")
        return NodeService(
            party=party,
            consortium=lambda: self._now.in_force,
            genesis=settings.genesis.read_bytes(),
            gate=Gate(
                url=lambda: url_of(self._now.in_force, party, settings),
                consortium=lambda: self._now.in_force,
                party=party,
                key=lambda: self._desk,
                clock=around.clock,
                once=self._desk.once,
            ),
            doors=Doors(
                node=node,
                log=self._writer.door("log") if orders else None,
                relay=None if orders else self._writer.door("relay"),
                read=read,
            ),
            own=OwnService(
                database=self._open.enter_context(closing(Database(settings.place("node")))),
                party=party,
                consortium=lambda: self._now.in_force,
                door=node,
                around=around,
                configured=settings.api_keys,
            ),
            health=lambda: self._now.health,
            waiting=lambda: self._now.waiting,
        )

    def _refresh(self) -> None:
        """Follow how the node stands, until the writer is gone."""
        while not self._writer.has_ended.wait(_REFRESH_S):
            try:
                self._now = self._desk.now()
            except LedgerError as error:
                _log.warning("the writer does not say how the node stands: %s", error.code)
