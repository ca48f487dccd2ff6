"""What every `Sequencer` keeps, whatever stands behind it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest
from support_comet import single
from support_consortium import (
    ALDER,
    BIRCH,
    DESK,
    Ledger,
    canonical,
    document,
    genesis_body,
    log_key,
    seed,
)
from support_http import Served
from support_postgres import Places

from hanse_ledger.bodies import Inquiry
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import (
    MalformedError,
    NotAdmittedError,
    RejectedError,
    RuleError,
    SignatureRefusedError,
    StaleHeadError,
    UnavailableError,
)
from hanse_ledger.ids import PartyId
from hanse_ledger.merkle import Frontier, leaf_hash, prove_consistency, verify_consistency
from hanse_ledger.policy import verify_log_signature
from hanse_ledger.tiles import tile_hash_reader
from hanse_ledger.witnessing import policy_of
from node.links.http import HttpCaller
from node.links.sequencer import HttpSequencer
from node.logdoor import LogDoor, with_log
from node.ports import Sequencer
from node.sequencing.remote import RemoteSequencer, serve_sequencer
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.service import Doors
from node.storage.database import Database, Moment
from node.wire import Handler, ThreadHost, reply_of

ORDERER = PartyId("desk")


class WriteFailedError(OSError):
    """The disk says no."""


class Probe:
    """Breaks the next durable write at a moment: "in" loses it, "after" leaves it persisted."""

    def __init__(self) -> None:
        self.moment: Moment | None = None

    def __call__(self, moment: Moment) -> None:
        if moment == self.moment:
            self.moment = None
            raise WriteFailedError


class Place(Protocol):
    """Where a sequencer stands: opened from a folder, closed, opened again."""

    probe: Probe
    failure: type[Exception]
    """What a failed write looks like to whoever submitted."""

    def open(self) -> Sequencer: ...

    def close(self) -> None: ...


class SoloPlace:
    failure: type[Exception] = WriteFailedError

    def __init__(self, places: Places) -> None:
        self._place, self.probe = places("log"), Probe()
        self._close: Callable[[], None] = lambda: None

    def open(self) -> Sequencer:
        database = Database(self._place, probe=self.probe)
        self._close = database.close
        return SoloSequencer(replica=Replica(database), log_key=log_key(DESK))

    def close(self) -> None:
        self._close()


class RemotePlace:
    failure: type[Exception] = UnavailableError

    def __init__(self, places: Places) -> None:
        self._inner = SoloPlace(places)
        self.probe = self._inner.probe
        self._host = ThreadHost()

    def open(self) -> Sequencer:
        self._host = ThreadHost()

        def build() -> tuple[Handler, Callable[[], None]]:
            return serve_sequencer(self._inner.open()), self._inner.close

        self._host.start(ORDERER, build)
        door = self._host.door(ORDERER)
        return RemoteSequencer(lambda verb, body: reply_of(door.post(ALDER, verb, body), 20))

    def close(self) -> None:
        self._host.close()


class HttpPlace(RemotePlace):
    def __init__(self, places: Places) -> None:
        super().__init__(places)
        self._open = ExitStack()

    def open(self) -> Sequencer:
        self._host = ThreadHost()

        def build() -> tuple[Handler, Callable[[], None]]:
            sequencer = self._inner.open()
            assert isinstance(sequencer, SoloSequencer)
            return with_log(serve_sequencer(sequencer), LogDoor(sequencer.replica)), self._inner.close

        self._host.start(ORDERER, build)
        served, consortium = Served(), parse_document(canonical(document()))
        door = self._host.door(ORDERER)
        served.start(ORDERER, consortium, Doors(node=door, log=door))
        sequencer = HttpSequencer(HttpCaller(base_url=served.url, entropy=os.urandom, pause_s=0.01))
        self._open.callback(served.close)
        self._open.callback(sequencer.close)
        return sequencer

    def close(self) -> None:
        self._open.close()
        super().close()


class CometPlace:
    failure: type[Exception] = UnavailableError

    def __init__(self, places: Places) -> None:
        self.probe = Probe()
        consortium = parse_document(canonical(document()))
        self._validator = single(consortium, ORDERER, seed("log key", DESK), places("log"), self.probe)

    def open(self) -> Sequencer:
        return self._validator.open()

    def close(self) -> None:
        self._validator.close()

    def remove(self) -> None:
        self._validator.remove()


@pytest.fixture(
    params=[SoloPlace, RemotePlace, HttpPlace, CometPlace], ids=["solo", "remote", "http", "cometbft"]
)
def place(request: pytest.FixtureRequest, places: Places) -> Iterator[Place]:
    made: Place = request.param(places)
    yield made
    made.close()
    if isinstance(made, CometPlace):
        made.remove()


@pytest.fixture
def ledger() -> Ledger:
    """What the log should be: the same statements, in memory."""
    return Ledger()


def founded(place: Place, ledger: Ledger) -> Sequencer:
    sequencer = place.open()
    raw = ledger.sign(DESK, genesis_body(canonical(document())))
    ledger.append(raw)
    assert sequencer.submit(raw) == 0
    return sequencer


def inquiry(ledger: Ledger, party: PartyId, number: int) -> bytes:
    return ledger.sign(party, Inquiry(request_hashes=(number.to_bytes(32, "big"),)))


def check_log(sequencer: Sequencer, ledger: Ledger) -> None:
    """Entries from every start, the checkpoint's signature and its root are those of `ledger`."""
    policy = policy_of(parse_document(canonical(document())))
    frontier = Frontier()
    for raw in ledger.entries:
        frontier.append(leaf_hash(raw))
    for start in range(len(ledger.entries) + 2):
        note, entries = sequencer.entries(start)
        assert list(entries) == ledger.entries[start:]
        checkpoint = verify_log_signature(note, policy)
        assert (checkpoint.size, checkpoint.root) == (len(ledger.entries), frontier.root())


