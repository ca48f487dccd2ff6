"""Looking at a log from outside: what an audit finds, and what an export and a proof are good for."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update
from support_node import FIRST, MEMBERS, Bench

from consortium_config.sample import STEWARDS
from hanse_ledger.bodies import Inquiry
from hanse_ledger.checkpoint import Checkpoint, sign_checkpoint
from hanse_ledger.errors import CorruptionError, MalformedError, RejectedError, VerificationError
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import leaf_hash
from hanse_ledger.note import parse_note
from hanse_ledger.proof import parse_proof, verify_proof
from hanse_ledger.witnessing import policy_of
from node import logs
from node.storage.schema import log_entry, log_hash

ALDER, BIRCH = MEMBERS[:2]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A month reported and closed, then 260 inquiries: two bundles of entries, and a tile of level 1."""
    made = Bench(tmp_path_factory.mktemp("log"), members=MEMBERS[:2])
    made.work()
    made.end_month(FIRST)
    for number in range(260):
        made.log(ALDER, Inquiry(request_hashes=(number.to_bytes(32, "big"),)))
    yield made
    made.close()


def quiet(_step: str, _done: int, _of: int) -> None:
    """Say nothing."""


def source(bench: Bench, note: bytes | None = None) -> logs.Source:
    return logs.replica_source(bench.replica, note)


def with_entries(held: logs.Source, entries: Sequence[bytes]) -> logs.Source:
    return replace(held, entries=lambda: iter(entries))


def signed(bench: Bench, size: int, root: bytes) -> bytes:
    checkpoint = Checkpoint(origin=bench.consortium.id, size=size, root=NodeHash(root))
    return sign_checkpoint(checkpoint, bench.log_key)


def test_an_audit_says_what_it_found(bench: Bench) -> None:
    seen: list[int] = []
    result = logs.audit(source(bench), lambda _step, done, _of: seen.append(done), trusted=bench.consortium)
    assert seen == [bench.state.size]
    assert result.checkpoint.size == sum(result.kinds.values()) == bench.state.size
    assert result.kinds["genesis"] == 1
    assert result.kinds["report"] == result.counting_reports == 2
    assert result.kinds["validity"] == len(STEWARDS)
    assert (result.kinds["close"], result.kinds["inquiry"]) == (len(STEWARDS), 260)
    assert (result.last_closed, result.is_cosigned) == ("2024-10", False)
    _, note = bench.member(ALDER).cosigned_checkpoint()
    assert logs.audit(source(bench, note.encode()), quiet).is_cosigned


