"""Parties in one process share queues and immutable values; nothing else leads from one to another.

The garbage collector's view of a running, threaded consortium is walked from each party's node and from every
channel. What modules hold for everybody (tables, caches of types) is walked first and set aside; that it
holds no party's object is a test of its own.
"""

import datetime as dt
import enum
import gc
import json
import logging
import os
import random
import sys
import threading
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import combinations
from pathlib import PurePath
from queue import SimpleQueue
from typing import Any, Final

import pytest
from sqlalchemy import Engine
from support_attacks import FIRST, MEMBERS, make_books
from support_clear import csv_of
from support_simulation import CURRENCY, StillClock, found_world

from hanse_ledger.errors import LedgerError
from hanse_ledger.ids import Month, PartyId, month_end
from hanse_ledger.privacy.sealing import SealingPrivateKey
from hanse_ledger.signing import SigningKey
from node.bootstrap import KEYS_FILE, PARTIES_FOLDER, Embedded, Surroundings
from node.member import MemberNode
from node.receivables.read import read_receivables
from node.receivables.subjectmap import demo_subject
from node.roles.party import Standing
from node.roles.steward import Steward
from node.sequencing.solo import SoloSequencer
from node.storage.database import Database
from node.wire import Letter, LocalLink, Mailbox, Service, reply_of

_ATOMS: Final = (
    str, bytes, int, float, bool, type(None), enum.Enum, PurePath, dt.date, dt.timedelta,
    dt.tzinfo, frozenset, range, types.CodeType, types.BuiltinFunctionType,
)  # fmt: skip
"""Values that cannot be changed."""
_WIRING: Final = (Mailbox, SimpleQueue, threading.Event, threading.Condition, type(threading.Lock()))
_OWN: Final = (Steward, MemberNode, Standing, SoloSequencer, Database, Engine, SigningKey, SealingPrivateKey)
"""What one party alone may reach."""
_NOT_WALKED: Final = (types.ModuleType, types.FrameType, threading.Thread, types.CodeType, logging.Logger)
"""Modules, and what Python itself keeps once for a process."""
_EVERYBODYS: Final = (
    "node", "hanse_ledger", "consortium_config", "sqlalchemy", "alembic", "numpy", "cbor2", "cryptography",
    "rbcl", "stdnum", "logging", "concurrent", "queue", "functools", "contextlib", "dataclasses", "typing",
    "enum", "abc", "collections", "weakref", "operator", "re", "json", "sqlite3", "datetime", "zoneinfo",
)  # fmt: skip
"""What a node imports, with the classes in it: the same for every node of a process."""


