"""The ways from a command to the other nodes of a consortium, for what needs no signature."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from hanse_ledger.ids import PartyId
from node.clocks import system_entropy
from node.documents import document_in_force
from node.links.http import HttpCaller
from node.settings import NodeSettings


@contextmanager
def other_nodes(settings: NodeSettings, deadline_s: float) -> Iterator[dict[PartyId, HttpCaller]]:
    """Give a way to every other active party whose URL a setting or the document has."""
    consortium = document_in_force(settings)
    with ExitStack() as opened:
        callers = dict[PartyId, HttpCaller]()
        for party in consortium.parties.values():
            url = settings.peers.get(party.id, party.url)
            if party.active and party.id != settings.party and url:
                caller = HttpCaller(base_url=url, entropy=system_entropy, deadline_s=deadline_s)
                callers[party.id] = opened.enter_context(closing(caller))
        yield callers
