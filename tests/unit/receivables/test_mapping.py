import json

import pytest

from node.receivables.errors import MappingError
from node.receivables.mapping import DATE_FIELDS, Mapping, parse_mapping


def test_json_and_toml_say_the_same() -> None:
    as_json = b"""{"columns": {"amount": "Betrag"}, "date_order": "dmy",
        "decimal": ",", "statuses": {"Erledigt": "paid"}}"""
    as_toml = b"""\xef\xbb\xbfdate_order = "dmy"\ndecimal = ","
        [columns]\namount = "Betrag"\n[statuses]\nErledigt = "paid"\n"""
    expected = Mapping(
        columns={"amount": "Betrag"},
        date_order=dict.fromkeys(DATE_FIELDS, "dmy"),
        decimal=",",
        statuses={"Erledigt": "paid"},
    )
    assert parse_mapping(as_json) == parse_mapping(as_toml) == expected
    assert json.loads(expected.to_json())["date_order"] == "dmy"


def test_it_is_written_as_it_is_read() -> None:
    mapping = Mapping(
        columns={"amount": "金额", "paid_date": ""}, date_order={"due_date": "mdy"}, encoding="cp1252"
    )
    assert parse_mapping(mapping.to_json().encode()) == mapping
    assert parse_mapping(Mapping().to_json().encode()) == Mapping() == parse_mapping(b"")


@pytest.mark.parametrize(
    "raw",
    [
        b"[1]",
        b"{",
        b'{"colums": {}}',
        b'{"columns": ["amount"]}',
        b'{"columns": {"amount": 3}}',
        b'{"columns": {"price": "x"}}',
        b'{"date_order": "ydm"}',
        b'{"date_order": {"amount": "dmy"}}',
        b'{"date_order": 3}',
        b'{"decimal": ";"}',
        b'{"decimal": [","]}',
        b'{"delimiter": "ab"}',
        b'{"encoding": "no such"}',
        b'{"encoding": "rot13"}',
        b'{"encoding": "base64"}',
        b'{"sheet": 1}',
        b'{"statuses": {"done": "finished"}}',
        b"\xff\xfe",
        b'{"columns":' + b"[" * 60_000,
        b" " * 70_000,
    ],
)
def test_what_breaks_the_format_is_refused(raw: bytes) -> None:
    with pytest.raises(MappingError):
        parse_mapping(raw)
