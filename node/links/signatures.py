"""Signed requests between parties: RFC 9421 with the one profile that interfaces.md names.

Covered are `@method`, `@target-uri` and `content-digest`, with a nonce of 16 bytes beside what `rfc9421` asks
of every message.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import MalformedError, NotAdmittedError
from hanse_ledger.ids import ConsortiumId, PartyId
from hanse_ledger.note import decode_base64, encode_base64
from hanse_ledger.signing import SigningKey
from node.errors import RequestSignatureError
from node.links.replays import Once, Replays
from node.links.rfc9421 import (
    DIGEST,
    SignedRequest,
    digest_of,
    key_id,
    party_of,
    sign_headers,
    verify_message,
)
from node.ports import Clock, Entropy

NONCE_BYTES: Final = 16
_COVERED: Final = ("@method", "@target-uri", DIGEST)


class RequestSigner:
    """Signs one party's requests. Any thread may call it."""

    def __init__(
        self,
        *,
        consortium: ConsortiumId,
        party: PartyId,
        key: Callable[[], SigningKey],
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        """`key` gives the statement key that signs now."""
        self._named, self._key, self._clock, self._entropy = key_id(consortium, party), key, clock, entropy

    def headers(self, *, method: str, url: str, body: bytes) -> dict[str, str]:
        """Return the header fields that sign a request; two calls never give the same."""
        fields = {DIGEST: digest_of(body)}
        signature = sign_headers(
            SignedRequest(method=method, url=url, headers=fields),
            covered=_COVERED,
            named=self._named,
            key=self._key(),
            created=self._clock.now(),
            nonce=encode_base64(self._entropy(NONCE_BYTES)),
        )
        return {**fields, **signature}


class RequestVerifier:
    """Tells who signed a request, and takes each request once. Any thread may call it."""

    def __init__(
        self, *, consortium: Callable[[], Consortium], clock: Clock, once: Once | None = None
    ) -> None:
        """`once` remembers what was seen, this verifier itself without it."""
        self._consortium, self._clock, self._once = consortium, clock, once or Replays()

    def verify(self, message: SignedRequest, body: bytes) -> PartyId:
        """Return the party that signed a request.

        Raises NotAdmittedError for a party that is none, RequestSignatureError for all else that is wrong.
        """
        consortium, now = self._consortium(), self._clock.now()
        self._refuse_strangers(consortium, message)
        parameters = verify_message(
            message, body=body, covered=_COVERED, consortium=consortium, now=now, wrong=RequestSignatureError
        )
        party = party_of(str(parameters["keyid"]), consortium)
        if party is None:
            raise RequestSignatureError("the key id is not of this consortium")
        self._take_once(party, parameters, int(now.timestamp()))
        return party

    @staticmethod
    def _refuse_strangers(consortium: Consortium, message: SignedRequest) -> None:
        """Say of a well-formed key id of no active party what acceptance would say: not admitted."""
        _, found, rest = message.headers.get("signature-input", "").partition(f'keyid="{consortium.id} ')
        if found and consortium.party(PartyId(rest.partition('"')[0])) is None:
            raise NotAdmittedError("not an active party of this consortium")

    def _take_once(self, party: PartyId, parameters: Mapping[str, Any], now: int) -> None:
        nonce = str(parameters.get("nonce", ""))
        if not _is_nonce(nonce):
            raise RequestSignatureError(f"a nonce is {NONCE_BYTES} bytes in base64")
        self._once(party, nonce, created=int(parameters["created"]), now=now)


def _is_nonce(text: str) -> bool:
    try:
        return len(decode_base64(text)) == NONCE_BYTES
    except MalformedError:
        return False
