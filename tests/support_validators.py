"""Four validators in this process, each beside a real `cometbft`, in network namespaces where allowed.

What holds whatever happens to them is in `Four.check`: one block and one application hash at each height, one
log, and everything that was accepted in it once, at the index that was answered.
"""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from support_comet import Validator, peers_of
from support_consortium import (
    ALDER,
    BIRCH,
    BOTH,
    CEDAR,
    STEWARDS,
    Ledger,
    canonical,
    document,
    genesis_body,
    log_key,
    party_in,
    seed,
)
from support_net import wait_until
from support_wire import BadWire, Netem, Trouble

from hanse_ledger.bodies import Inquiry
from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.errors import StaleHeadError, UnavailableError
from hanse_ledger.ids import PartyId
from hanse_ledger.signing import SigningKey
from node.sequencing.cometbft.home import node_id, node_seed
from node.sequencing.cometbft.sequencer import CometSequencer

VALIDATORS = tuple(STEWARDS.values())
MEMBERS = (ALDER, BIRCH, CEDAR, BOTH)
FAULTS_ALL = "HANSE_FAULTS_ALL" in os.environ
"""Whether all faults are tried, each in its full length, and not a sample that a suite has time for."""
_PATIENCE_S = 120.0
_PORT = 26_656


def agreeing_document(count: int = 4) -> dict[str, Any]:
    """The tests' document, in which the stewards, or the first of them, agree on the order."""
    made = document()
    made["ordering"] = list(VALIDATORS[:count])
    for party in VALIDATORS[:count]:
        party_in(made, party)["log_key"] = log_key(party).public.hex()
    return made


class Namespaces:
    """One network namespace a validator; all hang on bridges in one more, which tests lay anew."""

    def __init__(self, count: int) -> None:
        self.hub = f"hanse{os.getpid()}"
        self.names = [f"{self.hub}v{number}" for number in range(count)]
        _ip("netns", "add", self.hub)
        for side in ("left", "right"):
            self._in_hub("link", "add", side, "type", "bridge", "forward_delay", "0")
            self._in_hub("link", "set", side, "up")
        for number, name in enumerate(self.names):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "add", "eth0", "type", "veth", "peer", f"v{number}", "netns", self.hub)
            _ip("-n", name, "addr", "add", f"{self.address(number)}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip("-n", name, "link", "set", device, "up")
            self._in_hub("link", "set", f"v{number}", "master", "left", "up")

    @staticmethod
    def are_allowed() -> bool:
        name = f"hanse{os.getpid()}try"
        if os.geteuid() != 0 or shutil.which("ip") is None:
            return False
        with suppress(subprocess.CalledProcessError):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "add", "left", "type", "bridge")
            _ip("netns", "del", name)
            return True
        return False

    @staticmethod
    def address(number: int) -> str:
        return f"10.91.0.{number + 1}"

    def part(self, others: Sequence[int]) -> None:
        """Let some reach each other and nobody else."""
        for number in range(len(self.names)):
            side = "right" if number in others else "left"
            self._in_hub("link", "set", f"v{number}", "master", side)

    @contextmanager
    def disturb(self, trouble: Trouble, seed: int) -> Iterator[Netem | BadWire]:
        """Put a bad wire between them all: netem's where the kernel has it."""
        devices = [f"v{number}" for number in range(len(self.names))]
        wire = (
            Netem(self.hub, devices, trouble)
            if Netem.is_there(self.hub)
            else BadWire(self.hub, devices, trouble, seed)
        )
        try:
            yield wire
        finally:
            wire.stop()
            self.part(())

    def close(self) -> None:
        for name in (*self.names, self.hub):
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "del", name)

    def _in_hub(self, *words: str) -> None:
        _ip("-n", self.hub, *words)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@dataclass
class Writer:
    """A member that files inquiries one after the other, each until it has its index."""

    party: PartyId
    ledger: Ledger
    accepted: dict[int, bytes] = field(default_factory=dict)
    _number: int = 0

    def write(self, ways: Sequence[CometSequencer]) -> int:
        """File one, by the first way that answers."""
        return self.bring(self.next(), ways)

    def next(self) -> bytes:
        """Sign what is to be brought next."""
        self._number += 1
        return self.ledger.sign(self.party, Inquiry(request_hashes=(self._number.to_bytes(32, "big"),)))

    def bring(self, raw: bytes, ways: Sequence[CometSequencer]) -> int:
        ends_at = time.monotonic() + _PATIENCE_S
        while True:
            for way in ways:
                # One that is behind does not know yet what this statement follows on.
                with suppress(UnavailableError, StaleHeadError):
                    index = way.submit(raw)
                    self.accepted[index] = raw
                    self.ledger.append(raw)
                    return index
            assert time.monotonic() < ends_at, "nobody takes statements"


