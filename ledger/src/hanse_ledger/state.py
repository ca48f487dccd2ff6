"""Acceptance: what the log so far says, and whether the next statement may stand on it (protocol section 5).

`LedgerState.apply` is a function of the log so far and the bytes alone. It checks everything before it
changes anything, so a refused statement leaves no trace.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from hanse_ledger import bodies as b
from hanse_ledger.chains import Head, check_follows, head_after
from hanse_ledger.consortium import MAY, Consortium, Party, parse_document, verify_genesis
from hanse_ledger.errors import (
    NotAdmittedError,
    NotPermittedError,
    RuleError,
    SignatureRefusedError,
    VerificationError,
)
from hanse_ledger.filings import Alias, Dispute, Fact, Resolution
from hanse_ledger.governance import Documents, Tally
from hanse_ledger.ids import Month, NodeHash, PartyId, RequestHash, StewardX, SubjectId
from hanse_ledger.merkle import CompletedNode, Frontier, leaf_hash
from hanse_ledger.registers import (
    Aliases,
    Bulletins,
    Closes,
    Disputes,
    Facts,
    LoggedRequest,
    Requests,
    SealedEntry,
)
from hanse_ledger.reports import ReportEntry, Reports
from hanse_ledger.signing import key_id_of
from hanse_ledger.statements import Statement, parse_statement

__all__ = ["Accepted", "Head", "LedgerState", "ReportEntry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An accepted statement, its place, and the tree nodes that it completed."""

    index: int
    statement: Statement
    leaf: NodeHash
    completed: list[CompletedNode]


