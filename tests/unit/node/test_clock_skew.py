"""A reply that is not taken says so where differing clocks explain it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from node.links.replies import _wrong

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [-600, 600])
def test_the_clocks_are_named_where_they_differ(seconds: int) -> None:
    headers = {"date": format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)}
    assert "clocks differ by 600 s" in str(_wrong(headers, NOW, "something else"))


@pytest.mark.parametrize("date", ["Sun, 22 Nov 2026 06:04:00 GMT", "not a date", ""])
def test_another_reason_is_told_as_it_is(date: str) -> None:
    assert str(_wrong({"date": date}, NOW, "something else")) == "something else"
    assert str(_wrong({}, NOW, "something else")) == "something else"
