import random
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import IntegrityError
from support_consortium import ALDER, DESK, Ledger, canonical, document, genesis_body
from support_postgres import Places

from hanse_ledger.bodies import Inquiry
from hanse_ledger.errors import CheckpointConflictError, CorruptionError
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import leaf_hash, prove_inclusion, root_at, verify_inclusion
from hanse_ledger.state import Accepted
from node.storage.database import Database
from node.storage.log import LogStore, append_entries, put_checkpoint


@pytest.fixture
def database(places: Places) -> Iterator[Database]:
    made = Database(places("node"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def accepted() -> list[tuple[bytes, Accepted]]:
    """Genesis and 20 inquiries, with what acceptance says of each."""
    ledger = Ledger()
    entries = [ledger.sign(DESK, genesis_body(canonical(document())))]
    found = [ledger.append(entries[0])]
    for number in range(20):
        entries.append(ledger.sign(ALDER, Inquiry(request_hashes=(number.to_bytes(32, "big"),))))
        found.append(ledger.append(entries[-1]))
    return list(zip(entries, found, strict=True))


def filled(database: Database, accepted: list[tuple[bytes, Accepted]], *sizes: int) -> LogStore:
    start = 0
    for size in sizes:
        with database.write() as connection:
            append_entries(connection, accepted[start:size])
        start = size
    return LogStore(database)


def test_an_empty_log(database: Database) -> None:
    store = LogStore(database)
    assert (store.size(), store.entries(0, 10), store.checkpoint()) == (0, [], None)
    assert store.index_of(NodeHash(bytes(32))) is None
    assert store.last_cosigned("hanse.example/test") is None
    with pytest.raises(CorruptionError):
        store.node(0, 0)


def test_entries_come_back_in_order_from_any_index(
    database: Database, accepted: list[tuple[bytes, Accepted]]
) -> None:
    store = filled(database, accepted, 3, 3, 21)
    raws = [raw for raw, _ in accepted]
    assert store.size() == 21
    for start, limit in ((0, 100), (5, 7), (20, 1), (21, 5), (0, 0)):
        assert store.entries(start, limit) == raws[start : start + limit]
    assert [store.index_of(leaf_hash(raw)) for raw in raws] == list(range(21))


def test_the_stored_tree_proves_every_entry_at_every_size(
    database: Database, accepted: list[tuple[bytes, Accepted]]
) -> None:
    store = filled(database, accepted, 4, 13, 21)
    rng = random.Random(3)
    for size in (1, 2, 7, 8, 16, 20, 21):
        root = root_at(size, store.node)
        for index in rng.sample(range(size), min(size, 4)):
            path = prove_inclusion(index=index, tree_size=size, read=store.node)
            leaf = leaf_hash(accepted[index][0])
            verify_inclusion(leaf=leaf, index=index, tree_size=size, root=root, path=path)


def test_an_index_or_a_statement_is_never_given_twice(
    database: Database, accepted: list[tuple[bytes, Accepted]]
) -> None:
    store = filled(database, accepted, 5)
    with pytest.raises(IntegrityError), database.write() as connection:
        append_entries(connection, accepted[4:6])
    assert store.size() == 5


def test_only_the_newest_checkpoint_is_kept(database: Database) -> None:
    store = LogStore(database)
    for size, note in ((1, b"one"), (9, b"nine"), (10, b"ten")):
        with database.write() as connection:
            put_checkpoint(connection, size=size, note=note)
        assert store.checkpoint() == note


def test_what_was_cosigned_last_is_known_for_each_origin(database: Database) -> None:
    store = LogStore(database)
    for origin, old, size in (("a", 0, 3), ("b", 0, 5), ("a", 3, 7)):
        put_cosigned(store, origin, old, size)
    assert store.last_cosigned("a") == (7, bytes([7]) * 32)
    assert store.last_cosigned("b") == (5, bytes([5]) * 32)
    assert store.last_cosigned("c") is None


def put_cosigned(store: LogStore, origin: str, old: int, size: int) -> None:
    root = NodeHash(bytes([size]) * 32)
    store.store_cosigned(origin=origin, size=size, root=root, lines=b"line", expected_size=old)


@pytest.mark.parametrize("old", [0, 2, 4])
def test_a_cosignature_is_stored_over_the_one_that_it_was_checked_against(
    database: Database, old: int
) -> None:
    """Two requests that were both checked against size 3: the second is told what the first one stored."""
    store = LogStore(database)
    put_cosigned(store, "a", 0, 3)
    with pytest.raises(CheckpointConflictError, match=r"^3$"):
        put_cosigned(store, "a", old, 5)
    with pytest.raises(CheckpointConflictError, match=r"^0$"):
        put_cosigned(store, "b", 3, 5)
    assert store.last_cosigned("a") == (3, bytes([3]) * 32)
    assert store.last_cosigned("b") is None
