"""Requests and answers as messages (section 12)."""

from typing import Any

import pytest

from hanse_ledger.codec import encode
from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import ConsortiumId, Month, PartyId, Token
from hanse_ledger.privacy.answer import (
    Request,
    hash_request,
    parse_answer,
    parse_request,
)

JANUARY = Month(24_312)
REQUEST = Request(
    consortium=ConsortiumId("hanse.example/test"),
    party=PartyId("alder"),
    token=Token(bytes(range(32))),
    purpose="credit-review",
    request_id=bytes(range(16)),
    answer_key=bytes(1_216),
)
REQUEST_FIELDS = [
    "hanse.example/test",
    "alder",
    bytes(range(32)),
    "credit-review",
    bytes(range(16)),
    bytes(1_216),
]


def test_a_request_is_its_six_fields() -> None:
    assert REQUEST.encode() == encode(REQUEST_FIELDS)
    assert parse_request(REQUEST.encode()) == REQUEST
    assert len(hash_request(REQUEST.encode())) == 32


def test_a_request_shows_neither_token_nor_key() -> None:
    assert "token" not in repr(REQUEST)
    assert "answer_key" not in repr(REQUEST)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, b"hanse"),
        (1, None),
        (2, bytes(31)),
        (2, "0" * 32),
        (3, b""),
        (3, 1),
        (4, bytes(15)),
        (4, bytes(17)),
        (5, bytes(1_215)),
        (5, bytes(1_217)),
        (5, None),
    ],
)
def test_another_request_is_refused(at: int, value: object) -> None:
    fields: list[object] = list(REQUEST_FIELDS)
    fields[at] = value
    with pytest.raises(MalformedError):
        parse_request(encode(fields))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        encode(REQUEST_FIELDS[:-1]),
        encode([*REQUEST_FIELDS, None]),
        encode(REQUEST_FIELDS) + b"\0",
        encode([*REQUEST_FIELDS[:3], "x" * 4_096, *REQUEST_FIELDS[4:]]),
        encode({1: 2}),
    ],
)
def test_no_request_at_all_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_request(raw)


FIELDS: list[Any] = [
    bytes(32),
    JANUARY,
    9,
    bytes(range(32)),
    [[[JANUARY - 2, JANUARY - 1], JANUARY, 2, bytes(88)], [[JANUARY], JANUARY, 3, None]],
    2,
    True,
]
WINDOW: list[Any] = FIELDS[4][0]


def test_an_answer_goes_out_and_in() -> None:
    read = parse_answer(FIELDS)
    assert read.fields() == FIELDS
    assert parse_answer([*FIELDS[:1], None, *FIELDS[2:]]).last_closed is None


def with_window(at: int, value: object) -> list[Any]:
    return [*FIELDS[:4], [[*WINDOW[:at], value, *WINDOW[at + 1 :]]], *FIELDS[5:]]


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        FIELDS[:-1],
        [*FIELDS, 0],
        *([*FIELDS[:0], bad, *FIELDS[1:]] for bad in (bytes(31), None, "")),
        *([*FIELDS[:1], bad, *FIELDS[2:]] for bad in (-1, True, "2026-01", 2**63)),
        *([*FIELDS[:2], bad, *FIELDS[3:]] for bad in (-1, None, 2**63, False)),
        *([*FIELDS[:3], bad, *FIELDS[4:]] for bad in (bytes(33), None)),
        *([*FIELDS[:5], bad, True] for bad in (3, -1, True, None)),
        *([*FIELDS[:6], bad] for bad in (0, 1, None, "true")),
        [*FIELDS[:4], None, *FIELDS[5:]],
        [*FIELDS[:4], FIELDS[4][::-1], *FIELDS[5:]],
        [*FIELDS[:4], [WINDOW, WINDOW], *FIELDS[5:]],
        [*FIELDS[:4], [WINDOW[:3]], *FIELDS[5:]],
        [*FIELDS[:4], [[*WINDOW, None]], *FIELDS[5:]],
        *(with_window(0, bad) for bad in ([], None, [JANUARY, JANUARY], [JANUARY, JANUARY - 1], ["1"])),
        with_window(0, list(range(JANUARY - 13, JANUARY))),
        *(with_window(1, bad) for bad in (JANUARY - 2, None, True)),
        *(with_window(2, bad) for bad in (5, -1, None, True)),
        *(with_window(3, bad) for bad in (b"", bytes(87), bytes(89), bytes(224), False)),
        [*FIELDS[:4], [[[JANUARY], JANUARY, 3, bytes(88)]], *FIELDS[5:]],
    ],
)
def test_another_answer_is_refused(payload: object) -> None:
    with pytest.raises(MalformedError):
        parse_answer(payload)
