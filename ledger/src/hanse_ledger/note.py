"""C2SP signed notes: text, signature lines and the keys that make and check them.

Two signature types exist here: Ed25519 over the text (0x01), with which a log signs, and
cosignature/v1 (0x04), Ed25519 over a time and the text, with which a node says what it has seen. Lines
of other types are carried along and ignored, as the format demands. Every value has one spelling:
canonical base64, decimals without leading zeros.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.signing import PUBLIC_KEY_BYTES, SIGNATURE_BYTES, SigningKey, check_public_key
from hanse_ledger.signing import verify_signature as verify_ed25519

SIGNATURES_MAX: Final = 100
"""What Go's x/mod takes; a reader is only obliged to take 16."""
NOTE_BYTES_MAX: Final = 1_000_000

_KEY_ID_BYTES: Final = 4
_TIMESTAMP_BYTES: Final = 8
_TIMESTAMP_LIMIT: Final = 1 << 63
_LINE_START: Final = "\u2014 "  # an em dash and a space
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_VKEY: Final = re.compile(r"([^+]+)\+([0-9a-f]{8})\+(.+)", re.DOTALL)


class SignatureType(IntEnum):
    """The signature type byte of signed-note that goes into a key id and a vkey."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureLine:
    """One signature on a note: whose it claims to be, and the bytes after the key id."""

    name: str
    key_id: bytes
    signature: bytes

    def encode(self) -> bytes:
        """Return the line with its final newline."""
        return f"{_LINE_START}{self.name} {encode_base64(self.key_id + self.signature)}\n".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A parsed note. Nothing in it has been verified."""

    text: bytes
    """The signed bytes, with their final newline."""
    signatures: tuple[SignatureLine, ...]

    def encode(self) -> bytes:
        """Return the bytes that `parse_note` reads back to the same note."""
        return self.text + b"\n" + b"".join(line.encode() for line in self.signatures)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteVerifier:
    """A named public key with the one type of signature that it may make."""

    name: str
    public: bytes
    type: SignatureType
    key_id: bytes = field(init=False)
    """SHA-256(name || newline || type || public key)[:4]."""

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public) != PUBLIC_KEY_BYTES:
            raise MalformedError(f"a public key has {PUBLIC_KEY_BYTES} bytes")
        named = self.name.encode() + b"\n" + bytes([self.type]) + self.public
        object.__setattr__(self, "key_id", hashlib.sha256(named).digest()[:_KEY_ID_BYTES])

    def vkey(self) -> str:
        """Return the key as `name+hex key id+base64(type || public key)`."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.type]) + self.public)}"

    def verify(self, *, text: bytes, signature: bytes) -> None:
        """Check the signature bytes of a line over a note's text; raises VerificationError."""
        message = text
        if self.type is SignatureType.COSIGNATURE_V1:
            timestamp_s = cosignature_time_s(signature)
            message, signature = _cosigned(text, timestamp_s), signature[_TIMESTAMP_BYTES:]
        verify_ed25519(public=self.public, message=message, signature=signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSigner:
    """A named private key. The same text (and time) always gives the same line."""

    name: str
    key: SigningKey
    type: SignatureType

    def __post_init__(self) -> None:
        check_key_name(self.name)

    def verifier(self) -> NoteVerifier:
        """Return the public side."""
        return NoteVerifier(name=self.name, public=self.key.public, type=self.type)

    def sign(self, text: bytes, *, timestamp_s: int | None = None) -> SignatureLine:
        """Sign a note's text. A cosignature needs `timestamp_s` (POSIX seconds), the other type has none."""
        if not text.endswith(b"\n"):
            raise MalformedError("a note's text ends in a newline")
        if (timestamp_s is not None) != (self.type is SignatureType.COSIGNATURE_V1):
            raise ValueError("a cosignature carries a time, and nothing else does")
        if timestamp_s is None:
            signature = self.key.sign(text)
        else:
            if not 0 <= timestamp_s < _TIMESTAMP_LIMIT:
                raise ValueError("a time outside 0 to 2^63 - 1 seconds")
            stamp = timestamp_s.to_bytes(_TIMESTAMP_BYTES, "big")
            signature = stamp + self.key.sign(_cosigned(text, timestamp_s))
        return SignatureLine(name=self.name, key_id=self.verifier().key_id, signature=signature)


def parse_vkey(text: str) -> NoteVerifier:
    """Read a vkey of type 0x01 or 0x04.

    Raises MalformedError for another type, a key id that does not belong to the key, and a public key
    that is not canonical or of small order.
    """
    found = _VKEY.fullmatch(text)
    if found is None:
        raise MalformedError("a vkey is name+key id+key")
    typed = decode_base64(found[3])
    if len(typed) != 1 + PUBLIC_KEY_BYTES or typed[0] not in tuple(SignatureType):
        raise MalformedError("a vkey of a type that is not read here")
    check_public_key(typed[1:])
    verifier = NoteVerifier(name=found[1], public=typed[1:], type=SignatureType(typed[0]))
    if verifier.key_id.hex() != found[2]:
        raise MalformedError("a vkey whose key id is not that of its key")
    return verifier


def parse_note(raw: bytes) -> Note:
    """Split a note at its last blank line and read the signature lines; verifies nothing.

    Raises MalformedError.
    """
    if len(raw) > NOTE_BYTES_MAX:
        raise MalformedError(f"a note of more than {NOTE_BYTES_MAX} bytes")
    try:
        whole = raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("a note that is not UTF-8") from error
    if _CONTROL.search(whole):
        raise MalformedError("a note with a control character")
    text, separator, lines = whole.rpartition("\n\n")
    if not separator:
        raise MalformedError("a note without a blank line before its signatures")
    return Note(text=f"{text}\n".encode(), signatures=parse_signature_lines(lines.encode()))


def parse_signature_lines(raw: bytes) -> tuple[SignatureLine, ...]:
    """Read one to `SIGNATURES_MAX` whole signature lines, as a witness answers them.

    Raises MalformedError.
    """
    try:
        *lines, rest = raw.decode().split("\n")
    except UnicodeDecodeError as error:
        raise MalformedError("signature lines that are not UTF-8") from error
    if rest or not 1 <= len(lines) <= SIGNATURES_MAX:
        raise MalformedError(f"there are 1 to {SIGNATURES_MAX} signature lines, each ended by a newline")
    return tuple(_parse_signature_line(line) for line in lines)


def verify_note(note: Note, verifiers: Iterable[NoteVerifier]) -> list[NoteVerifier]:
    """Check every signature of a known key; return who signed, each once, in the order of the lines.

    Unknown keys are ignored. Raises VerificationError when a known key's signature does not hold,
    whatever else does, and when no known key has signed. Two verifiers must not share name and key id.
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    signed: dict[NoteVerifier, None] = {}
    for line in note.signatures:
        verifier = known.get((line.name, line.key_id))
        if verifier is not None:
            verifier.verify(text=note.text, signature=line.signature)
            signed[verifier] = None
    if not signed:
        raise VerificationError("a note without a signature of a known key")
    return list(signed)


def merge_signatures(note: Note, lines: Sequence[SignatureLine]) -> Note:
    """Add signature lines at the end; a line by a key that has already signed is left out.

    Verifies nothing: the caller has checked the lines against the note's text.
    """
    merged: dict[tuple[str, bytes], SignatureLine] = {}
    for line in (*note.signatures, *lines):
        merged.setdefault((line.name, line.key_id), line)
    if len(merged) > SIGNATURES_MAX:
        raise MalformedError(f"a note of more than {SIGNATURES_MAX} signatures")
    return Note(text=note.text, signatures=tuple(merged.values()))


def cosignature_time_s(signature: bytes) -> int:
    """Return the POSIX seconds that the signature bytes of a cosignature/v1 line claim.

    Raises VerificationError for bytes that cannot be a cosignature.
    """
    timestamp_s = int.from_bytes(signature[:_TIMESTAMP_BYTES], "big")
    if len(signature) != _TIMESTAMP_BYTES + SIGNATURE_BYTES or timestamp_s >= _TIMESTAMP_LIMIT:
        raise VerificationError("a cosignature of a wrong form")
    return timestamp_s


def check_key_name(name: str) -> None:
    """Refuse what signed-note refuses in a key name: nothing at all, Unicode spaces, `+`, controls."""
    if not name or "+" in name or any(char.isspace() or char < " " for char in name):
        raise MalformedError("a key name that signed notes do not allow")
    if any("\ud800" <= char <= "\udfff" for char in name):
        raise MalformedError("a key name that is not UTF-8")


def encode_base64(raw: bytes) -> str:
    """Return standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(raw).decode()


def decode_base64(text: str) -> bytes:
    """Read standard, padded base64 in its one spelling; raises MalformedError."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError("not base64") from error
    if encode_base64(raw) != text:
        raise MalformedError("base64 that is not canonical")
    return raw


def parse_decimal(text: str) -> int:
    """Read an ASCII decimal below 2^63 without leading zeros; raises MalformedError."""
    if not _DECIMAL.fullmatch(text) or int(text) >= 1 << 63:
        raise MalformedError("not a decimal number below 2^63")
    return int(text)


def _cosigned(text: bytes, timestamp_s: int) -> bytes:
    """Return the message under a cosignature (tlog-cosignature, Ed25519 signed message)."""
    return b"cosignature/v1\ntime %d\n" % timestamp_s + text


def _parse_signature_line(line: str) -> SignatureLine:
    if not line.startswith(_LINE_START):
        raise MalformedError("a signature line starts with an em dash and a space")
    name, separator, encoded = line.removeprefix(_LINE_START).partition(" ")
    check_key_name(name)
    blob = decode_base64(encoded)
    if not separator or len(blob) <= _KEY_ID_BYTES:
        raise MalformedError("a signature line without a signature")
    return SignatureLine(name=name, key_id=blob[:_KEY_ID_BYTES], signature=blob[_KEY_ID_BYTES:])
