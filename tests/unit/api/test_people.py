"""People and the audit chain over HTTP: a scope opens the route, the role of the key's person decides."""

import httpx
import pytest
from support_asking import Ask, people_of
from support_http import API_KEY, Served
from support_people import NAMES

from node.risk.audit import Head, verify_lines
from node.storage.risk_schema import audit

LINES = {"accept": "application/jsonl"}


@pytest.fixture
def ask(client: httpx.Client, served: Served) -> Ask:
    """Ask as a person, by a key of that person's with every scope."""
    return people_of(served, client)


def test_an_admin_keeps_the_registry(ask: Ask) -> None:
    added = ask("ada", "POST", "/v1/people", json={"name": "李娜", "role": "analyst"})
    assert (added.status_code, added.json()["role"]) == (201, "analyst")
    again = ask("ada", "POST", "/v1/people", json={"name": "李娜", "role": "analyst"})
    assert (again.status_code, again.json()["code"]) == (409, "person_state")
    assert ask("ada", "PUT", "/v1/people/李娜/role", json={"role": "approver"}).json()["role"] == "approver"
    page = ask("ada", "GET", "/v1/people", params={"limit": 5}).json()
    rest = ask("ada", "GET", "/v1/people", params={"cursor": page["next"]}).json()
    assert [one["name"] for one in page["items"] + rest["items"]] == ["ada", "ann", "bo", "cy", "di", "李娜"]
    assert ask("ada", "DELETE", "/v1/people/李娜").json()["retired_at"] is not None
    assert ask("ada", "DELETE", "/v1/people/nobody").status_code == 404


@pytest.mark.parametrize("role", ["system", "root", ""])
def test_what_is_no_role_is_refused(ask: Ask, role: str) -> None:
    answer = ask("ada", "POST", "/v1/people", json={"name": "x", "role": role})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_who_retires_is_shut_out_at_once(ask: Ask) -> None:
    assert ask("ann", "GET", "/v1/people").status_code == 200
    ask("ada", "DELETE", "/v1/people/ann")
    assert ask("ann", "GET", "/v1/people").status_code == 401


def test_a_changed_role_counts_at_once(ask: Ask) -> None:
    assert ask("ann", "GET", "/v1/audit").status_code == 403
    ask("ada", "PUT", "/v1/people/ann/role", json={"role": "auditor"})
    assert ask("ann", "GET", "/v1/audit").status_code == 200


def test_a_key_of_nobody_s_acts_as_nobody(client: httpx.Client) -> None:
    key = {"authorization": f"Bearer {API_KEY}"}
    for path in ("/v1/people", "/v1/audit", "/v1/audit/head"):
        answer = client.get(path, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


def test_only_an_admin_binds_a_key_to_another_person(ask: Ask, client: httpx.Client) -> None:
    asked = {"name": "ui", "scopes": ["people:admin"], "person": "bo"}
    for person in NAMES.values():
        status = ask(person, "POST", "/v1/api-keys", json=asked).status_code
        assert status == (201 if person == "bo" else 403)
    nobody = {"authorization": f"Bearer {API_KEY}"}
    assert client.post("/v1/api-keys", json=asked, headers=nobody).status_code == 403
    made = ask("ada", "POST", "/v1/api-keys", json=asked)
    assert (made.status_code, made.json()["person"]) == (201, "bo")
    shown = ask("ada", "GET", "/v1/api-keys").json()["items"]
    assert sorted(key["person"] for key in shown) == ["ada", "ann", "bo", "bo", "bo", "cy", "di"]


def test_the_lines_of_all_pages_are_the_chain(ask: Ask, served: Served) -> None:
    for page_size in (1, 4, 100):
        lines, path = list[bytes](), f"/v1/audit?limit={page_size}"
        while path:
            answer = ask("di", "GET", path, headers=LINES)
            lines += answer.content.splitlines()
            path = answer.links.get("next", {}).get("url", "")
        head = served.own.audit.head()
        assert verify_lines(lines, head) == head
    looks = [row for row in served.own.audit.rows(limit=500) if row.action == "audit.viewed"]
    assert [row.actor.name for row in looks] == ["di"]


def test_rows_are_shown_as_json_and_by_subject(ask: Ask) -> None:
    shown = ask("cy", "GET", "/v1/audit").json()["items"]
    assert shown[0] | {"at": ""} == {
        "number": 0,
        "at": "",
        "actor": "system",
        "role": "system",
        "action": "people.added",
        "subject": None,
        "content": {"name": "ada", "role": "admin"},
    }
    about = ask("cy", "GET", "/v1/audit", params={"subject": "ref:DEMO:1"}).json()["items"]
    assert [row["action"] for row in about] == ["audit.viewed"]
    assert ask("cy", "GET", "/v1/audit", params={"subject": "none"}).status_code == 422


def test_the_whole_chain_is_checked_on_demand(ask: Ask, served: Served) -> None:
    told = ask("di", "GET", "/v1/audit/head").json()
    head = Head.parse(told["head"])
    assert (head.size, head.hash.hex()) == (told["size"], told["hash"])
    assert ask("di", "GET", "/v1/audit/head", params={"kept": told["head"]}).status_code == 200
    with served.own._database.write() as connection:
        connection.execute(audit.delete().where(audit.c.number == head.size - 1))
    cut = ask("di", "GET", "/v1/audit/head", params={"kept": told["head"]})
    assert (cut.status_code, cut.json()["code"]) == (422, "audit_chain")
    assert ask("di", "GET", "/v1/audit/head", params={"kept": "x"}).status_code == 400
