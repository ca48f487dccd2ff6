"""How well a member's estimates rank who will pay late: by its own data, the network's, both, and the bound.

`python benchmarks/signal_quality.py --receivables FOLDER --as-of DATE --due-from DATE --due-to DATE --json`
takes the `<member>.csv` files of a folder as they stood on a day, makes rows, bands and frozen windows of
them as a consortium does, and lets every member estimate with the node's own code (node/risk/estimate.py) how
likely each customer pays an invoice more than 10 and more than 30 days late. What then became of the invoices
that fell due in the period is held against the estimates. Nothing later than the day is in these.

A unit is an invoice; its score is that of its member and customer. The customer who buys most is left out:
it alone would decide every figure. `thin` are members and customers with at most five own invoices that were
paid or past due on the day. `pooled` is the bound: the same estimate by a firm that had all books.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from benchmarks.measure import Measure, at_least, at_most
from benchmarks.payments import Books, Known, Pair, books_on, known_on, read_books
from hanse_ledger.consortium import Policy
from hanse_ledger.ids import PartyId, SubjectId
from hanse_ledger.rows import Invoice
from node.risk.estimate import Evidence, chance, evidence_of, learn
from node.risk.model.ranking import Floats, Outcomes, area, intervals
from node.risk.signals.inputs import Inputs

SOURCES: Final = ("own", "network", "both", "pooled")
LATE_DAYS: Final = (10, 30)
THIN_MOST: Final = 5
_DIFFERENCES: Final = (("both", "own"), ("pooled", "both"))
_SEED: Final = 2019
_AS_OF, _DUE_FROM, _DUE_TO = date(2019, 6, 15), date(2019, 6, 30), date(2019, 9, 30)

Due: TypeAlias = Mapping[Pair, Sequence[int]]
"""How many days late each invoice of a period was paid, by member and customer."""


def measure(
    books: Books, policy: Policy, *, as_of: date, due_from: date, due_to: date
) -> list[dict[str, Any]]:
    """Return one object for each label and group, as the issue on risk management names them."""
    due = due_in(books, due_from, due_to, without=largest_payer(books_on(books, as_of)))
    known = known_on(books, policy, as_of, asked=due)
    pairs = sorted(due)
    evidence = _evidence(known)
    is_thin = np.array([evidence["own"][pair].size <= THIN_MOST for pair in pairs], np.bool_)
    lines = []
    for days in LATE_DAYS:
        scores = {source: _scores(source, evidence[source], pairs, days) for source in SOURCES}
        outcomes = _outcomes(due, pairs, days)
        for group, chosen in (("all", np.ones_like(is_thin)), ("thin", is_thin)):
            of_group = {source: one[chosen] for source, one in scores.items()}
            lines.append(_line(f"late>{days}", group, of_group, outcomes.only(chosen)))
    return lines


def measure_aims(folder: Path) -> Iterator[Measure]:
    """Measure what issue 5 aims at, on its day and period; the detail has all of the table."""
    books, policy = read_books(folder)
    lines = measure(books, policy, as_of=_AS_OF, due_from=_DUE_FROM, due_to=_DUE_TO)
    found = {(line["label"], line["group"]): line for line in lines}
    every, thin = found["late>10", "all"], found["late>30", "thin"]
    below, above = 100 * (every["pooled"] - every["both"]), 100 * (thin["both"] - thin["own"])
    yield at_most("signals.both_below_pooled", below, goal=2, unit="AUC x 100", lines=lines)
    yield at_least("signals.both_above_own_thin", above, goal=5, unit="AUC x 100", lines=lines)


def largest_payer(books: Books) -> SubjectId | None:
    """Return the customer with the largest sum of invoices in all books, None where there are none."""
    totals: dict[SubjectId, int] = defaultdict(int)
    for (_, subject), invoices in books.items():
        totals[subject] += sum(one.amount_minor for one in invoices)
    return max(totals, key=lambda subject: (totals[subject], subject), default=None)


def due_in(books: Books, first: date, last: date, *, without: SubjectId | None) -> Due:
    """Return what became of the invoices due in a period; one of which that is not known yet is left out."""
    end = max((day for invoices in books.values() for one in invoices for day in _days(one)), default=last)
    due = {
        pair: [days for one in invoices if first <= one.due_date <= last for days in _days_late(one, end)]
        for pair, invoices in books.items()
        if pair[1] != without
    }
    return {pair: days for pair, days in due.items() if days}


def _days(one: Invoice) -> list[date]:
    return [one.invoice_date, *([] if one.paid_date is None else [one.paid_date])]


def _days_late(one: Invoice, end: date) -> list[int]:
    late = ((one.paid_date or end) - one.due_date).days
    return [late] if one.paid_date is not None or late > max(LATE_DAYS) else []


def _evidence(known: Known) -> Mapping[str, Mapping[Pair, Evidence]]:
    pooled = {subject: evidence_of(one) for subject, one in known.pooled.items()}
    return {
        "own": {pair: evidence_of(replace(one, answered=None)) for pair, one in known.members.items()},
        "network": {pair: evidence_of(_without_book(one)) for pair, one in known.members.items()},
        "both": {pair: evidence_of(one) for pair, one in known.members.items()},
        "pooled": {(PartyId(""), subject): one for subject, one in pooled.items()},
    }


def _without_book(one: Inputs) -> Inputs:
    return replace(one, book_day=None, invoices=(), rows=())


def _scores(source: str, evidence: Mapping[Pair, Evidence], pairs: Sequence[Pair], days: int) -> Floats:
    """Return each pair's estimate; every firm learns what is usual from its own customers' evidence."""
    scores: dict[Pair, float] = {}
    for member in sorted({member for member, _ in evidence}):
        mine = {pair: one for pair, one in evidence.items() if pair[0] == member}
        prior = learn(mine.values())
        scores |= {pair: chance(one, prior, days=days) for pair, one in mine.items()}
    if source == "pooled":
        return np.array([scores[PartyId(""), subject] for _, subject in pairs])
    return np.array([scores[pair] for pair in pairs])


def _outcomes(due: Due, pairs: Sequence[Pair], days: int) -> Outcomes:
    subjects = sorted({subject for _, subject in pairs})
    number = {subject: place for place, subject in enumerate(subjects)}
    return Outcomes(
        count=np.array([len(due[pair]) for pair in pairs], np.float64),
        late=np.array([sum(late > days for late in due[pair]) for pair in pairs], np.float64),
        customer=np.array([number[subject] for _, subject in pairs], np.int64),
    )


def _line(label: str, group: str, scores: Mapping[str, Floats], outcomes: Outcomes) -> dict[str, Any]:
    return {
        "label": label,
        "group": group,
        "n": int(outcomes.count.sum()),
        "late": int(outcomes.late.sum()),
        **{source: round(area(one, outcomes), 4) for source, one in scores.items()},
        "intervals": intervals(outcomes.customer, partial(_areas, scores, outcomes), seed=_SEED),
    }


def _areas(scores: Mapping[str, Floats], outcomes: Outcomes, weight: Floats) -> dict[str, float]:
    """Return every source's area and the differences, of a sample."""
    areas = {source: area(one, outcomes, weight) for source, one in scores.items()}
    return areas | {f"{one}-{other}": areas[one] - areas[other] for one, other in _DIFFERENCES}


def _text(line: Mapping[str, Any]) -> str:
    areas = "  ".join(f"{source} {line[source]:.3f}" for source in SOURCES)
    return f"{line['label']:8} {line['group']:5} {line['late']:5} of {line['n']:6}  {areas}"


def main() -> None:
    """Read, measure and print."""
    parser = argparse.ArgumentParser(description="Measure how well estimates rank who will pay late.")
    parser.add_argument("--receivables", type=Path, required=True, metavar="FOLDER")
    for name in ("--as-of", "--due-from", "--due-to"):
        parser.add_argument(name, type=date.fromisoformat, required=True, metavar="DATE")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    given = parser.parse_args()
    books, policy = read_books(given.receivables)
    lines = measure(books, policy, as_of=given.as_of, due_from=given.due_from, due_to=given.due_to)
    if given.json:
        print(json.dumps(lines, indent=1))
    else:
        print(*map(_text, lines), sep="\n")


if __name__ == "__main__":
    main()
