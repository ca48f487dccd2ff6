"""What a refusal costs a node: nothing where it is the first, one reading of the log where it is not."""

from collections.abc import Iterator

import pytest
from support_consortium import ALDER, DESK, Ledger, canonical, document, genesis_body
from support_postgres import Places

from hanse_ledger.bodies import Inquiry
from hanse_ledger.errors import StaleHeadError
from node.sequencing.replica import Replica
from node.storage.database import Database, Moment


@pytest.fixture
def writes() -> list[Moment]:
    return []


@pytest.fixture
def replica(places: Places, writes: list[Moment]) -> Iterator[Replica]:
    database = Database(places("log"), probe=writes.append)
    yield Replica(database)
    database.close()


@pytest.fixture
def raws() -> list[bytes]:
    ledger = Ledger()
    ledger.append(ledger.sign(DESK, genesis_body(canonical(document()))))
    for number in range(4):
        ledger.append(ledger.sign(ALDER, Inquiry(request_hashes=(number.to_bytes(32, "big"),))))
    return ledger.entries


def test_a_refusal_of_the_first_leaves_the_state_as_it_is(replica: Replica, raws: list[bytes]) -> None:
    replica.append(raws[:2])
    state = replica.state
    for refused in ([raws[3]], [raws[3], raws[2]], [raws[1]]):
        with pytest.raises(StaleHeadError):
            replica.append(refused)
        assert replica.state is state
    assert (replica.state.size, replica.log.size()) == (2, 2)


def test_a_later_refusal_takes_back_what_was_accepted_before_it(replica: Replica, raws: list[bytes]) -> None:
    replica.append(raws[:2])
    with pytest.raises(StaleHeadError):
        replica.append([raws[2], raws[4]])
    assert (replica.state.size, replica.log.size()) == (2, 2)
    replica.append(raws[2:])
    assert replica.log.entries(0, 9) == raws


def test_a_row_is_stored_up_to_its_first_refusal_in_one_write(
    replica: Replica, raws: list[bytes], writes: list[Moment]
) -> None:
    replica.append(raws[:1])
    state = replica.state
    writes.clear()
    accepted, refusal = replica.append_until_refused([*raws[1:3], raws[4]], lambda _connection, _state: None)
    assert [one.index for one in accepted] == [1, 2]
    assert isinstance(refusal, StaleHeadError)
    assert writes == ["before", "in", "after"]
    writes.clear()
    accepted, refusal = replica.append_until_refused([raws[4]], lambda _connection, _state: None)
    assert (accepted, type(refusal), writes) == ([], StaleHeadError, [])
    assert replica.state is state
    assert replica.log.entries(0, 9) == raws[:3]
