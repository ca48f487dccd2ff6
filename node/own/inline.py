"""A member's node in the caller's thread, as a door: for commands and tests that run the node themselves."""

from concurrent.futures import Future

from hanse_ledger.ids import PartyId
from node.errors import NotFoundError
from node.member import MemberNode
from node.own.verbs import member_verbs
from node.wire import Letter, answer_letter


class InlineDoor:
    """Answers at once, whoever posts."""

    def __init__(self, member: MemberNode) -> None:
        self._verbs = member_verbs(member)

    def post(self, caller: PartyId, verb: str, body: bytes) -> Future[bytes]:
        """Answer a request."""
        letter = Letter(caller, verb, body, Future())
        answer_letter(self._handle, letter)
        return letter.reply

    def _handle(self, _caller: PartyId, verb: str, body: bytes) -> bytes:
        if verb not in self._verbs:
            raise NotFoundError("this node's party has no such role")
        return self._verbs[verb](body)
