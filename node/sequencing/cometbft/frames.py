"""Frames of the ABCI socket: an unsigned varint with the length, then a protobuf message of that length."""

from collections.abc import Iterator
from typing import Final

from hanse_ledger.errors import MalformedError

FRAME_BYTES_MOST: Final = 1 << 27
"""Above what CometBFT sends for blocks of the size that our configuration allows."""
_VARINT_BYTES_MOST: Final = 5


def encode_frame(message: bytes) -> bytes:
    """Return a message with its length before it."""
    length, head = len(message), bytearray()
    while length >= 0x80:  # noqa: PLR2004 - seven bits a byte
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + message


class FrameReader:
    """Puts together the frames of one connection, however its bytes are cut."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, received: bytes) -> Iterator[bytes]:
        """Take bytes, give the messages that are whole; raises MalformedError for a length beyond reason."""
        self._held += received
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> bytes | None:
        length = 0
        for place, byte in enumerate(self._held[:_VARINT_BYTES_MOST]):
            length |= (byte & 0x7F) << 7 * place
            if byte < 0x80:  # noqa: PLR2004 - the last byte of a varint
                return self._take(place + 1, length)
        if len(self._held) >= _VARINT_BYTES_MOST:
            raise MalformedError("a frame's length of more than five bytes")
        return None

    def _take(self, head: int, length: int) -> bytes | None:
        if length > FRAME_BYTES_MOST:
            raise MalformedError("a frame that is too long")
        if len(self._held) < head + length:
            return None
        frame = bytes(self._held[head : head + length])
        del self._held[: head + length]
        return frame
