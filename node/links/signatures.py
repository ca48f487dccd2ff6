"""Signed requests between parties: RFC 9421 with the one profile that interfaces.md names.

Covered are `@method`, `@target-uri` and `content-digest` (sha-256 alone), with `created`, a nonce of 16
bytes, `keyid` = `<consortium> <party>`, `alg` ed25519 and the tag "hanse".
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
)

from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import MalformedError, NotAdmittedError
from hanse_ledger.ids import ConsortiumId, PartyId
from hanse_ledger.note import decode_base64, encode_base64
from hanse_ledger.signing import SigningKey, verify_signature
from node.errors import RequestSignatureError
from node.ports import Clock, Entropy

AGE_MOST_S: Final = 300
NONCE_BYTES: Final = 16
TAG: Final = "hanse"
_COVERED: Final = ("@method", "@target-uri", "content-digest")
_SWEEP_S: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """A request as the library looks at it."""

    method: str
    url: str
    headers: Mapping[str, str]


class _Ed25519(HTTPSignatureAlgorithm):
    """Ed25519 as everywhere in this project; keys are 32 bytes."""

    algorithm_id = "ed25519"

    def __init__(self, public_key: Any = None, private_key: Any = None) -> None:
        del private_key
        self._public: bytes = public_key

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise VerificationError for a signature that does not hold."""
        verify_signature(public=self._public, message=message, signature=signature)


class RequestSigner:
    """Signs one party's requests. Any thread may call it."""

    def __init__(
        self,
        *,
        consortium: ConsortiumId,
        party: PartyId,
        key: SigningKey,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._key_id, self._key, self._clock, self._entropy = f"{consortium} {party}", key, clock, entropy
        self._signer = HTTPMessageSigner(signature_algorithm=_Ed25519)

    def headers(self, *, method: str, url: str, body: bytes) -> dict[str, str]:
        """Return the header fields that sign a request; two calls never give the same."""
        fields = {"content-digest": _digest(body)}
        message = _Message(method=method, url=url, headers=fields)
        prepared = self._signer.prepare(
            message,
            key_id=self._key_id,
            created=self._clock.now(),
            nonce=encode_base64(self._entropy(NONCE_BYTES)),
            label=TAG,
            tag=TAG,
            covered_component_ids=_COVERED,
            use_existing_digest=True,
        )
        self._signer.apply(message, prepared, self._key.sign(prepared.signature_base))
        return {name.lower(): value for name, value in fields.items()}


class _Keys(HTTPSignatureKeyResolver):
    """The statement keys of a consortium's active parties."""

    def __init__(self, consortium: Consortium) -> None:
        self._consortium = consortium

    def resolve_public_key(self, key_id: str) -> bytes | None:
        """Return a party's key, or None."""
        party = _party_of(key_id, self._consortium)
        found = None if party is None else self._consortium.party(party)
        return None if found is None else found.statement_key


class _Verifier(HTTPMessageVerifier):
    """The library's, with the time checked by our clock instead of the machine's."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """Leave it to `RequestVerifier`."""


class RequestVerifier:
    """Tells who signed a request, and takes each request once. Owned by one event loop.

    What was seen is kept in memory: a request that was seen before a restart can be brought again in its 300
    seconds, which no verb minds.
    """

    def __init__(self, *, consortium: Callable[[], Consortium], clock: Clock) -> None:
        self._consortium, self._clock = consortium, clock
        self._seen: dict[tuple[PartyId, str], int] = {}
        self._swept_at = 0

    def verify(self, *, method: str, url: str, headers: Mapping[str, str], body: bytes) -> PartyId:
        """Return the party that signed a request to this URL.

        Raises NotAdmittedError for a party that is none, RequestSignatureError for all else that is wrong.
        """
        consortium = self._consortium()
        parameters = self._parameters(consortium, _Message(method=method, url=url, headers=headers), body)
        party = _party_of(str(parameters["keyid"]), consortium)
        if party is None:
            raise RequestSignatureError("the key id is not of this consortium")
        self._take_once(party, parameters)
        return party

    def _parameters(self, consortium: Consortium, message: _Message, body: bytes) -> dict[str, Any]:
        """Return the signed parameters of the one signature with our tag, after checking it."""
        self._refuse_strangers(consortium, message)
        verifier = _Verifier(signature_algorithm=_Ed25519, key_resolver=_Keys(consortium))
        try:
            (result,) = verifier.verify(message, expect_tag=TAG, require_components=_COVERED)
        except (HTTPMessageSignaturesException, ValueError) as error:
            raise RequestSignatureError("the request's signature does not hold") from error
        if result.covered_components['"content-digest"'] != _digest(body):
            raise RequestSignatureError("the content digest is not the sha-256 of the body")
        if result.parameters.get("alg") != _Ed25519.algorithm_id:
            raise RequestSignatureError("alg must be ed25519")
        return dict(result.parameters)

    @staticmethod
    def _refuse_strangers(consortium: Consortium, message: _Message) -> None:
        """Say of a well-formed key id of no active party what acceptance would say: not admitted."""
        _, found, rest = message.headers.get("signature-input", "").partition(f'keyid="{consortium.id} ')
        if found and consortium.party(PartyId(rest.partition('"')[0])) is None:
            raise NotAdmittedError("not an active party of this consortium")

    def _take_once(self, party: PartyId, parameters: Mapping[str, Any]) -> None:
        now, created = int(self._clock.now().timestamp()), int(parameters["created"])
        if abs(now - created) > AGE_MOST_S:
            raise RequestSignatureError(f"created is off by more than {AGE_MOST_S} s")
        nonce = str(parameters.get("nonce", ""))
        if not _is_nonce(nonce):
            raise RequestSignatureError(f"a nonce is {NONCE_BYTES} bytes in base64")
        self._sweep(now)
        if (party, nonce) in self._seen:
            raise RequestSignatureError("this request was seen before")
        self._seen[party, nonce] = created

    def _sweep(self, now: int) -> None:
        """Forget what is refused for its age anyway."""
        if now - self._swept_at < _SWEEP_S:
            return
        self._swept_at = now
        self._seen = {key: created for key, created in self._seen.items() if now - created <= AGE_MOST_S}


def _party_of(key_id: str, consortium: Consortium) -> PartyId | None:
    name, _, party = key_id.rpartition(" ")
    return PartyId(party) if name == consortium.id else None


def _digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _is_nonce(text: str) -> bool:
    try:
        return len(decode_base64(text)) == NONCE_BYTES
    except MalformedError:
        return False
