import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import rfc8785
from support_consortium import consortium as real_consortium
from support_node import FIRST, MEMBERS, after
from support_simulation import StillClock

from consortium_config.sample import DESK_ID, STEWARDS, DemoConsortium, demo_document
from hanse_ledger.errors import CorruptionError, NotAdmittedError
from hanse_ledger.ids import PartyId, StewardX
from node.bootstrap import (
    CONSORTIUM_FILE,
    DEMO_FILE,
    GENESIS_FILE,
    Embedded,
    Surroundings,
    check_mode,
    clock_of,
    found,
)
from node.clocks import SystemClock
from node.dealt_keys import read_dealt_keys


@pytest.fixture(scope="module")
def demo() -> DemoConsortium:
    return demo_document(
        members=MEMBERS[:2], currency="EUR", exponent=2, first_month=FIRST, entropy=os.urandom
    )


def around() -> Surroundings:
    return Surroundings(clock=StillClock(after(FIRST)))


def test_a_demo_s_document_runs_embedded_only(demo: DemoConsortium) -> None:
    assert demo.consortium.demo
    check_mode(demo.consortium, embedded=True)
    with pytest.raises(NotAdmittedError, match="demo"):
        check_mode(demo.consortium, embedded=False)
    for embedded in (True, False):
        check_mode(real_consortium(), embedded=embedded)


def test_a_founded_folder_has_everything_and_each_party_its_own_keys(
    tmp_path: Path, demo: DemoConsortium
) -> None:
    found(tmp_path, demo)
    assert (tmp_path / CONSORTIUM_FILE).read_bytes() == demo.consortium.raw
    assert rfc8785.dumps(json.loads(demo.consortium.raw)) == demo.consortium.raw
    assert (tmp_path / GENESIS_FILE).stat().st_size > len(demo.consortium.raw)
    for party in demo.consortium.parties.values():
        home = tmp_path / "parties" / party.id
        assert home.stat().st_mode & 0o777 == 0o700
        keys = read_dealt_keys(home / "keys.json")
        assert keys.statement.public == party.statement_key
        assert keys.cosign.public == party.cosign_key
        assert (keys.log is not None) is (party.id == DESK_ID)
        assert (keys.key_share is not None) is (party.x is not None)


def test_what_was_founded_is_not_founded_again(tmp_path: Path, demo: DemoConsortium) -> None:
    found(tmp_path, demo)
    with pytest.raises(FileExistsError):
        found(tmp_path, demo)


def test_an_embedded_consortium_starts_with_its_genesis_and_stands_after_a_restart(
    tmp_path: Path, demo: DemoConsortium
) -> None:
    found(tmp_path, demo)
    for _ in range(2):
        with Embedded(tmp_path, around()) as embedded:
            member = embedded.member(MEMBERS[0])
            assert embedded.member(MEMBERS[0]) is member
            member.standing.catch_up()
            genesis = (tmp_path / GENESIS_FILE).read_bytes()
            assert member.standing.replica.log.entries(0, 10) == [genesis]
            assert embedded.work() == 0


def test_a_month_is_closed_by_the_stewards_for_whom_it_is_due(tmp_path: Path, demo: DemoConsortium) -> None:
    found(tmp_path, demo)
    with Embedded(tmp_path, around()) as embedded:
        embedded.work()
        assert embedded.close_month(FIRST) == len(STEWARDS)
        member = embedded.member(MEMBERS[0])
        member.standing.catch_up()
        assert member.standing.state.log_month == FIRST + 1


def test_only_a_steward_s_own_operator_lets_it_work_or_close(tmp_path: Path, demo: DemoConsortium) -> None:
    found(tmp_path, demo)
    with Embedded(tmp_path, around()) as embedded:
        door = embedded.door(STEWARDS[StewardX(1)])
        for caller in (MEMBERS[0], STEWARDS[StewardX(2)], PartyId("stranger")):
            for verb, body in (("work", b""), ("close", b"\x01")):
                error = door.post(caller, verb, body).exception(20)
                assert error is not None
                assert "no such message" in str(error) or "not an active party" in str(error)


def test_a_demo_s_clock_stands_and_another_folder_s_runs(tmp_path: Path) -> None:
    assert isinstance(clock_of(tmp_path), SystemClock)
    (tmp_path / DEMO_FILE).write_text(json.dumps({"as_of": date(2024, 12, 31).isoformat()}))
    assert clock_of(tmp_path).now() == datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_document_that_was_changed_starts_nothing(tmp_path: Path, demo: DemoConsortium) -> None:
    found(tmp_path, demo)
    other = demo_document(
        members=MEMBERS[:2], currency="EUR", exponent=2, first_month=FIRST, entropy=os.urandom
    )
    (tmp_path / CONSORTIUM_FILE).write_bytes(other.consortium.raw)
    # The log is not that of the document which the folder names: its key has not signed it.
    with Embedded(tmp_path, around()) as embedded, pytest.raises(CorruptionError, match="log's key"):
        embedded.member(MEMBERS[0]).standing.catch_up()
