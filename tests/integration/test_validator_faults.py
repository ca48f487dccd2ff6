"""What four validators keep, one of which is killed, paused, cut off or lies, and two of which halt them."""

import signal
import time
from collections.abc import Iterator

import pytest
from support_comet import cometbft
from support_net import wait_until
from support_validators import FAULTS_ALL, Four, Namespaces
from support_wire import Trouble

from hanse_ledger.errors import UnavailableError
from node.sequencing.cometbft import process, rpc

_SHORT_S = 1.0
_MINUTE_S = 65.0
_LIMITS = ((rpc, "_TIMEOUT_S"), (process, "_STEADY_S"), (process, "_SOUND_S"))
"""How long it is waited for an answer, and until a process counts as one that runs soundly."""
_NEEDS_ROOT = "network namespaces need root, and a kernel that allows them"


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Four]:
    """Founded, with some statements. A test leaves it running and whole."""
    cometbft()
    namespaces = Namespaces(4) if Namespaces.are_allowed() else None
    made = Four(tmp_path_factory.mktemp("four"), namespaces=namespaces)
    try:
        made.open()
        made.write()
        yield made
    finally:
        made.remove()
        if namespaces is not None:
            namespaces.close()


@pytest.fixture
def network(four: Four) -> Iterator[Namespaces]:
    if four.namespaces is None:
        pytest.skip(_NEEDS_ROOT)
    yield four.namespaces
    four.namespaces.part(())


def test_one_that_is_killed_or_paused_keeps_nobody_up(four: Four) -> None:
    with four.load(ways=(0, 1, 2)):
        four.send(3, signal.SIGKILL)
        four.grow()
        wait_until(lambda: four.all[3].process.pid is not None, "CometBFT is started again")
    four.send(3, signal.SIGSTOP)
    four.write(ways=(0, 1, 2))
    four.send(3, signal.SIGCONT)
    four.check()


def test_two_that_are_paused_halt_the_rest_until_they_go_on(four: Four) -> None:
    for number in (2, 3):
        four.send(number, signal.SIGSTOP)
    try:
        raw = four.writers[0].next()
        with pytest.raises(UnavailableError):
            four.all[0].sequencer.submit(raw)
    finally:
        for number in (2, 3):
            four.send(number, signal.SIGCONT)
    four.writers[0].bring(raw, four.ways)
    four.write()
    four.check()


def test_one_that_is_paused_while_it_starts_keeps_nobody_up(
    four: Four, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For longer than whatever waits for it does: a minute, or limits are short here and so is the pause."""
    pause_s = _MINUTE_S if FAULTS_ALL else 2 * _SHORT_S
    for module, limit in () if FAULTS_ALL else _LIMITS:
        monkeypatch.setattr(module, limit, _SHORT_S)
    before = four.all[0].process.pid
    four.send(0, signal.SIGKILL)
    wait_until(lambda: four.all[0].process.pid not in {None, before}, "CometBFT is started again")
    four.send(0, signal.SIGSTOP)
    paused, ends_at = four.all[0].process.pid, time.monotonic() + pause_s
    raw = four.writers[0].next()
    with pytest.raises(UnavailableError):
        four.all[0].sequencer.submit(raw)
    four.writers[0].bring(raw, four.ways[1:])
    while time.monotonic() < ends_at:
        four.write(ways=(1, 2, 3))
    assert four.all[0].process.pid == paused
    four.send(0, signal.SIGCONT)
    four.check()


def test_a_node_that_was_stopped_as_a_whole_catches_up(four: Four) -> None:
    four.all[1].close()
    four.write(2, ways=(0, 2, 3))
    four.all[1].open()
    four.check()


def test_two_and_two_halt_and_heal(four: Four, network: Namespaces) -> None:
    network.part((0, 1))
    raw = four.writers[0].next()
    with pytest.raises(UnavailableError):
        four.all[0].sequencer.submit(raw)
    network.part(())
    four.writers[0].bring(raw, four.ways)
    four.check()


def test_one_that_is_cut_off_keeps_nobody_up(four: Four, network: Namespaces) -> None:
    network.part((2,))
    four.write(2, ways=(0, 1, 3))
    network.part(())
    four.check()


def test_a_network_that_falls_apart_again_and_again_under_load_loses_nothing(
    four: Four, network: Namespaces
) -> None:
    with four.load():
        for cut_off in ((0,), (1, 2), (3,), (0, 3), ()):
            network.part(cut_off)
            time.sleep(1.0)
        network.part(())
    four.check()


def test_messages_that_come_late_out_of_order_or_never_lose_nothing(four: Four, network: Namespaces) -> None:
    with network.disturb(Trouble(), seed=6) as wire, four.load():
        four.grow(60)
        assert wire.dropped
    four.check()