class LedgerState:
    """Everything that acceptance needs to know of the log so far. Not safe for concurrent use."""

    def __init__(self, consortium: Consortium | None = None) -> None:
        """Start before genesis; with a `consortium` given, as if one had been accepted already."""
        self.frontier = Frontier()
        self.heads: dict[PartyId, Head] = {}
        self._reports = Reports()
        self._months = Closes(consortium.first_month if consortium else 0)
        self._periods = Closes(0)
        self._requests = Requests()
        self._bulletins = Bulletins()
        self._facts = Facts()
        self._aliases = Aliases()
        self._disputes = Disputes()
        self._documents = Documents(consortium)

    @property
    def consortium(self) -> Consortium:
        """The document in force; there is none before genesis."""
        current = self._documents.at()
        if current is None:
            raise NotAdmittedError("the log has no genesis yet")
        return current

    @property
    def founded(self) -> bool:
        """Whether genesis has been accepted."""
        return self._documents.at() is not None

    @property
    def documents(self) -> list[Consortium]:
        """Every consortium document that has been in force, in order."""
        return self._documents.all()

    @property
    def proposals(self) -> list[tuple[Consortium, Tally]]:
        """The documents that may act next, and how far the voting on each is."""
        return self._documents.proposals()

    def has_voted(self, party: PartyId, document_hash: bytes) -> bool:
        """Return whether a party has voted for a document."""
        return self._documents.has_voted(party, document_hash)

    def rows_tally(self, steward: PartyId) -> Tally:
        """Return how far the vote is that gives an active steward the rows and sums of before it came."""
        return self._documents.rows_tally(steward)

    def consortium_at(self, size: int) -> Consortium | None:
        """Return the document in force after the first `size` statements, None before genesis."""
        return self._documents.at(size)

    def consortium_at_close(self, month: Month) -> Consortium | None:
        """Return the document as it stood when a month was closed, None while it is open."""
        return None if (position := self.closed_at(month)) is None else self.consortium_at(position + 1)

    @property
    def size(self) -> int:
        """The number of statements accepted."""
        return self.frontier.size

    @property
    def reports(self) -> Mapping[int, ReportEntry]:
        """Every report by its index."""
        return self._reports.entries

    @property
    def log_month(self) -> Month:
        """The month after the last one closed, or the document's first."""
        return Month(self._months.next)

    @property
    def next_period(self) -> int:
        """The bulletin period after the last one closed."""
        return self._periods.next

    @property
    def bulletins(self) -> Bulletins:
        """Every bulletin and dispute, and which of them took effect. Not to be changed."""
        return self._bulletins

    @property
    def periods(self) -> Closes:
        """Which bulletin periods are closed, and who has closed them. Not to be changed."""
        return self._periods

    def closed_at(self, month: Month) -> int | None:
        """Return the index of the statement that closed a month, or None while it is open."""
        return self._months.position(month)

    def last_closed(self, size: int | None = None) -> Month | None:
        """Return the last month that was closed in the first `size` statements (default: all)."""
        closed = self._months.closed_at
        count = len(closed) if size is None else sum(index < size for index in closed)
        return Month(self._months.first + count - 1) if count else None

    def has_closed(self, month: Month, steward: PartyId) -> bool:
        """Return whether this steward has filed its close of the month."""
        return self._months.has_voted(month, steward)

    def request(self, party: PartyId, request_hash: RequestHash) -> LoggedRequest | None:
        """Return where a party's own request was first logged."""
        return self._requests.get(party, request_hash)

    def report_of(self, member: PartyId, seq: int) -> ReportEntry | None:
        """Return a member's report by its seq, or None where another statement or none has that place."""
        return self._reports.get(member, seq)

    @property
    def closes(self) -> Sequence[int]:
        """The positions at which months were closed, in order."""
        return self._months.closed_at

    @property
    def disputes(self) -> Disputes:
        """Every dispute and its resolution. Not to be changed."""
        return self._disputes

    @property
    def aliases(self) -> Mapping[str, str]:
        """The primary id of every other id that an alias names."""
        return self._aliases.primary_of

    def primary_of(self, subject: SubjectId) -> SubjectId:
        """Return a subject's primary id: the one that an alias names, or the id itself."""
        return SubjectId(self._aliases.primary_of.get(subject, subject))

    def head(self, party: PartyId) -> Head:
        """Return the end of a party's chain (section 5: seq counts from 0)."""
        return self.heads.get(party, Head())

    def apply(self, raw: bytes) -> Accepted:
        """Accept the next statement, or raise RejectedError and stay as it was."""
        return self._advance(raw, self.check(raw))

    def replay(self, raw: bytes) -> Accepted:
        """Advance by a statement that this node has accepted before; its signature is not checked again."""
        return self._advance(raw, parse_statement(raw))

    def check_signed(self, raw: bytes) -> Statement:
        """Raise what acceptance would, wherever in its party's chain a statement stands: a cheap filter.

        For a log that is founded: genesis is refused.
        """
        statement = parse_statement(raw)
        if isinstance(statement.body, b.Genesis):
            raise RuleError("genesis stands at index 0 only")
        _check_signature(statement, self._check_party(statement))
        return statement

    def check(self, raw: bytes) -> Statement:
        """Raise what `apply` would, and change nothing."""
        statement = parse_statement(raw)
        if isinstance(statement.body, b.Genesis):
            self._check_genesis(statement, statement.body)
        else:
            party = self._check_party(statement)
            self._check_chain(statement)
            _check_signature(statement, party)
            check = self._checks.get(type(statement.body))
            if check is not None:
                check(self, statement, statement.body)
        return statement

    def _advance(self, raw: bytes, statement: Statement) -> Accepted:
        leaf = leaf_hash(raw)
        index = self.size
        effect = self._effects.get(type(statement.body))
        if effect is not None:
            effect(self, statement, statement.body, index, leaf)
        self.heads[statement.party] = head_after(statement, raw)
        return Accepted(index=index, statement=statement, leaf=leaf, completed=self.frontier.append(leaf))

    def _check_party(self, statement: Statement) -> Party:
        if statement.signed.consortium != self.consortium.id:
            raise NotAdmittedError("a statement for another consortium")
        party = self.consortium.party(statement.party)
        if party is None:
            raise NotAdmittedError("no active party of that id")
        if statement.signed.key_id != key_id_of(party.statement_key):
            raise NotAdmittedError("signed with a key that is not the party's current one")
        if not party.roles & MAY[statement.kind]:
            raise NotPermittedError(f"the party's roles do not allow a {statement.kind}")
        return party

    def _check_chain(self, statement: Statement) -> None:
        check_follows(statement, self.head(statement.party))

    def _check_genesis(self, statement: Statement, body: b.Genesis) -> None:
        if self.size or self.founded:
            raise RuleError("genesis stands at index 0 only")
        consortium = parse_document(body.document)
        if statement.signed.consortium != consortium.id or statement.party != consortium.ordering[0]:
            raise NotAdmittedError("genesis is by the first ordering party of its document")
        party = consortium.parties[statement.party]
        if statement.signed.key_id != key_id_of(party.statement_key):
            raise NotAdmittedError("signed with a key that is not the party's current one")
        self._check_chain(statement)
        _check_signature(statement, party)
        try:
            verify_genesis(consortium, body.signatures)
        except VerificationError as error:
            raise SignatureRefusedError("a founder's signature does not hold") from error

    def _check_report(self, _: Statement, body: b.Report) -> None:
        self._check_stewards(tuple(share.x for share in body.shares))

    def _check_bulletin(self, statement: Statement, body: b.Bulletin) -> None:
        self._check_stewards(tuple(sealed.x for sealed in body.sealed))
        self._bulletins.check(body.period, statement.party, due=self.next_period)

    def _check_validity(self, statement: Statement, body: b.Validity) -> None:
        self._reports.check_validity(self.consortium.parties[statement.party].x, body)

    def _check_close(self, statement: Statement, body: b.Close) -> None:
        self._months.check(body.month, statement.party)

    def _check_close_period(self, statement: Statement, body: b.ClosePeriod) -> None:
        self._periods.check(body.period, statement.party)
        self._bulletins.check_unopened(body)

    def _check_fact(self, statement: Statement, body: Fact) -> None:
        self._facts.check(statement.party, body)

    def _check_alias(self, _: Statement, body: Alias) -> None:
        self._aliases.check(body)

    def _check_dispute(self, _: Statement, body: Dispute) -> None:
        self._check_stewards(tuple(sealed.x for sealed in body.sealed))

    def _check_resolution(self, statement: Statement, body: Resolution) -> None:
        self._disputes.check_resolution(statement.party, body.dispute)

    def _check_propose(self, _: Statement, body: b.Propose) -> None:
        self._documents.check_proposal(body.document)

    def _check_vote(self, statement: Statement, body: b.Vote) -> None:
        self._documents.check_vote(statement.party, body.document_hash)

    def _check_stewards(self, xs: tuple[StewardX, ...]) -> None:
        if xs != tuple(self.consortium.stewards):
            raise RuleError("the list by x has exactly the active stewards")

    def _found(self, _: Statement, body: b.Genesis, index: int, *_leaf: object) -> None:
        consortium = parse_document(body.document)
        self._documents.found(consortium, index)
        self._months = Closes(consortium.first_month)

    def _add_report(self, statement: Statement, body: b.Report, index: int, leaf: NodeHash) -> None:
        entry = ReportEntry(
            index=index,
            member=statement.party,
            seq=statement.seq,
            rows=len(body.evidence_roots),
            rows_hash=body.rows_hash,
            shares=body.shares,
            leaf=leaf,
            root_before=self.frontier.root(),
            log_month=self.log_month,
            contributors_min=self.consortium.policy.contributors_min,
        )
        self._reports.add(entry)

    def _add_validity(self, statement: Statement, body: b.Validity, index: int, _: NodeHash) -> None:
        x = self.consortium.parties[statement.party].x
        if x is None:  # _check_party admits stewards only
            raise AssertionError
        self._reports.publish(x, body, index)

    def _add_close(self, statement: Statement, body: b.Close, index: int, _: NodeHash) -> None:
        self._months.add(body.month, statement.party, index)

    def _add_close_period(self, statement: Statement, body: b.ClosePeriod, index: int, _: NodeHash) -> None:
        self._periods.add(body.period, statement.party, index)
        self._bulletins.add_close(body, index)

    def _add_inquiry(self, statement: Statement, body: b.Inquiry, index: int, _: NodeHash) -> None:
        self._requests.add(statement.party, body, index, self.log_month)

    def _add_bulletin(self, statement: Statement, body: b.Bulletin, index: int, _: NodeHash) -> None:
        self._bulletins.add(self._sealed_entry(statement, body.bulletin_hash, index))

    def _add_fact(self, statement: Statement, body: Fact, index: int, _: NodeHash) -> None:
        self._facts.add(statement.party, body, index)

    def _add_alias(self, _: Statement, body: Alias, *_place: object) -> None:
        self._aliases.add(body)

    def _add_dispute(self, statement: Statement, body: Dispute, index: int, _: NodeHash) -> None:
        self._disputes.add(statement.party, index)
        self._bulletins.add(self._sealed_entry(statement, body.dispute_hash, index))

    def _sealed_entry(self, statement: Statement, sealed_hash: bytes, index: int) -> SealedEntry:
        return SealedEntry(
            index=index,
            party=statement.party,
            seq=statement.seq,
            hash=sealed_hash,
            period=self.next_period,
            log_month=self.log_month,
            is_dispute=isinstance(statement.body, Dispute),
        )

    def _add_resolution(self, _: Statement, body: Resolution, index: int, *_leaf: object) -> None:
        self._disputes.resolve(body, index)

    def _add_propose(self, _: Statement, body: b.Propose, index: int, *_leaf: object) -> None:
        if self._documents.propose(body.document, index):
            self._reports.let_go(self.consortium.stewards, index)

    def _add_vote(self, statement: Statement, body: b.Vote, index: int, *_leaf: object) -> None:
        if self._documents.vote(statement.party, body.document_hash, index):
            self._reports.let_go(self.consortium.stewards, index)

    _checks: ClassVar[dict[type, Callable[..., None]]] = {
        b.Report: _check_report,
        b.Bulletin: _check_bulletin,
        b.Validity: _check_validity,
        b.Close: _check_close,
        b.ClosePeriod: _check_close_period,
        Fact: _check_fact,
        Alias: _check_alias,
        Dispute: _check_dispute,
        Resolution: _check_resolution,
        b.Propose: _check_propose,
        b.Vote: _check_vote,
    }
    _effects: ClassVar[dict[type, Callable[..., Any]]] = {
        b.Genesis: _found,
        b.Report: _add_report,
        b.Bulletin: _add_bulletin,
        b.Validity: _add_validity,
        b.Close: _add_close,
        b.ClosePeriod: _add_close_period,
        b.Inquiry: _add_inquiry,
        Fact: _add_fact,
        Alias: _add_alias,
        Dispute: _add_dispute,
        Resolution: _add_resolution,
        b.Propose: _add_propose,
        b.Vote: _add_vote,
    }


def _check_signature(statement: Statement, party: Party) -> None:
    try:
        statement.signed.verify(party.statement_key)
    except VerificationError as error:
        raise SignatureRefusedError("the statement's signature does not hold") from error
