"""Every place of a JSON value, and other values near the one that stands there."""

import json
from collections.abc import Callable, Iterator
from typing import Any

Path = tuple[str | int, ...]


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
