import csv
import re
from pathlib import Path
from typing import Any

import pytest
import stdnum.cn.uscc
import stdnum.lei
from support import vectors

from hanse_ledger.countries import ALPHA_2
from hanse_ledger.errors import RuleError, SubjectIdError
from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import Subject, canonical, check_logged_id, kind_rank, parse_subject

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here")

USCC = "91350100M000100Y43"
LEI = "5493001KJTIIGC8Y1R12"


@pytest.mark.parametrize("case", vectors("subjects.json"), ids=lambda case: ":".join(case["parts"]))
def test_vectors(case: dict[str, Any]) -> None:
    parts, expected = case["parts"], case["canonical"]
    if expected is None:
        with pytest.raises(SubjectIdError):
            canonical(*parts)
        with pytest.raises(SubjectIdError):
            parse_subject(":".join(parts))
        return
    subject = Subject(id=SubjectId(expected), personal=case["personal"])
    assert canonical(*parts) == subject
    assert parse_subject(":".join(parts)) == subject
    assert parse_subject(expected) == subject
    check_logged_id(expected)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (f" USCC : {USCC}", f"uscc:{USCC}"),
        (f"ＵＳＣＣ：{USCC}", f"uscc:{USCC}"),
        ("ref:Demo: 0200-769623", "ref:DEMO:0200769623"),
        ("vat:DE:DE 136 695 976", "vat:DE:136695976"),
        ("vat:gr:EL 094259216", "vat:GR:094259216"),
        ("vat:GR:094259216", "vat:GR:094259216"),
        ("vat:MC:FR 53 0000 04605", "vat:MC:53000004605"),
        ("vat:CH:CHE-107.787.577 IVA", "vat:CH:CHE107787577IVA"),
        ("vat:AT:ATU13585627", "vat:AT:U13585627"),
        ("vat:IN:27AAPFU0939F1ZV", "vat:IN:27AAPFU0939F1ZV"),
        ("vat:US:US12-3456789", "vat:US:123456789"),  # no rule is published for it
        ("crn:DE:HRB 12345", "crn:DE:HRB12345"),
        ("crn:DE:HRB 12345 Weiß", "crn:DE:HRB12345WEISS"),  # upper case of one letter is two
        ("ref:x:１２³½/7", "ref:X:123127"),  # NFKC makes digits of these, around a sign that goes
    ],
)
def test_what_a_person_types(typed: str, expected: str) -> None:
    assert parse_subject(typed).id == expected
    assert parse_subject(expected).id == expected
    check_logged_id(expected)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "uscc",
        "uscc:",
        f"uscc:{USCC}:1",
        f"{USCC}",
        "vat:136695976",
        "crn:GB:0820:9948",
        "vat:EL:094259216",  # Greece is GR
        "vat:UK:980780684",
        "crn:EU:1",
        "vat:DE:DE",
        "vat:DE:DEDE136695976",
        "vat:GR:GR094259216",
        "vat:US:USUS1",
        "vat:DE:DE136695978",
        "duns:1504837821",
        "duns:15048378A",
        "ref:DEMO:" + "1" * 65,
        "ref:--:1",
        "ref:demo:客户1",
        "ref:demo:1\u0301",
        "ref:demo:٣",
        "ref:demo:Ⅷ客",
        f"lei:{LEI}0",
        "lei:" + "0" * 18 + "LZ",
    ],
)
def test_refused_without_repeating_the_id(typed: str) -> None:
    with pytest.raises(SubjectIdError) as refusal:
        parse_subject(typed)
    for part in typed.split(":")[1:]:
        assert len(part) < 3 or part not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_natural_persons_firms_are_flagged() -> None:
    assert parse_subject("uscc:92350100M000100Y4" + _uscc_check("92350100M000100Y4")).personal
    assert not canonical("ref", "92", "92").personal


def test_a_rural_collective_has_a_code_that_begins_with_a_letter() -> None:
    body = "N2350100M000100Y4"
    assert parse_subject(f"uscc:{body}{_uscc_check(body)}").id.startswith("uscc:N2")


def _uscc_check(body: str) -> str:
    return str(stdnum.cn.uscc.calc_check_digit(body))


@pytest.mark.parametrize(
    "text",
    [
        f"uscc:{USCC}",
        f"lei:{LEI}",
        "vat:ZZ:1",  # no such country, no such rule: a matter of lists that may change
        "vat:DE:DE136695978",
        "crn:XX:" + "A" * 64,
        "duns:000000000",
        "ref:A:0",
        "ref:" + "A" * 64 + ":" + "9" * 64,
    ],
)
def test_accepted_on_the_log(text: str) -> None:
    check_logged_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "passport",
        "uscc",
        "passport:X1",
        f"USCC:{USCC}",
        f"uscc: {USCC}",
        f"uscc:{USCC}\n",
        f"uscc:{USCC.lower()}",
        f"uscc:{USCC}:1",
        f"uscc:{USCC[:-1]}4",
        f"uscc:{USCC[:-1]}",
        "uscc:91350100M000100I43",
        f"lei:{LEI[:-1]}3",
        f"lei:{LEI[:-2]}",
        "lei:" + "0" * 18 + "LZ",  # 1 mod 97, but check digits are digits
        "vat:DEU:1",
        "vat:D1:1",
        "vat:1",
        "crn:GB:",
        "crn:GB:1:2",
        "crn:GB:" + "A" * 65,
        "duns:12345678",
        "duns:12345678A",
        "duns:１２３４５６７８９",
        "ref:a:1",
        "ref:A:1-2",
        "ref::1",
    ],
)
def test_refused_on_the_log(text: str) -> None:
    with pytest.raises(RuleError):
        check_logged_id(text)


def test_every_wrong_character_of_a_code_is_found() -> None:
    digits, letters = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for code, kind in ((USCC, "uscc"), (LEI, "lei")):
        for place, right in enumerate(code):
            # Mod 97-10 may miss a letter for a digit, as it has two digits itself (L for 1 is one such).
            others = digits + letters if kind == "uscc" else digits if right in digits else letters
            for wrong in set(others) - {right}:
                with pytest.raises(RuleError):
                    check_logged_id(f"{kind}:{code[:place]}{wrong}{code[place + 1 :]}")


def test_kinds_have_the_order_of_the_protocol() -> None:
    ids = ["uscc:1", "crn:DE:1", "lei:1", "vat:DE:1", "duns:1", "ref:A:1"]
    assert [kind_rank(SubjectId(text)) for text in ids] == [0, 1, 2, 3, 4, 5]


def test_countries() -> None:
    assert len(ALPHA_2) == 249
    assert all(re.fullmatch("[A-Z]{2}", code) for code in ALPHA_2)
    assert {"GR", "GB", "CN", "TW", "SS"} <= ALPHA_2
    assert not {"EL", "UK", "EU", "XI", "AN", "SU"} & ALPHA_2


@needs_data
def test_real_credit_codes() -> None:
    codes = (DATA / "uscc_valid.txt").read_text().split()
    assert len(codes) == 200
    for code in codes:
        assert parse_subject(f"uscc:{code}").id == f"uscc:{stdnum.cn.uscc.validate(code)}"


@needs_data
def test_real_entity_identifiers() -> None:
    with (DATA / "lei_sample.csv").open(encoding="utf-8") as lines:
        codes = [line["LEI"] for line in csv.DictReader(lines)]
    assert len(codes) == 1894
    for code in codes:
        assert parse_subject(f"lei:{code}").id == f"lei:{stdnum.lei.validate(code)}"
