"""Waiting for several: all that are quick, none that hangs."""

import threading
from concurrent.futures import Future

import pytest

from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import StewardX
from node.roles import gathering
from node.roles.gathering import arriving

XS = [StewardX(x) for x in (1, 2, 3, 4)]


def future(reply: bytes | Exception | None = None) -> Future[bytes]:
    made: Future[bytes] = Future()
    if isinstance(reply, bytes):
        made.set_result(reply)
    elif reply is not None:
        made.set_exception(reply)
    return made


def test_what_is_there_comes_by_x_whoever_was_first() -> None:
    asked = {x: future(bytes([x])) for x in reversed(XS)}
    assert [x for x, _ in arriving(asked)] == XS


def test_failures_come_too() -> None:
    asked = {XS[0]: future(UnavailableError("silent")), XS[1]: future(b"1")}
    assert [x for x, _ in arriving(asked)] == XS[:2]


def test_one_that_hangs_is_not_waited_for_when_there_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "GRACE_LEAST_S", 0.01)
    asked = {**{x: future(b"1") for x in XS[:3]}, XS[3]: future()}
    came: list[StewardX] = []
    for x, _ in arriving(asked, lambda: len(came) >= 3):
        came.append(x)
    assert came == XS[:3]


def test_one_that_comes_within_the_grace_is_taken() -> None:
    late = future()
    asked = {**{x: future(b"1") for x in XS[:3]}, XS[3]: late}
    came: list[StewardX] = []

    def is_enough() -> bool:
        if len(came) == 3:
            threading.Timer(0.01, late.set_result, [b"1"]).start()
        return len(came) >= 3

    for x, _ in arriving(asked, is_enough):
        came.append(x)
    assert came == XS


def test_nobody_is_waited_for_beyond_the_end() -> None:
    asked = {XS[0]: future(b"1"), XS[1]: future()}
    assert [x for x, _ in arriving(asked, wait_s=0.01)] == XS[:1]
    assert not list(arriving({XS[1]: future()}, wait_s=0.0))


def test_nobody_asked() -> None:
    assert not list(arriving({}))
