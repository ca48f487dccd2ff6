"""A steward that is lost, voted out, and another one voted in its place: what the others then do for it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from support_clear import Bill, Window, days_of
from support_node import Bench, invoice, subject, take_book

from consortium_config.changing import next_document
from consortium_config.draft import PartyCard, admission_proof
from consortium_config.sample import STEWARDS
from hanse_ledger.bodies import Inquiry, Propose, Vote
from hanse_ledger.consortium import MEMBER, STEWARD, Consortium
from hanse_ledger.governance import rows_vote
from hanse_ledger.ids import Month, PartyId, StewardX
from hanse_ledger.rows import Invoice
from hanse_ledger.signing import SigningKey
from node.keystore import PartyKeys
from node.roles.inquirer import Outcome

LOST = STEWARDS[StewardX(4)]
NEW = PartyId("steward-5")
NEW_X = StewardX(5)


def report_month(bench: Bench, books: Mapping[str, Sequence[Bill]], last: int) -> None:
    """Everybody imports what its books say on the last day of a month, and reports; all stewards close it."""
    day = days_of(last)[-1]
    for member in bench.members:
        take_book(bench.member(member), _invoices(books[member], day), as_of=day.isoformat())
    bench.end_month(Month(last))


def vote_in(bench: Bench, following: Consortium, voters: Iterable[PartyId] = ()) -> None:
    """Propose a document and let all vote, or these."""
    bench.log(bench.members[0], Propose(document=following.raw))
    for voter in list(voters) or _voters(bench):
        if bench.state.consortium.hash != following.hash:
            bench.log(voter, Vote(document_hash=following.hash))
    assert bench.state.consortium.hash == following.hash


def lose(bench: Bench) -> None:
    """Let a steward be lost for good, and be voted out."""
    bench.silent.add(LOST)
    vote_in(bench, next_document(bench.state.consortium, leaving=[LOST]))


def bring_in(bench: Bench) -> Consortium:
    """Vote in a new steward, whose card says nothing of the token key."""
    keys = PartyKeys(
        statement=SigningKey(bench.entropy(32)),
        cosign=SigningKey(bench.entropy(32)),
        log=None,
        key_share=None,
    )
    bench.keys[NEW] = keys
    card = PartyCard(
        consortium=bench.consortium.id,
        id=NEW,
        name="Steward 5",
        roles=(STEWARD,),
        statement_key=keys.statement.public,
        proof=admission_proof(keys.statement, consortium=bench.consortium.id, party=NEW),
        cosign_key=keys.cosign.public,
        x=NEW_X,
    )
    following = next_document(bench.state.consortium, cards=[card])
    vote_in(bench, following)
    return following


def entrust(bench: Bench, entered: Consortium, voters: Iterable[PartyId] = ()) -> None:
    """Vote that the new steward gets the rows and sums of before it came."""
    for voter in list(voters) or _voters(bench):
        bench.log(voter, Vote(document_hash=rows_vote(entered.hash, NEW)))


def let_log_grow(bench: Bench) -> None:
    """Let anybody log anything."""
    bench.log(bench.members[0], Inquiry(request_hashes=(bench.entropy(32),)))


def ask(bench: Bench, customer: str, *, by: PartyId | None = None) -> Outcome:
    (outcome,) = bench.member(by or bench.members[0]).inquire([subject(customer)], "credit-review")
    return outcome


def windows(outcome: Outcome) -> list[Window]:
    """What an answer says, in the form of what is computed in the clear."""
    assert outcome.figures is not None
    return [
        Window(
            tuple(one.months),
            one.frozen_at,
            0,
            tuple(one.condition or ()),
            tuple(one.exposure or ()),
            tuple(one.delay or ()),
        )
        for one in outcome.figures.windows
    ]


def _invoices(bills: Iterable[Bill], day: date) -> dict[str, list[Invoice]]:
    book: dict[str, list[Invoice]] = {}
    for bill in filter(None, (each.at(day) for each in bills)):
        made = invoice(
            bill.reference,
            bill.invoiced.isoformat(),
            bill.due.isoformat(),
            paid=None if bill.paid is None else bill.paid.isoformat(),
            minor=bill.minor,
            lost=None if bill.lost is None else bill.lost.isoformat(),
        )
        book.setdefault(bill.customer, []).append(made)
    return book


def _voters(bench: Bench) -> list[PartyId]:
    active = [party for party in bench.state.consortium.parties.values() if party.active]
    # A new steward is no reason for its own vote.
    return [one.id for one in active if one.roles & {MEMBER, STEWARD} and one.id not in {LOST, NEW}]
