"""No single change of an answer file gets past its verifier."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support_consortium import (
    XS,
)
from support_inquiry import File, Path, edited, inquired, refused

from hanse_ledger.errors import MalformedError

RAW = inquired().file()
FILE: File = json.loads(RAW)


def nodes(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from nodes(item, (*path, key))


def some(length: int) -> list[int]:
    """Up to five places of so many, the first and the last among them."""
    return sorted({i * (length - 1) // 4 for i in range(5)}) if length else []


def texts(value: str) -> Iterator[object]:
    """Other texts near this one."""
    yield from (None, 0, [value], "", value.upper(), f"{value} ", f" {value}", f"{value}0", value[:-1])
    yield from (value[1:], value[::-1], value.replace("\n", "\r\n"), f"{value}\n", f"{value}\0")
    for at in some(len(value)):
        one = value[at]
        yield value[:at] + ("1" if one == "0" else "0") + value[at + 1 :]
        yield value[:at] + one.swapcase() + value[at + 1 :]


def scalars(value: object) -> Iterator[object]:
    if isinstance(value, bool):
        yield from (not value, int(value), None, str(value).lower(), float(value), [value])
    elif isinstance(value, int):
        yield from (value + 1, value - 1, -value - 1, float(value), bool(value), str(value), None)
        yield from (value + 2**31 - 1, 2**64)
    elif value is None:
        yield from (0, False, "", "null", [], {})


def lists(value: list[Any]) -> Iterator[object]:
    yield from (None, {}, "", [*value, None], [*value, 0], [None, *value], [value], value[::-1])
    for i in some(len(value)):
        yield [*value[:i], *value[i + 1 :]]
        yield [*value[: i + 1], *value[i:]]
        if i:
            yield [*value[: i - 1], value[i], value[i - 1], *value[i + 1 :]]


def objects(value: dict[str, Any]) -> Iterator[object]:
    yield from (None, [], "", {}, [value], {**value, "extra": None}, {**value, "": 0}, {**value, "9": "00"})
    for name, item in value.items():
        rest = {key: other for key, other in value.items() if key != name}
        yield rest
        yield from (
            {**rest, other: item} for other in (name.upper(), f"0{name}", f"{name}\0") if other != name
        )


def mutations(value: object) -> Iterator[object]:
    of: Callable[[Any], Iterator[object]] = scalars
    for kind, made in ((str, texts), (list, lists), (dict, objects)):
        if isinstance(value, kind):
            of = made
    same = json.dumps(value, sort_keys=True)
    yield from (other for other in of(value) if json.dumps(other, sort_keys=True) != same)


STAYS_TRUE = [("proof", "answers"), ("proof", "evaluations")]
"""Leaving out one of these leaves fewer witnesses of the same answer; the tests below say how far."""


def is_part(other: object, whole: dict[str, Any]) -> bool:
    return isinstance(other, dict) and other.items() <= whole.items()


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
