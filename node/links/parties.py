"""One party's ways to other parties' nodes: where, and by which key, the document in force says."""

import threading
from collections.abc import Callable, Mapping
from functools import partial

from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import PartyId, StewardX
from node.links.breaker import Breaker, PeerState
from node.links.http import DEADLINE_S, HttpCaller
from node.links.replies import ReplyVerifier
from node.links.signatures import RequestSigner
from node.links.steward import HttpLink
from node.ports import Clock, Entropy, StewardLink


class PartyLinks:
    """Made once; what votes change takes effect with the next request. One circuit for each other party.

    Any thread may call it.
    """

    def __init__(
        self,
        *,
        in_force: Callable[[], Consortium],
        party: PartyId,
        signer: RequestSigner,
        urls: Mapping[PartyId, str],
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        """`urls` are this party's own word on where others are; they stand above the document's."""
        self._in_force, self._party, self._signer, self._urls = in_force, party, signer, urls
        self._clock, self._entropy = clock, entropy
        self._lock = threading.RLock()
        self._breakers: dict[PartyId, Breaker] = {}
        self._links: dict[StewardX, HttpLink] = {}

    def caller(self, party: PartyId, *, deadline_s: float = DEADLINE_S) -> HttpCaller:
        """Return a way to a party's node, with connections of its own; whoever asked closes it."""
        return HttpCaller(
            base_url=partial(self._url, party),
            signer=self._signer,
            replies=ReplyVerifier(consortium=self._in_force, party=party, clock=self._clock),
            entropy=self._entropy,
            breaker=self._breaker(party),
            deadline_s=deadline_s,
        )

    def stewards(self) -> Mapping[StewardX, StewardLink]:
        """Return the ways to the active stewards but for this party, in the order of x."""
        others = {x: p.id for x, p in self._in_force().stewards.items() if p.id != self._party}
        with self._lock:
            for x, party in others.items():
                if x not in self._links:
                    self._links[x] = HttpLink(caller=self.caller(party), party=party, x=x)
            return {x: self._links[x] for x in others}

    def states(self) -> dict[PartyId, PeerState]:
        """Return how the circuit of everyone who was asked stands."""
        with self._lock:
            breakers = dict(self._breakers)
        return {party: breaker.state() for party, breaker in sorted(breakers.items())}

    def circuits(self) -> dict[PartyId, str]:
        """Return `states` in one word each, as health shows them."""
        return {party: state.circuit for party, state in self.states().items()}

    def close(self) -> None:
        """Close the links to stewards."""
        for link in self._links.values():
            link.close()

    def _breaker(self, party: PartyId) -> Breaker:
        with self._lock:
            return self._breakers.setdefault(party, Breaker(entropy=self._entropy))

    def _url(self, party: PartyId) -> str:
        known = self._in_force().parties.get(party)
        url = self._urls.get(party) or (known.url if known is not None else "")
        if not url:
            raise UnavailableError("neither a setting nor the document says where the other node is")
        return url
