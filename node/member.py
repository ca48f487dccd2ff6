"""A member's (or desk's) node: its roles put together, and what its own people do with them."""

from collections.abc import Iterator, Sequence
from datetime import date

from hanse_ledger.answer_file import AnswerProof, encode_answer_file, verify_answer_file
from hanse_ledger.errors import RejectedError, VerificationError
from hanse_ledger.ids import Month, SubjectId
from hanse_ledger.merkle import prove_consistency, prove_inclusion
from node.own.parts import OwnPart, own_parts
from node.ports import StewardLinks
from node.receivables.outcome import Reading
from node.roles.book import Book, BookChange
from node.roles.bulletins import Bulletins
from node.roles.cases import Cases
from node.roles.contests import Contests
from node.roles.contributor import Contributor, Reported
from node.roles.cosigned import Cosigned, LogCopy
from node.roles.desk import Desk
from node.roles.inquirer import Inquirer, Outcome
from node.roles.outbox import Outbox
from node.roles.party import Standing
from node.roles.recipients import Recipients
from node.roles.subject_access import SubjectAccess
from node.roles.tokens import TokenSource
from node.roles.withdrawals import Withdrawals
from node.storage.book import has_import


class MemberNode:
    """Owned by one thread."""

    def __init__(self, *, standing: Standing, links: StewardLinks) -> None:
        self.standing = standing
        self._outbox = Outbox(standing)
        self.tokens = TokenSource(standing, links)
        self.book = Book(standing)
        recipients = Recipients(standing=standing, links=links)
        self._contributor = Contributor(
            standing=standing, outbox=self._outbox, tokens=self.tokens, recipients=recipients, links=links
        )
        self._bulletins = Bulletins(
            standing=standing, outbox=self._outbox, tokens=self.tokens, recipients=recipients
        )
        self.inquirer = Inquirer(standing=standing, outbox=self._outbox, tokens=self.tokens, links=links)
        self.desk = Desk(standing=standing, outbox=self._outbox)
        self.cases = Cases(standing=standing, outbox=self._outbox, tokens=self.tokens, recipients=recipients)
        self.contests = Contests(standing=standing, links=links)
        self.withdrawals = Withdrawals(standing)
        self.access = SubjectAccess(standing=standing, inquirer=self.inquirer, links=links)
        self._cosigned = Cosigned(copy=LogCopy.of(standing), links=links)

    def import_book(self, reading: Reading, *, sha256: bytes, as_of: date) -> BookChange:
        """Take an export into the book: all of what was read, or nothing.

        Raises OlderExportError when the book holds a later one.
        """
        return self.book.take(reading.records, sha256=sha256, as_of=as_of)

    def has_imported(self, sha256: bytes) -> bool:
        """Return whether an export with this hash has been taken."""
        with self.standing.database.read() as connection:
            return has_import(connection, sha256)

    def report(self) -> Reported:
        """Make and send the rows that are due, and bring every report a step further."""
        return self._contributor.work()

    def reported(self) -> Reported:
        """Return how far the reporting for the log month is, without doing anything."""
        return self._contributor.reported()

    def send_bulletin(self, *, at_once: bool = False) -> None:
        """Send this period's bulletin in the middle of the period, or `at_once`; twice sends nothing more."""
        self._bulletins.work(at_once=at_once)

    def counts(self, month: Month) -> bool:
        """Return whether all reports that were made for a log month count, by this node's copy of the log."""
        return self._contributor.counts(month)

    def inquire(
        self, subjects: Sequence[SubjectId], purpose: str, call: str | None = None
    ) -> Iterator[Outcome]:
        """Ask about distinct primary ids, once for a call; outcomes come in their order."""
        return self.inquirer.inquire(subjects, purpose, call)

    def inquire_once(self, subjects: Sequence[SubjectId], purpose: str) -> Iterator[Outcome]:
        """Like `inquire`, but a subject that was asked about for this purpose before is not logged again."""
        return self.inquirer.inquire_once(subjects, purpose)

    def own_part(self, outcome: Outcome) -> list[OwnPart]:
        """Return this member's own rows in each window of an outcome (section 9, point 6)."""
        if outcome.figures is None:
            return []
        with self.standing.database.read() as connection:
            return own_parts(connection, outcome.subject, outcome.figures.windows)

    def answer_file(self, outcome: Outcome) -> bytes:
        """Return an outcome as a file that anyone can verify; RejectedError for one without figures.

        Raises UnavailableError when too few stewards are in reach to cosign and to evaluate its token.
        """
        if outcome.figures is None:
            raise RejectedError("an outcome without figures makes no answer file")
        token = self.tokens.prove(outcome.subject)
        size, checkpoint = self._cosigned.checkpoint()
        read = self.standing.replica.log.node
        log_size = outcome.figures.log_size
        proof = AnswerProof(
            request=outcome.request.encode(),
            blind=token.blind,
            evaluation_request=token.request,
            evaluations=token.evaluations,
            inquiry=self.standing.replica.log.entries(outcome.index, 1)[0],
            index=outcome.index,
            inclusion=tuple(prove_inclusion(index=outcome.index, tree_size=size, read=read)),
            answers=outcome.answers,
            consistency=tuple(prove_consistency(size1=log_size, size2=size, read=read)),
            checkpoint=checkpoint,
        )
        file = encode_answer_file(subject=outcome.subject, figures=outcome.figures, proof=proof)
        self._check_file(file, log_size)
        return file

    def cosigned_checkpoint(self) -> tuple[int, str]:
        """Return the newest checkpoint, with its size, as the consortium's policy asks for it."""
        return self._cosigned.checkpoint()

    def _check_file(self, file: bytes, log_size: int) -> None:
        """Refuse a file that its reader would: evaluations and cosignatures are under the keys of now."""
        document = self.standing.state.consortium_at(log_size)
        if document is None or document.hash == self.standing.in_force.hash:
            return
        try:
            verify_answer_file(file, document)
        except VerificationError as error:
            raise RejectedError("keys have changed since the inquiry: ask anew for a file") from error
