"""What a party says on the next document: it proposes one, it votes for one (protocol section 10)."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from hanse_ledger.bodies import Body, Propose, Vote
from hanse_ledger.consortium import MAY, Consortium, check_next, parse_document
from hanse_ledger.errors import NotPermittedError, RuleError
from hanse_ledger.statements import parse_statement
from node.roles.outbox import Outbox
from node.roles.party import Standing

CheckNext: TypeAlias = Callable[[Consortium, Consortium], None]
"""(in force, following) -> nothing; raises DocumentError for what this consortium could not go on with."""


class Voting:
    """Owned by the node's thread."""

    def __init__(self, standing: Standing, check: CheckNext) -> None:
        self._standing, self._check = standing, check

    def propose(self, raw: bytes) -> tuple[bytes, int]:
        """File a document as the next one; return its hash and the statement's index.

        Raises DocumentError for what does not follow the one in force or could not be gone on with.
        """
        proposal, waited = Propose(document=raw), self._catch_up()
        following = parse_document(raw)
        if proposal in waited:
            return following.hash, waited[proposal]
        current = self._standing.in_force
        check_next(current, following)
        self._check(current, following)
        return following.hash, self._file(proposal)

    def vote(self, document_hash: bytes) -> int:
        """File a vote for the document with this hash, which may be proposed later; return its index.

        Raises RuleError for a second vote, DocumentError as `propose` does where it is proposed already.
        """
        vote, waited = Vote(document_hash=document_hash), self._catch_up()
        if vote in waited:
            return waited[vote]
        if self._standing.state.has_voted(self._standing.id, document_hash):
            raise RuleError("a party votes once for a document")
        for following, _ in self._standing.state.proposals:
            if following.hash == document_hash:
                self._check(self._standing.in_force, following)
        return self._file(vote)

    def _catch_up(self) -> Mapping[Body, int]:
        """Bring what is stored and the log together, so that nothing is filed twice.

        Returns what had been filed before and has its index only now. Raises NotPermittedError where the
        party has no vote, or no longer.
        """
        # Before the log is looked at: what it took without an answer counts as brought now.
        waited = Outbox(self._standing).flush()
        self._standing.catch_up()
        party = self._standing.in_force.party(self._standing.id)
        if party is None or not party.roles & MAY["vote"]:
            raise NotPermittedError("active members and stewards propose and vote")
        return {parse_statement(raw).body: index for raw, index in waited.items()}

    def _file(self, body: Body) -> int:
        return Outbox(self._standing).log(lambda _connection, _seq: body)
