import pytest
from support_tlog import WORKED_LOGS, Tree, WorkedLog

from hanse_ledger.errors import MalformedError, UnavailableError
from hanse_ledger.merkle import leaf_hash, prove_inclusion, root_at, verify_inclusion
from hanse_ledger.tiles import (
    TilePath,
    decode_bundle,
    encode_bundle,
    fetch_entries,
    fetch_tile,
    hash_tile,
    parse_tile_path,
    tile_hash_reader,
    tile_paths,
    tile_width,
)


@pytest.mark.parametrize("log", WORKED_LOGS, ids=lambda log: log.folder.name)
def test_a_worked_log_is_rebuilt_byte_for_byte(log: WorkedLog) -> None:
    tree = Tree(log.entries)
    rebuilt = tree.tiles()
    for path in tile_paths(len(log.entries)):
        if path.level is None:
            first = 256 * path.index
            rebuilt[path.encode()] = encode_bundle(log.entries[first : first + path.width])
    served = [file for file in (log.folder / "tile").rglob("*") if file.is_file()]
    assert rebuilt == {str(file.relative_to(log.folder)): file.read_bytes() for file in served}


@pytest.mark.parametrize("log", WORKED_LOGS, ids=lambda log: log.folder.name)
def test_a_worked_log_is_read_back(log: WorkedLog) -> None:
    entries: list[bytes] = []
    for path in tile_paths(len(log.entries)):
        if path.level is None:
            entries += decode_bundle((log.folder / path.encode()).read_bytes(), path.width)
    assert entries == log.entries


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (TilePath(level=0, index=0), "tile/0/000"),
        (TilePath(level=None, index=1234), "tile/entries/x001/234"),
        (TilePath(level=5, index=1234067, width=1), "tile/5/x001/x234/067.p/1"),
        (TilePath(level=63, index=1000, width=255), "tile/63/x001/000.p/255"),
        (TilePath(level=0, index=(1 << 55) - 1), "tile/0/x036/x028/x797/x018/x963/967"),
    ],
)
def test_paths_are_written_and_read(path: TilePath, text: str) -> None:
    assert path.encode() == text
    assert parse_tile_path(text) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/tile/0/000",
        "tile/0/000/",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/8/0/000",
        "tile/entry/000",
        "tile/data/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/001/234",
        "tile/0/x001/x234",
        "tile/0/X001/234",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/+1",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/0/x036/x028/x797/x018/x963/968",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/../../checkpoint",
    ],
)
def test_other_spellings_are_no_paths(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_tile_path(text)


def test_which_tiles_exist_at_a_size() -> None:
    def paths(size: int) -> list[str]:
        return [path.encode() for path in tile_paths(size)]

    assert paths(0) == []
    assert paths(1) == ["tile/entries/000.p/1", "tile/0/000.p/1"]
    assert paths(256) == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert len(paths(70_000)) == 274 * 2 + 2 + 1
    assert {"tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"} < set(
        paths(70_000)
    )
    assert "tile/entries/273.p/112" in paths(70_000)


def test_a_tile_grows_with_the_log() -> None:
    level0, level1 = TilePath(level=0, index=1), TilePath(level=1, index=0)
    assert [tile_width(level0, size) for size in (0, 256, 257, 511, 512, 9_999)] == [0, 0, 1, 255, 256, 256]
    assert [tile_width(level1, size) for size in (255, 256, 300, 512)] == [0, 1, 1, 2]
    assert tile_width(TilePath(level=None, index=0), 7) == 7


def test_a_bundle_has_no_hashes() -> None:
    with pytest.raises(ValueError, match="hashes"):
        hash_tile(TilePath(level=None, index=0), Tree([b"a"]).read)


def test_bundles_keep_entries_of_every_allowed_length() -> None:
    entries = [b"", b"a", bytes(65_535)]
    raw = encode_bundle(entries)
    assert raw[:5] == b"\x00\x00\x00\x01a"
    assert decode_bundle(raw, 3) == entries


@pytest.mark.parametrize("entries", [[], [b""] * 257, [bytes(65_536)]], ids=["none", "many", "long"])
def test_what_no_bundle_holds(entries: list[bytes]) -> None:
    with pytest.raises(MalformedError):
        encode_bundle(entries)


@pytest.mark.parametrize(
    ("raw", "width"),
    [
        (b"", 1),
        (b"\x00", 1),
        (b"\x00\x01", 1),
        (b"\x00\x02a", 1),
        (b"\x00\x01ab", 1),
        (b"\x00\x01a\x00", 1),
        (b"\x00\x01a", 2),
        (b"\x00\x01a\x00", 2),
        (b"\x00\x01a\x00\x00", 1),
    ],
)
def test_bundles_of_another_length_are_refused(raw: bytes, width: int) -> None:
    with pytest.raises(MalformedError):
        decode_bundle(raw, width)


LOG300 = Tree(WORKED_LOGS[1].entries)


def test_proofs_are_made_from_served_tiles() -> None:
    read = tile_hash_reader(300, LOG300.tiles().get)
    assert root_at(300, read) == LOG300.frontier.root()
    for index in (0, 255, 256, 299):
        path = prove_inclusion(index=index, tree_size=300, read=read)
        assert path == prove_inclusion(index=index, tree_size=300, read=LOG300.read)
    verify_inclusion(
        leaf=leaf_hash(b"event-299"), index=299, tree_size=300, root=LOG300.frontier.root(), path=path
    )


def test_a_partial_that_is_gone_is_read_from_the_full_tile() -> None:
    grown = Tree([b"event-%d" % i for i in range(512)])
    assert "tile/0/001.p/44" not in grown.tiles()
    read = tile_hash_reader(300, {**grown.tiles(), "tile/1/000.p/1": LOG300.tiles()["tile/1/000.p/1"]}.get)
    assert root_at(300, read) == LOG300.frontier.root()


def test_no_hash_is_read_outside_the_tree() -> None:
    read = tile_hash_reader(300, LOG300.tiles().get)
    for level, index in ((0, 300), (0, -1), (8, 1), (9, 0)):
        with pytest.raises(ValueError, match="outside"):
            read(level, index)


def nothing(_path: str) -> None:
    return None


def test_a_missing_tile_is_worth_another_try() -> None:
    for width in (44, 256):
        with pytest.raises(UnavailableError):
            fetch_tile(TilePath(level=0, index=1, width=width), nothing)
    with pytest.raises(UnavailableError):
        fetch_entries(TilePath(level=None, index=0), nothing)


@pytest.mark.parametrize("length", [0, 43 * 32, 44 * 32 - 1, 44 * 32 + 1, 45 * 32])
def test_a_tile_of_a_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(MalformedError):
        fetch_tile(TilePath(level=0, index=1, width=44), {"tile/0/001.p/44": bytes(length)}.get)


def test_entries_come_from_the_full_bundle_when_the_partial_is_gone() -> None:
    served = {"tile/entries/000": encode_bundle([b"%d" % i for i in range(256)])}
    assert fetch_entries(TilePath(level=None, index=0, width=2), served.get) == [b"0", b"1"]


def test_a_path_outside_the_format_is_not_made() -> None:
    for level, index, width in ((64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 1 << 55, 1), (0, 0, 0), (0, 0, 257)):
        with pytest.raises(MalformedError):
            TilePath(level=level, index=index, width=width)
