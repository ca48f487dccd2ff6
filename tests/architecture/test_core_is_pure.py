"""The core has no clock, randomness, disk, network or environment: time and entropy are arguments."""

import ast
import sys
from collections.abc import Iterator

import pytest
from architecture.repository import ROOT, imports, package_files, parse

# What a pure function may want of the standard library. `datetime` is here for dates as values.
PURE_MODULES = {
    "abc", "base64", "binascii", "bisect", "calendar", "collections", "contextlib", "dataclasses",
    "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "itertools",
    "json", "math", "operator", "re", "string", "struct", "types", "typing", "unicodedata", "warnings",
}  # fmt: skip
# Calls that reach outside by the name they are called by, whatever they are called on.
IMPURE_CALLS = {
    "now", "utcnow", "today", "fromtimestamp", "open", "print", "input", "exec", "eval", "__import__",
    "token_bytes", "urandom", "randbytes", "default_rng", "generate", "generate_key", "generate_private_key",
    "fromfile", "tofile", "load", "save", "memmap", "loadtxt", "savetxt",
}  # fmt: skip
IMPURE_PARTS = {"random"}


def impurities(tree: ast.Module) -> Iterator[str]:
    for name in imports(tree):
        top = name.split(".")[0]
        if top in sys.stdlib_module_names and top not in PURE_MODULES:
            yield f"imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = _last_name(node.func)
            if called in IMPURE_CALLS or called.endswith("_random"):
                yield f"line {node.lineno} calls {called}"
        elif isinstance(node, ast.Attribute) and node.attr in IMPURE_PARTS:
            yield f"line {node.lineno} uses {node.attr}"


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def test_the_core_is_pure() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {impurity}"
        for path in package_files("hanse_ledger")
        for impurity in impurities(parse(path))
    }
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from os import environ",
        "import pathlib",
        "import secrets",
        "import socket",
        "import sqlite3",
        "from datetime import datetime\nx = datetime.now()",
        "from datetime import date\nx = date.today()",
        "import numpy\nx = numpy.random.bytes(3)",
        "x = open('a')",
        "import rbcl\nx = rbcl.crypto_core_ristretto255_scalar_random()",
        "def f():\n    import random",
    ],
)
def test_what_reaches_outside_is_seen(source: str) -> None:
    assert list(impurities(ast.parse(source)))


def test_dates_as_values_are_pure() -> None:
    assert not list(impurities(ast.parse("from datetime import date\nx = date.fromisoformat('2026-01-01')")))
