"""Evidence against whoever orders a log as a file, which a third person verifies offline.

JSON. Checkpoints stand in it verbatim, as C2SP notes that any reader of notes opens; hashes are the nodes of
RFC 6962 proofs, bytes in lower-case hex.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hanse_ledger.checkpoint import parse_signed_checkpoint
from hanse_ledger.errors import MalformedError
from hanse_ledger.fields import as_uint
from hanse_ledger.ids import HASH_BYTES, NodeHash
from hanse_ledger.misbehaviour import DoubleVote, Fork, Misbehaviour, Refused, Seen, Shrunk, Withheld
from hanse_ledger.votes import Vote

FORMAT: Final = "hanse-log-evidence/1"
EVIDENCE_BYTES_MAX: Final = 1 << 21
_VOTE_NUMBERS: Final = ("type", "height", "round", "parts_total", "seconds", "nanos")
_VOTE_BYTES: Final = ("block_hash", "parts_hash", "signature")


def encode_evidence(found: Misbehaviour, *, kept_by: str) -> bytes:
    """Return the file."""
    content: dict[str, Any] = {"format": FORMAT, "kept_by": kept_by}
    match found:
        case Fork():
            content |= {"kind": "fork", "smaller": _seen_fields(found.smaller)}
            content |= {"larger": _seen_fields(found.larger)}
            content |= {"prefix_root": found.prefix_root.hex(), "path": _hex(found.path)}
        case Shrunk():
            content |= {"kind": "shrunk", "before": _seen_fields(found.before)}
            content |= {"after": _seen_fields(found.after)}
        case Refused():
            content |= {"kind": "refused", "seen": _seen_fields(found.seen), "index": found.index}
            content |= {"statement": found.statement.hex(), "path": _hex(found.path), "code": found.code}
        case Withheld():
            content |= {"kind": "withheld", "before": _seen_fields(found.before)}
            content |= {"after": _seen_fields(found.after), "statement": found.statement.hex()}
            content |= {"subtrees": _hex(found.subtrees), "leaves": _hex(found.leaves)}
        case DoubleVote():
            content |= {"kind": "double_vote", "chain_id": found.chain_id, "key": found.key.hex()}
            content |= {"first": _vote_fields(found.first), "second": _vote_fields(found.second)}
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def parse_evidence(raw: bytes) -> Misbehaviour:
    """Read a file; raises MalformedError for all that `encode_evidence` does not write."""
    if len(raw) > EVIDENCE_BYTES_MAX:
        raise MalformedError(f"evidence of more than {EVIDENCE_BYTES_MAX} bytes")
    try:
        content = json.loads(raw)
        if content["format"] != FORMAT:
            raise MalformedError("evidence of another format")
        found = _READERS[content["kind"]](content)
        kept_by = content["kept_by"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise MalformedError("not evidence on a log") from error
    if not isinstance(kept_by, str) or json.loads(encode_evidence(found, kept_by=kept_by)) != content:
        raise MalformedError("evidence with fields that do not belong there")
    return found


def _read_fork(content: Mapping[str, Any]) -> Fork:
    (prefix,) = _hashes([content["prefix_root"]])
    return Fork(
        smaller=_seen(content["smaller"]),
        larger=_seen(content["larger"]),
        prefix_root=prefix,
        path=_hashes(content["path"]),
    )


def _read_shrunk(content: Mapping[str, Any]) -> Shrunk:
    return Shrunk(before=_seen(content["before"]), after=_seen(content["after"]))


def _read_refused(content: Mapping[str, Any]) -> Refused:
    return Refused(
        seen=_seen(content["seen"]),
        index=int(content["index"]),
        statement=bytes.fromhex(content["statement"]),
        path=_hashes(content["path"]),
        code=str(content["code"]),
    )


def _read_withheld(content: Mapping[str, Any]) -> Withheld:
    return Withheld(
        before=_seen(content["before"]),
        after=_seen(content["after"]),
        statement=bytes.fromhex(content["statement"]),
        subtrees=_hashes(content["subtrees"]),
        leaves=_hashes(content["leaves"]),
    )


def _read_double_vote(content: Mapping[str, Any]) -> DoubleVote:
    return DoubleVote(
        chain_id=str(content["chain_id"]),
        key=bytes.fromhex(content["key"]),
        first=_vote(content["first"]),
        second=_vote(content["second"]),
    )


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Misbehaviour]]] = {
    "fork": _read_fork,
    "shrunk": _read_shrunk,
    "refused": _read_refused,
    "withheld": _read_withheld,
    "double_vote": _read_double_vote,
}


def _vote_fields(vote: Vote) -> dict[str, str | int]:
    fields = {name: getattr(vote, name) for name in (*_VOTE_NUMBERS, *_VOTE_BYTES)}
    return {name: value.hex() if name in _VOTE_BYTES else value for name, value in fields.items()}


def _vote(content: Mapping[str, Any]) -> Vote:
    number = {name: as_uint(content[name], name) for name in _VOTE_NUMBERS}
    raw = {name: bytes.fromhex(content[name]) for name in _VOTE_BYTES}
    return Vote(
        type=number["type"],
        height=number["height"],
        round=number["round"],
        block_hash=raw["block_hash"],
        parts_total=number["parts_total"],
        parts_hash=raw["parts_hash"],
        seconds=number["seconds"],
        nanos=number["nanos"],
        signature=raw["signature"],
    )


def _seen_fields(seen: Seen) -> dict[str, str]:
    return {"checkpoint": seen.note.decode(), "source": seen.source, "at": seen.at}


def _seen(content: Mapping[str, Any]) -> Seen:
    note = content["checkpoint"].encode()
    parse_signed_checkpoint(note)
    return Seen(note=note, source=str(content["source"]), at=str(content["at"]))


def _hex(hashes: Sequence[NodeHash]) -> list[str]:
    return [one.hex() for one in hashes]


def _hashes(typed: Sequence[str]) -> tuple[NodeHash, ...]:
    found = tuple(NodeHash(bytes.fromhex(one)) for one in typed)
    if any(len(one) != HASH_BYTES for one in found):
        raise MalformedError(f"a tree hash has {HASH_BYTES} bytes")
    return found
