"""RFC 9421 as this project uses it: what requests and replies between parties have in common.

Ed25519 by a party's statement key, `keyid` = `<consortium> <party>`, `alg` ed25519, the tag "hanse",
`created` within 300 s of our clock, and a `content-digest` that is the body's sha-256 alone.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
)

from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import ConsortiumId, PartyId
from hanse_ledger.note import encode_base64
from hanse_ledger.signing import verify_signature
from node.ports import MessageSigner

AGE_MOST_S: Final = 300
TAG: Final = "hanse"
DIGEST: Final = "content-digest"
_DIGEST_COMPONENT: Final = f'"{DIGEST}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request as the library looks at it; `headers` with those that sign it."""

    method: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReply:
    """A reply as the library looks at it, with the request that it answers."""

    status_code: int
    headers: Mapping[str, str]
    request: SignedRequest


class _Ed25519(HTTPSignatureAlgorithm):
    """Ed25519 as everywhere in this project; keys are 32 bytes."""

    algorithm_id = "ed25519"

    def __init__(self, public_key: Any = None, private_key: Any = None) -> None:
        del private_key
        self._public: bytes = public_key

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise VerificationError for a signature that does not hold."""
        verify_signature(public=self._public, message=message, signature=signature)


_SIGNER: Final = HTTPMessageSigner(signature_algorithm=_Ed25519)


def key_id(consortium: ConsortiumId, party: PartyId) -> str:
    """Return how a party is named in its signatures."""
    return f"{consortium} {party}"


def party_of(named: str, consortium: Consortium) -> PartyId | None:
    """Return the party that a key id names, or None where it is another consortium's."""
    name, _, party = named.rpartition(" ")
    return PartyId(party) if name == consortium.id else None


def digest_of(body: bytes) -> str:
    """Return a body's `content-digest` (RFC 9530)."""
    return f"sha-256=:{encode_base64(hashlib.sha256(body).digest())}:"


def sign_headers(
    message: SignedRequest | SignedReply,
    *,
    covered: Sequence[str],
    named: str,
    key: MessageSigner,
    created: datetime,
    nonce: str | None = None,
) -> dict[str, str]:
    """Return the two header fields that sign a message."""
    prepared = _SIGNER.prepare(
        message,
        key_id=named,
        created=created,
        nonce=nonce,
        label=TAG,
        tag=TAG,
        covered_component_ids=covered,
        use_existing_digest=True,
    )
    signature = key.sign(prepared.signature_base)
    return {
        "signature-input": f"{TAG}={prepared.signature_params}",
        "signature": f"{TAG}=:{encode_base64(signature)}:",
    }


class _Keys(HTTPSignatureKeyResolver):
    """The statement keys of a consortium's active parties."""

    def __init__(self, consortium: Consortium) -> None:
        self._consortium = consortium

    def resolve_public_key(self, key_id: str) -> bytes | None:
        """Return a party's key, or None."""
        party = party_of(key_id, self._consortium)
        found = None if party is None else self._consortium.party(party)
        return None if found is None else found.statement_key


class _Verifier(HTTPMessageVerifier):
    """The library's, with the time checked by our clock instead of the machine's."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """Leave it to `verify_message`."""


def verify_message(
    message: SignedRequest | SignedReply,
    *,
    body: bytes,
    covered: Sequence[str],
    consortium: Consortium,
    now: datetime,
    wrong: Callable[[str], Exception],
) -> dict[str, Any]:
    """Return the parameters of the one signature with our tag, after checking it, the digest and its age.

    Raises what `wrong` makes of a sentence.
    """
    verifier = _Verifier(signature_algorithm=_Ed25519, key_resolver=_Keys(consortium))
    try:
        (result,) = verifier.verify(message, expect_tag=TAG, require_components=covered)
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise wrong("the signature does not hold") from error
    if result.covered_components[_DIGEST_COMPONENT] != digest_of(body):
        raise wrong("the content digest is not the sha-256 of the body")
    if result.parameters.get("alg") != _Ed25519.algorithm_id:
        raise wrong("alg must be ed25519")
    created = result.parameters.get("created")
    if not isinstance(created, int) or abs(int(now.timestamp()) - created) > AGE_MOST_S:
        raise wrong(f"created is off by more than {AGE_MOST_S} s")
    return dict(result.parameters)
