"""Frames of the ABCI socket, however their bytes are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse_ledger.errors import MalformedError
from node.sequencing.cometbft.frames import FRAME_BYTES_MOST, FrameReader, encode_frame

MESSAGES = [b"", b"a", bytes(127), bytes(128), bytes(300), bytes(20_000)]


@pytest.mark.parametrize("at", range(12))
def test_a_cut_at_every_position_changes_nothing(at: int) -> None:
    raw = b"".join(map(encode_frame, MESSAGES[:4]))
    for cut in range(at, len(raw), 12):
        reader = FrameReader()
        assert [*reader.feed(raw[:cut]), *reader.feed(raw[cut:])] == MESSAGES[:4]


def test_byte_by_byte() -> None:
    reader, raw = FrameReader(), b"".join(map(encode_frame, MESSAGES))
    assert [frame for byte in raw for frame in reader.feed(bytes([byte]))] == MESSAGES


@given(st.lists(st.binary(max_size=400), max_size=6))
def test_what_is_written_is_read(messages: list[bytes]) -> None:
    assert list(FrameReader().feed(b"".join(map(encode_frame, messages)))) == messages


@pytest.mark.parametrize(("raw", "length"), [(b"\x00", 0), (b"\x01a", 1), (b"\xac\x02" + bytes(300), 300)])
def test_lengths_are_unsigned_varints(raw: bytes, length: int) -> None:
    """Bytes by hand (protocol buffers' encoding: 300 is ac 02)."""
    (frame,) = FrameReader().feed(raw)
    assert len(frame) == length


@pytest.mark.parametrize("raw", [b"\xff" * 5, b"\xff\xff\xff\xff\xff\x01", b"\x81\x80\x80\x40"])
def test_a_length_beyond_reason_is_refused(raw: bytes) -> None:
    assert FRAME_BYTES_MOST == 1 << 27
    with pytest.raises(MalformedError):
        list(FrameReader().feed(raw))
