"""Public facts over HTTP: filed and withdrawn at a desk's node, read at a member's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_node import MEMBERS, Bench
from support_site import Site, open_site

from consortium_config.sample import DESK_ID

LEI = "lei:5493001KJTIIGC8Y1R12"
FACT = {
    "subject": "LEI: 5493001kjtiigc8y1r12",
    "kind": "dishonoured_bill",
    "date": "2024-10-08",
    "source": "Clearing house, notice 7",
    "document_sha256": "0c" * 32,
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, members=MEMBERS[:4])
    yield made
    made.close()


@pytest.fixture
def at_desk(bench: Bench) -> Iterator[Site]:
    with open_site(bench, DESK_ID) as made:
        yield made


@pytest.fixture
def at_member(bench: Bench) -> Iterator[Site]:
    with open_site(bench, MEMBERS[0]) as made:
        yield made


def test_a_fact_is_filed_once_for_a_key_and_read_elsewhere(at_desk: Site, at_member: Site) -> None:
    key = {"idempotency-key": "one"}
    filed = at_desk.client.post("/v1/facts", json=FACT, headers=key)
    assert filed.status_code == 201, filed.text
    again = at_desk.client.post("/v1/facts", json=FACT, headers=key)
    assert (again.status_code, again.json()) == (201, filed.json())
    expected = {**FACT, "subject": LEI, "desk": "desk", "index": 1, "withdrawn_at": None}
    assert filed.json() == expected
    at_member.bench.standing(MEMBERS[0]).catch_up()
    for query in ({}, {"subject": LEI}):
        assert at_member.client.get("/v1/facts", params=query).json() == {"items": [expected], "next": None}
    asked = {"subjects": [LEI], "purpose": "monitoring"}
    assert at_member.client.post("/v1/inquiries", json=asked).json()["facts"] == {LEI: [expected]}


def test_a_withdrawn_fact_stands_on_nobody(at_desk: Site) -> None:
    index = at_desk.client.post("/v1/facts", json=FACT).json()["index"]
    withdrawn = at_desk.client.post(f"/v1/facts/{index}/withdraw", json={"source": "Notice 8"})
    assert (withdrawn.status_code, withdrawn.json()["withdrawn_at"]) == (200, index + 1)
    refused = at_desk.client.post(f"/v1/facts/{index}/withdraw", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "withdrawn")
    assert at_desk.client.get("/v1/facts", params={"subject": LEI}).json()["items"] == []
    assert at_desk.client.get("/v1/facts").json()["items"] == [withdrawn.json()]


def test_facts_are_listed_in_pages(at_desk: Site) -> None:
    sources = [f"Notice {number}" for number in range(3)]
    for source in sources:
        at_desk.client.post("/v1/facts", json={**FACT, "source": source})
    first = at_desk.client.get("/v1/facts", params={"limit": 2}).json()
    rest = at_desk.client.get("/v1/facts", params={"limit": 2, "cursor": first["next"]}).json()
    assert [fact["source"] for fact in first["items"] + rest["items"]] == sources[::-1]
    assert rest["next"] is None


def test_a_member_files_no_facts(at_member: Site) -> None:
    refused = at_member.client.post("/v1/facts", json=FACT)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"subject": "lei:5493001KJTIIGC8Y1R13"}, 422, "subject_id"),
        ({"kind": "rumour"}, 400, "malformed"),
        ({"date": "2024-02-30"}, 400, "malformed"),
        ({"date": "2034-02-03"}, 400, "malformed"),
        ({"source": "é" * 150}, 400, "malformed"),
        ({"document_sha256": "0c"}, 400, "malformed"),
        ({"more": 1}, 400, "malformed"),
    ],
)
def test_what_is_no_fact_is_refused(at_desk: Site, change: dict[str, object], status: int, code: str) -> None:
    refused = at_desk.client.post("/v1/facts", json={**FACT, **change})
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert "5493001" not in refused.text
