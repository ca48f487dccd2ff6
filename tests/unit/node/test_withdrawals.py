"""Own rows withdrawn: the window that holds one is withheld as a whole, from the next close of a month on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_contests import (
    ACME,
    ALDER,
    BIRCH,
    CEDAR,
    DECEMBER,
    ELM,
    FIR,
    GORSE,
    LI,
    NOVEMBER,
    OCTOBER,
    OTHER,
    figures,
    own_rows,
    play_period,
    reported_bench,
    take_sales,
    windows,
    withdrawals,
    withheld,
)
from support_node import Bench

from hanse_ledger.errors import NotPermittedError
from hanse_ledger.ids import PartyId
from hanse_ledger.privacy.bulletin import Code, Withdrawn
from node.errors import NotFoundError, WithdrawnError
from node.risk.audit import AuditChain
from node.risk.roles import Actor
from node.storage.bulletins import queue_withdrawal


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = reported_bench(tmp_path)
    yield made
    made.close()


def queue(bench: Bench, member: PartyId, withdrawn: Withdrawn) -> None:
    with bench.standing(member).database.write() as connection:
        queue_withdrawal(connection, withdrawn)


def test_a_withdrawn_row_withholds_its_window_from_the_next_close_on(bench: Bench) -> None:
    before = windows(bench)["2024-10"]
    assert before.condition is not None
    withdrawals(bench, ALDER).withdraw(LI, ACME, OCTOBER, Code.ERROR)
    play_period(bench)
    # In effect, and no month has closed since: what is frozen is answered as it was.
    assert windows(bench)["2024-10"] == before
    bench.end_month(NOVEMBER)
    after = windows(bench)
    assert after["2024-10"].condition is None
    assert (after["2024-10"].band, after["2024-10"].frozen_at) == (before.band, before.frozen_at)
    assert after["2024-11"].condition is not None
    assert withheld(bench, OTHER) == []


def test_a_withdrawal_is_listed_as_far_as_it_is(bench: Bench) -> None:
    made = withdrawals(bench, ALDER).withdraw(LI, ACME, OCTOBER, Code.WRONG_SUBJECT)
    assert (made.state, made.code) == ("waiting", Code.WRONG_SUBJECT)
    bench.reopen(ALDER)
    with pytest.raises(WithdrawnError):
        withdrawals(bench, ALDER).withdraw(LI, ACME, OCTOBER, Code.ERROR)
    play_period(bench)
    (listed,) = withdrawals(bench, ALDER).listed(LI)
    assert (listed.subject, listed.month, listed.state) == (ACME, OCTOBER, "in_effect")


def test_only_a_row_that_counts_is_withdrawn(bench: Bench) -> None:
    for member, month in ((ALDER, NOVEMBER), (GORSE, OCTOBER)):
        with pytest.raises(NotFoundError):
            withdrawals(bench, member).withdraw(LI, ACME, month, Code.ERROR)
    with pytest.raises(ValueError, match="reason"):
        withdrawals(bench, ALDER).withdraw(LI, ACME, OCTOBER, Code.CONFIRMED)


@pytest.mark.parametrize(
    "slot",
    [
        Withdrawn(seq=0, row=64, code=Code.ERROR),  # behind the report's last row
        Withdrawn(seq=1, row=0, code=Code.ERROR),  # no report stands there
        Withdrawn(seq=2**32 - 1, row=2**16 - 1, code=Code.ERROR),
    ],
)
def test_a_slot_that_names_no_row_is_ignored(bench: Bench, slot: Withdrawn) -> None:
    queue(bench, ALDER, slot)
    play_period(bench)
    bench.end_month(NOVEMBER)
    assert withheld(bench) == withheld(bench, OTHER) == []


@pytest.mark.parametrize(
    ("code", "dispute"), [(Code.CANNOT_BE_CONFIRMED, None), (Code.CORRECTED, 3), (Code.ERROR, 3)]
)
def test_a_slot_that_answers_a_dispute_that_is_none_is_ignored(
    bench: Bench, code: Code, dispute: int | None
) -> None:
    (row,) = own_rows(bench, ALDER)
    queue(bench, ALDER, Withdrawn(seq=row.seq, row=row.number, code=code, dispute=dispute))
    play_period(bench)
    bench.end_month(NOVEMBER)
    assert withheld(bench) == []


def test_a_row_that_no_window_holds_yet_withholds_the_one_that_will(tmp_path: Path) -> None:
    bench = reported_bench(tmp_path, sellers=(ALDER, BIRCH, CEDAR))
    assert windows(bench) == {}
    withdrawals(bench, ALDER).withdraw(LI, ACME, OCTOBER, Code.ERROR)
    play_period(bench)
    bench.end_month(NOVEMBER)
    take_sales(bench, ELM, FIR)
    bench.end_month(DECEMBER)
    # December has five; October and November freeze with the quarter, and October's row takes both along.
    found = windows(bench)
    assert found["2024-10 2024-11"].condition is None
    assert found["2024-12"].condition is not None
    assert windows(bench, OTHER)["2024-10 2024-11"].condition is not None
    bench.close()


def test_a_steward_that_starts_anew_withholds_the_same(bench: Bench) -> None:
    withdrawals(bench, ALDER).withdraw(LI, ACME, OCTOBER, Code.ERROR)
    play_period(bench)
    bench.end_month(NOVEMBER)
    expected = figures(bench).windows
    bench.reopen()
    assert figures(bench).windows == expected


def test_one_that_hears_late_withholds_as_of_the_same_position(bench: Bench) -> None:
    """A steward that was away while the bulletin took effect and the month closed answers like the others."""
    play_period(bench)
    withdrawals(bench, ALDER).withdraw(LI, ACME, OCTOBER, Code.ERROR)
    bench.silent.add(PartyId("steward-1"))
    play_period(bench)
    bench.silent.clear()
    bench.end_month(NOVEMBER)
    found = figures(bench)
    assert len(found.stewards) == 4
    assert [window.condition is None for window in found.windows] == [True, False]


def test_who_withdraws_must_be_allowed_and_is_in_the_audit_chain(bench: Bench) -> None:
    for role in ("analyst", "auditor", "admin"):
        with pytest.raises(NotPermittedError):
            withdrawals(bench, ALDER).withdraw(Actor(name="x", role=role), ACME, OCTOBER, Code.ERROR)
    with pytest.raises(NotPermittedError):
        withdrawals(bench, ALDER).listed(Actor(name="x", role="admin"))
    withdrawals(bench, ALDER).withdraw(LI, ACME, OCTOBER, Code.ERROR)
    (row,) = AuditChain(bench.standing(ALDER).database).rows(limit=9)
    assert (row.action, row.actor, row.subject) == ("row.withdrawn", LI, ACME)
    assert row.content == {"month": "2024-10", "reason": "error"}
