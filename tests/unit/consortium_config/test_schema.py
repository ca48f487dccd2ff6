"""The schema against the parser: what the schema refuses, the parser refuses too."""

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

import consortium_config
from consortium_config.sample import demo_document
from consortium_config.schema import document_schema, schema_text
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import DocumentError
from hanse_ledger.ids import PartyId, month_of

Document = dict[str, Any]

DEMO: Document = json.loads(
    demo_document(
        members=[PartyId("alder"), PartyId("birch")],
        currency="CNY",
        exponent=2,
        first_month=month_of(2026, 1),
        entropy=random.Random(7).randbytes,
    ).consortium.raw
)
DEMO["policy"]["rates"] = {"EUR": {"2026-01": 8_100_000, "2026-02": 8_050_000}, "USD": {}}
VALIDATOR = jsonschema.Draft202012Validator(document_schema())


def parser_takes(document: object) -> bool:
    """Let the parser judge; any other error than a refusal fails the test."""
    try:
        parse_document(rfc8785.dumps(document))  # type: ignore[arg-type]
    except DocumentError:
        return False
    return True


def test_the_file_is_what_the_module_makes() -> None:
    path = Path(consortium_config.__file__).parent / "consortium.schema.json"
    assert path.read_text("utf-8") == schema_text()
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


def steward_out(document: Document) -> None:
    """Leave three stewards active; the first one orders, so another leaves."""
    next(party for party in document["parties"] if party["id"] == "steward-3")["active"] = False


@pytest.mark.parametrize(
    "change",
    [
        lambda _: None,
        steward_out,
        lambda d: d.update(previous="ab" * 32),
        lambda d: d.update(first_month="9999-12"),
        lambda d: d["policy"].update(rates={}),
        lambda d: d["policy"].update(exponent=18, purposes=[], share_hours=2**53 - 1),
        lambda d: d["policy"].update(bounds=[0, 1, 2, 3, 2**53 - 1]),
        lambda d: d["parties"][0].update(roles=["member", "desk", "observer"], group="集团", url="x"),
    ],
)
def test_what_the_parser_takes_is_valid(change: Callable[[Document], None]) -> None:
    document = copy.deepcopy(DEMO)
    change(document)
    assert parser_takes(document)
    VALIDATOR.validate(document)


def party(document: Document, party_id: str) -> Document:
    found: Document = next(party for party in document["parties"] if party["id"] == party_id)
    return found


REFUSED_BY_BOTH: dict[str, Callable[[Document], object]] = {
    "another format": lambda d: d.update(format="hanse-consortium/2"),
    "a consortium with a space": lambda d: d.update(consortium="hanse example"),
    "a consortium with a plus": lambda d: d.update(consortium="a+b"),
    "a consortium with a number sign": lambda d: d.update(consortium="a#b"),
    "a consortium of 101": lambda d: d.update(consortium="a" * 101),
    "an empty consortium": lambda d: d.update(consortium=""),
    "demo as a number": lambda d: d.update(demo=1),
    "a month 13": lambda d: d.update(first_month="2026-13"),
    "a month of year 0": lambda d: d.update(first_month="0000-01"),
    "previous null": lambda d: d.update(previous=None),
    "previous in capitals": lambda d: d.update(previous="AB" * 32),
    "previous too short": lambda d: d.update(previous="ab" * 31),
    "a field too many": lambda d: d.update(extra=1),
    "a field missing": lambda d: d.pop("demo"),
    "no ordering": lambda d: d.update(ordering=[]),
    "ordering twice": lambda d: d.update(ordering=["steward-1"] * 2),
    "two stewards": lambda d: [party(d, name).update(active=False) for name in ("steward-2", "steward-3")],
    "a party id of one letter": lambda d: party(d, "alder").update(id="a"),
    "a reserved party id": lambda d: party(d, "alder").update(id="all"),
    "a party without a name": lambda d: party(d, "alder").update(name=""),
    "no roles": lambda d: party(d, "alder").update(roles=[]),
    "an unknown role": lambda d: party(d, "alder").update(roles=["member", "king"]),
    "a role twice": lambda d: party(d, "alder").update(roles=["member", "member"]),
    "a steward that is a member": lambda d: party(d, "steward-1").update(roles=["member", "steward"]),
    "a steward without x": lambda d: party(d, "steward-1").pop("x"),
    "a steward without a token key": lambda d: party(d, "steward-1").pop("token_key"),
    "a member with x": lambda d: party(d, "alder").update(x=9),
    "a log key of null": lambda d: party(d, "alder").update(log_key=None),
    "x of 0": lambda d: party(d, "steward-1").update(x=0),
    "x of 256": lambda d: party(d, "steward-1").update(x=256),
    "a short proof": lambda d: party(d, "alder").update(proof="00" * 32),
    "a party field too many": lambda d: party(d, "alder").update(key="1"),
    "contributors_min 2": lambda d: d["policy"].update(contributors_min=2),
    "warnings_min 1": lambda d: d["policy"].update(warnings_min=1),
    "a currency in small letters": lambda d: d["policy"].update(currency="cny"),
    "exponent 19": lambda d: d["policy"].update(exponent=19),
    "four bounds": lambda d: d["policy"].update(bounds=[1, 2, 3, 4]),
    "six bounds": lambda d: d["policy"].update(bounds=[1, 2, 3, 4, 5, 6]),
    "a bound twice": lambda d: d["policy"].update(bounds=[1, 2, 3, 4, 4]),
    "a negative bound": lambda d: d["policy"].update(bounds=[-1, 2, 3, 4, 5]),
    "a rate of a month that is none": lambda d: d["policy"]["rates"].update(GBP={"2026-00": 1}),
    "a rate of no currency": lambda d: d["policy"]["rates"].update(GB={}),
    "a rate as text": lambda d: d["policy"]["rates"].update(GBP={"2026-01": "1"}),
    "rates in a list": lambda d: d["policy"].update(rates=[]),
    "a purpose twice": lambda d: d["policy"].update(purposes=["a", "a"]),
    "an empty purpose": lambda d: d["policy"].update(purposes=[""]),
    "a negative time": lambda d: d["policy"].update(share_hours=-1),
    "a fraction": lambda d: d["policy"].update(share_hours=1.5),
    "a policy field missing": lambda d: d["policy"].pop("bulletin_hours"),
}


