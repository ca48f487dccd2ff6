"""What other nodes show of the log: asked for by a thread of its own, compared by the monitor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hanse_ledger.checkpoint import parse_signed_checkpoint
from hanse_ledger.codec import decode, encode
from hanse_ledger.fields import as_array, as_uint
from hanse_ledger.ids import NodeHash
from hanse_ledger.merkle import EMPTY_ROOT, prove_consistency, root_at
from hanse_ledger.note import NOTE_BYTES_MAX
from hanse_ledger.tiles import tile_hash_reader

_SIGHTINGS_LIMIT: Final = 1 << 26

Get = Callable[[str], bytes | None]
"""Gives what another node serves at a path, None where there is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A checkpoint that another node serves; where its tree is larger than `size`, how it goes on from there.

    Nothing in it has been verified.
    """

    source: str
    note: bytes
    size: int = 0
    prefix_root: NodeHash = EMPTY_ROOT
    path: tuple[NodeHash, ...] = ()


def look_at(source: str, get: Get, size: int) -> Sighting | None:
    """Return what a node shows beside an own copy of `size` statements; None where it shows nothing.

    Raises LedgerError when it is out of reach or answers rubbish.
    """
    note = get("/log/checkpoint")
    if note is None or len(note) > NOTE_BYTES_MAX:
        return None
    shown = parse_signed_checkpoint(note).size
    if not 0 < size < shown:
        return Sighting(source=source, note=note)
    read = tile_hash_reader(shown, lambda path: get(f"/log/{path}"))
    return Sighting(
        source=source,
        note=note,
        size=size,
        prefix_root=root_at(size, read),
        path=tuple(prove_consistency(size1=size, size2=shown, read=read)),
    )


def encode_sightings(found: Sequence[Sighting]) -> bytes:
    """Return the message to the node's thread."""
    return encode([[one.source, one.note, one.size, one.prefix_root, list(one.path)] for one in found])


def decode_sightings(raw: bytes) -> list[Sighting]:
    """Read the message."""
    return [_read(item) for item in decode(raw, limit=_SIGHTINGS_LIMIT)]


def _read(item: object) -> Sighting:
    source, note, size, prefix_root, path = as_array(item, 5, "sighting")
    return Sighting(
        source=source, note=note, size=as_uint(size, "size"), prefix_root=prefix_root, path=tuple(path)
    )
