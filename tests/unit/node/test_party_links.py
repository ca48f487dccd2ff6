"""Ways to others' nodes follow the document in force: real votes in a log, and real sockets."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from support_consortium import (
    ALDER,
    AUDITOR,
    CHAMBER,
    REGULATOR,
    STEWARDS,
    Document,
    Ledger,
    admission,
    adopt,
    founded,
    party_in,
    statement_key,
)
from support_http import signer_of
from support_peer import Peer

from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.signing import SigningKey
from node.clocks import SystemClock
from node.errors import ReplySignatureError
from node.links.parties import PartyLinks
from node.wire import reply_of

NEXT = SigningKey(b"the chamber's next key".ljust(32))
X = StewardX(2)


class Network:
    """ALDER's links in a consortium whose document its votes change; one socket for each steward."""

    def __init__(self) -> None:
        self.ledger: Ledger = founded()
        self.open = ExitStack()
        self.peers = {party: self.serve(party) for party in STEWARDS.values()}
        consortium = self.ledger.state.consortium
        self.links = PartyLinks(
            in_force=lambda: self.ledger.state.consortium,
            party=ALDER,
            signer=signer_of(consortium, ALDER, statement_key(ALDER)),
            urls={party: peer.url for party, peer in self.peers.items() if party != CHAMBER},
            clock=SystemClock(),
            entropy=os.urandom,
        )
        self.open.callback(self.links.close)

    def serve(self, party: PartyId) -> Peer:
        peer = Peer(party)
        peer.answer = lambda _count: (200, "application/octet-stream", party.encode())
        self.open.callback(peer.close)
        return peer

    def vote(self, change: Callable[[Document], object]) -> None:
        adopt(self.ledger, change)

    def ask(self, x: StewardX = X) -> bytes:
        return reply_of(self.links.stewards()[x].ask("shares", b"sealed bytes"), 20)


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network()
    yield made
    made.open.close()


def moves_to(url: str) -> Callable[[Document], object]:
    return lambda document: party_in(document, CHAMBER).update(url=url)


def renews(document: Document) -> None:
    proof = admission(CHAMBER, key=NEXT)
    party_in(document, CHAMBER).update(statement_key=NEXT.public.hex(), proof=proof)


def test_a_steward_is_asked_where_votes_have_put_it(network: Network) -> None:
    first, second = network.peers[CHAMBER], network.serve(CHAMBER)
    network.vote(moves_to(first.url))
    link = network.links.stewards()[X]
    assert network.ask() == CHAMBER.encode()
    network.vote(moves_to(second.url))
    assert network.ask() == CHAMBER.encode()
    assert (len(first.signatures), len(second.signatures)) == (1, 1)
    assert network.links.stewards()[X] is link


def test_a_steward_is_believed_under_the_key_that_votes_have_given_it(network: Network) -> None:
    network.vote(moves_to(network.peers[CHAMBER].url))
    assert network.ask()
    network.peers[CHAMBER].sign_as(CHAMBER, NEXT)
    with pytest.raises(ReplySignatureError):
        network.ask()
    network.vote(renews)
    assert network.ask()
    network.peers[CHAMBER].sign_as(CHAMBER, statement_key(CHAMBER))
    with pytest.raises(ReplySignatureError):
        network.ask()


def test_a_steward_that_has_left_is_not_asked_any_more(network: Network) -> None:
    assert list(network.links.stewards()) == list(STEWARDS)
    network.vote(lambda document: party_in(document, REGULATOR).update(active=False))
    assert list(network.links.stewards()) == [x for x, party in STEWARDS.items() if party != REGULATOR]


def test_a_steward_without_a_place_is_unavailable_until_it_has_one(network: Network) -> None:
    network.vote(moves_to(""))
    with pytest.raises(UnavailableError):
        network.ask()
    network.vote(moves_to(network.peers[CHAMBER].url))
    assert network.ask()


def test_one_who_answers_for_another_is_not_believed(network: Network) -> None:
    """The chamber's requests end up at the auditor's node: a wrong URL, or somebody on the way."""
    network.vote(moves_to(network.peers[AUDITOR].url))
    with pytest.raises(ReplySignatureError):
        network.ask()


def test_how_each_circuit_stands_can_be_told(network: Network) -> None:
    network.vote(moves_to("http://127.0.0.1:9"))
    assert network.links.states() == {}
    assert network.ask(StewardX(3)) == AUDITOR.encode()
    with pytest.raises(UnavailableError):
        network.ask()
    circuits = network.links.circuits()
    assert (circuits[AUDITOR], circuits[CHAMBER]) == ("closed", "open")
    states = network.links.states()
    assert states[CHAMBER].success_s is None
    assert states[AUDITOR].success_s is not None


def test_two_ways_to_one_party_share_its_circuit(network: Network) -> None:
    network.vote(moves_to("http://127.0.0.1:9"))
    with pytest.raises(UnavailableError):
        network.ask()
    other = network.links.caller(CHAMBER)
    assert other.state().circuit == "open"
    other.close()
