"""Who lies in what it gives is caught, and nobody is given what the log does not let it have."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from support_clear import even_books
from support_node import FIRST, MEMBERS, Bench, BenchLink
from support_transfers import NEW, NEW_X, ask, bring_in, entrust, let_log_grow, lose, report_month

from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import (
    LedgerError,
    MalformedError,
    NotPermittedError,
    UnavailableError,
    VerificationError,
)
from hanse_ledger.ids import Month, PartyId, quarter_of
from hanse_ledger.privacy.shares import P
from hanse_ledger.privacy.transfer import LineCheck
from hanse_ledger.transfers import KEY, Kind
from node.health import SHARES_REFUSED, HealthBoard, tell_shares
from node.own.changes import describe
from node.ports import StewardVerb
from node.rendering.changes import proposal_lines
from node.roles import receiving
from node.roles.opening import Opening
from node.roles.transfer_messages import CHECK, Checked, CheckedUnit, Request
from node.storage.schema import opened

BOOKS = even_books(MEMBERS[:4], customers=["C1"], first=FIRST, months=1)
ONE, TWO, THREE = (PartyId(f"steward-{x}") for x in (1, 2, 3))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A new steward is voted in after a month was closed; the vote on its rows is each test's."""
    made = Bench(tmp_path, members=MEMBERS[:4])
    report_month(made, BOOKS, FIRST)
    lose(made)
    yield made
    made.close()


def get(bench: Bench) -> str:
    """Let everybody work, the log grow, and everybody work again; return how the new steward stands."""
    bench.work()
    let_log_grow(bench)
    bench.work()
    return bench.steward(NEW_X).shares


def lying(honest: Callable[[Request, bytes], bytes]) -> Callable[[Request, bytes], bytes]:
    """Give parts of rows and windows with one value that is another by one."""

    def part(request: Request, mask: bytes) -> bytes:
        content, share = decode(honest(request, mask), limit=1 << 20)
        if request.unit.kind is Kind.KEY or not share:
            return encode([content, share])
        values = np.frombuffer(share, "<u4").copy()
        values[7] = (int(values[7]) + 1) % P
        return encode([content, values.tobytes()])

    return part


def test_one_that_lies_is_passed_over_and_the_pairs_are_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    giving = bench.steward(1)._giving
    monkeypatch.setattr(giving, "_part", lying(giving._part))
    entrust(bench, bring_in(bench))
    assert get(bench) == "refused"
    board = HealthBoard()
    tell_shares(board, bench.clock, bench.steward(NEW_X).shares)
    assert [one.code for one in board.now.problems] == [SHARES_REFUSED]
    with pytest.raises(UnavailableError):
        bench.steward(NEW_X).handle(MEMBERS[0], "answers", b"")
    assert get(bench) == "refused"
    assert get(bench) == "whole"
    tell_shares(board, bench.clock, bench.steward(NEW_X).shares)
    assert not board.now.problems
    told = describe(bench.state, bench.standing(NEW).database)["shares"]
    assert [(one["pair"], one["alone_off"]) for one in told["refused"]] == [
        ([ONE, TWO], NEW),
        ([ONE, THREE], NEW),
    ]
    assert any(
        f"What {ONE}, {TWO} gave did not hold" in line
        for line in proposal_lines(
            {"sha256": "", "documents": 2, "proposals": [], "new_stewards": [], "shares": told}
        )
    )
    assert ask(bench, "C1").status == "checked"
    assert NEW_X in ask(bench, "C1").answers


def test_one_whose_own_shares_are_off_the_line_is_named(bench: Bench) -> None:
    """As long as all others do not fit, it answers nothing, whoever of them is wrong."""
    with bench.standing(TWO).database.write() as connection:
        first = connection.execute(select(opened.c.entry, opened.c.share)).first()
        assert first is not None
        wrong = bytes([first.share[0] ^ 1]) + first.share[1:]
        connection.execute(opened.update().where(opened.c.entry == first.entry).values(share=wrong))
    entrust(bench, bring_in(bench))
    for _ in range(4):
        assert get(bench) == "refused"
    told = describe(bench.state, bench.standing(NEW).database)["shares"]["refused"]
    # Where it is none of the pair, its values alone are off.
    assert ([ONE, THREE], TWO) in [(one["pair"], one["alone_off"]) for one in told]
    assert NEW_X not in ask(bench, "C1").answers


