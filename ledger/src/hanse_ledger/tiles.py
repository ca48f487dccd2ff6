"""C2SP tlog-tiles: the paths, hash tiles and entry bundles in which a log is served.

A tile has up to 256 hashes; hash i of tile n at tile level l is the complete subtree (8 * l, 256 * n + i)
of the tree. A bundle has the entries under a tile of level 0. What stands under a path of full width
never changes, and a partial one is a prefix of the full one.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from hanse_ledger.errors import MalformedError, UnavailableError
from hanse_ledger.ids import HASH_BYTES, NodeHash
from hanse_ledger.merkle import HashReader, node_hash

TILE_WIDTH: Final = 256
TILE_HEIGHT: Final = 8
"""Every eighth level of the tree is stored in tiles: 2^8 hashes in each."""
ENTRY_BYTES_MAX: Final = 65_535

_LEVEL_MAX: Final = 63
_INDEX_LIMIT: Final = 1 << 55  # 256 times that are 2^63 leaves
_LENGTH_BYTES: Final = 2
_GROUP: Final = 1_000
_CACHED_TILES: Final = 64
_PATH: Final = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TilePath:
    """Which tile: hashes of a level, or with level None the entry bundle of that index."""

    level: int | None
    index: int
    width: int = TILE_WIDTH
    """1 to 255 hashes or entries in a partial tile, 256 in a full one."""

    def __post_init__(self) -> None:
        if self.level is not None and not 0 <= self.level <= _LEVEL_MAX:
            raise MalformedError(f"a tile level is 0 to {_LEVEL_MAX}")
        if not 0 <= self.index < _INDEX_LIMIT:
            raise MalformedError("a tile index is below 2^55")
        if not 1 <= self.width <= TILE_WIDTH:
            raise MalformedError(f"a tile is 1 to {TILE_WIDTH} wide")

    def full(self) -> "TilePath":
        """Return the path at which the same tile stands once it is full."""
        return TilePath(level=self.level, index=self.index)

    def encode(self) -> str:
        """Return the path below the log's prefix, such as `tile/0/x001/234.p/5`."""
        kind = "entries" if self.level is None else str(self.level)
        index, groups = self.index // _GROUP, f"{self.index % _GROUP:03d}"
        while index:
            groups = f"x{index % _GROUP:03d}/{groups}"
            index //= _GROUP
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{kind}/{groups}{partial}"


def parse_tile_path(text: str) -> TilePath:
    """Read a path in its one spelling; raises MalformedError."""
    found = _PATH.fullmatch(text)
    if found is None:
        raise MalformedError("not a tile path")
    path = TilePath(
        level=None if found[1] == "entries" else int(found[1]),
        index=int(found[2].replace("x", "").replace("/", "")),
        width=int(found[3] or TILE_WIDTH),
    )
    # Refuses leading groups of zeros and a partial of 256.
    if path.encode() != text:
        raise MalformedError("a tile path that is not in its one spelling")
    return path


def tile_paths(size: int) -> Iterator[TilePath]:
    """Yield what a log of `size` entries consists of: bundles, then hash tiles from level 0 upward.

    Full tiles and, at each level, the one partial that is not empty.
    """
    yield from _level_paths(None, size)
    level = 0
    while size:
        yield from _level_paths(level, size)
        level, size = level + 1, size // TILE_WIDTH


def tile_width(path: TilePath, size: int) -> int:
    """Return how much of a tile exists at `size`: 0, where there is none of it yet, to 256."""
    hashes = size >> (TILE_HEIGHT * (path.level or 0))
    return min(TILE_WIDTH, max(0, hashes - TILE_WIDTH * path.index))