@pytest.mark.parametrize("change", REFUSED_BY_BOTH.values(), ids=REFUSED_BY_BOTH)
def test_schema_and_parser_both_refuse(change: Callable[[Document], object]) -> None:
    document = copy.deepcopy(DEMO)
    change(document)
    assert not VALIDATOR.is_valid(document)
    assert not parser_takes(document)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """List the path of every value in a document, the document itself left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*path, key), *places(item, (*path, key)))]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 300),
    st.sampled_from(
        [2**53 - 1, -(2**53) + 1, 0.5, [], {}, "", "steward", "member", "desk", "2026-02", "ab" * 32]
    ),
    st.text(max_size=4),
    st.lists(st.integers(0, 9), max_size=6),
    st.dictionaries(st.sampled_from(["id", "x", "roles", "EUR", "2026-01"]), st.integers(0, 9), max_size=3),
)


@st.composite
def changed_documents(draw: st.DrawFn) -> Document:
    """One or two changes to the demo's document: a value gone, another, doubled, moved or added."""
    document = copy.deepcopy(DEMO)
    for _ in range(draw(st.integers(1, 2))):
        *way, last = draw(st.sampled_from(places(document)))
        holder: Any = document
        for step in way:
            holder = holder[step]
        match draw(st.sampled_from(["gone", "other", "doubled", "added", "swapped"])):
            case "gone":
                del holder[last]
            case "other":
                holder[last] = draw(VALUES)
            case "doubled" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[int(last)]))
            case "swapped" if isinstance(holder, list):
                holder.reverse()
            case _ if isinstance(holder, dict):
                holder[draw(st.sampled_from(["extra", "x", "log_key", "token_key"]))] = draw(VALUES)
            case _:
                holder.append(draw(VALUES))
    return document


@settings(max_examples=250, deadline=None)
@given(changed_documents())
def test_what_the_schema_refuses_the_parser_refuses(document: Document) -> None:
    assert VALIDATOR.is_valid(document) or not parser_takes(document)


NEAR_LIMITS = st.one_of(st.integers(2, 18), st.sampled_from([-1, 0, 1, 19, 2**53 - 1]))
MONTHS = st.sampled_from(["2026-01", "2026-12", "0001-01", "9999-12", "2026-13", "0000-01", "2026-1"])
RATES = st.dictionaries(
    st.sampled_from(["EUR", "USD", "JPY", "XX", "eur"]),
    st.dictionaries(MONTHS, st.integers(0, 9), max_size=2),
    max_size=1,
)


@settings(max_examples=250, deadline=None)
@given(
    numbers=st.dictionaries(
        st.sampled_from([name for name, value in DEMO["policy"].items() if isinstance(value, int)]),
        NEAR_LIMITS,
        max_size=1,
    ),
    bounds=st.sets(st.integers(-1, 99), min_size=5, max_size=5).map(sorted),
    purposes=st.lists(st.text(min_size=1, max_size=3), max_size=3),
    rates=RATES,
    group=st.text(),
    first_month=MONTHS,
)
def test_a_policy_near_its_limits_that_the_parser_takes_is_valid(
    *,
    numbers: dict[str, int],
    bounds: list[int],
    purposes: list[str],
    rates: dict[str, dict[str, int]],
    group: str,
    first_month: str,
) -> None:
    policy = DEMO["policy"] | numbers | {"bounds": bounds, "purposes": purposes, "rates": rates}
    parties = [DEMO["parties"][0] | {"group": group}, *DEMO["parties"][1:]]
    document = DEMO | {"policy": policy, "parties": parties, "first_month": first_month}
    assert VALIDATOR.is_valid(document) == parser_takes(document)