@dataclass(frozen=True)
class Running:
    """A threaded consortium that has worked, and where each party's objects begin."""

    embedded: Embedded
    clock: StillClock
    roots: dict[str, object]
    everybodys: set[int]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("separation") / "consortium"
    found_world(folder, members=MEMBERS, first=FIRST, seed=3)
    clock = StillClock(dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
    clock.after(FIRST)
    with Embedded(folder, Surroundings(clock=clock)) as embedded:
        _work(embedded)
        gc.collect()
        roots: dict[str, object] = {member: embedded.member(PartyId(member)) for member in MEMBERS}
        for found in gc.get_objects():
            if isinstance(found, Steward):
                roots[found._standing.id] = found
            elif isinstance(found, SoloSequencer):
                roots["the order"] = found
        yield Running(embedded, clock, roots, set(_reached(_module_dicts(), types_too=True)))


def _work(embedded: Embedded) -> None:
    """Let everything happen once that parties do with each other, refusals included."""
    as_of = month_end(Month(FIRST))
    for name, bills in make_books(1).items():
        reading = read_receivables(
            csv_of(bills, as_of), subject_of=demo_subject, currency=CURRENCY, as_of=as_of
        )
        embedded.member(PartyId(name)).import_book(reading, sha256=bytes(32), as_of=as_of)
        embedded.member(PartyId(name)).report()
    for _ in range(30):
        if embedded.work() == 0:
            break
    assert embedded.close_month(Month(FIRST)) >= 2
    member = embedded.member(PartyId(MEMBERS[0]))
    (outcome,) = member.inquire([demo_subject("C1").id], "credit-review")
    assert outcome.status == "checked"
    member.answer_file(outcome)


def test_all_parties_are_looked_at(running: Running) -> None:
    assert set(running.roots) == {*MEMBERS, *(f"steward-{x}" for x in range(1, 5)), "the order"}
    assert len({id(root) for root in running.roots.values()}) == len(running.roots)
    for root in running.roots.values():
        # The walk does go down to where keys and databases are.
        reached = _reached([root])
        assert any(isinstance(found, Database) for found in reached.values())
        assert any(isinstance(found, SigningKey) for found in reached.values())


def test_nothing_that_can_change_is_shared(running: Running) -> None:
    reached = {name: _reached([root]) for name, root in running.roots.items()}
    changeable = {
        name: {key for key, found in all_of.items() if not _may_be_shared(found, running)} - _wires(all_of)
        for name, all_of in reached.items()
    }
    for one, other in combinations(reached, 2):
        shared = (changeable[one] & changeable[other]) - running.everybodys
        assert not shared, (one, other, _names(reached[one], shared))


def test_each_party_reaches_its_own_node_alone(running: Running) -> None:
    for name, root in running.roots.items():
        reached = _reached([root])
        nodes = {
            id(found) for found in reached.values() if isinstance(found, (Steward, MemberNode, SoloSequencer))
        }
        assert nodes == {id(root)}
        others = [other for key, other in running.roots.items() if key != name]
        foreign = {
            key for other in others for key, found in _reached([other]).items() if isinstance(found, _OWN)
        }
        assert not foreign & set(reached)
        assert sum(isinstance(found, Database) for found in reached.values()) == 1
        assert not any(isinstance(found, Embedded) for found in reached.values())


def test_no_party_reaches_anothers_key_bytes(running: Running) -> None:
    folder = running.embedded.folder / PARTIES_FOLDER
    for name, root in running.roots.items():
        own = "desk" if name == "the order" else name
        texts = b"\0".join(
            found if isinstance(found, bytes) else found.encode(errors="replace")
            for found in _reached([root]).values()
            if isinstance(found, (bytes, str))
        )
        for home in folder.iterdir():
            if home.name != own:
                for value in json.loads((home / KEYS_FILE).read_text()).values():
                    assert bytes.fromhex(value) not in texts
                    assert value.encode() not in texts


@pytest.mark.usefixtures("running")
def test_a_channel_reaches_no_party() -> None:
    channels = [found for found in gc.get_objects() if isinstance(found, (LocalLink, Mailbox))]
    assert sum(isinstance(found, Mailbox) for found in channels) == 5
    assert sum(isinstance(found, LocalLink) for found in channels) >= 4 * 3 + len(MEMBERS) * 4
    for channel in channels:
        reached = _reached([channel])
        assert not any(isinstance(found, (*_OWN, Embedded, Service)) for found in reached.values())


@pytest.mark.usefixtures("running")
def test_modules_hold_no_partys_objects() -> None:
    held = _reached(_module_dicts(), types_too=True)
    parties = {key for key, found in held.items() if isinstance(found, (*_OWN, Embedded, Mailbox))}
    assert not parties, _names(held, parties)


def test_a_refusal_brings_nothing_but_a_sentence(running: Running) -> None:
    steward = PartyId("steward-1")
    with pytest.raises(LedgerError) as refusal:
        reply_of(running.embedded.door(steward).post(PartyId("alder"), "evaluate", b"\xff"))
    assert (refusal.value.__cause__, refusal.value.__context__) == (None, None)
    assert all(isinstance(found, str) for found in (*refusal.value.args, *vars(refusal.value).values()))


def test_the_walk_sees_what_is_hidden_well() -> None:
    key = SigningKey(random.Random(1).randbytes(32))

    class Slotted:
        __slots__ = ("held",)

        def __init__(self, held: object) -> None:
            self.held = held

    def closing() -> Callable[[], object]:
        inner = key
        return lambda: inner

    slotted, queue = Slotted({"deep": [closing()]}), SimpleQueue[object]()
    queue.put(Letter(PartyId("a"), "b", b"", Future()))
    queue.put(slotted)
    assert id(key) in _reached([queue])
    assert id(key) in _reached([[key.sign]])


def _module_dicts() -> list[object]:
    return [
        vars(module)
        for name, module in list(sys.modules.items())
        if isinstance(module, types.ModuleType) and name.partition(".")[0] in _EVERYBODYS
    ]


def _reached(roots: Iterable[object], *, types_too: bool = False) -> dict[int, Any]:
    """Return everything that can be reached, by id; not through modules, frames and threads."""
    globals_of = {
        id(vars(module)) for module in list(sys.modules.values()) if isinstance(module, types.ModuleType)
    }
    found: dict[int, Any] = {}
    waiting = list(roots)
    globals_of -= {id(root) for root in waiting}
    while waiting:
        each = waiting.pop()
        if id(each) in found or id(each) in globals_of or isinstance(each, _NOT_WALKED):
            continue
        if isinstance(each, type) and not types_too:
            continue
        found[id(each)] = each
        waiting.extend(gc.get_referents(each))
    return found


def _may_be_shared(found: object, running: Running) -> bool:
    if isinstance(found, (*_ATOMS, *_WIRING, tuple)):
        return True
    if any(found is allowed for allowed in (running.clock, vars(running.clock), os.urandom)):
        return True
    # What a frozen value holds is walked by itself.
    params = getattr(type(found), "__dataclass_params__", None)
    return params is not None and bool(params.frozen)


def _wires(reached: dict[int, Any]) -> set[int]:
    """Return what queues and conditions are made of: their own lists."""
    wiring = [found for found in reached.values() if isinstance(found, _WIRING)]
    return {
        id(part) for found in wiring for part in gc.get_referents(found) if type(part) in (list, deque, dict)
    }


def _names(reached: dict[int, Any], keys: set[int]) -> set[str]:
    """Name objects and what holds them, to make a failure readable."""
    names = set()
    for found in reached.values():
        for referent in gc.get_referents(found):
            if id(referent) in keys:
                names.add(f"{type(referent).__qualname__} of {type(found).__qualname__}")
    return names
