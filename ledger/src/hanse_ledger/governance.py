"""Which consortium document is in force: proposals, votes, and where one acts (protocol section 10)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hanse_ledger.codec import digest
from hanse_ledger.consortium import MEMBER, STEWARD, Consortium, check_next, parse_document
from hanse_ledger.errors import RuleError
from hanse_ledger.ids import PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How far the voting on a document is: whose votes count, and how many are needed."""

    members: frozenset[PartyId]
    members_needed: int
    stewards: frozenset[PartyId]
    stewards_needed: int

    @property
    def suffices(self) -> bool:
        """Whether the document acts, once it is proposed."""
        return len(self.members) >= self.members_needed and len(self.stewards) >= self.stewards_needed


class Documents:
    """The documents in force so far, the proposals that may follow the last one, and every vote.

    Check first, then add, as in `registers`. All open proposals follow the document in force, so when one
    acts the others lapse at once; votes stay, as they may come before their proposal.
    """

    __slots__ = ("_in_force", "_proposed", "_votes")

    def __init__(self, given: Consortium | None = None) -> None:
        self._in_force: list[tuple[int, Consortium]] = [] if given is None else [(0, given)]
        self._proposed: dict[bytes, Consortium] = {}
        self._votes: dict[bytes, set[PartyId]] = {}

    def at(self, size: int | None = None) -> Consortium | None:
        """Return the document in force after the first `size` statements (default: all), if there is one."""
        for start, document in reversed(self._in_force):
            if size is None or start <= size:
                return document
        return None

    def all(self) -> list[Consortium]:
        """Return every document that has been in force, in order."""
        return [document for _, document in self._in_force]

    def proposals(self) -> list[tuple[Consortium, Tally]]:
        """Return the documents that may act next, in the order in which they were proposed."""
        current = self._in_force[-1][1]
        return [
            (following, tally(current, following, self._votes.get(following.hash, set())))
            for following in self._proposed.values()
        ]

    def rows_tally(self, steward: PartyId) -> Tally:
        """Return how far the vote is that gives an active steward the rows and sums of before it came."""
        vote = rows_vote(entered_with(self.all(), steward).hash, steward)
        return _tally(self._in_force[-1][1], self._votes.get(vote, set()), every_member=True)

    def found(self, consortium: Consortium, index: int) -> None:
        """Take the genesis document."""
        self._in_force.append((index + 1, consortium))

    def check_proposal(self, raw: bytes) -> None:
        """Refuse what is no document, or does not follow the one in force; raises DocumentError."""
        check_next(self._in_force[-1][1], parse_document(raw))

    def check_vote(self, party: PartyId, document_hash: bytes) -> None:
        """Refuse a second vote for one document."""
        if self.has_voted(party, document_hash):
            raise RuleError("a party votes once for a document")

    def has_voted(self, party: PartyId, document_hash: bytes) -> bool:
        """Say whether a party has voted for a document."""
        return party in self._votes.get(document_hash, ())

    def propose(self, raw: bytes, index: int) -> bool:
        """Take a proposal; say whether its document acts with it."""
        following = parse_document(raw)
        self._proposed[following.hash] = following
        return self._act(following.hash, index)

    def vote(self, party: PartyId, document_hash: bytes, index: int) -> bool:
        """Take a vote; say whether the document acts with it."""
        self._votes.setdefault(document_hash, set()).add(party)
        return self._act(document_hash, index)

    def _act(self, document_hash: bytes, index: int) -> bool:
        following = self._proposed.get(document_hash)
        if following is None:
            return False
        if not tally(self._in_force[-1][1], following, self._votes.get(document_hash, set())).suffices:
            return False
        self._in_force.append((index + 1, following))
        self._proposed.clear()
        return True


def tally(current: Consortium, following: Consortium, votes: Collection[PartyId]) -> Tally:
    """Count these votes for `following`, so far as their parties are active now.

    Needed are two thirds of the active members, rounded up, and all stewards but one; every active member
    where it weakens privacy.
    """
    return _tally(current, votes, every_member=weakens_privacy(current, following))


def rows_vote(document_hash: bytes, steward: PartyId) -> bytes:
    """Return what is voted for so that a steward which a document brings in gets rows and sums of before.

    Bound to that document, so that a vote is never one for the same party's coming back later.
    """
    return digest("hanse/v1/rows-vote", document_hash, steward)


def entered_with(documents: Sequence[Consortium], steward: PartyId) -> Consortium:
    """Return the document, of all so far, since which a party has been an active steward; it is one now."""
    entered = documents[-1]
    for document in reversed(documents):
        party = document.party(steward)
        if party is None or STEWARD not in party.roles:
            break
        entered = document
    return entered


def _tally(current: Consortium, votes: Collection[PartyId], *, every_member: bool) -> Tally:
    active = [party for party in current.parties.values() if party.active]
    members = {party.id for party in active if MEMBER in party.roles}
    stewards = {party.id for party in active if STEWARD in party.roles}
    return Tally(
        members=frozenset(members.intersection(votes)),
        members_needed=len(members) if every_member else -(-2 * len(members) // 3),
        stewards=frozenset(stewards.intersection(votes)),
        stewards_needed=len(stewards) - 1,
    )


def weakens_privacy(current: Consortium, following: Consortium) -> bool:
    """Say whether a next document needs every member's vote.

    So it is with a lower minimum, longer retention, a larger budget or meter, another purpose, and with a
    steward that is not active now or a K_x that is not this one.
    """
    old, new = current.policy, following.policy
    lower = new.contributors_min < old.contributors_min or new.warnings_min < old.warnings_min
    larger = (
        new.retention_months > old.retention_months
        or new.inquiries_base > old.inquiries_base
        or new.inquiries_per_subject > old.inquiries_per_subject
        or new.tokens_per_day > old.tokens_per_day
    )
    purposes = not set(new.purposes) <= set(old.purposes)
    return lower or larger or purposes or not _token_keys(following) <= _token_keys(current)


def _token_keys(consortium: Consortium) -> set[tuple[int, bytes | None]]:
    return {(x, steward.token_key) for x, steward in consortium.stewards.items()}
