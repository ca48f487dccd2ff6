"""A statement that a person files for a party with its key file: a proposal, or a vote.

It is signed at the end of the party's chain, by the node's own copy of the log, and handed to the running
node, which passes it on to whoever orders. Where the node has filed something meanwhile, it is signed anew.
"""

import time
from contextlib import closing
from typing import Final

from hanse_ledger.bodies import Body
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import StaleHeadError
from hanse_ledger.state import LedgerState
from hanse_ledger.statements import sign_statement
from node.bootstrap import CONSORTIUM_FILE
from node.clocks import system_entropy
from node.founding.home import OpenHome
from node.founding.progress import CONFIG_FILE
from node.keyring import KeyRing
from node.links.http import HttpCaller
from node.links.sequencer import HttpSequencer
from node.sequencing.replica import Replica
from node.settings import load_settings
from node.storage.database import Database

_PATIENCE_S: Final = 20.0
"""How long a statement whose place the node takes is signed anew."""
_AGAIN_S: Final = 0.5


def file_statement(opened: OpenHome, body: Body, url: str | None) -> int:
    """File a statement and return its index; `url` is where the party's node listens, if not as configured.

    Raises what acceptance refuses with, and UnavailableError where the node is out of reach.
    """
    settings, ends_at = load_settings(opened.home.folder / CONFIG_FILE), time.monotonic() + _PATIENCE_S
    caller = HttpCaller(base_url=url or f"http://{settings.listen}", entropy=system_entropy)
    with closing(HttpSequencer(caller)) as sequencer:
        while True:
            with closing(Database(settings.place("node"))) as database:
                statement = _sign(opened, body, Replica(database).state)
            try:
                return sequencer.submit(statement)
            except StaleHeadError:
                if time.monotonic() > ends_at:
                    raise
            # The node has filed something meanwhile; its copy of the log shows it in a moment.
            time.sleep(_AGAIN_S)


def _sign(opened: OpenHome, body: Body, state: LedgerState) -> bytes:
    # A node that has never run holds no log; it has filed nothing either.
    trusted = parse_document((opened.home.folder / CONSORTIUM_FILE).read_bytes())
    consortium = state.consortium if state.founded else trusted
    head = state.head(opened.party)
    return sign_statement(
        key=KeyRing(opened.keys).key(consortium.parties[opened.party].statement_key),
        party=opened.party,
        consortium=consortium.id,
        seq=head.seq,
        prev=head.prev,
        body=body,
    )
