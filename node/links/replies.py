"""Signed replies to signed requests: RFC 9421, bound to the request as its section 2.4 says.

Covered are `@status`, `content-type` and `content-digest` of the reply, and of the request that it answers
`@method`, `@target-uri`, `content-digest` and its signature. The request's nonce is under that signature, so
a reply fits one request alone.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Final

from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import ConsortiumId, PartyId
from node.errors import ReplySignatureError
from node.links.rfc9421 import (
    AGE_MOST_S,
    DIGEST,
    TAG,
    SignedReply,
    SignedRequest,
    digest_of,
    key_id,
    sign_headers,
    verify_message,
)
from node.ports import Clock, MessageSigner

_TYPE: Final = "content-type"
_COVERED: Final = (
    "@status",
    _TYPE,
    DIGEST,
    '"@method";req',
    '"@target-uri";req',
    f'"{DIGEST}";req',
    f'"signature";key="{TAG}";req',
)


class ReplySigner:
    """Signs one party's replies. Any thread may call it."""

    def __init__(
        self, *, consortium: ConsortiumId, party: PartyId, key: Callable[[], MessageSigner], clock: Clock
    ) -> None:
        """`key` gives the statement key that signs now."""
        self._named, self._key, self._clock = key_id(consortium, party), key, clock

    def headers(self, request: SignedRequest, *, status: int, media_type: str, body: bytes) -> dict[str, str]:
        """Return the header fields that sign a reply to a request whose own signature holds."""
        digest = {DIGEST: digest_of(body)}
        reply = SignedReply(status_code=status, headers={_TYPE: media_type, **digest}, request=request)
        signature = sign_headers(
            reply, covered=_COVERED, named=self._named, key=self._key(), created=self._clock.now()
        )
        return {**digest, **signature}


class ReplyVerifier:
    """Checks that a party itself has answered a request. Any thread may call it."""

    def __init__(self, *, consortium: Callable[[], Consortium], party: PartyId, clock: Clock) -> None:
        """`consortium` gives the document in force, whose key of `party` counts."""
        self._consortium, self._party, self._clock = consortium, party, clock

    def verify(self, request: SignedRequest, *, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Raise ReplySignatureError unless the party has signed this reply to this request."""
        consortium, now = self._consortium(), self._clock.now()
        parameters = verify_message(
            SignedReply(status_code=status, headers=headers, request=request),
            body=body,
            covered=_COVERED,
            consortium=consortium,
            now=now,
            wrong=partial(_wrong, headers, now),
        )
        if parameters["keyid"] != key_id(consortium.id, self._party):
            raise ReplySignatureError("another party has signed the reply")


def _wrong(headers: Mapping[str, str], now: datetime, sentence: str) -> ReplySignatureError:
    """Name the clocks where they explain it: neither side takes what the other one signs then."""
    try:
        skew_s = abs((parsedate_to_datetime(headers["date"]) - now).total_seconds())
    except (KeyError, ValueError, TypeError):
        skew_s = 0.0
    if skew_s > AGE_MOST_S:
        sentence = f"the two machines' clocks differ by {skew_s:.0f} s, and signatures last {AGE_MOST_S} s"
    return ReplySignatureError(sentence)
