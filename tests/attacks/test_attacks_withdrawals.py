"""Attacks on withdrawals and disputes: who reported, whose row it was, whose window can be taken away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_contests import (
    ACME,
    ALDER,
    BIRCH,
    DECEMBER,
    FIR,
    GORSE,
    JANUARY,
    LI,
    NOVEMBER,
    OCTOBER,
    OTHER,
    cases,
    contested,
    contests,
    figures,
    own_rows,
    play_period,
    reported_bench,
    windows,
    withdrawals,
    withheld,
)
from support_node import Bench

from consortium_config.sample import DESK_ID
from hanse_ledger.bodies import BULLETIN_SEALED_BYTES, Bulletin
from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import NotPermittedError
from hanse_ledger.filings import DisputeOutcome
from hanse_ledger.ids import PartyId
from hanse_ledger.privacy.answer import Request, WindowFigures
from hanse_ledger.privacy.bulletin import Code, Withdrawn
from hanse_ledger.privacy.sealing import PRIVATE_KEY_BYTES, SealingPrivateKey
from hanse_ledger.statements import parse_statement
from node.errors import NotFoundError
from node.storage.bulletins import queue_withdrawal


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = reported_bench(tmp_path)
    yield made
    made.close()


def everything_answered(window: WindowFigures) -> object:
    return (window.condition, window.exposure, window.delay, window.cells)


def test_withdrawal_read_from_the_difference_of_two_sums(bench: Bench) -> None:
    """Somebody asks in every period, before and after: a sum is there as it was frozen, or not at all."""
    seen = [windows(bench)["2024-10"]]
    for member in (ALDER, BIRCH):
        withdrawals(bench, member).withdraw(LI, ACME, OCTOBER, Code.ERROR)
        play_period(bench)
        seen.append(windows(bench)["2024-10"])
    for month in (NOVEMBER, DECEMBER, JANUARY):
        bench.end_month(month)
        seen.append(windows(bench)["2024-10"])
    frozen, nothing = everything_answered(seen[0]), (None, None, None, None)
    assert [everything_answered(window) for window in seen] == [frozen] * 3 + [nothing] * 3
    # How many groups there are does not change with who has withdrawn.
    assert len({(window.months, window.frozen_at, window.band) for window in seen}) == 1


def test_withdrawal_told_from_the_moment_it_shows(bench: Bench) -> None:
    """Rows that two members withdraw in different periods go at the same position: the close of a month."""
    withdrawals(bench, ALDER).withdraw(LI, ACME, OCTOBER, Code.ERROR)
    play_period(bench)
    withdrawals(bench, BIRCH).withdraw(LI, OTHER, OCTOBER, Code.WRONG_SUBJECT)
    play_period(bench)
    assert withheld(bench) == withheld(bench, OTHER) == []
    bench.end_month(NOVEMBER)
    assert withheld(bench) == withheld(bench, OTHER) == ["2024-10"]


def test_withdrawal_told_from_its_bulletin(bench: Bench) -> None:
    """Everybody sends one bulletin a period, of one size, whether it withdraws or not."""
    withdrawals(bench, ALDER).withdraw(LI, ACME, OCTOBER, Code.ERROR)
    for _ in range(2):
        play_period(bench)
    shapes = set()
    for index in bench.state.bulletins.entries:
        body = parse_statement(bench.replica.log.entries(index, 1)[0]).body
        assert isinstance(body, Bulletin)
        shapes.add(tuple((one.x, len(one.sealed)) for one in body.sealed))
    assert shapes == {tuple((x, BULLETIN_SEALED_BYTES) for x in bench.consortium.stewards)}
    for period in range(2):
        assert all(bench.state.bulletins.of_member(member, period) for member in bench.members)


def test_member_withholds_a_window_by_rows_that_are_not_in_it(bench: Bench) -> None:
    """Slots that name another's report, padding, or rows that do not stand there take nothing away."""
    (theirs,) = own_rows(bench, ALDER)
    real = {row.number for of in (ACME, OTHER) for row in own_rows(bench, FIR, of)}
    padding = [number for number in range(64) if number not in real]
    for member, seq, rows in ((GORSE, theirs.seq, range(8)), (FIR, theirs.seq, padding[:8])):
        with bench.standing(member).database.write() as connection:
            for row in rows:
                queue_withdrawal(connection, Withdrawn(seq=seq, row=row, code=Code.ERROR))
    play_period(bench)
    bench.end_month(NOVEMBER)
    assert withheld(bench) == withheld(bench, OTHER) == []


def test_desk_withholds_by_opening_and_resolving(bench: Bench) -> None:
    """Contributors who stand by their rows keep their windows, whatever a desk resolves, how often ever."""
    for number in range(2):
        index = cases(bench).open(ACME, f"D-{number}").index
        play_period(bench)
        for member in (ALDER, BIRCH):
            contested(bench, member)
            contests(bench, member).answer(LI, index, Code.CONFIRMED)
        cases(bench).resolve(index, DisputeOutcome.CANNOT_BE_CONFIRMED)
    play_period(bench)
    for month in (NOVEMBER, DECEMBER, JANUARY):
        bench.end_month(month)
    assert withheld(bench) == []


def test_stranger_asks_whom_a_dispute_is_about(bench: Bench) -> None:
    """Who reports nothing on a subject is not shown its dispute; the log names a reference alone."""
    cases(bench).open(ACME, "D-1")
    play_period(bench)
    token = bench.member(ALDER).tokens.tokens([ACME])[ACME]
    for x in bench.consortium.stewards:
        assert decode(bench.steward(x).handle(GORSE, "disputes", b""), limit=1 << 16) == []
        shown = bench.steward(x).handle(ALDER, "disputes", b"")
        assert bytes(token) in shown
        # Of those who report on it too, nothing: an index and the token that the member has itself.
        assert [len(pair) for pair in decode(shown, limit=1 << 16)] == [2]
    log = b"".join(bench.replica.log.entries(0, bench.state.size))
    assert bytes(token) not in log
    assert b"ACME" not in log


def test_steward_makes_up_a_dispute(bench: Bench) -> None:
    """A steward that invents a dispute, or hides one, changes neither what members hear nor what is said."""
    token = bench.member(ALDER).tokens.tokens([ACME])[ACME]
    index = cases(bench).open(OTHER, "D-1").index
    liar = PartyId("steward-2")
    bench.tamper[liar, "disputes"] = lambda _caller, _body, _reply: encode([[index, token]])
    play_period(bench)
    assert [row.subject for row in contested(bench, ALDER)] == [OTHER]
    assert not figures(bench).disputed
    assert figures(bench, OTHER).disputed


def test_desk_asks_for_counts_without_an_inquiry(bench: Bench) -> None:
    """Counts are given for a request that was logged, charged and answered; nobody else's request does."""
    token = bench.member(ALDER).tokens.tokens([ACME])[ACME]
    key = SealingPrivateKey.generate(bench.entropy(PRIVATE_KEY_BYTES))
    for party, purpose, error in (
        (DESK_ID, "subject-access", NotFoundError),
        (DESK_ID, "monitoring", NotPermittedError),
        (ALDER, "subject-access", NotPermittedError),
    ):
        request = Request(
            consortium=bench.consortium.id,
            party=party,
            token=token,
            purpose=purpose,
            request_id=bytes(16),
            answer_key=key.public_key,
        )
        with pytest.raises(error):
            bench.steward(1).handle(DESK_ID, "inquiry-counts", encode(request.encode()))
