from math import inf
from typing import get_args

from hanse_ledger.ids import month_of
from node.risk.signals.catalogue import KINDS
from node.risk.signals.names import REASONS, SignalName, Unknown
from node.risk.signals.value import Signal, describe, unknown


def test_every_name_has_its_kind_and_every_reason_its_words() -> None:
    assert set(KINDS) == set(get_args(SignalName))
    assert set(REASONS) == set(get_args(Unknown))


def test_json_has_null_for_an_open_end_and_months_as_text() -> None:
    months = (month_of(2019, 1), month_of(2019, 11))
    signal = Signal(
        name="network.trend", value=1 / 3, interval=(0.0, inf), months=months, coverage="4-5", age_months=2
    )
    assert describe(signal) == {
        "name": "network.trend",
        "value": 0.333333,
        "interval": [0.0, None],
        "months": ["2019-01", "2019-11"],
        "coverage": "4-5",
        "age_months": 2,
        "unknown": None,
    }


def test_json_of_an_unknown_signal_has_its_reason() -> None:
    shown = describe(unknown("own.utilisation", "no_limit"))
    assert (shown["value"], shown["unknown"]) == (None, "no_limit")
