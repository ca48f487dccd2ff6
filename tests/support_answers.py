"""Answer objects made by hand, for tests of what is printed of them."""

from collections.abc import Sequence
from typing import Any

from hanse_ledger.ids import parse_month
from node.rendering.figures import Frame

FRAME = Frame(
    currency="CNY",
    exponent=2,
    bounds=(1_000, 10_000, 50_000, 250_000, 1_000_000),
    contributors_min=4,
    first_month=parse_month("2024-01"),
    demo=False,
)


def window(
    months: Sequence[str],
    condition: Sequence[int] | None = (0, 4, 0, 0, 0, 0, 0, 0),
    contributors: str = "4-5",
) -> dict[str, Any]:
    """Return a window whose rows are all in the lowest exposure and delay; None withholds it."""
    rows = 0 if condition is None else sum(condition)
    return {
        "months": months,
        "frozen_at": months[-1],
        "contributors": contributors,
        "condition": None if condition is None else list(condition),
        "exposure": None if condition is None else [rows, 0, 0, 0, 0, 0],
        "delay": None if condition is None else [rows, *[0] * 7],
        "cells": None,
    }


def answer(*windows: dict[str, Any], last: str | None = "2024-06", **fields: object) -> dict[str, Any]:
    """Return a checked answer with these windows; `fields` replace or add."""
    return {
        "party": "ash",
        "subject": "ref:DEMO:A",
        "purpose": "credit-review",
        "request_id": "00ff",
        "status": "checked",
        "windows": list(windows),
        "last_closed_month": last,
        "warning_level": 0,
        "disputed": False,
        **fields,
    }
