"""Looking at a log from outside: audit it from its bytes, show or prove a statement, write it for others.

A source is a node's own copy of the log, or tlog-tiles: a folder such as `export` writes, or a URL.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from hanse_ledger.bodies import Genesis
from hanse_ledger.checkpoint import Checkpoint, parse_signed_checkpoint
from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.errors import MalformedError, RejectedError, VerificationError
from hanse_ledger.ids import NodeHash, PartyId, month_text
from hanse_ledger.merkle import CompletedNode, HashReader, leaf_hash, prove_inclusion, verify_inclusion
from hanse_ledger.policy import verify_checkpoint, verify_log_signature
from hanse_ledger.proof import TlogProof
from hanse_ledger.state import Accepted, LedgerState
from hanse_ledger.statements import Statement, parse_statement
from hanse_ledger.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    TilePath,
    encode_bundle,
    fetch_entries,
    hash_tile,
    tile_hash_reader,
    tile_paths,
    tile_width,
)
from hanse_ledger.witnessing import policy_of
from node.files import write_whole
from node.sequencing.ahead import BATCH, verified_ahead
from node.sequencing.replica import Replica

CHECKPOINT_FILE: Final = "checkpoint"
POLICY_FILE: Final = "policy"
KEYS_FILE: Final = "keys.json"
_BATCH: Final = 256

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A log to look at: its newest checkpoint (a note), its statements in order, its stored tree."""

    note: bytes
    entries: Callable[[], Iterator[bytes]]
    entry: Callable[[int], bytes]
    """One statement by its index, which is within the checkpoint's size."""
    node: HashReader
    nodes: Callable[[int, int, int], Sequence[NodeHash] | None]
    """(level, first, count) -> the hashes of neighbouring complete subtrees as stored, None where a source
    stores none of that level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """What an audit found true: the consortium, the checkpoint, how many statements of each kind."""

    consortium: Consortium
    checkpoint: Checkpoint
    kinds: Mapping[str, int]
    counting_reports: int
    last_closed: str | None
    is_cosigned: bool


def audit(source: Source, progress: Progress, *, trusted: Consortium | None = None) -> AuditResult:
    """Replay a log from its bytes: every statement is accepted anew, every stored tree node compared.

    Raises VerificationError that names the first statement, or the tree node, that does not hold. With
    `trusted`, the log must begin with that document: a log proves nothing about whose it is by itself.
    """
    state = LedgerState()
    kinds = Counter[str]()
    entries, signed_size = source.entries(), parse_signed_checkpoint(source.note).size
    while batch := list(islice(entries, BATCH)):
        kinds.update(accepted.statement.kind for accepted in _accept(state, source, batch))
        progress("audit", state.size, signed_size)
    if trusted is not None and consortium_of(source).hash != trusted.hash:
        raise VerificationError("the log of another consortium than the one that is trusted")
    policy = policy_of(state.consortium)
    checkpoint = verify_log_signature(source.note, policy)
    if (checkpoint.size, checkpoint.root) != (state.size, state.frontier.root()):
        raise VerificationError(f"the checkpoint speaks of another log than these {state.size} statements")
    last = state.last_closed()
    return AuditResult(
        consortium=state.consortium,
        checkpoint=checkpoint,
        kinds=kinds,
        counting_reports=sum(entry.counts_at is not None for entry in state.reports.values()),
        last_closed=None if last is None else month_text(last),
        is_cosigned=_is_cosigned(source.note, state.consortium),
    )


def _accept(state: LedgerState, source: Source, batch: Sequence[bytes]) -> list[Accepted]:
    """Accept statements and compare the tree nodes that they complete; what does not hold first is named."""
    start, accepted = state.size, list[Accepted]()
    try:
        for part in verified_ahead(batch, state):
            accepted += map(state.apply, part)
    except RejectedError as error:
        _compare_tree(source, accepted)
        index = start + len(accepted)
        raise VerificationError(f"statement {index} is refused: {error.code}: {error}") from error
    _compare_tree(source, accepted)
    return accepted


def _compare_tree(source: Source, accepted: Sequence[Accepted]) -> None:
    by_level: dict[int, list[CompletedNode]] = {}
    for node in chain.from_iterable(one.completed for one in accepted):
        by_level.setdefault(node.level, []).append(node)
    wrong = []
    for level, nodes in by_level.items():
        stored = source.nodes(level, nodes[0].position, len(nodes))
        if stored is not None:
            pairs = zip(nodes, stored, strict=True)
            wrong += [
                (((n.position + 1) << level) - 1, level) for n, is_stored in pairs if n.hash != is_stored
            ]
    if wrong:
        index, level = min(wrong)
        raise VerificationError(f"statement {index}: the stored tree differs at level {level}")


def open_source(folder: Path) -> Source:
    """Open a folder of tlog-tiles; raises MalformedError for another folder."""

    def fetch(path: str) -> bytes | None:
        try:
            return (folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    source = tiles_source(fetch)
    if source is None:
        raise MalformedError("not a consortium's folder, and no folder of tlog-tiles")
    return source


def open_url(get: Callable[[str], bytes | None]) -> Source:
    """Open the log that a node serves at its URL, or any tlog-tiles log at its prefix; `get` gets a path.

    Raises UnavailableError when it is out of reach, MalformedError where no log is.
    """
    source = tiles_source(lambda path: get(f"/log/{path}")) or tiles_source(lambda path: get(f"/{path}"))
    if source is None:
        raise MalformedError("no log is served at this URL")
    return source


def tiles_source(fetch: Callable[[str], bytes | None]) -> Source | None:
    """Return a log in tlog-tiles whose files `fetch` gives; None where it has no checkpoint."""
    note = fetch(CHECKPOINT_FILE)
    if note is None:
        return None
    size = parse_signed_checkpoint(note).size

    def bundle(index: int) -> list[bytes]:
        path = TilePath(level=None, index=index)
        return fetch_entries(replace(path, width=tile_width(path, size)), fetch)

    def entries() -> Iterator[bytes]:
        for index in range(-(-size // TILE_WIDTH)):
            yield from bundle(index)

    read = tile_hash_reader(size, fetch)

    def nodes(level: int, first: int, count: int) -> list[NodeHash] | None:
        # Tiles hold every eighth level; what is between follows from the hashes below it.
        return None if level % TILE_HEIGHT else [read(level, first + offset) for offset in range(count)]

    return Source(
        note=note,
        entries=entries,
        entry=lambda index: bundle(index // TILE_WIDTH)[index % TILE_WIDTH],
        node=read,
        nodes=nodes,
    )


def replica_source(replica: Replica, note: bytes | None = None) -> Source:
    """Return a node's own stored log, with its newest checkpoint or the one given."""
    stored = replica.log.checkpoint() if note is None else note
    if stored is None:
        raise MalformedError("the log has no checkpoint yet")
    size = parse_signed_checkpoint(stored).size

    def entries() -> Iterator[bytes]:
        for start in range(0, size, _BATCH):
            yield from replica.log.entries(start, min(_BATCH, size - start))

    return Source(
        note=stored,
        entries=entries,
        entry=lambda index: replica.log.entries(index, 1)[0],
        node=replica.log.node,
        nodes=replica.log.nodes,
    )


