"""Bulletins from end to end: sent in every period, opened, closed, in effect together, and gone again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select
from support_bulletins import ACME, level, play_round, say, send_all
from support_node import MEMBERS, Bench, month, subject
from support_postgres import Places

from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.bodies import Bulletin, ClosePeriod
from hanse_ledger.codec import encode
from hanse_ledger.errors import MalformedError, NotPermittedError, UnavailableError
from hanse_ledger.filings import Alias
from hanse_ledger.ids import PartyId, StewardX, SubjectId
from hanse_ledger.privacy.bulletin import SLOTS, Code, Withdrawn
from hanse_ledger.statements import parse_statement
from node.ports import Sequencer
from node.storage.bulletin_schema import bulletin_item, opened_text, row_withdrawal, warning
from node.storage.bulletins import queue_withdrawal
from node.storage.database import Moment
from node.storage.monitoring_schema import risk_event
from node.storage.schema import sealing_key

ALDER, BIRCH, CEDAR, ELM, FIR, GORSE = MEMBERS
ONE, TWO = STEWARDS[StewardX(1)], STEWARDS[StewardX(2)]
MOMENTS: tuple[Moment, ...] = ("before", "in", "after")


@pytest.fixture
def bench(tmp_path: Path, places: Places) -> Iterator[Bench]:
    made = Bench(tmp_path, places=places)
    yield made
    made.close()


@pytest.fixture
def file_bench(tmp_path: Path) -> Iterator[Bench]:
    """Files alone, for what no kind of database changes."""
    made = Bench(tmp_path)
    yield made
    made.close()


def rows(bench: Bench, party: PartyId, table: Table) -> list[Any]:
    with bench.standing(party).database.read() as connection:
        return list(connection.execute(select(table)))


def bodies(bench: Bench) -> list[Any]:
    return [parse_statement(raw).body for raw in bench.replica.log.entries(0, 10_000)]


def bulletins(bench: Bench) -> list[Bulletin]:
    return [body for body in bodies(bench) if isinstance(body, Bulletin)]


def closes(bench: Bench) -> list[ClosePeriod]:
    return [body for body in bodies(bench) if isinstance(body, ClosePeriod)]


def end_period(bench: Bench) -> None:
    bench.clock.time += timedelta(hours=12)
    bench.work()


def test_a_warning_of_two_groups_is_a_level_for_the_others_from_the_close_on(bench: Bench) -> None:
    say(bench, ALDER)
    say(bench, BIRCH)
    assert level(bench, CEDAR) == 0
    play_round(bench)
    assert bench.state.next_period == 1
    assert level(bench, CEDAR) == 1
    # Its own group does not count.
    assert level(bench, ALDER) == 0
    say(bench, ALDER, is_raised=False)
    assert level(bench, CEDAR) == 1
    play_round(bench)
    assert level(bench, CEDAR) == 0


def test_four_groups_are_level_two_and_members_of_one_group_count_once(tmp_path: Path) -> None:
    def join(document: dict[str, Any]) -> None:
        for party in document["parties"]:
            party["group"] = "wood" if party["id"] in (ALDER, BIRCH) else ""

    bench = Bench(tmp_path, change=join)
    say(bench, ALDER)
    say(bench, BIRCH)
    play_round(bench)
    assert level(bench, CEDAR) == 0
    for member in (CEDAR, ELM):
        say(bench, member)
    play_round(bench)
    assert [level(bench, member) for member in (ALDER, CEDAR, FIR)] == [1, 1, 1]
    say(bench, FIR)
    play_round(bench)
    assert [level(bench, member) for member in (ALDER, CEDAR, GORSE)] == [1, 1, 2]
    bench.close()


def test_every_member_sends_one_bulletin_of_one_size_in_the_middle_of_every_period(bench: Bench) -> None:
    say(bench, ALDER)
    bench.work()
    for member in MEMBERS:
        bench.member(member).send_bulletin()
    assert bulletins(bench) == []
    for _ in range(2):
        play_round(bench)
    sent = bulletins(bench)
    assert [body.period for body in sent] == [0] * 6 + [1] * 6
    assert {len(encode(body.fields())) for body in sent} == {len(encode(sent[0].fields()))}
    bench.clock.time += timedelta(hours=11)
    for member in MEMBERS:
        bench.member(member).send_bulletin()
        bench.member(member).send_bulletin()
    assert len(bulletins(bench)) == 12


def test_a_restart_does_not_begin_a_period_anew(bench: Bench) -> None:
    bench.work()
    bench.member(ALDER).send_bulletin()
    bench.clock.time += timedelta(hours=12)
    bench.reopen()
    bench.member(ALDER).send_bulletin()
    assert len(bulletins(bench)) == 1
    bench.clock.time += timedelta(hours=12)
    bench.reopen()
    bench.work()
    assert bench.state.next_period == 1


def test_a_steward_closes_a_period_once_and_only_the_running_one(bench: Bench) -> None:
    bench.work()
    assert not bench.steward(1).close_period(1)
    assert bench.steward(1).close_period(0)
    assert not bench.steward(1).close_period(0)
    assert bench.steward(2).close_period(0)
    assert not bench.steward(3).close_period(0)
    assert [body.period for body in closes(bench)] == [0, 0]


def test_what_does_not_fit_waits_for_the_next_bulletin_in_its_order(file_bench: Bench) -> None:
    bench = file_bench
    firms = [subject(f"C{number}") for number in range(SLOTS + 2)]
    for member in (ALDER, BIRCH):
        for firm in firms:
            say(bench, member, firm)
    with bench.standing(ALDER).database.write() as connection:
        for row in range(SLOTS + 1):
            queue_withdrawal(connection, Withdrawn(seq=3, row=row, code=Code.ERROR))
    play_round(bench)
    assert [level(bench, CEDAR, firm) for firm in firms[-3:]] == [1, 0, 0]
    assert [row.row for row in rows(bench, ONE, row_withdrawal)] == list(range(SLOTS))
    play_round(bench)
    assert [level(bench, CEDAR, firm) for firm in firms[-3:]] == [1, 1, 1]
    assert [row.row for row in rows(bench, ONE, row_withdrawal)] == list(range(SLOTS + 1))
    assert all(item.took_effect is not None for item in rows(bench, ALDER, bulletin_item))


def test_of_two_slots_for_a_subject_the_last_one_holds(file_bench: Bench) -> None:
    bench = file_bench
    for member in (ALDER, BIRCH):
        say(bench, member)
    for is_raised in (False, True, False):
        say(bench, BIRCH, is_raised=is_raised)
    play_round(bench)
    assert level(bench, CEDAR) == 0
    say(bench, BIRCH)
    play_round(bench)
    assert level(bench, CEDAR) == 1


def test_a_warning_ends_with_the_third_month_after_its_own(file_bench: Bench) -> None:
    bench = file_bench
    for member in (ALDER, BIRCH):
        say(bench, member)
    play_round(bench)
    for name in ("2024-10", "2024-11", "2024-12"):
        bench.end_month(month(name))
        assert level(bench, CEDAR) == 1, name
    bench.end_month(month("2025-01"))
    assert level(bench, CEDAR) == 0
    # Raised anew, it begins anew.
    for member in (ALDER, BIRCH):
        say(bench, member)
    play_round(bench)
    assert level(bench, CEDAR) == 1


def test_an_answer_is_as_of_its_inquiry_whatever_has_come_since(file_bench: Bench) -> None:
    bench = file_bench
    for member in (ALDER, BIRCH):
        say(bench, member)
    bench.work()
    send_all(bench)
    bench.silent.update((party, "answers") for party in STEWARDS.values())
    (outcome,) = bench.member(CEDAR).inquire([ACME], "credit-review")
    assert outcome.figures is None
    end_period(bench)
    bench.silent.clear()
    (late,) = bench.member(CEDAR).inquire_once([ACME], "credit-review")
    assert late.figures is not None
    assert (late.index, late.figures.level) == (outcome.index, 0)
    assert level(bench, CEDAR) == 1


def test_a_bulletin_that_comes_too_late_for_its_period_goes_with_the_next(file_bench: Bench) -> None:
    bench = file_bench
    say(bench, ALDER)
    say(bench, BIRCH)
    bench.work()
    honest = bench.sequencer

    class Down(Sequencer):
        def submit(self, statement: bytes) -> int:
            raise UnavailableError(f"silent to {len(statement)} bytes")

        def entries(self, start: int) -> Any:
            return honest.entries(start)

        def tile(self, path: str) -> bytes | None:
            return honest.tile(path)

    bench.member(ALDER).send_bulletin()
    bench.reopen(ALDER)
    bench.sequencer = Down()
    bench.clock.time += timedelta(hours=12)
    with pytest.raises(UnavailableError):
        bench.member(ALDER).send_bulletin()
    bench.reopen(ALDER)
    bench.sequencer = honest
    bench.clock.time += timedelta(hours=12)
    bench.work()
    assert bench.state.next_period == 1
    play_round(bench)
    assert [body.period for body in bulletins(bench)] == [1] * 6
    assert level(bench, CEDAR) == 1


def test_a_bulletin_leaves_without_what_lacks_a_token(file_bench: Bench) -> None:
    bench = file_bench
    for member in (ALDER, BIRCH):
        say(bench, member)
    bench.silent.update((party, "evaluate") for party in STEWARDS.values())
    play_round(bench)
    assert len(bulletins(bench)) == 6
    bench.silent.clear()
    play_round(bench)
    assert level(bench, CEDAR) == 1


def test_a_steward_that_is_down_stops_no_bulletin_once_its_key_is_known(file_bench: Bench) -> None:
    bench = file_bench
    play_round(bench)
    for member in (ALDER, BIRCH):
        say(bench, member)
    bench.silent.add(ONE)
    play_round(bench)
    assert len(bulletins(bench)) == 12
    bench.silent.clear()
    bench.work()
    assert level(bench, CEDAR) == 1


def test_an_alias_that_came_after_a_warning_does_not_keep_it_from_being_cleared(file_bench: Bench) -> None:
    bench = file_bench
    other, primary = SubjectId("duns:123456789"), SubjectId("vat:DE:136695976")
    for member in (ALDER, BIRCH):
        say(bench, member, other)
    play_round(bench)
    bench.log(DESK_ID, Alias(other=other, primary=primary))
    say(bench, ALDER, other, is_raised=False)
    play_round(bench)
    slots = sorted((row.entry, row.is_raised) for row in rows(bench, ONE, warning) if row.member == ALDER)
    assert [is_raised for _, is_raised in slots] == [True, False]


def test_each_closed_period_is_an_event_for_monitoring(file_bench: Bench) -> None:
    bench = file_bench
    for _ in range(2):
        play_round(bench)
    bench.member(ALDER).send_bulletin()
    events = [row for row in rows(bench, ALDER, risk_event) if row.kind == "bulletin_closed"]
    assert [row.key for row in events] == ["0", "1"]


def lose_keys(bench: Bench, party: PartyId) -> None:
    """Let a steward lose its sealing keys, as one does that comes back from a copy."""
    with bench.standing(party).database.write() as connection:
        connection.execute(sealing_key.delete())
    bench.reopen(party)


def test_what_a_closer_could_not_open_has_no_effect_and_comes_again(file_bench: Bench) -> None:
    bench = file_bench
    for member in (ALDER, BIRCH):
        say(bench, member)
    bench.work()
    send_all(bench)
    lose_keys(bench, ONE)
    for x in (1, 2, 3):
        bench.steward(x).close_period(0)
    (first, second) = closes(bench)
    assert (len(first.unopened), second.unopened) == (6, ())
    bench.work()
    assert level(bench, CEDAR) == 0
    assert rows(bench, TWO, opened_text) == []
    play_round(bench)
    assert level(bench, CEDAR) == 1


def lacking(bench: Bench) -> None:
    """Let steward 1 come back with other keys while two others close a period with two warnings."""
    for member in (ALDER, BIRCH):
        say(bench, member)
    bench.work()
    send_all(bench)
    lose_keys(bench, ONE)
    for x in (2, 3):
        bench.steward(x).close_period(0)


def test_what_others_opened_is_had_from_them(bench: Bench) -> None:
    lacking(bench)
    for x in (2, 3, 4, 1):
        bench.steward(x).work()
    assert {row.text is None for row in rows(bench, ONE, opened_text)} == {True}
    bench.steward(1).work()
    assert {row.text is None for row in rows(bench, ONE, opened_text)} == {False}
    assert [row.member for row in rows(bench, ONE, warning)] == [ALDER, BIRCH]
    asked = [who for who, _, verb in bench.asked if verb == "bulletins"]
    assert asked == [ONE] * 3


def test_a_steward_answers_nothing_before_it_has_asked_for_what_it_lacks(file_bench: Bench) -> None:
    bench = file_bench
    lacking(bench)
    (outcome,) = bench.member(CEDAR).inquire([ACME], "credit-review")
    assert outcome.figures is not None
    assert (outcome.figures.level, outcome.figures.stewards) == (1, (2, 3, 4))


def test_one_that_nobody_gives_a_text_goes_on_without_it_and_takes_it_late(file_bench: Bench) -> None:
    bench = file_bench
    lacking(bench)
    bench.silent.update((STEWARDS[StewardX(x)], "bulletins") for x in (2, 3, 4))
    for _ in range(2):
        bench.steward(1).work()
    (outcome,) = bench.member(CEDAR).inquire([ACME], "credit-review")
    assert outcome.figures is not None
    assert (outcome.figures.level, outcome.figures.stewards) == (1, (1, 2, 3, 4))
    # Meanwhile one of them clears its warning: what comes late stands before that.
    say(bench, BIRCH, is_raised=False)
    play_round(bench)
    bench.silent.clear()
    play_round(bench)
    held = {(row.member, row.entry, row.is_raised) for row in rows(bench, ONE, warning)}
    assert held == {(row.member, row.entry, row.is_raised) for row in rows(bench, TWO, warning)}
    assert [is_raised for member, _, is_raised in sorted(held) if member == BIRCH] == [True, False]


def test_a_text_that_does_not_give_the_hash_is_not_taken(file_bench: Bench) -> None:
    bench = file_bench
    lacking(bench)

    def lie(_caller: PartyId, _body: bytes, _reply: bytes) -> bytes:
        return encode([bytes(756), None, "text", 7])

    for x in (2, 3, 4):
        bench.tamper[STEWARDS[StewardX(x)], "bulletins"] = lie
    for _ in range(3):
        bench.steward(1).work()
    assert {row.text is None for row in rows(bench, ONE, opened_text)} == {True}
    bench.tamper.clear()
    play_round(bench)
    bench.work()
    assert {row.text is None for row in rows(bench, ONE, opened_text)} == {False}


def test_only_stewards_are_given_texts(file_bench: Bench) -> None:
    bench = file_bench
    play_round(bench)
    with pytest.raises(NotPermittedError):
        bench.steward(1).handle(ALDER, "bulletins", encode([1]))
    for body in (encode([]), encode(list(range(65))), encode(["1"]), b""):
        with pytest.raises(MalformedError):
            bench.steward(1).handle(TWO, "bulletins", body)
    assert bench.steward(1).handle(TWO, "bulletins", encode([0])) == encode([None])


def test_with_no_hours_a_period_lasts_until_every_member_has_spoken(tmp_path: Path) -> None:
    bench = Bench(tmp_path, change=lambda document: document["policy"].update(bulletin_hours=0))
    bench.work()
    for member in MEMBERS[:-1]:
        bench.member(member).send_bulletin()
    bench.work()
    assert bench.state.next_period == 0
    bench.member(MEMBERS[-1]).send_bulletin()
    bench.work()
    assert bench.state.next_period == 1
    bench.close()


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("party", [ALDER, ONE])
def test_a_node_that_dies_at_any_write_of_a_round_goes_on(
    file_bench: Bench, party: PartyId, moment: Moment
) -> None:
    bench = file_bench
    for member in (ALDER, BIRCH):
        say(bench, member)
    play_round(bench)
    say(bench, CEDAR)
    struck = 0
    for _ in range(60):
        countdown = [struck]

        def fail(now: Moment, countdown: list[int] = countdown) -> None:
            if now == moment:
                countdown[0] -= 1
                if countdown[0] < 0:
                    raise OSError("the disk says no")

        bench.probes[party] = fail
        try:
            play_round(bench)
        except OSError:
            struck += 1
            bench.probes.clear()
            bench.reopen(party)
        else:
            break
    bench.probes.clear()
    bench.reopen(party)
    play_round(bench)
    assert struck > 2
    assert [level(bench, member) for member in (ALDER, ELM)] == [1, 1]
    sent = [body.period for body in bulletins(bench)]
    assert len(sent) <= len(MEMBERS) * bench.state.next_period
    assert all(item.took_effect is not None for item in rows(bench, CEDAR, bulletin_item))
