"""Generation of the token key without a dealer (protocol section 10; bytes in docs/adr/0010).

Pedersen's distributed key generation with Feldman commitments and proofs of possession, t = 2, behind a round
of hashed commitments, for three or four founder stewards who all take part to the end. Steward x draws
f_x(X) = a0 + a1 X and publishes A0 = a0 G, A1 = a1 G; k_x is the sum of f_y(x) over all y. Every round takes
the messages so far, in maps by x, and returns one message that goes to everybody:

1. `commit`: a hash of (A0, A1) and a sealing key for this run. All commits together make the session.
2. `deal`: A0, A1, a proof of possession of a0, and f_x(y) sealed to every other y.
3. `confirm`, where all deals hold, signs the transcript; `complain`, where a share does not, gives
   `dkg_messages.judge` what it needs to name who is guilty, and the run is over.
4. `finish`, with the same transcript confirmed by all, gives k_x and the K_x.

Nobody learns k as long as at most one steward is dishonest, and k is the same for all however many are. A
founder keeps its seed, the run's number, and each message that it sent or took. KeyGenerationError names a
steward and a field. Where the field is `message`, `roster`, `session` or `transcript`, two parties may hold
different files through a third's doing: compare them (`dkg_messages.verify_equivocation`). Every other field
is the named steward's own doing.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

from hanse_ledger.codec import Value, encode
from hanse_ledger.cose import sign
from hanse_ledger.errors import KeyGenerationError, MalformedError, RejectedError
from hanse_ledger.ids import StewardX
from hanse_ledger.privacy.dkg_messages import (
    Deal,
    Kind,
    Messages,
    Roster,
    Session,
    Transcript,
    challenge,
    commitment_of,
    open_share,
    read_commits,
    read_deal,
    read_deals,
    share_fits,
    share_info,
    verify_transcript,
)
from hanse_ledger.privacy.group import (
    Scalar,
    multiply_base,
    parse_scalar,
    scalar_bytes,
    scalar_from_entropy,
)
from hanse_ledger.privacy.sealing import PRIVATE_KEY_BYTES, SealingPrivateKey, seal
from hanse_ledger.signing import SigningKey

SEED_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One founder with its secrets. `seed` is 32 uniform bytes, drawn for key generation alone.

    Everything secret is derived from the seed and the roster's hash, so another run draws anew from it.
    """

    roster: Roster
    x: StewardX
    signing_key: SigningKey
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.roster.founder(self.x).statement_key != self.signing_key.public:
            raise MalformedError("the statement key is not the one of the roster")
        if len(self.seed) != SEED_BYTES:
            raise MalformedError(f"a seed has {SEED_BYTES} bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyShare:
    """What a founder has at the end: k_x, never shown, and the public outcome. k_x G = K_x holds."""

    x: StewardX
    key_share: Scalar = field(repr=False)
    transcript: Transcript


def commit(me: Participant) -> bytes:
    """Return the first message; the same for the same participant."""
    a0, a1 = map(multiply_base, _coefficients(me))
    commitment = commitment_of(me.roster, me.x, a0, a1)
    return _sign(me, "dkg-commit", me.roster.hash, [commitment, _sealing_key(me).public_key])


def deal(me: Participant, commits: Messages) -> bytes:
    """Return the second message; other bytes each time, so the first one is kept and re-sent.

    Made for one set of commits in a run: who has seen it could choose its commit in another set by it.
    Raises KeyGenerationError where a commit does not hold.
    """
    session = _own_session(me, commits)
    a0, a1 = _coefficients(me)
    constant, slope = multiply_base(a0), multiply_base(a1)
    # The nonce hangs on the session: the same one under two challenges would give a0 away.
    r = int.from_bytes(scalar_from_entropy(_derive(me, "nonce", session.hash)), "little")
    c = challenge(session, me.x, constant, slope, multiply_base(r))
    sealed = [
        [
            y,
            seal(
                public_key=session.sealing_keys[y],
                info=share_info(session, me.x, y),
                plaintext=scalar_bytes(a0 + a1 * y),
            ),
        ]
        for y in me.roster.others(me.x)
    ]
    proof = scalar_bytes(c) + scalar_bytes(r - c * a0)
    return _sign(me, "dkg-deal", session.hash, [constant, slope, proof, sealed])


def confirm(me: Participant, commits: Messages, deals: Messages) -> bytes:
    """Return the third message, this founder's word that all deals and its own shares hold.

    Raises KeyGenerationError for the first that does not; where its field is `share`, `complain` comes next.
    """
    session = _own_session(me, commits)
    transcript, dealt = read_deals(session, deals)
    _key_share(me, session, dealt)
    return _sign(me, "dkg-confirm", session.hash, [transcript.hash])


def complain(me: Participant, commits: Messages, accused: StewardX, accused_deal: bytes) -> bytes:
    """Return a complaint about the share that `accused` sealed to this founder. It ends the run.

    It carries the run's private sealing key, so with it everybody opens all shares of this founder: one who
    has complained never confirms. Raises RejectedError where the share fits, and KeyGenerationError where
    everybody sees that the deal does not hold, so that no complaint is needed.
    """
    session = _own_session(me, commits)
    dealt = read_deal(session, accused, accused_deal)
    key = _sealing_key(me)
    if accused == me.x or share_fits(session, dealt, me.x, key):
        raise RejectedError("there is nothing to complain about")
    return _sign(me, "dkg-complaint", session.hash, [accused, accused_deal, key.to_bytes()])


def finish(me: Participant, commits: Messages, deals: Messages, confirms: Messages) -> KeyShare:
    """Return this founder's share of the key, once all have confirmed the same transcript.

    Raises as `verify_transcript` and `confirm` do. The seed is destroyed when the key share is stored.
    """
    transcript = verify_transcript(me.roster, commits, deals, confirms)
    session = _own_session(me, commits)
    _, dealt = read_deals(session, deals)
    key_share = _key_share(me, session, dealt)
    # Section 10. It follows from the checks above; one that computed wrongly must not sign the document.
    if multiply_base(key_share) != transcript.public_shares[me.x]:
        raise KeyGenerationError(x=me.x, field="key share", reason="does not fit its K_x")
    return KeyShare(x=me.x, key_share=scalar_bytes(key_share), transcript=transcript)


def _own_session(me: Participant, commits: Messages) -> Session:
    session = read_commits(me.roster, commits)
    if commits[me.x] != commit(me):
        raise KeyGenerationError(x=me.x, field="message", reason="is not made from this seed")
    return session


def _key_share(me: Participant, session: Session, deals: list[Deal]) -> int:
    """Return k_x, the sum of the shares from all others and one's own; raises for one that does not fit."""
    a0, a1 = _coefficients(me)
    key = _sealing_key(me)
    received = [open_share(session, dealt, me.x, key) for dealt in deals if dealt.x != me.x]
    return parse_scalar(scalar_bytes(a0 + a1 * me.x + sum(received)))


def _coefficients(me: Participant) -> tuple[int, int]:
    a0, a1 = (parse_scalar(scalar_from_entropy(_derive(me, label))) for label in ("a0", "a1"))
    return a0, a1


def _sealing_key(me: Participant) -> SealingPrivateKey:
    return SealingPrivateKey((_derive(me, "seal 0") + _derive(me, "seal 1"))[:PRIVATE_KEY_BYTES])


def _derive(me: Participant, label: str, *context: bytes) -> bytes:
    # One fixed form and 32 secret bytes at its front: SHA-512 as a pseudorandom function.
    return hashlib.sha512(encode(["hanse/v1/dkg-secret", me.seed, me.roster.hash, label, *context])).digest()


def _sign(me: Participant, kind: Kind, place: bytes, fields: list[Value]) -> bytes:
    founder, payload = me.roster.founder(me.x), encode([place, me.x, *fields])
    return sign(
        key=me.signing_key,
        party=founder.party,
        consortium=me.roster.consortium,
        name=kind,
        payload=payload,
    )