def hash_tile(path: TilePath, read: HashReader) -> bytes:
    """Return the bytes of a hash tile, 32 for each of its hashes."""
    if path.level is None:
        raise ValueError("an entry bundle has no hashes")
    level, first = TILE_HEIGHT * path.level, TILE_WIDTH * path.index
    return b"".join(read(level, first + offset) for offset in range(path.width))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle: each entry behind its length in two big-endian bytes."""
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise MalformedError(f"a bundle has 1 to {TILE_WIDTH} entries")
    if any(len(entry) > ENTRY_BYTES_MAX for entry in entries):
        raise MalformedError(f"an entry of more than {ENTRY_BYTES_MAX} bytes")
    return b"".join(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in entries)


def decode_bundle(raw: bytes, width: int) -> list[bytes]:
    """Return the entries of a bundle, exactly `width` of them; raises MalformedError."""
    entries, position = [], 0
    for _ in range(width):
        start = position + _LENGTH_BYTES
        position = start + int.from_bytes(raw[position:start], "big")
        if start > len(raw) or position > len(raw):
            raise MalformedError("an entry bundle that ends too early")
        entries.append(raw[start:position])
    if position != len(raw):
        raise MalformedError("an entry bundle that goes on after its last entry")
    return entries


def tile_hash_reader(size: int, fetch: Callable[[str], bytes | None]) -> HashReader:
    """Return a reader of a served log's subtree hashes as of `size`, made from its hash tiles.

    `fetch` gives the bytes at a path, or None where there is nothing. A partial that is gone is read
    from its full tile. Verifies nothing: a proof made with this reader is worth what checking it against
    a signed root says. The reader raises UnavailableError for a missing tile, MalformedError for one of
    a wrong length, ValueError for a subtree outside the tree.
    """

    @lru_cache(maxsize=_CACHED_TILES)
    def subtrees(level: int, index: int) -> list[list[NodeHash]]:
        width = tile_width(TilePath(level=level, index=index), size)
        return _subtrees(fetch_tile(TilePath(level=level, index=index, width=width), fetch))

    def read(level: int, index: int) -> NodeHash:
        if index < 0 or (index + 1) << level > size:
            raise ValueError("a subtree outside the tree")
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, offset = divmod(index << height, TILE_WIDTH)
        return subtrees(tile_level, tile_index)[height][offset >> height]

    return read


def _subtrees(tile: bytes) -> list[list[NodeHash]]:
    """Return the hashes of a tile and those of the complete subtrees above them, by height below 8."""
    levels = [[NodeHash(tile[at : at + HASH_BYTES]) for at in range(0, len(tile), HASH_BYTES)]]
    for _ in range(1, TILE_HEIGHT):
        below = levels[-1]
        levels.append([node_hash(*pair) for pair in zip(below[::2], below[1::2], strict=False)])
    return levels


def fetch_tile(path: TilePath, fetch: Callable[[str], bytes | None]) -> bytes:
    """Return the bytes of a hash tile, cut from the full tile where the partial is gone.

    Raises UnavailableError when neither is there, MalformedError for a wrong length.
    """
    raw, width = _fetch(path, fetch)
    if len(raw) != HASH_BYTES * width:
        raise MalformedError("a hash tile of a wrong length")
    return raw[: HASH_BYTES * path.width]


def fetch_entries(path: TilePath, fetch: Callable[[str], bytes | None]) -> list[bytes]:
    """Return the entries of a bundle, from the full one where the partial is gone.

    Raises UnavailableError when neither is there, MalformedError for bytes that are no such bundle.
    """
    return decode_bundle(*_fetch(path, fetch))[: path.width]


def _fetch(path: TilePath, fetch: Callable[[str], bytes | None]) -> tuple[bytes, int]:
    """Return the bytes at a path and the width that they have. Partials may be dropped for the full tile."""
    raw = fetch(path.encode())
    if raw is not None:
        return raw, path.width
    full = path.full()
    raw = fetch(full.encode()) if full != path else None
    if raw is None:
        raise UnavailableError("a tile that the log does not serve")
    return raw, full.width


def _level_paths(level: int | None, hashes: int) -> Iterator[TilePath]:
    full, partial = divmod(hashes, TILE_WIDTH)
    for index in range(full):
        yield TilePath(level=level, index=index)
    if partial:
        yield TilePath(level=level, index=full, width=partial)
