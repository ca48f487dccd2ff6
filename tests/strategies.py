"""Hypothesis strategies that several property tests draw from: noise, and values near given ones."""

from typing import Any

from hypothesis import strategies as st

NOISE = st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode()))
"""Bytes that nobody made with a format in mind."""

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [None, True, False, 0, 1, 23, 24, 255, 256, 2**31 - 1, 2**32, 2**53, 2**63, 2**64 - 1, -1]
    ),
    st.sampled_from(["", "alder", "chamber", "2026-01-31", "lei:5493001KJTIIGC8Y1R12", "\u6c34"]),
    st.sampled_from([b"", bytes(31), bytes(32), bytes(33), bytes(64)]),
    st.integers(-(2**64) + 1, 2**64 - 1),
    st.binary(max_size=40),
    st.text(max_size=10),
)
CBOR_VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.integers(0, 23), inner, max_size=3)
    ),
    max_leaves=8,
)
"""What deterministic CBOR can say."""

JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**64), 2**64),
        st.floats(),
        st.text(max_size=10),
        st.sampled_from(["", "ab" * 32, "AB" * 32, "2026-01", "stewards", "\ud800"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def near_bytes(draw: st.DrawFn, raw: bytes) -> bytes:
    """Bytes with a bit flipped, a part cut out, doubled or overwritten, or something put in."""
    start = draw(st.integers(0, len(raw)))
    end = min(len(raw), start + draw(st.integers(0, 40)))
    head, part, tail = raw[:start], raw[start:end], raw[end:]

    def flipped(bit: int) -> bytes:
        return raw[: bit // 8] + bytes([raw[bit // 8] ^ 1 << bit % 8]) + raw[bit // 8 + 1 :]

    changes = st.one_of(
        st.sampled_from([head, tail, head + tail, head + part + part + tail]),
        st.integers(0, 8 * len(raw) - 1).map(flipped),
        st.binary(min_size=len(part), max_size=len(part)).map(lambda new: head + new + tail),
        st.binary(min_size=1, max_size=8).map(lambda new: head + new + part + tail),
    )
    return draw(changes)


@st.composite
def near_value(draw: st.DrawFn, value: Any, junk: st.SearchStrategy[Any] = CBOR_VALUES) -> Any:
    """A value with one place changed, somewhere between its root and its leaves."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        inner = list(value.items() if isinstance(value, dict) else enumerate(value))
    goes_down = draw(st.integers(0, 4)) > 0
    if inner and goes_down:
        key, item = draw(st.sampled_from(inner[:4] + inner[-4:]))
        changed = value.copy()
        changed[key] = draw(near_value(item, junk))
        return changed
    if isinstance(value, list) and draw(st.integers(0, 3)):
        return draw(st.sampled_from([value[1:], value[:-1], value[::-1], [*value, *value[-1:]], value * 2]))
    if isinstance(value, bytes) and value and draw(st.integers(0, 3)):
        return draw(near_bytes(value))
    if isinstance(value, int) and not isinstance(value, bool) and draw(st.integers(0, 3)):
        return value + draw(st.sampled_from([-1, 1, 2, 256]))
    return draw(junk)
