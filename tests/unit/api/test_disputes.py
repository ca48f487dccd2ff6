"""Disputes over HTTP: a desk's cases, a member's contested rows, rows that are withdrawn."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support_contests import ACME, ALDER, NOVEMBER, OTHER, play_period, reported_bench, withheld
from support_founding import hanse
from support_http import API_KEY
from support_node import Bench
from support_site import Site, open_site

from consortium_config.sample import DESK_ID
from node.commands import remote
from node.own.scopes import SCOPES


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = reported_bench(tmp_path)
    yield made
    made.close()


@pytest.fixture
def at_desk(bench: Bench) -> Iterator[Site]:
    with open_site(bench, DESK_ID) as made:
        yield made


@pytest.fixture
def at_member(bench: Bench) -> Iterator[Site]:
    with open_site(bench, ALDER) as made:
        admin = made.served.own.people.begin("Ada")
        own = made.served.own
        own.people.add(own.people.actor(admin.name), "Li Na", "compliance")
        own.people.add(own.people.actor(admin.name), "Max", "analyst")
        yield made


def as_person(site: Site, name: str) -> httpx.Client:
    """A client with a key that is bound to a person."""
    binding = site.served.own.people.bind(name)
    made = site.served.own.keys.new(name=name, scopes=SCOPES, expires_at=None, binding=binding)
    key = {"authorization": f"Bearer {made.secret}"}
    return httpx.Client(base_url=site.served.url, headers=key, trust_env=False, timeout=30)


def items(reply: httpx.Response) -> list[dict[str, Any]]:
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


def test_a_dispute_from_its_opening_to_its_resolution(at_desk: Site, at_member: Site) -> None:
    asked, key = {"subject": ACME, "reference": "D-7"}, {"idempotency-key": "one"}
    case = at_desk.client.post("/v1/cases", json=asked, headers=key)
    assert case.status_code == 201, case.text
    assert at_desk.client.post("/v1/cases", json=asked, headers=key).json() == case.json()
    index = case.json()["index"]
    other = at_desk.client.post("/v1/cases", json={"subject": OTHER, "reference": "D-8"}).json()
    page = at_desk.client.get("/v1/cases", params={"limit": 1})
    assert [one["index"] for one in items(page)] == [other["index"]]
    last = at_desk.client.get("/v1/cases", params={"limit": 1, "cursor": page.json()["next"]})
    assert (items(last), last.json()["next"]) == ([case.json()], None)
    resolved = at_desk.client.post(f"/v1/cases/{other['index']}/resolve", json={"outcome": "upheld"})
    assert resolved.status_code == 200, resolved.text
    play_period(at_desk.bench)
    assert [(one["index"], one["state"]) for one in items(at_desk.client.get("/v1/cases"))] == [
        (other["index"], "resolved"),
        (index, "open"),
    ]
    with as_person(at_member, "Li Na") as li:
        found = li.get("/v1/contested")
        assert found.json()["next"] is None
        (row,) = items(found)
        assert (row["dispute"], row["subject"], row["month"]) == (index, ACME, "2024-10")
        assert (row["respond_by"], row["said"]) == ("2025-01", None)
        answer = {"said": "corrected", "months": ["2024-10"]}
        (row,) = items(li.post(f"/v1/contested/{index}/answer", json=answer))
        assert (row["said"], row["state"]) == ("corrected", "waiting")
        refused = li.post(f"/v1/contested/{index}/answer", json={"said": "confirmed"})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    play_period(at_desk.bench)
    at_desk.bench.end_month(NOVEMBER)
    assert withheld(at_desk.bench) == ["2024-10"]
    ended = at_desk.client.post(f"/v1/cases/{index}/resolve", json={"outcome": "corrected"})
    assert (ended.json()["state"], ended.json()["outcome"]) == ("resolved", "corrected")
    again = at_desk.client.post(f"/v1/cases/{index}/resolve", json={"outcome": "upheld"})
    assert (again.status_code, again.json()["code"]) == (409, "resolved")


def test_a_row_is_withdrawn_by_whom_the_table_allows(at_member: Site) -> None:
    said = {"subject": ACME, "month": "2024-10", "reason": "error"}
    with as_person(at_member, "Max") as analyst:
        refused = analyst.post("/v1/withdrawals", json=said)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
        assert items(analyst.get("/v1/withdrawals")) == []
    unbound = at_member.client.post("/v1/withdrawals", json=said)
    assert (unbound.status_code, unbound.json()["code"]) == (403, "not_permitted")
    with as_person(at_member, "Li Na") as li:
        withdrawn = li.post("/v1/withdrawals", json=said)
        assert (withdrawn.status_code, withdrawn.json()) == (201, {**said, "state": "waiting"})
        again = li.post("/v1/withdrawals", json=said)
        assert (again.status_code, again.json()["code"]) == (409, "withdrawn")
        assert items(li.get("/v1/withdrawals")) == [withdrawn.json()]
        for change, status, code in (
            ({"month": "2024-11"}, 404, "not_found"),
            ({"month": "2024-13"}, 400, "malformed"),
            ({"reason": "confirmed"}, 400, "malformed"),
            ({"subject": "lei:1"}, 422, "subject_id"),
        ):
            refused = li.post("/v1/withdrawals", json={**said, **change})
            assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_each_role_has_its_own_side(at_desk: Site, at_member: Site) -> None:
    asked = {"subject": OTHER, "reference": "D-8"}
    refused = at_member.client.post("/v1/cases", json=asked)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    taken = at_desk.client.post("/v1/cases", json=asked)
    assert taken.status_code == 201
    other = at_desk.client.post("/v1/cases", json={**asked, "subject": ACME})
    assert (other.status_code, other.json()["code"]) == (409, "reference_taken")
    named = at_desk.client.post("/v1/cases", json={"subject": ACME, "reference": "about acme"})
    assert (named.status_code, named.json()["code"]) == (400, "malformed")
    assert "ACME" not in named.text.upper()


def test_the_command_shows_every_page_of_a_list(at_desk: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for subject, reference in ((ACME, "D-7"), (OTHER, "D-8")):
        asked = {"subject": subject, "reference": reference}
        assert at_desk.client.post("/v1/cases", json=asked).status_code == 201
    monkeypatch.setattr(remote, "_LISTED_AT_ONCE", 1)
    monkeypatch.setenv("HANSE_API_KEY", API_KEY)
    listed = hanse("dispute", "list", "--url", at_desk.served.url, "--json")
    assert [one["subject"] for one in listed.document] == [OTHER, ACME]


def test_a_desk_learns_how_often_its_subject_was_inquired_on(at_desk: Site, at_member: Site) -> None:
    asked = {"subjects": [ACME], "purpose": "onboarding"}
    assert at_member.client.post("/v1/inquiries", json=asked).status_code == 200
    at_desk.bench.end_month(NOVEMBER)
    learnt = at_desk.client.post("/v1/subject-access", json={"subject": ACME}).json()
    assert learnt["inquiries"] == [{"month": "2024-11", "purpose": "onboarding", "count": 1}]
    assert (learnt["checked"], learnt["answer"]["party"]) == (True, "desk")
    refused = at_member.client.post("/v1/subject-access", json={"subject": ACME})
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
