"""A member's (or desk's) node: its roles put together, and what its own people do with them."""

from collections.abc import Iterator, Sequence

from hanse_ledger.ids import SubjectId
from node.ports import StewardLink
from node.roles.contributor import Contributor, Reported
from node.roles.inquirer import Inquirer, Outcome
from node.roles.outbox import Outbox
from node.roles.party import Standing
from node.roles.tokens import TokenSource


class MemberNode:
    """Owned by one thread."""

    def __init__(self, *, standing: Standing, links: Sequence[StewardLink]) -> None:
        self.standing = standing
        self._links = links
        outbox = Outbox(standing)
        self._tokens = TokenSource(standing, links)
        self.contributor = Contributor(standing=standing, outbox=outbox, tokens=self._tokens, links=links)
        self._inquirer = Inquirer(standing=standing, outbox=outbox, tokens=self._tokens, links=links)

    def report(self) -> Reported:
        """Make and send the rows that are due, and bring every report a step further."""
        return self.contributor.work()

    def inquire(self, subjects: Sequence[SubjectId], purpose: str) -> Iterator[Outcome]:
        """Ask about distinct primary ids; outcomes come in their order."""
        return self._inquirer.inquire(subjects, purpose)