def export(source: Source, out: Path, progress: Progress) -> int:
    """Write a log as tlog-tiles with `policy` and `keys.json` beside them; return its size.

    `policy` is that of the document in force, `keys.json` has every statement key that a party has had: both
    come from replaying what is written. Raises RejectedError when `out` holds anything already, or for a
    statement that is refused; the checkpoint is written last.
    """
    if out.exists() and any(out.iterdir()):
        raise RejectedError("the folder to write to is not empty")
    size = parse_signed_checkpoint(source.note).size
    entries = source.entries()
    state = LedgerState()
    for path in tile_paths(size):
        if path.level is None:
            bundle = [next(entries) for _ in range(path.width)]
            for raw in bundle:
                state.replay(raw)
            content = encode_bundle(bundle)
            progress("export", path.index * _BATCH, size)
        else:
            content = hash_tile(path, source.node)
        write_whole(out / path.encode(), content)
    write_whole(out / POLICY_FILE, policy_of(state.consortium).encode())
    write_whole(out / KEYS_FILE, json.dumps(keys_of(state.documents), indent=1).encode())
    write_whole(out / CHECKPOINT_FILE, source.note)
    return size


def proof(source: Source, index: int) -> bytes:
    """Return the `.tlog-proof` of one statement; RejectedError for an index outside the log.

    Raises VerificationError when the statement does not stand in the tree that the checkpoint names.
    """
    return _prove(source, index)[1].encode()


def show(source: Source, index: int) -> dict[str, Any]:
    """Return one statement as plain fields; refuses as `proof` does."""
    raw, _ = _prove(source, index)
    return describe_statement(index, raw, parse_statement(raw))


def _prove(source: Source, index: int) -> tuple[bytes, TlogProof]:
    checkpoint = parse_signed_checkpoint(source.note)
    if not 0 <= index < checkpoint.size:
        raise RejectedError(f"the log has statements 0 to {checkpoint.size - 1}")
    raw = source.entry(index)
    path = prove_inclusion(index=index, tree_size=checkpoint.size, read=source.node)
    verify_inclusion(
        leaf=leaf_hash(raw), index=index, tree_size=checkpoint.size, root=checkpoint.root, path=path
    )
    return raw, TlogProof(index=index, path=tuple(path), note=source.note)


def describe_statement(index: int, raw: bytes, statement: Statement) -> dict[str, Any]:
    """Return what a statement says, bytes in hex and long lists as their lengths."""
    return {
        "index": index,
        "leaf_hash": leaf_hash(raw).hex(),
        "kind": statement.kind,
        "party": statement.party,
        "seq": statement.seq,
        "size": len(raw),
        "body": _plain(statement.body.fields()),
    }


def consortium_of(source: Source) -> Consortium:
    """Return the consortium document that stands at index 0."""
    body = parse_statement(next(source.entries())).body
    if not isinstance(body, Genesis):
        raise VerificationError("statement 0 is no genesis")
    return parse_document(body.document)


def keys_of(documents: Sequence[Consortium]) -> dict[PartyId, list[str]]:
    """Return every party's statement keys in hex, in the order in which documents named them."""
    keys: dict[PartyId, list[str]] = {}
    for document in documents:
        for party in document.parties.values():
            known = keys.setdefault(party.id, [])
            if party.statement_key.hex() not in known:
                known.append(party.statement_key.hex())
    return keys


_LONG: Final = 16


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex() if len(value) <= 2 * _LONG else f"{len(value)} bytes"
    if isinstance(value, list):
        return [_plain(item) for item in value] if len(value) <= _LONG else f"{len(value)} items"
    return value


def _is_cosigned(note: bytes, consortium: Consortium) -> bool:
    try:
        verify_checkpoint(note, policy_of(consortium))
    except VerificationError:
        return False
    return True