def test_gives_each_statement_the_next_index(place: Place, ledger: Ledger) -> None:
    sequencer = founded(place, ledger)
    for number in range(5):
        raw = inquiry(ledger, (ALDER, BIRCH)[number % 2], number)
        ledger.append(raw)
        assert sequencer.submit(raw) == number + 1
        check_log(sequencer, ledger)


def test_the_same_bytes_have_the_same_index_for_ever(place: Place, ledger: Ledger) -> None:
    sequencer = founded(place, ledger)
    raws = []
    for number in range(4):
        raws.append(inquiry(ledger, ALDER, number))
        ledger.append(raws[-1])
        sequencer.submit(raws[-1])
    for index in (3, 0, 2, 1, 3):
        assert sequencer.submit(raws[index]) == index + 1
    assert sequencer.submit(ledger.entries[0]) == 0
    check_log(sequencer, ledger)


def test_a_row_is_taken_up_to_the_first_that_is_refused(place: Place, ledger: Ledger) -> None:
    sequencer = founded(place, ledger)
    row = []
    for number in range(4):
        row.append(inquiry(ledger, (ALDER, BIRCH)[number % 2], number))
        ledger.append(row[-1])
    assert sequencer.submit_all(row[:3]) == ([1, 2, 3], None)
    # Known bytes among new ones keep their index; what follows a refused one is not brought.
    again = [row[1], row[3], _of_a_stranger(ledger), inquiry(ledger, ALDER, 9)]
    indexes, failed = sequencer.submit_all(again)
    assert indexes == [2, 4]
    assert type(failed) is NotAdmittedError
    assert sequencer.submit_all([]) == ([], None)
    check_log(sequencer, ledger)


def test_bytes_that_were_refused_once_can_be_accepted_later(place: Place, ledger: Ledger) -> None:
    sequencer = founded(place, ledger)
    first = inquiry(ledger, ALDER, 0)
    ledger.append(first)
    second = inquiry(ledger, ALDER, 1)
    ledger.append(second)
    with pytest.raises(StaleHeadError):
        sequencer.submit(second)
    assert sequencer.submit(first) == 1
    assert sequencer.submit(second) == 2
    assert sequencer.submit(second) == 2
    assert sequencer.submit(first) == 1
    check_log(sequencer, ledger)


def _garbled(ledger: Ledger) -> bytes:
    return inquiry(ledger, ALDER, 7)[:-1]


def _resigned(ledger: Ledger) -> bytes:
    raw = inquiry(ledger, ALDER, 7)
    return raw[:-1] + bytes([raw[-1] ^ 1])


