"""Texts that people type: what is kept of them, and what is none."""

import pytest

from hanse_ledger.errors import MalformedError
from node.risk.typed import CHARS_MOST, typed, typed_or_none


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (" late again \n", "late again"),
        ("one\r\ntwo", "one\ntwo"),
        ("one\n\ttwo", "one\n\ttwo"),
        ("再次逾期", "再次逾期"),
        ("x" * CHARS_MOST, "x" * CHARS_MOST),
        ("\r\n".join("x" * 250), "\n".join("x" * 250)),
    ],
)
def test_what_is_kept(text: str, kept: str) -> None:
    assert typed(text) == kept
    assert typed_or_none(text) == kept


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\rb", "a\x7fb", "x" * (CHARS_MOST + 1)])
def test_what_is_no_text(text: str) -> None:
    for read in typed, typed_or_none:
        with pytest.raises(MalformedError):
            read(text)


def test_nothing_is_a_text_only_where_one_may_be_left_out() -> None:
    assert typed_or_none(" \r\n") == ""
    with pytest.raises(MalformedError):
        typed(" \r\n")
