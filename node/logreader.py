"""Reading the log beside the node's thread: others are shown it without waiting for what the node does.

A thread of its own with connections of its own, over the same databases.
"""

from collections.abc import Callable
from contextlib import ExitStack, closing

from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import PartyId
from node.logdoor import COSIGNED, LogDoor
from node.sequencing.replica import Replica
from node.settings import DatabaseName, NodeSettings
from node.storage.database import Database
from node.wire import Handler, Mailbox, Service


def start_reader(
    settings: NodeSettings,
    *,
    shown: DatabaseName,
    consortium: Callable[[], Consortium],
    cosigned: Callable[[], bytes | None],
    opened: ExitStack,
) -> Mailbox:
    """Start showing the log: the sequencer's where the node orders it, else the node's own copy.

    What the node itself has cosigned stands in its own copy. `opened` stops the reader.
    """
    names: set[DatabaseName] = {"node", shown}
    replicas = {name: _open(settings, name, opened) for name in names}
    newest = LogDoor(replicas[shown], cosigned, consortium)
    own = LogDoor(replicas["node"], consortium=consortium)
    mailbox = Mailbox()
    opened.callback(Service(mailbox, lambda: (_reading(newest, own), lambda: None)).stop)
    return mailbox


def _open(settings: NodeSettings, name: DatabaseName, opened: ExitStack) -> Replica:
    return Replica(opened.enter_context(closing(Database(settings.place(name)))))


def _reading(newest: LogDoor, own: LogDoor) -> Handler:
    def handle(_caller: PartyId, verb: str, body: bytes) -> bytes:
        return (own if verb == COSIGNED else newest).verbs[verb](body)

    return handle