@dataclass
class Four:
    """The validators, in the document's order, and those that write to them."""

    folder: Path
    count: int = 4
    patience_s: float = 4.0
    namespaces: Namespaces | None = None

    def __post_init__(self) -> None:
        self.genesis = Ledger().sign(VALIDATORS[0], genesis_body(canonical(agreeing_document(self.count))))
        founded = Ledger()
        founded.append(self.genesis)
        self.writers = [Writer(party, founded.copy()) for party in MEMBERS]
        peers = self.peers
        self.all = [
            Validator(
                consortium=self.consortium,
                party=party,
                log_seed=seed("log key", party),
                database=self.database(party),
                peers=peers,
                genesis=self.genesis,
                patience_s=self.patience_s,
                before=()
                if self.namespaces is None
                else ("ip", "netns", "exec", self.namespaces.names[number]),
            )
            for number, party in enumerate(VALIDATORS[: self.count])
        ]

    def database(self, party: PartyId) -> Path:
        return self.folder / f"{party}.sqlite"

    @cached_property
    def consortium(self) -> Consortium:
        return parse_document(canonical(agreeing_document(self.count)))

    @cached_property
    def peers(self) -> dict[PartyId, str]:
        seeds = {party: seed("log key", party) for party in VALIDATORS[: self.count]}
        if self.namespaces is None:
            return peers_of(seeds)
        ids = {party: node_id(SigningKey(node_seed(log_seed)).public) for party, log_seed in seeds.items()}
        return {
            party: f"{ids[party]}@{Namespaces.address(number)}:{_PORT}"
            for number, party in enumerate(VALIDATORS)
        }

    def open(self) -> None:
        for one in self.all:
            one.open()
        # Founded by whoever is first.
        Writer(VALIDATORS[0], Ledger()).bring(self.genesis, self.ways)

    @property
    def ways(self) -> list[CometSequencer]:
        return [one.sequencer for one in self.all]

    def remove(self) -> None:
        for one in self.all:
            one.remove()

    def write(self, count: int = 1, ways: Sequence[int] | None = None) -> None:
        """Let each member file statements, each by another validator first."""
        ways = range(len(self.all)) if ways is None else ways
        for turn in range(count):
            for number, writer in enumerate(self.writers):
                first = (turn + number) % len(ways)
                writer.write([self.all[way].sequencer for way in (*ways[first:], *ways[:first])])

    @contextmanager
    def load(self, ways: Sequence[int] = (0, 1, 2, 3)) -> Iterator[None]:
        """Let members file statements all the while."""
        ended = threading.Event()
        failures: list[BaseException] = []

        def run(writer: Writer, number: int) -> None:
            try:
                while not ended.is_set():
                    first = number % len(ways)
                    writer.write([self.all[way].sequencer for way in (*ways[first:], *ways[:first])])
            except BaseException as error:  # noqa: BLE001 - the test's own thread tells
                failures.append(error)

        threads = [
            threading.Thread(target=run, args=(writer, number)) for number, writer in enumerate(self.writers)
        ]
        for one in threads:
            one.start()
        try:
            yield
        finally:
            ended.set()
            for one in threads:
                one.join()
        assert not failures, failures

    @property
    def accepted(self) -> dict[int, bytes]:
        found = {0: self.genesis}
        for writer in self.writers:
            accepted = dict(writer.accepted)
            assert not found.keys() & accepted.keys()
            found |= accepted
        return found

    def grow(self, count: int = 4) -> None:
        """Wait until so many more have been accepted."""
        size = len(self.accepted) + count
        wait_until(lambda: len(self.accepted) >= size, "progress")

    def send(self, number: int, sign: signal.Signals) -> None:
        pid = self.all[number].process.pid
        assert pid is not None
        os.kill(pid, sign)

    def check(self, which: Sequence[int] | None = None) -> None:
        """Wait until each has caught up, then compare them all."""
        which = range(len(self.all)) if which is None else which
        accepted = self.accepted
        for number in which:
            wait_until(partial(self._holds, number, len(accepted)), f"validator {number}")
        logs = [self._log(number) for number in which]
        assert all(log == logs[0][: len(log)] or log[: len(logs[0])] == logs[0] for log in logs)
        for log in logs:
            assert len(set(log)) == len(log)
            assert {index: log[index] for index in accepted} == accepted
        headers = [self._headers(number) for number in which]
        for other in headers[1:]:
            common = headers[0].keys() & other.keys()
            assert common
            assert {height: headers[0][height] for height in common} == {h: other[h] for h in common}

    def _holds(self, number: int, size: int) -> bool:
        return entries(self.all[number]) >= size

    def _log(self, number: int) -> list[bytes]:
        found: list[bytes] = []
        while batch := self.all[number].sequencer.entries(len(found))[1]:
            found += batch
        return found

    def _headers(self, number: int) -> dict[int, tuple[str, str]]:
        """The block's hash and the application's after the block before, by height."""
        found: dict[int, tuple[str, str]] = {}
        wait_until(lambda: _has_answer(self.all[number]), f"CometBFT {number}")
        newest = self.all[number].rpc.standing().height
        while newest > 0:
            metas = self.all[number].rpc._ask("blockchain", minHeight="1", maxHeight=str(newest))["result"]
            found |= {
                int(one["header"]["height"]): (one["block_id"]["hash"], one["header"]["app_hash"])
                for one in metas["block_metas"]
            }
            newest = min(found) - 1
        return found


def entries(validator: Validator) -> int:
    try:
        count = 0
        while batch := validator.sequencer.entries(count)[1]:
            count += len(batch)
    except UnavailableError:
        return 0
    return count


def _has_answer(validator: Validator) -> bool:
    with suppress(UnavailableError):
        return validator.rpc.standing().height > 0
    return False