def _of_a_stranger(ledger: Ledger) -> bytes:
    return ledger.sign("stranger", Inquiry(request_hashes=(bytes(32),)))


def _on_another_chain(ledger: Ledger) -> bytes:
    return Ledger.sign(_with_head(ledger), ALDER, Inquiry(request_hashes=(bytes(32),)))


def _with_head(ledger: Ledger) -> Ledger:
    other = Ledger()
    other.append(ledger.entries[0])
    other.append(inquiry(other, ALDER, 99))
    return other


@pytest.mark.parametrize(
    ("forge", "error"),
    [
        (_garbled, MalformedError),
        (_resigned, SignatureRefusedError),
        (_of_a_stranger, NotAdmittedError),
        (_on_another_chain, RuleError),
    ],
)
def test_a_refusal_comes_with_its_code_and_leaves_nothing(
    place: Place, ledger: Ledger, forge: Callable[[Ledger], bytes], error: type[RejectedError]
) -> None:
    sequencer = founded(place, ledger)
    raw = inquiry(ledger, ALDER, 0)
    ledger.append(raw)
    sequencer.submit(raw)
    with pytest.raises(RejectedError) as caught:
        sequencer.submit(forge(ledger))
    assert type(caught.value) is error
    check_log(sequencer, ledger)
    following = inquiry(ledger, ALDER, 1)
    ledger.append(following)
    assert sequencer.submit(following) == 2


def test_what_was_taken_stands_after_a_restart(place: Place, ledger: Ledger) -> None:
    sequencer = founded(place, ledger)
    for number in range(3):
        raw = inquiry(ledger, ALDER, number)
        ledger.append(raw)
        sequencer.submit(raw)
    place.close()
    sequencer = place.open()
    check_log(sequencer, ledger)
    assert sequencer.submit(ledger.entries[2]) == 2
    raw = inquiry(ledger, BIRCH, 9)
    ledger.append(raw)
    assert sequencer.submit(raw) == 4
    check_log(sequencer, ledger)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(("moment", "was_stored"), [("before", False), ("in", False), ("after", True)])
@pytest.mark.parametrize("restarts", [True, False])
def test_a_write_that_fails_leaves_one_index_to_find(
    place: Place, ledger: Ledger, moment: Moment, *, was_stored: bool, restarts: bool
) -> None:
    """Lost, or persisted though the call failed: whoever submits again gets the one index either way."""
    sequencer = founded(place, ledger)
    raw = inquiry(ledger, ALDER, 0)
    place.probe.moment = moment
    with pytest.raises(place.failure):
        sequencer.submit(raw)
    if restarts or isinstance(place, RemotePlace | CometPlace):
        # A node behind a door stops at such a fault.
        place.close()
        sequencer = place.open()
    if isinstance(place, CometPlace):
        # The write that failed may have been that of an empty block before this statement's.
        assert list(sequencer.entries(1)[1]) in ([], [raw])
        ledger.append(raw)
    elif was_stored:
        ledger.append(raw)
        check_log(sequencer, ledger)
    else:
        check_log(sequencer, ledger)
        ledger.append(raw)
    assert sequencer.submit(raw) == 1
    assert sequencer.submit(raw) == 1
    check_log(sequencer, ledger)
    following = inquiry(ledger, ALDER, 1)
    ledger.append(following)
    assert sequencer.submit(following) == 2


def test_hash_tiles_prove_that_what_was_shown_is_the_beginning_of_what_is(
    place: Place, ledger: Ledger
) -> None:
    sequencer = founded(place, ledger)
    for number in range(6):
        raw = inquiry(ledger, ALDER, number)
        ledger.append(raw)
        sequencer.submit(raw)
    size = len(ledger.entries)
    read = tile_hash_reader(size, sequencer.tile)
    first = Frontier()
    for raw in ledger.entries[:3]:
        first.append(leaf_hash(raw))
    path = prove_consistency(size1=3, size2=size, read=read)
    root = verify_log_signature(sequencer.entries(0)[0], policy_of(ledger.state.consortium)).root
    verify_consistency(size1=3, size2=size, root1=first.root(), root2=root, path=path)
    assert sequencer.tile(f"tile/0/000.p/{size + 1}") is None


def test_entries_before_genesis_are_out_of_reach(place: Place) -> None:
    with pytest.raises(UnavailableError):
        place.open().entries(0)
