"""The log over HTTP: what C2SP tlog-tiles and tlog-witness say of paths, headers and statuses."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from support_http import Served
from support_node import MEMBERS, Bench

from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.bodies import Inquiry
from hanse_ledger.checkpoint import AddCheckpoint, Checkpoint, sign_checkpoint
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.merkle import leaf_hash, prove_consistency, verify_inclusion
from hanse_ledger.note import parse_note, parse_signature_lines
from hanse_ledger.policy import parse_policy
from hanse_ledger.proof import parse_proof
from hanse_ledger.signing import SigningKey
from hanse_ledger.tiles import decode_bundle, hash_tile, parse_tile_path
from hanse_ledger.witnessing import cosigner_name, policy_of
from node.logdoor import LogDoor, with_log
from node.roles.witness import Witness
from node.service import Doors
from node.wire import Handler, ThreadHost

SIZE = 261
STEWARD, ANOTHER = STEWARDS[StewardX(1)], STEWARDS[StewardX(2)]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("bench"), members=MEMBERS[:2])
    while made.state.size < SIZE:
        made.log(MEMBERS[0], Inquiry(request_hashes=(made.entropy(32),)))
    made.standing(STEWARD).catch_up()
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(bench: Bench) -> Iterator[httpx.Client]:
    with serving(bench, STEWARD) as made:
        yield made


@pytest.fixture
def another(bench: Bench) -> Iterator[httpx.Client]:
    """Of a steward that has cosigned nothing."""
    with serving(bench, ANOTHER) as made:
        yield made


@contextmanager
def serving(bench: Bench, steward: PartyId) -> Iterator[httpx.Client]:
    host = ThreadHost()

    def log() -> tuple[Handler, Callable[[], None]]:
        return with_log(lambda _caller, _verb, _body: b"", LogDoor(bench.replica)), lambda: None

    def node() -> tuple[Handler, Callable[[], None]]:
        standing = bench.standing(steward)
        witness = Witness(standing)
        own = with_log(lambda _caller, _verb, body: witness.add_checkpoint(body), LogDoor(standing.replica))
        return own, lambda: None

    host.start(DESK_ID, log)
    host.start(steward, node)
    served = Served()
    served.start(steward, bench.consortium, Doors(node=host.door(steward), log=host.door(DESK_ID)))
    with httpx.Client(base_url=f"{served.url}/log", trust_env=False, timeout=60) as made:
        yield made
    served.close()
    host.close()


def note(bench: Bench, size: int, root: bytes | None = None, key: SigningKey | None = None) -> bytes:
    found = bench.replica.root(size) if root is None else root
    checkpoint = Checkpoint(origin=bench.consortium.id, size=size, root=found)  # type: ignore[arg-type]
    return sign_checkpoint(checkpoint, key or bench.log_key)


def test_the_checkpoint_is_the_newest_and_not_to_be_kept(client: httpx.Client, bench: Bench) -> None:
    answer = client.get("/checkpoint")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.content == bench.replica.log.checkpoint()


@pytest.mark.parametrize("path", ["0/000", "0/001.p/5", "0/001.p/4", "0/001.p/1", "0/000.p/7", "1/000.p/1"])
def test_hash_tiles_of_every_size_so_far(client: httpx.Client, bench: Bench, path: str) -> None:
    answer = client.get(f"/tile/{path}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content == hash_tile(parse_tile_path(f"tile/{path}"), bench.replica.log.node)


@pytest.mark.parametrize(
    ("path", "first", "width"), [("000", 0, 256), ("001.p/5", 256, 5), ("000.p/3", 0, 3)]
)
def test_entry_bundles(client: httpx.Client, bench: Bench, path: str, first: int, width: int) -> None:
    answer = client.get(f"/tile/entries/{path}")
    assert decode_bundle(answer.content, width) == bench.replica.log.entries(first, width)


@pytest.mark.parametrize(
    "path",
    ["0/001", "0/001.p/6", "0/002.p/1", "1/000", "2/000.p/1", "entries/001", "entries/001.p/6",
     "entries/000.p/256", "0/000.p/0", "0/1", "00/000", "64/000", "0/x000/000", "..%2fcheckpoint", ""],
)  # fmt: skip
def test_what_no_checkpoint_covers_is_not_there(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/tile/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_policy_and_proof(client: httpx.Client, bench: Bench) -> None:
    assert parse_policy(client.get("/policy").content) == policy_of(bench.consortium)
    proof = parse_proof(client.get("/proof/257").content)
    assert proof.index == 257
    verify_inclusion(
        leaf=leaf_hash(bench.replica.log.entries(257, 1)[0]),
        index=257,
        tree_size=SIZE,
        root=bench.replica.root(SIZE),
        path=proof.path,
    )
    for path, status in ((f"/proof/{SIZE}", 404), ("/proof/-1", 400), ("/proof/x", 400)):
        assert client.get(path).status_code == status


class TestWitness:
    def post(self, client: httpx.Client, raw: bytes) -> httpx.Response:
        return client.post("/add-checkpoint", content=raw)

    def body(self, bench: Bench, old: int, size: int, signed: bytes | None = None) -> bytes:
        path = prove_consistency(size1=old, size2=size, read=bench.replica.log.node) if 0 < old < size else []
        return AddCheckpoint(old_size=old, path=tuple(path), note=signed or note(bench, size)).encode()

    def shown(self, client: httpx.Client, origin: str) -> httpx.Response:
        return client.get(f"/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint")

    def test_refusals_have_the_statuses_of_the_standard(self, another: httpx.Client, bench: Bench) -> None:
        strange = SigningKey(bytes(32))
        other = Checkpoint(origin="hanse.example/other", size=1, root=bench.replica.root(1))
        path = tuple(prove_consistency(size1=1, size2=5, read=bench.replica.log.node))
        with_proof = AddCheckpoint(old_size=0, path=path, note=note(bench, 5)).encode()
        cases = [
            (b"old 0\n", 400, "malformed"),
            (b"old 00" + self.body(bench, 0, 5)[5:], 400, "malformed"),
            (self.body(bench, 0, 5) + bytes(20_000), 400, "malformed"),
            (self.body(bench, 6, 5), 400, "malformed"),
            (self.body(bench, 0, 5, note(bench, 5, key=strange)), 403, "log_signature"),
            (self.body(bench, 0, 1, sign_checkpoint(other, bench.log_key)), 404, "not_found"),
            (with_proof, 422, "verification"),
            (self.body(bench, 0, 5, note(bench, 5, bytes(32))), 422, "verification"),
        ]
        for raw, status, code in cases:
            answer = self.post(another, raw)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert self.shown(another, bench.consortium.id).status_code == 404

    def test_cosigns_and_names_its_size_to_whoever_names_another(
        self, client: httpx.Client, bench: Bench
    ) -> None:
        answer = self.post(client, self.body(bench, 0, 5))
        assert answer.status_code == 200
        (line,) = parse_signature_lines(answer.content)
        assert line.name == cosigner_name(bench.consortium.id, STEWARD)
        conflict = self.post(client, self.body(bench, 0, 9))
        assert conflict.status_code == 409
        assert conflict.headers["content-type"].partition(";")[0] == "text/x.tlog.size"
        assert conflict.content == b"5\n"
        assert self.post(client, self.body(bench, 5, 5, note(bench, 5, bytes(32)))).status_code == 422
        shown = self.shown(client, bench.consortium.id)
        assert shown.content == note(bench, 5) + answer.content
        assert self.post(client, self.body(bench, 5, SIZE)).status_code == 200
        newest = parse_note(self.shown(client, bench.consortium.id).content)
        assert newest.text == parse_note(note(bench, SIZE)).text

    def test_shows_nothing_for_other_origins(self, client: httpx.Client) -> None:
        assert self.shown(client, "hanse.example/other").status_code == 404
        for name in ("00", "AB" * 32):
            assert client.get(f"/{name}/checkpoint").status_code == 400
