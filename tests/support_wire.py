"""A bad wire between network devices: frames come late, in another order, or not at all.

By `tc netem` where the kernel has it. Elsewhere the devices hang on no bridge while it lasts, and a thread of
this process carries what they send.
"""

import ctypes
import heapq
import json
import random
import select
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

_NEW_NETWORK: Final = 0x40000000
_ALL_PROTOCOLS: Final = 3
_SOL_PACKET, _VNET_HEADER, _IGNORE_OUTGOING = 263, 15, 23
_HEADER_BYTES: Final = 10
"""Stands before each frame and goes on with it: the checksum left to do, how a large one is to be cut."""
_FRAME_BYTES_MOST: Final = 1 << 17
_LOOK_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """How bad a wire is, each way."""

    delay_s: float = 0.01
    jitter_s: float = 0.04
    """So much is added by chance to each frame's delay, which changes their order."""
    loss: float = 0.05

    @property
    def words(self) -> tuple[str, ...]:
        """Say it to `tc`, which adds or takes away half of the jitter."""
        middle_ms, half_ms = 1000 * (self.delay_s + self.jitter_s / 2), 500 * self.jitter_s
        return "delay", f"{middle_ms}ms", f"{half_ms}ms", "loss", f"{100 * self.loss}%"


class Netem:
    """The kernel's own bad wire, on devices of a network namespace until stopped."""

    def __init__(self, namespace: str, devices: Sequence[str], trouble: Trouble) -> None:
        self._namespace, self._devices = namespace, devices
        for device in devices:
            _tc(namespace, "qdisc", "add", "dev", device, "root", "netem", *trouble.words)

    @staticmethod
    def is_there(namespace: str) -> bool:
        """Say whether the kernel has it, by the loopback device of a namespace without traffic."""
        try:
            _tc(namespace, "qdisc", "replace", "dev", "lo", "root", "netem", *Trouble().words)
        except (FileNotFoundError, subprocess.CalledProcessError):
            return False
        return True

    @property
    def dropped(self) -> int:
        """How many frames were lost."""
        shown = json.loads(_tc(self._namespace, "-s", "-j", "qdisc", "show"))
        return sum(one["drops"] for one in shown if one["kind"] == "netem")

    def stop(self) -> None:
        """Let everything through again."""
        for device in self._devices:
            _tc(self._namespace, "qdisc", "del", "dev", device, "root")


def _tc(namespace: str, *words: str) -> bytes:
    return subprocess.run(["tc", "-n", namespace, *words], check=True, capture_output=True).stdout


class BadWire:
    """Carries frames between devices of a network namespace until stopped."""

    def __init__(self, namespace: str, devices: Sequence[str], trouble: Trouble, seed: int) -> None:
        self._trouble, self._random = trouble, random.Random(seed)
        self._stopping, self._numbers = threading.Event(), count()
        self.dropped = 0
        """How many frames were lost."""
        for device in devices:
            subprocess.run(["ip", "-n", namespace, "link", "set", device, "nomaster"], check=True)
        # When it is due, in which order it came, where it goes, the frame.
        self._waiting: list[tuple[float, int, socket.socket, bytes]] = []
        # Where each address was seen last.
        self._known: dict[bytes, socket.socket] = {}
        self._ends: list[socket.socket] = []
        is_open = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(namespace, devices, is_open), name="wire")
        self._thread.start()
        is_open.wait()
        assert self._ends, "the wire's ends could not be opened"

    def stop(self) -> None:
        """Let what is on its way be lost."""
        self._stopping.set()
        self._thread.join()
        for end in self._ends:
            end.close()

    def _run(self, namespace: str, devices: Sequence[str], is_open: threading.Event) -> None:
        try:
            _enter(namespace)
            self._ends = [_end(device) for device in devices]
        finally:
            is_open.set()
        while not self._stopping.is_set():
            for end in select.select(self._ends, [], [], self._pause_s())[0]:
                self._take(end)
            self._pass_on()

    def _pause_s(self) -> float:
        if not self._waiting:
            return _LOOK_S
        return min(_LOOK_S, max(0.0, self._waiting[0][0] - time.monotonic()))

    def _take(self, end: socket.socket) -> None:
        frame = end.recv(_FRAME_BYTES_MOST)
        to, by = frame[_HEADER_BYTES:][:6], frame[_HEADER_BYTES + 6 :][:6]
        self._known[by] = end
        if self._random.random() < self._trouble.loss:
            self.dropped += 1
            return
        due = time.monotonic() + self._trouble.delay_s + self._trouble.jitter_s * self._random.random()
        others = [other for other in self._ends if other is not end]
        for other in [self._known[to]] if to in self._known else others:
            heapq.heappush(self._waiting, (due, next(self._numbers), other, frame))

    def _pass_on(self) -> None:
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, _, end, frame = heapq.heappop(self._waiting)
            end.send(frame)


def _enter(namespace: str) -> None:
    """Let this thread be in a network namespace: what it opens belongs there."""
    with (Path("/run/netns") / namespace).open() as opened:
        library = ctypes.CDLL(None, use_errno=True)
        if library.setns(opened.fileno(), _NEW_NETWORK) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def _end(device: str) -> socket.socket:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    end.setsockopt(_SOL_PACKET, _VNET_HEADER, 1)
    end.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
    end.bind((device, _ALL_PROTOCOLS))
    return end