def test_what_comes_during_a_check_is_not_taken_for_checked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A month is closed while the others' values are on their way; its windows come, and are wrong."""
    entrust(bench, bring_in(bench))
    bench.work()
    honest, held = BenchLink.ask, list[tuple[Future[bytes], bytes]]()

    def ask(link: BenchLink, verb: StewardVerb, body: bytes, *, insist: bool = False) -> Future[bytes]:
        reply = honest(link, verb, body, insist=insist)
        if verb != "transfer-check":
            return reply
        held.append((Future(), reply.result()))
        return held[-1][0]

    monkeypatch.setattr(BenchLink, "ask", ask)
    let_log_grow(bench)
    bench.steward(NEW_X).work()
    assert len(held) == len((ONE, TWO, THREE))
    for x in (1, 2, 3):
        giving = bench.steward(x)._giving
        monkeypatch.setattr(giving, "_part", lying(giving._part))
    books = even_books(MEMBERS[:4], customers=["C1"], first=FIRST, months=2)
    report_month(bench, books, Month(FIRST + 1))
    bench.work()
    assert bench.steward(NEW_X).shares == "checking"
    for future, reply in held:
        future.set_result(reply)
    monkeypatch.setattr(BenchLink, "ask", honest)
    assert get(bench) == "refused"


def test_one_that_still_gets_bulletins_gives_nothing_and_is_not_taken_for_a_liar(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    entrust(bench, bring_in(bench))
    with monkeypatch.context() as patch:
        patch.setattr(Opening, "is_whole", property(lambda one: one is not bench.steward(1)._opening))
        for _ in range(3):
            assert get(bench) in {"getting", "checking"}
    assert get(bench) == "whole"
    assert describe(bench.state, bench.standing(NEW).database)["shares"]["refused"] == []


def test_nothing_but_the_key_is_given_without_the_vote(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither parts nor values to compare with, whatever the new steward believes that it may have."""
    entered = bring_in(bench)
    # One member has not voted: that is no vote yet.
    entrust(bench, entered, [*bench.members[1:], ONE, TWO, THREE])
    monkeypatch.setattr(receiving, "may_have", lambda *_of: True)
    assert get(bench) == "getting"
    assert bench.keys[NEW].key_share is not None
    assert not describe(bench.state, bench.standing(NEW).database)["shares"]["received"]
    entrust(bench, entered, [bench.members[0]])
    assert get(bench) == "whole"


def test_no_report_s_values_are_had_under_the_token_key_s_name(bench: Bench) -> None:
    """The token key needs no vote, so it must name nothing else; its share is never summed up."""
    bring_in(bench)
    bench.work()
    (report,) = list(bench.state.reports)[:1]
    line = LineCheck(
        consortium=bench.consortium.id,
        receiver=NEW_X,
        stewards=tuple(bench.state.consortium.stewards),
        nonce=bytes(32),
        size=bench.state.size,
        root=bench.replica.root(bench.state.size),
    )
    for unit in (KEY, replace(KEY, place=report)):
        one = CheckedUnit(unit=unit, asked_at=bench.state.size, content_hash=bytes(32))
        asked = Checked(line=line, quarter=quarter_of(bench.state.log_month), units=(one,))
        with pytest.raises(MalformedError):
            bench.steward(1).handle(
                NEW, "transfer-check", bench.standing(NEW).sign_message(CHECK, asked.fields())
            )


def test_masks_are_taken_off_nothing_but_what_they_were_drawn_for(bench: Bench) -> None:
    entrust(bench, bring_in(bench))
    bench.steward(1).work()
    bench.steward(2).work()
    first: list[tuple[bytes, bytes]] = []

    def note(_caller: PartyId, body: bytes, reply: bytes) -> bytes:
        request, masks = decode(body, limit=1 << 20)
        if masks is None:
            first.append((request, decode(reply, limit=1 << 20)[1]))
        return reply

    bench.tamper[ONE, "transfer"] = note
    bench.steward(NEW_X).work()
    (one, masks_of_one), (other, masks_of_other) = first[:2]
    two = bench.steward(2)
    with pytest.raises(VerificationError):
        two.handle(NEW, "transfer", encode([one, masks_of_other]))
    with pytest.raises(VerificationError):
        two.handle(NEW, "transfer", encode([other, masks_of_one]))
    # A request is its steward's own, and a third one has no part in it.
    with pytest.raises(LedgerError):
        two.handle(THREE, "transfer", encode([one, masks_of_one]))
    with pytest.raises(VerificationError):
        bench.steward(3).handle(NEW, "transfer", encode([one, masks_of_one]))
    with pytest.raises(NotPermittedError):
        two.handle(MEMBERS[0], "transfer", encode([one, masks_of_one]))


def test_masks_are_drawn_afresh_for_every_attempt(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for the same request again: two parts with one mask would say how two shares differ."""
    entrust(bench, bring_in(bench))
    bench.steward(1).work()
    asked: list[bytes] = []

    def note(_caller: PartyId, body: bytes, reply: bytes) -> bytes:
        asked.append(body)
        return reply

    bench.tamper[ONE, "transfer"] = note
    bench.steward(NEW_X).work()
    giving, drawn = bench.steward(1)._giving, list[bytes]()
    honest = giving._draw

    def draw(request: Request) -> bytes:
        drawn.append(honest(request))
        return drawn[-1]

    monkeypatch.setattr(giving, "_draw", draw)
    for _ in range(3):
        bench.steward(1).handle(NEW, "transfer", asked[0])
    assert len(set(drawn)) == 3
