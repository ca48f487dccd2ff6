"""Units as messages write them: each has one form, and the token key's name is no report's."""

from typing import Any

import pytest

from hanse_ledger.errors import MalformedError
from hanse_ledger.transfers import KEY, Kind, Unit, read_unit


@pytest.mark.parametrize(
    "unit",
    [
        KEY,
        Unit(kind=Kind.ROWS, place=7),
        Unit(kind=Kind.COLUMNS, place=7),
        Unit(kind=Kind.WINDOWS, place=24_297, offset=1_024),
    ],
)
def test_a_unit_is_read_as_it_was_written(unit: Unit) -> None:
    assert read_unit(unit.fields()) == unit


@pytest.mark.parametrize(
    "value", [[0, 7, 0], [0, 0, 1], [1, 7, 1], [2, 7, 1], [4, 0, 0], [-1, 0, 0], [1, 7], [1, True, 0], None]
)
def test_another_form_is_refused(value: Any) -> None:
    with pytest.raises(MalformedError):
        read_unit(value)
