"""What everybody can check of a generation of the token key: its messages, outcome and who is guilty.

`privacy.dkg` says how a run goes and makes the messages; docs/adr/0010 gives their bytes. Messages come in
maps by x, and nothing here is secret but what `open_share` returns.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from hanse_ledger.codec import digest, encode
from hanse_ledger.cose import open_message
from hanse_ledger.errors import DocumentError, KeyGenerationError, MalformedError, VerificationError
from hanse_ledger.fields import as_array, as_bytes, as_list, as_uint, check_ascending
from hanse_ledger.ids import ConsortiumId, PartyId, StewardX
from hanse_ledger.privacy.group import (
    SCALAR_BYTES,
    Element,
    add,
    check_public_shares,
    hash_to_scalar,
    multiply,
    multiply_base,
    parse_element,
    parse_nonzero_scalar,
    parse_scalar,
)
from hanse_ledger.privacy.sealing import (
    OVERHEAD_BYTES,
    PRIVATE_KEY_BYTES,
    PUBLIC_KEY_BYTES,
    SealingPrivateKey,
    check_sealing_key,
)
from hanse_ledger.signing import check_public_key

MESSAGE_LIMIT: Final = 16_384
"""The most bytes of a message; the largest, a complaint of four founders, has about 4,300."""

Round: TypeAlias = Literal["dkg-commit", "dkg-deal", "dkg-confirm"]
Kind: TypeAlias = Literal["dkg-commit", "dkg-deal", "dkg-confirm", "dkg-complaint"]
Messages: TypeAlias = Mapping[StewardX, bytes]
"""The message of each founder, by x."""

_COUNTS: Final = (3, 4)
_X_LIMIT: Final = 256
_RUN_LIMIT: Final = 1 << 32
_PROOF_BYTES: Final = 2 * SCALAR_BYTES
_SEALED_BYTES: Final = SCALAR_BYTES + OVERHEAD_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Founder:
    """A steward of the genesis document to come, and its statement key."""

    x: StewardX
    party: PartyId
    statement_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """What the founders have agreed on beforehand: who they are, by x, and the number of this run.

    Every attempt has a new number. Raises MalformedError for what cannot be a roster.
    """

    consortium: ConsortiumId
    run: int
    founders: tuple[Founder, ...]

    def __post_init__(self) -> None:
        as_uint(self.run, "the run's number", limit=_RUN_LIMIT, least=1)
        check_ascending([0, *self.xs, _X_LIMIT], "the founders' x")
        for distinct in ({f.party for f in self.founders}, {f.statement_key for f in self.founders}):
            if len(self.founders) not in _COUNTS or len(distinct) != len(self.founders):
                raise MalformedError("three or four founders, each with its own id and statement key")
        for founder in self.founders:
            check_public_key(founder.statement_key)

    @property
    def xs(self) -> tuple[StewardX, ...]:
        """The founders' x, in order."""
        return tuple(founder.x for founder in self.founders)

    def others(self, x: StewardX) -> list[StewardX]:
        """Return the other founders' x, in order."""
        return [y for y in self.xs if y != x]

    @property
    def hash(self) -> bytes:
        """H["hanse/v1/dkg-roster", consortium, run, [[x, party, statement key], ... by x]]."""
        founders = [[founder.x, founder.party, founder.statement_key] for founder in self.founders]
        return digest("hanse/v1/dkg-roster", self.consortium, self.run, founders)

    def founder(self, x: StewardX) -> Founder:
        """Return the founder with this x; raises MalformedError where there is none."""
        for founder in self.founders:
            if founder.x == x:
                return founder
        raise MalformedError("no founder has this x")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What everybody can compute from the commits and deals: its hash, the K_x by x, and K."""

    hash: bytes
    public_shares: Mapping[StewardX, Element]
    public_key: Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The commits, read."""

    roster: Roster
    hash: bytes
    commitments: Mapping[StewardX, bytes]
    sealing_keys: Mapping[StewardX, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """A deal that holds as far as everybody can see: A0, A1 and the sealed f_x(y) by y."""

    x: StewardX
    a0: Element
    a1: Element
    sealed: Mapping[StewardX, bytes]


def verify_transcript(roster: Roster, commits: Messages, deals: Messages, confirms: Messages) -> Transcript:
    """Check a run from outside, as far as everybody can, and return its outcome.

    Raises KeyGenerationError for the first message that does not hold or confirms another transcript, and
    DocumentError where a K_x is the identity.
    """
    session = read_commits(roster, commits)
    transcript, _ = read_deals(session, deals)
    _check_complete(roster, confirms)
    for x in roster.xs:
        (said,) = _read(roster, x, confirms[x], "dkg-confirm", session.hash, 1)
        if said != transcript.hash:
            raise KeyGenerationError(x=x, field="transcript", reason="is another one")
    return transcript


def judge(roster: Roster, commits: Messages, *, by: StewardX, complaint: bytes) -> StewardX:
    """Return who is guilty by a complaint: the accused if its share to `by` does not fit, else `by`.

    Raises KeyGenerationError for a complaint that is none, and for a deal that does not hold anyway.
    """
    session = read_commits(roster, commits)
    accused_x, accused_deal, private = _read(roster, by, complaint, "dkg-complaint", session.hash, 3)
    with _naming(by, "complaint"):
        accused = StewardX(as_uint(accused_x, "x"))
        key = SealingPrivateKey(as_bytes(private, "a sealing key", size=PRIVATE_KEY_BYTES))
        if accused == by or key.public_key != session.sealing_keys[by]:
            raise VerificationError("a complaint about oneself, or with another sealing key")
        # A deal that the accused did not sign would be blamed on it below.
        _payload(roster, accused, accused_deal, "dkg-deal")
    dealt = read_deal(session, accused, accused_deal)
    return by if share_fits(session, dealt, by, key) else accused


def verify_equivocation(roster: Roster, x: StewardX, kind: Round, one: bytes, other: bytes) -> None:
    """Check that x signed two different messages of one kind in one place, which is proof against it.

    Raises VerificationError where they are no proof, MalformedError for what is no message.
    """
    places = [as_list(_payload(roster, x, raw, kind), 3, 6, kind)[0] for raw in (one, other)]
    if one == other or places[0] != places[1]:
        raise VerificationError("not two messages for one place")


def read_commits(roster: Roster, commits: Messages) -> Session:
    """Read the first messages; raises KeyGenerationError for the first that does not hold."""
    _check_complete(roster, commits)
    commitments, sealing_keys = {}, {}
    for x in roster.xs:
        commitment, sealing_key = _read(roster, x, commits[x], "dkg-commit", roster.hash, 2)
        with _naming(x, "commitment"):
            commitments[x] = as_bytes(commitment, "a commitment")
        with _naming(x, "sealing key"):
            sealing_keys[x] = as_bytes(sealing_key, "a sealing key", size=PUBLIC_KEY_BYTES)
            check_sealing_key(sealing_keys[x])
    hashes = [hashlib.sha256(commits[x]).digest() for x in roster.xs]
    session_hash = digest("hanse/v1/dkg-session", roster.hash, hashes)
    return Session(roster=roster, hash=session_hash, commitments=commitments, sealing_keys=sealing_keys)


def read_deal(session: Session, x: StewardX, raw: bytes) -> Deal:
    """Read x's deal: its elements, proof and sealed shares' form. Raises KeyGenerationError."""
    constant, slope, proof, rows = _read(session.roster, x, raw, "dkg-deal", session.hash, 4)
    with _naming(x, "commitment"):
        a0, a1 = parse_element(as_bytes(constant, "A0")), parse_element(as_bytes(slope, "A1"))
        if commitment_of(session.roster, x, a0, a1) != session.commitments[x]:
            raise VerificationError("other elements than those committed to")
    with _naming(x, "proof"):
        proof = as_bytes(proof, "a proof", size=_PROOF_BYTES)
        c, s = parse_scalar(proof[:SCALAR_BYTES]), parse_scalar(proof[SCALAR_BYTES:])
        if challenge(session, x, a0, a1, add(multiply_base(s), multiply(c, a0))) != c:
            raise VerificationError("no proof of possession")
    with _naming(x, "sealed shares"):
        others = session.roster.others(x)
        pairs = [
            as_array(row, 2, "a sealed share") for row in as_list(rows, len(others), len(others), "shares")
        ]
        if [as_uint(y, "x") for y, _ in pairs] != others:
            raise VerificationError("not one sealed share for each other founder, by x")
        sealed = {y: as_bytes(box, "a sealed share", size=_SEALED_BYTES) for y, box in pairs}
    return Deal(x=x, a0=a0, a1=a1, sealed=sealed)


def read_deals(session: Session, deals: Messages) -> tuple[Transcript, list[Deal]]:
    """Read the second messages and add them up; raises as `verify_transcript` does."""
    _check_complete(session.roster, deals)
    dealt = [read_deal(session, x, deals[x]) for x in session.roster.xs]
    hashes = [hashlib.sha256(deals[x]).digest() for x in session.roster.xs]
    a0, a1 = dealt[0].a0, dealt[0].a1
    for one in dealt[1:]:
        with _naming(one.x, "commitment"):  # to make a sum the identity takes knowledge of all in it
            a0, a1 = add(a0, one.a0), add(a1, one.a1)
    try:
        public_shares = {x: add(a0, multiply(x, a1)) for x in session.roster.xs}
    except MalformedError as error:
        raise DocumentError(field="token_key", reason="a key share is the identity") from error
    check_public_shares(public_shares)
    transcript_hash = digest("hanse/v1/dkg-transcript", session.hash, hashes)
    return Transcript(hash=transcript_hash, public_shares=public_shares, public_key=a0), dealt


def open_share(session: Session, dealt: Deal, y: StewardX, key: SealingPrivateKey) -> int:
    """Return f_x(y), opened with y's key and checked against A0 + y A1.

    Raises KeyGenerationError, field `share`.
    """
    unseal = key.open  # HPKE's, with no file in it: the check that the core is pure goes by names
    with _naming(dealt.x, "share"):
        raw = unseal(info=share_info(session, dealt.x, y), sealed=dealt.sealed[y])
        share = parse_nonzero_scalar(raw)
        if multiply_base(share) != add(dealt.a0, multiply(y, dealt.a1)):
            raise VerificationError("a share is not on its dealer's line")
    return share


def share_fits(session: Session, dealt: Deal, y: StewardX, key: SealingPrivateKey) -> bool:
    """Say whether `open_share` passes."""
    try:
        open_share(session, dealt, y, key)
    except KeyGenerationError:
        return False
    return True


def commitment_of(roster: Roster, x: StewardX, a0: bytes, a1: bytes) -> bytes:
    """Return H["hanse/v1/dkg-commitment", roster hash, x, A0, A1], which a commit carries."""
    return digest("hanse/v1/dkg-commitment", roster.hash, x, a0, a1)


def challenge(session: Session, x: StewardX, a0: bytes, a1: bytes, r: bytes) -> int:
    """Return the proof of possession's c, bound through the session to everyone's commits. `r` is r G."""
    return hash_to_scalar(encode(["hanse/v1/dkg-proof", session.hash, x, a0, a1, r]))


def share_info(session: Session, x: StewardX, y: StewardX) -> bytes:
    """Bind f_x(y) to its session, dealer x and receiver y."""
    return encode(["hanse/v1/dkg-share", session.roster.consortium, session.hash, x, y])


def _read(roster: Roster, x: StewardX, raw: bytes, kind: Kind, place: bytes, count: int) -> list[Any]:
    """Return the `count` fields after place and x of a message that x signed for this place."""
    with _naming(x, "message"):
        payload = _payload(roster, x, raw, kind)
    with _naming(x, "payload"):
        fields = as_array(payload, count + 2, kind)
        if as_uint(fields[1], "x") != x:
            raise VerificationError("another steward's x")
    if fields[0] != place:
        name = "roster" if kind == "dkg-commit" else "session"
        raise KeyGenerationError(x=x, field=name, reason="is another one")
    return fields[2:]


def _payload(roster: Roster, x: StewardX, raw: bytes, kind: Kind) -> Any:
    founder = roster.founder(x)
    return open_message(
        raw,
        name=kind,
        consortium=roster.consortium,
        party=founder.party,
        public=founder.statement_key,
        limit=MESSAGE_LIMIT,
    )


def _check_complete(roster: Roster, messages: Messages) -> None:
    for x in roster.xs:
        if x not in messages:
            raise KeyGenerationError(x=x, field="message", reason="is missing")
    if len(messages) != len(roster.xs):
        raise MalformedError("a message of a steward that is not in the roster")


@contextmanager
def _naming(x: StewardX, what: str) -> Iterator[None]:
    """Turn what fails inside into an error that names the steward and the field."""
    try:
        yield
    except (MalformedError, VerificationError) as error:
        raise KeyGenerationError(x=x, field=what) from error
