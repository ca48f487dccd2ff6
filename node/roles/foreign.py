"""Witnessing logs of others, and being witnessed by others (C2SP tlog-witness)."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from hanse_ledger.checkpoint import AddCheckpoint, cosignatures, log_signed, parse_signed_checkpoint
from hanse_ledger.errors import CheckpointConflictError, LedgerError, VerificationError
from hanse_ledger.merkle import HashReader, prove_consistency
from hanse_ledger.note import (
    NoteVerifier,
    SignatureLine,
    SignatureType,
    merge_signatures,
    parse_note,
    parse_signature_lines,
    parse_vkey,
)
from hanse_ledger.policy import SERVED_SIGNATURES_MAX
from node.errors import SettingsError

_log = logging.getLogger(__name__)

Ask = Callable[[bytes], bytes]
"""Sends an add-checkpoint body; returns the signature lines, or raises what the witness refuses with."""

_ROUNDS: Final = 2


class ForeignWitness:
    """A cosigner that is no party's. What it has cosigned last is learned from its refusals."""

    def __init__(self, key: NoteVerifier, ask: Ask) -> None:
        self._key, self._ask, self._size = key, ask, 0

    def has_signed(self, lines: Iterable[SignatureLine]) -> bool:
        """Tell whether one of the lines is its own."""
        return any((line.name, line.key_id) == (self._key.name, self._key.key_id) for line in lines)

    def cosign(self, note: bytes, read: HashReader) -> SignatureLine | None:
        """Return its cosignature on a checkpoint, verified; None where there is none to be had.

        `read` gives the log's subtrees.
        """
        size = parse_signed_checkpoint(note).size
        try:
            return self._line(note, size, read)
        except LedgerError as error:
            _log.warning("a foreign witness does not cosign: %s", error.code)
            return None

    def _line(self, note: bytes, size: int, read: HashReader) -> SignatureLine | None:
        for _ in range(_ROUNDS):
            if self._size > size:
                return None
            path = prove_consistency(size1=self._size, size2=size, read=read) if self._size else []
            body = AddCheckpoint(old_size=self._size, path=tuple(path), note=log_signed(note)).encode()
            try:
                lines = parse_signature_lines(self._ask(body))
            except CheckpointConflictError as error:
                self._size = int(str(error))
                continue
            self._size = size
            return self._verified(note, lines)
        return None

    def _verified(self, note: bytes, lines: Sequence[SignatureLine]) -> SignatureLine:
        for line in lines:
            if self.has_signed([line]):
                self._key.verify(text=parse_note(note).text, signature=line.signature)
                return line
        raise VerificationError("a witness that signs with another key")


def with_signatures_of(note: bytes, other: bytes) -> bytes:
    """Add what else has signed the same checkpoint to one, as long as every reader takes it."""
    held, shown = parse_note(note), parse_note(other)
    if held.text != shown.text:
        return note
    merged = merge_signatures(held, cosignatures(shown))
    return replace(merged, signatures=merged.signatures[:SERVED_SIGNATURES_MAX]).encode()


def with_witnesses(note: bytes, witnesses: Iterable[ForeignWitness], read: HashReader) -> bytes:
    """Add what foreign witnesses sign to a cosigned checkpoint, as long as every reader takes it.

    One that has signed it already is not asked again.
    """
    for witness in witnesses:
        signatures = parse_note(note).signatures
        if len(signatures) >= SERVED_SIGNATURES_MAX:
            break
        line = None if witness.has_signed(signatures) else witness.cosign(note, read)
        note += b"" if line is None else line.encode()
    return note


def witness_key(vkey: str) -> NoteVerifier:
    """Read the key of a foreign witness; raises SettingsError."""
    return _key(vkey, SignatureType.COSIGNATURE_V1, "witnesses")


def witnessed_logs(vkeys: Iterable[str]) -> Mapping[str, NoteVerifier]:
    """Read the keys of foreign logs, by their origins; raises SettingsError."""
    keys = [_key(vkey, SignatureType.ED25519, "witnessed_logs") for vkey in vkeys]
    return {key.name: key for key in keys}


def _key(vkey: str, kind: SignatureType, field: str) -> NoteVerifier:
    try:
        key = parse_vkey(vkey)
    except LedgerError as error:
        raise SettingsError(f"{field}: not a vkey") from error
    if key.type is not kind:
        raise SettingsError(f"{field}: a key of signature type {kind:#04x} is needed")
    return key
