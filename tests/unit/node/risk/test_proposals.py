"""What the book proposes, from values alone."""

import pytest

from hanse_ledger.ids import SubjectId
from node.risk.proposals import Proposal, Reason, Stands, Trouble, propose

ACME, BORE = SubjectId("ref:DEMO:ACME"), SubjectId("ref:DEMO:BORE")


def trouble(subject: SubjectId, reference: str, reason: Reason) -> Trouble:
    return Trouble(customer=subject, reference=reference, subject=subject, reason=reason)


def proposed(
    *troubles: Trouble,
    stands: Stands = "no",
    from_book: tuple[SubjectId, ...] = (),
    dismissed: tuple[tuple[str, str, str], ...] = (),
) -> list[Proposal]:
    return propose(troubles, stands=lambda _: stands, from_book=from_book, dismissed=dismissed)


def test_a_subject_is_proposed_once_with_the_gravest_reason() -> None:
    assert proposed(
        trouble(BORE, "R9", "returned"),
        trouble(ACME, "R1", "returned"),
        trouble(ACME, "R2", "charged_off"),
        trouble(ACME, "R3", "collection"),
    ) == [
        Proposal(kind="raise", subject=ACME, reason="charged_off", invoices=3),
        Proposal(kind="raise", subject=BORE, reason="returned", invoices=1),
    ]


@pytest.mark.parametrize(("stands", "kinds"), [("no", ["raise"]), ("lapses", ["renew"]), ("stands", [])])
def test_what_stands_is_not_proposed_again_before_it_lapses(stands: Stands, kinds: list[str]) -> None:
    found = proposed(trouble(ACME, "R1", "collection"), stands=stands, from_book=(ACME,))
    assert [one.kind for one in found] == kinds


def test_a_warning_whose_ground_is_gone_from_the_book_is_to_be_cleared() -> None:
    assert proposed(stands="stands", from_book=(ACME,)) == [
        Proposal(kind="clear", subject=ACME, reason=None, invoices=0)
    ]
    assert proposed(stands="stands") == []


def test_what_was_dismissed_comes_back_with_another_status_or_invoice_only() -> None:
    known = trouble(ACME, "R1", "returned")
    dismissed = ((ACME, "R1", "returned"),)
    assert proposed(known, dismissed=dismissed) == []
    for more in (trouble(ACME, "R1", "collection"), trouble(ACME, "R2", "returned")):
        assert [one.kind for one in proposed(known, more, dismissed=dismissed)] == ["raise"]
