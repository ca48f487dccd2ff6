"""The firm's own list of customers over HTTP: uploads, single ones, and matching without silent matches."""

from typing import Any

import pytest
from support_site import Site

LIST = """customer,name,subject
4711,Alder Trading GmbH,ref:DEMO:ALDER
4712,福州榕树贸易有限公司,
4713,Birch & Sons Ltd.,
4714,Cedar Ltd,lei:5493001KJTIIGC8Y1R00
"""


def upload(site: Site, text: str = LIST) -> dict[str, Any]:
    answer = site.client.post("/v1/subjects", content=text.encode())
    assert answer.status_code == 200, answer.text
    counts: dict[str, Any] = answer.json()
    return counts


def match(site: Site, **query: str) -> dict[str, Any]:
    answer = site.client.get("/v1/subjects/match", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_list_is_taken_but_for_its_bad_lines(site: Site) -> None:
    counts = upload(site)
    assert (counts["new"], counts["refused"]) == (3, 1)
    assert counts["refused_lines"][0]["reason"] == "subject_invalid"
    assert counts["refused_lines"][0]["line"] == 5
    changed = upload(site, "customer,name\n4711,Alder GmbH\n4712,福州榕树贸易有限公司\n")
    assert (changed["new"], changed["changed"], changed["unchanged"]) == (0, 1, 1)
    assert site.client.get("/v1/subjects/customers/4711").json()["name"] == "Alder GmbH"


def test_a_list_comes_as_json_too(site: Site) -> None:
    upload(site)
    brought = [
        {"customer": "4711", "name": "Alder GmbH"},
        {"customer": "4715", "name": "Elm", "subject": "REF:demo:elm"},
        {"customer": "4716", "name": "Fir", "subject": "lei:1"},
    ]
    counts = site.client.post("/v1/subjects", json={"customers": brought}).json()
    assert (counts["new"], counts["changed"], counts["refused"]) == (1, 1, 1)
    assert counts["refused_lines"][0]["line"] == 3
    subjects = [
        site.client.get(f"/v1/subjects/customers/{number}").json()["subject"] for number in (4711, 4715)
    ]
    assert subjects == ["ref:DEMO:ALDER", "ref:DEMO:ELM"]
    cases: list[dict[str, Any]] = [{}, {"customers": []}, {"customers": [{"name": "Secret"}]}, {"more": 1}]
    for bad in cases:
        answer = site.client.post("/v1/subjects", json=bad)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
        assert "Secret" not in answer.text


def test_a_list_without_subjects_leaves_known_ones(site: Site) -> None:
    upload(site)
    upload(site, "customer,name\n4711,Alder GmbH\n")
    assert site.client.get("/v1/subjects/customers/4711").json()["subject"] == "ref:DEMO:ALDER"


def test_customers_are_listed_in_pages_and_those_without_a_subject_alone(site: Site) -> None:
    upload(site)
    first = site.client.get("/v1/subjects", params={"limit": 2}).json()
    rest = site.client.get("/v1/subjects", params={"limit": 2, "cursor": first["next"]}).json()
    assert [one["customer"] for one in first["items"] + rest["items"]] == ["4711", "4712", "4713"]
    left = site.client.get("/v1/subjects", params={"without_subject": "true"}).json()
    assert [one["customer"] for one in left["items"]] == ["4712", "4713"]


def test_a_person_says_which_subject_a_customer_is(site: Site) -> None:
    path = "/v1/subjects/customers/A%2F1"
    said = site.client.put(path, json={"name": "Elm", "subject": "REF:demo:elm-1"})
    shown = said.json()
    assert (said.status_code, shown["customer"], shown["subject"]) == (200, "A/1", "ref:DEMO:ELM1")
    assert site.client.get(path).json() == shown
    unsaid = site.client.put(path, json={"name": "Elm", "subject": None})
    assert unsaid.json()["subject"] is None
    bad = site.client.put(path, json={"subject": "lei:1"})
    assert (bad.status_code, bad.json()["code"]) == (422, "subject_id")
    assert site.client.get("/v1/subjects/customers/none").status_code == 404


def test_an_id_is_matched_exactly(site: Site) -> None:
    upload(site)
    found = match(site, id="REF:demo:alder")
    assert found["subject"] == "ref:DEMO:ALDER"
    assert [(one["customer"]["customer"], one["confidence"]) for one in found["matches"]] == [("4711", 1)]
    assert match(site, id="ref:DEMO:NOBODY") == {"subject": "ref:DEMO:NOBODY", "matches": []}
    bad = site.client.get("/v1/subjects/match", params={"id": "lei:5493001KJTIIGC8Y1R00"})
    assert (bad.status_code, bad.json()["code"]) == (422, "subject_id")


@pytest.mark.parametrize(
    ("name", "customer"),
    [
        ("alder trading", "4711"),
        ("ＡＬＤＥＲ Trading G.m.b.H.", "4711"),
        ("榕树贸易", "4712"),
        ("福州榕樹贸易有限责任公司", "4712"),
        ("Birch and Sons Limited", "4713"),
    ],
)
def test_a_name_has_candidates_and_nothing_is_matched_by_it(site: Site, name: str, customer: str) -> None:
    upload(site)
    found = match(site, name=name)
    assert found["subject"] is None
    assert found["matches"][0]["customer"]["customer"] == customer
    assert all(0.6 <= one["confidence"] <= 1 for one in found["matches"])
    before = site.client.get("/v1/subjects").json()
    assert match(site, name=name) == found
    assert site.client.get("/v1/subjects").json() == before


def test_other_names_have_none(site: Site) -> None:
    upload(site)
    for name in ("Quercus SE", "上海进出口集团有限公司", "GmbH", "..."):
        assert match(site, name=name)["matches"] == []


@pytest.mark.parametrize("query", [{}, {"id": "ref:DEMO:1", "name": "a"}, {"name": ""}, {"name": "x" * 201}])
def test_what_asks_for_nothing(site: Site, query: dict[str, str]) -> None:
    answer = site.client.get("/v1/subjects/match", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
