"""What the firm's own book proposes to warn of, or no longer to warn of: a person decides (section 8)."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args

from hanse_ledger.ids import SubjectId

Reason: TypeAlias = Literal["collection", "charged_off", "returned"]
"""What a warning says, of which the network hears only that it is one of these."""
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
Kind: TypeAlias = Literal["raise", "renew", "clear"]
Stands: TypeAlias = Literal["stands", "lapses", "no"]
"""Whether a warning of the firm's own stands: on, until the end of the running log month, or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An invoice of the book whose status a warning may rest on."""

    customer: str = field(repr=False)
    reference: str = field(repr=False)
    subject: SubjectId = field(repr=False)
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """To raise a warning, to raise one again that lapses, or to clear one whose ground is gone."""

    kind: Kind
    subject: SubjectId = field(repr=False)
    reason: Reason | None
    """The gravest of the invoices' statuses; none to clear."""
    invoices: int

    def describe(self) -> dict[str, Any]:
        """Return the proposal as it is shown."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "reason": self.reason,
            "invoices": self.invoices,
        }


def propose(
    troubles: Iterable[Trouble],
    *,
    stands: Callable[[SubjectId], Stands],
    from_book: Collection[SubjectId],
    dismissed: Collection[tuple[str, str, str]],
) -> list[Proposal]:
    """Return what the book proposes, by subject; `from_book` are subjects with warnings that rest on it.

    What was dismissed proposes nothing again, until another invoice or status comes.
    """
    of_subject: Mapping[SubjectId, list[Trouble]] = _by_subject(troubles)
    ends = [
        Proposal(kind="clear", subject=subject, reason=None, invoices=0)
        for subject in from_book
        if subject not in of_subject
    ]
    begins = [
        _raise(subject, found, stands(subject))
        for subject, found in of_subject.items()
        if stands(subject) != "stands" and any(_key(trouble) not in dismissed for trouble in found)
    ]
    return sorted([*ends, *begins], key=lambda one: one.subject)


def _by_subject(troubles: Iterable[Trouble]) -> dict[SubjectId, list[Trouble]]:
    found: dict[SubjectId, list[Trouble]] = defaultdict(list)
    for trouble in troubles:
        found[trouble.subject].append(trouble)
    return found


def _raise(subject: SubjectId, found: Collection[Trouble], stands: Stands) -> Proposal:
    reasons = {trouble.reason for trouble in found}
    return Proposal(
        kind="raise" if stands == "no" else "renew",
        subject=subject,
        reason=next(reason for reason in ("charged_off", "collection", "returned") if reason in reasons),
        invoices=len(found),
    )


def _key(trouble: Trouble) -> tuple[str, str, str]:
    return trouble.customer, trouble.reference, trouble.reason