@pytest.mark.parametrize("place", [0, 1, 5, 100])
def test_an_audit_finds_a_changed_entry(bench: Bench, place: int) -> None:
    held = source(bench)
    entries = list(held.entries())
    for at in (-1, len(entries[place]) // 2):
        raw = bytearray(entries[place])
        raw[at] ^= 1
        changed = [*entries[:place], bytes(raw), *entries[place + 1 :]]
        with pytest.raises(VerificationError, match=rf"^statement {place} is refused"):
            logs.audit(with_entries(held, changed), quiet)


def test_an_audit_finds_entries_that_are_missing_moved_or_doubled(bench: Bench) -> None:
    held = source(bench)
    entries = list(held.entries())
    for changed in (
        [*entries[:7], *entries[8:]],
        [*entries[:20], entries[21], entries[20], *entries[22:]],
        [*entries[:20], entries[20], *entries[20:]],
        entries[1:],
    ):
        with pytest.raises(VerificationError, match=r"^statement"):
            logs.audit(with_entries(held, changed), quiet)


def test_an_audit_finds_a_truncated_log(bench: Bench) -> None:
    held = source(bench)
    entries = list(held.entries())
    with pytest.raises(VerificationError, match="another log than these"):
        logs.audit(with_entries(held, entries[:-1]), quiet)


def test_an_audit_finds_a_changed_tree_node(bench: Bench) -> None:
    held = source(bench)
    for level, position in ((0, 0), (0, 77), (3, 2), (8, 0)):
        wrong = (level, position)

        def nodes(
            level: int, first: int, count: int, wrong: tuple[int, int] = wrong
        ) -> list[NodeHash] | None:
            found = bench.replica.log.nodes(level, first, count)
            if level == wrong[0] and first <= wrong[1] < first + count:
                found[wrong[1] - first] = NodeHash(bytes(32))
            return found

        last = ((position + 1) << level) - 1
        with pytest.raises(VerificationError, match=f"^statement {last}: .* tree differs at level {level}"):
            logs.audit(replace(held, nodes=nodes), quiet)


def test_an_audit_finds_what_was_changed_on_the_disk(tmp_path: Path) -> None:
    bench = Bench(tmp_path, members=MEMBERS[:1])
    for number in range(8):
        bench.log(ALDER, Inquiry(request_hashes=(number.to_bytes(32, "big"),)))
    logs.audit(source(bench), quiet)
    with bench.replica._database.write() as connection:
        where = (log_hash.c.level == 1) & (log_hash.c.position == 2)
        connection.execute(update(log_hash).where(where).values(hash=bytes(32)))
    with pytest.raises(VerificationError, match="level 1"):
        logs.audit(source(bench), quiet)
    with bench.replica._database.write() as connection:
        connection.execute(log_hash.delete().where(where))
    with pytest.raises(CorruptionError):
        logs.audit(source(bench), quiet)
    with bench.replica._database.write() as connection:
        connection.execute(log_entry.delete().where(log_entry.c.position == 8))
    with pytest.raises((VerificationError, CorruptionError)):
        logs.audit(source(bench), quiet)
    bench.close()


def test_an_audit_finds_a_wrong_checkpoint(bench: Bench) -> None:
    size, root = bench.state.size, bench.replica.root(bench.state.size)
    logs.audit(source(bench, signed(bench, size, root)), quiet)
    entries = list(source(bench).entries())
    for note in (
        signed(bench, size, bytes(32)),
        signed(bench, size - 1, root),
        signed(bench, size + 1, root),
    ):
        with pytest.raises(VerificationError, match="another log than these"):
            logs.audit(with_entries(source(bench, note), entries), quiet)
    fine = signed(bench, size, root)
    broken = fine[:-6] + bytes([fine[-6] ^ 1]) + fine[-5:]
    with pytest.raises((VerificationError, MalformedError)):
        logs.audit(source(bench, broken), quiet)


def test_an_audit_finds_the_log_of_another_consortium(tmp_path: Path, bench: Bench) -> None:
    other = Bench(tmp_path, members=MEMBERS[:2], seed=2)
    logs.audit(source(other), quiet)
    with pytest.raises(VerificationError, match="another consortium"):
        logs.audit(source(other), quiet, trusted=bench.consortium)
    # Another genesis in front of our statements.
    entries = [other.genesis, *list(source(bench).entries())[1:]]
    with pytest.raises(VerificationError, match=r"^statement 0: the stored tree differs"):
        logs.audit(with_entries(source(bench), entries), quiet)
    other.close()


@pytest.fixture(scope="module")
def exported(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "log"
    assert logs.export(source(bench), out, quiet) == bench.state.size
    return out


def test_an_export_is_the_same_log(bench: Bench, exported: Path) -> None:
    opened = logs.open_source(exported)
    assert opened.note == source(bench).note
    assert list(opened.entries()) == list(source(bench).entries())
    assert logs.audit(opened, quiet, trusted=bench.consortium) == logs.audit(source(bench), quiet)


def test_an_export_has_what_strangers_check_it_with(bench: Bench, exported: Path) -> None:
    assert (exported / "policy").read_bytes() == policy_of(bench.consortium).encode()
    keys = json.loads((exported / "keys.json").read_text())
    assert keys == {party.id: [party.statement_key.hex()] for party in bench.consortium.parties.values()}
    names = {path.relative_to(exported).as_posix() for path in exported.rglob("*") if path.is_file()}
    rest = bench.state.size - 256
    assert names == {
        "checkpoint",
        "policy",
        "keys.json",
        "tile/0/000",
        f"tile/0/001.p/{rest}",
        "tile/1/000.p/1",
        "tile/entries/000",
        f"tile/entries/001.p/{rest}",
    }


def test_an_export_is_not_written_over_anything(bench: Bench, exported: Path, tmp_path: Path) -> None:
    before = (exported / "checkpoint").read_bytes()
    with pytest.raises(RejectedError):
        logs.export(source(bench), exported, quiet)
    assert (exported / "checkpoint").read_bytes() == before
    (tmp_path / "empty").mkdir()
    assert logs.export(source(bench), tmp_path / "empty", quiet) == bench.state.size


def test_a_changed_tile_is_found(bench: Bench, exported: Path, tmp_path: Path) -> None:
    out = tmp_path / "log"
    logs.export(source(bench), out, quiet)
    for name in ("tile/0/000", "tile/entries/000", "tile/1/000.p/1"):
        path = out / name
        before = path.read_bytes()
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        with pytest.raises((VerificationError, MalformedError, CorruptionError)):
            logs.audit(logs.open_source(out), quiet)
        path.write_bytes(before)
    assert logs.audit(logs.open_source(out), quiet) == logs.audit(logs.open_source(exported), quiet)


def test_a_folder_that_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(MalformedError):
        logs.open_source(tmp_path)


def test_a_proof_holds_under_the_policy_for_its_statement_alone(bench: Bench) -> None:
    _, note = bench.member(ALDER).cosigned_checkpoint()
    held = source(bench, note.encode())
    entries = list(held.entries())
    policy = policy_of(bench.consortium)
    for index in (0, 1, 255, 256, len(entries) - 1):
        proof = parse_proof(logs.proof(held, index))
        checkpoint = verify_proof(proof, leaf=leaf_hash(entries[index]), policy=policy)
        assert (proof.index, checkpoint.size) == (index, bench.state.size)
        with pytest.raises(VerificationError):
            verify_proof(proof, leaf=leaf_hash(entries[index - 1]), policy=policy)
    bare = parse_proof(logs.proof(source(bench), 3))
    with pytest.raises(VerificationError):
        verify_proof(bare, leaf=leaf_hash(entries[3]), policy=policy)


@pytest.mark.parametrize("index", [-1, 100_000])
def test_what_is_not_in_the_log_is_neither_proved_nor_shown(bench: Bench, index: int) -> None:
    with pytest.raises(RejectedError):
        logs.proof(source(bench), index)
    with pytest.raises(RejectedError):
        logs.show(source(bench), index)


def test_a_statement_is_shown_by_its_fields(bench: Bench) -> None:
    shown = logs.show(source(bench), bench.state.size - 1)
    raw = list(source(bench).entries())[-1]
    assert shown == {
        "index": bench.state.size - 1,
        "leaf_hash": leaf_hash(raw).hex(),
        "kind": "inquiry",
        "party": ALDER,
        "seq": shown["seq"],
        "size": len(raw),
        "body": [[(259).to_bytes(32, "big").hex()]],
    }
    genesis = logs.show(source(bench), 0)
    assert genesis["kind"] == "genesis"
    assert json.dumps(genesis)


def test_a_source_is_as_of_its_checkpoint(bench: Bench) -> None:
    note = signed(bench, 40, bench.replica.root(40))
    held = source(bench, note)
    assert list(held.entries()) == bench.replica.log.entries(0, 40)
    assert logs.audit(held, quiet).checkpoint.size == 40
    assert parse_note(held.note).text == parse_note(note).text
    assert BIRCH in logs.keys_of([logs.consortium_of(held)])


def test_every_key_that_a_party_has_had_is_named_once(bench: Bench) -> None:
    first = bench.consortium
    rotated = {**first.parties, BIRCH: replace(first.parties[BIRCH], statement_key=bytes(32))}
    keys = logs.keys_of([first, replace(first, parties=rotated)])
    assert keys[BIRCH] == [first.parties[BIRCH].statement_key.hex(), bytes(32).hex()]
    assert keys[ALDER] == [first.parties[ALDER].statement_key.hex()]


def test_what_a_url_serves_is_checked_before_it_is_shown(bench: Bench, exported: Path) -> None:
    """Under `/log/` of a node or at a log's own prefix; a changed entry is neither shown nor proved."""

    def served(prefix: str, change: str = "") -> Callable[[str], bytes | None]:
        def get(path: str) -> bytes | None:
            name = path.removeprefix(prefix)
            found = exported / name
            if name == path or not found.is_file():
                return None
            raw = found.read_bytes()
            return raw[:-1] + bytes([raw[-1] ^ 1]) if name == change else raw

        return get

    for prefix in ("/log/", "/"):
        opened = logs.open_url(served(prefix))
        assert logs.show(opened, 9) == logs.show(source(bench), 9)
        assert logs.proof(opened, 9) == logs.proof(source(bench), 9)
    with pytest.raises(VerificationError):
        logs.show(logs.open_url(served("/log/", "tile/entries/000")), 255)
    with pytest.raises(MalformedError):
        logs.open_url(lambda _path: None)
