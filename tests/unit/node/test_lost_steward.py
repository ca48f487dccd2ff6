"""A steward whose keys are lost is voted out, and three go on: what docs/runbook.md says to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_node import FIRST, MEMBERS, Bench, invoice, subject, take_book
from support_transfers import LOST, lose

from consortium_config.sample import STEWARDS
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import Month
from node.roles.inquirer import Outcome

SHARED = subject("SHARED")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, members=MEMBERS[:4])
    yield made
    made.close()


def month_is_over(bench: Bench, last: Month, *, on: str, invoiced: str) -> None:
    """Everybody has sold to one customer, reports it, and the stewards there are close the month."""
    bench.clock.after(last)
    for place, member in enumerate(bench.members):
        sold = invoice(
            f"{member}-{last}", f"{invoiced}-0{place + 1}", f"{invoiced}-20", paid=f"{invoiced}-25"
        )
        take_book(bench.member(member), {"SHARED": [sold]}, as_of=on)
        bench.member(member).report()
    assert not bench.work()
    for x, party in STEWARDS.items():
        if party not in bench.silent:
            bench.steward(x).close_month(last)
    assert bench.state.closed_at(last) is not None


def windows(outcome: Outcome) -> list[object]:
    assert outcome.figures is not None
    return list(outcome.figures.windows)


def test_three_stewards_go_on_without_the_one_whose_keys_are_lost(bench: Bench) -> None:
    month_is_over(bench, FIRST, on="2024-10-31", invoiced="2024-10")
    asker = bench.member(MEMBERS[0])
    (before,) = asker.inquire([SHARED], "credit-review")
    assert before.status == "checked"

    lose(bench)
    (still,) = asker.inquire([SHARED], "credit-review")
    assert still.status == "checked"
    assert windows(still) == windows(before) != []

    # A new month is shared among the three, closed by them, and answered by them.
    following = Month(FIRST + 1)
    month_is_over(bench, following, on="2024-11-30", invoiced="2024-11")
    (later,) = asker.inquire([SHARED], "credit-review")
    assert later.status == "checked"
    assert len(windows(later)) == 2
    assert windows(before)[0] in windows(later)


def test_until_it_is_voted_out_nobody_can_report(bench: Bench) -> None:
    """Every active steward is sent a share of every row: why a lost one is not left in the document."""
    bench.silent.add(LOST)
    bench.clock.after(FIRST)
    member = bench.member(MEMBERS[0])
    take_book(member, {"SHARED": [invoice("1", "2024-10-01", "2024-10-20")]})
    with pytest.raises(UnavailableError):
        member.report()
    lose(bench)
    member.report()
    assert not bench.work()
    member.standing.catch_up()
    assert member.counts(FIRST)
