"""The consortium document that a firm has decided to trust, and what verified answers have taught since."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Final, TypeAlias

from hanse_ledger.checkpoint import Checkpoint
from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.errors import DocumentError, VerificationError
from hanse_ledger.ids import NodeHash

TrustSource: TypeAlias = "str | PathLike[str] | bytes | Mapping[str, Any] | Trust"
"""A path to consortium.json, its bytes, the parsed JSON, or what was loaded before."""

_DOCUMENT_BYTES_MOST: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A pinned consortium document. It never changes by what a node says."""

    consortium: Consortium = field(repr=False)

    @classmethod
    def load(cls, source: TrustSource) -> "Trust":
        """Read a document; raises DocumentError naming the field, or OSError for a path."""
        if isinstance(source, Trust):
            return source
        if isinstance(source, Mapping):
            return cls(consortium=parse_document(_canonical(source)))
        raw = source if isinstance(source, bytes) else Path(source).read_bytes()
        if len(raw) > _DOCUMENT_BYTES_MOST:
            raise DocumentError(field="document", reason="is longer than a document can be")
        return cls(consortium=parse_document(raw))

    @property
    def hash(self) -> str:
        """SHA-256 of the document in hex: what parties compare when they confirm it to each other."""
        return self.consortium.hash.hex()

    @property
    def purposes(self) -> tuple[str, ...]:
        """The purposes that an inquiry may have."""
        return self.consortium.policy.purposes

    @property
    def is_demo(self) -> bool:
        """Whether one party dealt everybody's keys, as in a demo and in `hanse_client.testing`."""
        return self.consortium.demo


class Seen:
    """What verified answers have shown of the log and of whose node this is. Any thread may use it."""

    def __init__(self, party: str | None) -> None:
        self._lock = threading.Lock()
        self._party = party
        self._size, self._root = 0, NodeHash(b"")

    @property
    def log_size(self) -> int:
        """The size of the largest cosigned log that was verified; what is asked from now on stands behind."""
        with self._lock:
            return self._size

    def verify(self, *, party: str | None = None, checkpoint: Checkpoint, is_cosigned: bool = True) -> None:
        """Hold a verified answer against the earlier ones; remember it if its checkpoint is cosigned.

        Raises VerificationError for another party's answer, and for a second log of the same size.
        """
        with self._lock:
            if party is not None and self._party not in (None, party):
                raise VerificationError("the answer was given to another party")
            if checkpoint.size == self._size and checkpoint.root != self._root:
                raise VerificationError("two cosigned logs of one size: keep both answers as evidence")
            self._party = self._party or party
            if is_cosigned and checkpoint.size > self._size:
                self._size, self._root = checkpoint.size, checkpoint.root


def _canonical(document: Mapping[str, Any]) -> bytes:
    # Of text, booleans and integers this is the RFC 8785 form; `parse_document` compares with that form.
    try:
        return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise DocumentError(field="document", reason="not RFC 8785 JSON") from error
