"""No single change of an answer file gets past its verifier."""

import json

import pytest
from support_changes import mutations, nodes, some
from support_consortium import XS
from support_inquiry import File, Path, edited, inquired, refused

from hanse_ledger.errors import MalformedError

RAW = inquired().file()
FILE: File = json.loads(RAW)


STAYS_TRUE = [("proof", "answers"), ("proof", "evaluations")]
"""Leaving out one of these leaves fewer witnesses of the same answer; the tests below say how far."""


CHANGED = [(path, value) for path, value in nodes(FILE) if "cells" not in path[:-1] or path[-1] in some(56)]


@pytest.mark.parametrize(("path", "value"), CHANGED, ids=["/".join(map(str, path)) for path, _ in CHANGED])
def test_no_field_can_be_changed(path: Path, value: object) -> None:
    tried = 0
    for other in mutations(value):
        if (
            path in STAYS_TRUE
            and isinstance(other, dict)
            and other.items() < dict(FILE["proof"][path[1]]).items()
        ):
            continue
        refused(edited(path, other))
        tried += 1
    assert tried >= 4


@pytest.mark.parametrize("name", [*FILE, *FILE["proof"], *FILE["windows"][0], *map(str, XS)])
def test_a_field_stands_once(name: str) -> None:
    text = RAW.decode()
    place = f'"{name}": '
    at = text.index(place)
    value, _ = json.JSONDecoder().raw_decode(text[at + len(place) :].lstrip())
    for again in (value, None):
        twice = text[:at] + place + json.dumps(again) + ", " + text[at:]
        assert isinstance(refused(twice.encode()), MalformedError)


BYTES = {
    "nothing": b"",
    "a list": b"[" + RAW + b"]",
    "twice": RAW + RAW,
    "half": RAW[: len(RAW) // 2],
    "a byte order mark": b"\xef\xbb\xbf" + RAW,
    "UTF-16": RAW.decode().encode("utf-16"),
    "no UTF-8": RAW.replace(b"credit-review", b"credit-\xff"),
    "a comment": b"// \n" + RAW,
    "a comma": RAW.rstrip()[:-1] + b",}",
    "not a number": RAW.replace(b'"warning_level": 1', b'"warning_level": NaN'),
    "5,000 digits": RAW.replace(b'"warning_level": 1', b'"warning_level": ' + b"1" * 5_000),
    "deep": RAW.replace(b'"warning_level": 1', b'"warning_level": ' + b"[" * 100_000),
    "17 MiB": RAW + b" " * (17 << 20),
}


@pytest.mark.parametrize("name", BYTES)
def test_it_is_one_json_object(name: str) -> None:
    assert isinstance(refused(BYTES[name]), MalformedError)


@pytest.mark.parametrize("depth", range(900, 1_000, 7))
def test_a_deep_value_is_refused_at_every_depth(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    refused(RAW.replace(b'"warning_level": 1', b'"warning_level": ' + deep))
