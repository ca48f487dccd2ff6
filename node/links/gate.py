"""A node's server side of signed requests: who asks, and the signature on what it is answered."""

from collections.abc import Callable, Mapping

from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import PartyId
from node.links.replays import Once
from node.links.replies import ReplySigner
from node.links.rfc9421 import SignedRequest
from node.links.signatures import RequestVerifier
from node.ports import Clock, MessageSigner


class Gate:
    """One party's. Any thread may call it."""

    def __init__(
        self,
        *,
        url: Callable[[], str],
        consortium: Callable[[], Consortium],
        party: PartyId,
        key: Callable[[], MessageSigner],
        clock: Clock,
        once: Once | None = None,
    ) -> None:
        """`url` says where others reach this node, as they sign it; `consortium` gives what is in force.

        `key` gives the party's statement key that signs now; `once` refuses requests that were seen.
        """
        self._url = url
        self._verifier = RequestVerifier(consortium=consortium, clock=clock, once=once)
        self._signer = ReplySigner(consortium=consortium().id, party=party, key=key, clock=clock)

    def request(self, *, method: str, target: str, headers: Mapping[str, str]) -> SignedRequest:
        """Return a request to a path and query of this node as its signature sees it."""
        return SignedRequest(method=method, url=self._url().rstrip("/") + target, headers=headers)

    def authenticate(self, request: SignedRequest, body: bytes) -> PartyId:
        """Return the party that signed a request.

        Raises NotAdmittedError for a party that is none, RequestSignatureError for all else that is wrong.
        """
        return self._verifier.verify(request, body)

    def sign_reply(
        self, request: SignedRequest, *, status: int, media_type: str, body: bytes
    ) -> dict[str, str]:
        """Return the header fields that sign the reply to a request that was authenticated."""
        return self._signer.headers(request, status=status, media_type=media_type, body=body)
