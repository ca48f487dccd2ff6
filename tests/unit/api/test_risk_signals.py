"""Signals and limits over HTTP: a scope opens the route, the role of the key's person decides."""

from typing import Any

import httpx
import pytest
from support_asking import Ask, people_of
from support_http import Served

from node.risk.signals.catalogue import KINDS

S1, S2 = "ref:DEMO:1", "lei:5493001KJTIIGC8Y1R12"
FIVE = {"limit": {"amount_minor": 500, "currency": "CNY"}}


@pytest.fixture
def ask(client: httpx.Client, served: Served) -> Ask:
    return people_of(served, client)


def test_signals_are_the_whole_catalogue_with_what_stands_behind_each(ask: Ask) -> None:
    ask("bo", "PUT", f"/v1/limits/{S1}", json=FIVE)
    document = ask("ann", "GET", f"/v1/subjects/{S1}/signals").json()
    assert [one["name"] for one in document["signals"]] == list(KINDS)
    found = {one["name"]: one for one in document["signals"]}
    assert found["own.limit_minor"] == {
        "name": "own.limit_minor",
        "title": "Your limit",
        "value": 500,
        "interval": None,
        "unit": "minor",
        "months": None,
        "coverage": None,
        "age_months": None,
        "unknown": None,
        "formula": "The limit that your firm has set.",
        "source": "own",
    }
    assert (found["network.late_share"]["value"], found["network.late_share"]["unknown"]) == (
        None,
        "not_asked",
    )
    assert (document["subject"], document["contributors_min"]) == (S1, 4)


def test_a_look_at_signals_is_noted_and_needs_a_reading_role(ask: Ask, served: Served) -> None:
    assert ask("di", "GET", f"/v1/subjects/{S1}/signals").status_code == 200
    last = served.own.audit.rows(limit=100)[-1]
    assert (last.actor.name, last.action, last.subject) == ("di", "signals.viewed", S1)
    refused = ask("ada", "GET", f"/v1/subjects/{S1}/signals")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")


@pytest.mark.parametrize("path", ["/v1/subjects/{}/signals", "/v1/limits/{}"])
def test_an_id_that_no_register_gave_out_is_refused(still_ask: Ask, path: str) -> None:
    answer = still_ask("ann", "GET", path.format("uscc:91350100M000100Y44"))
    assert (answer.status_code, answer.json()["code"]) == (422, "subject_id")
    assert "91350100" not in answer.text


def test_limits_are_set_listed_and_removed(ask: Ask, served: Served) -> None:
    shown = ask("bo", "PUT", f"/v1/limits/{S1}", json=FIVE).json()
    assert (shown["subject"], shown["limit"], shown["set_by"]) == (S1, FIVE["limit"], "bo")
    assert ask("bo", "PUT", f"/v1/limits/{S2}", json=FIVE).status_code == 200
    page = ask("ann", "GET", "/v1/limits", params={"limit": 1}).json()
    rest = ask("ann", "GET", "/v1/limits", params={"limit": 1, "cursor": page["next"]}).json()
    assert [one["subject"] for one in page["items"] + rest["items"]] == [S2, S1]
    assert rest["next"] is None
    assert ask("bo", "DELETE", f"/v1/limits/{S1}").status_code == 204
    assert ask("bo", "DELETE", f"/v1/limits/{S1}").status_code == 404
    assert ask("ann", "GET", f"/v1/limits/{S1}").json()["code"] == "not_found"
    noted = [(row.action, row.subject, row.content) for row in served.own.audit.rows(limit=100)][-3:]
    assert noted == [
        ("limit.set", S1, {"before": None, "limit_minor": 500}),
        ("limit.set", S2, {"before": None, "limit_minor": 500}),
        ("limit.removed", S1, {"before": 500}),
    ]


def test_the_same_limit_again_changes_nothing(ask: Ask, served: Served) -> None:
    first = ask("bo", "PUT", f"/v1/limits/{S1}", json=FIVE).json()
    before = served.own.audit.head()
    assert ask("ada", "PUT", f"/v1/limits/{S1}", json=FIVE).json() == first
    assert served.own.audit.head() == before


@pytest.mark.parametrize(
    "limit",
    [
        {"amount_minor": -1, "currency": "CNY"},
        {"amount_minor": 1.5, "currency": "CNY"},
        {"amount_minor": 10**16, "currency": "CNY"},
        {"amount_minor": 5, "currency": "USD"},
        {"amount_minor": 5},
    ],
)
def test_what_is_no_limit_is_refused(still_ask: Ask, limit: dict[str, Any]) -> None:
    answer = still_ask("bo", "PUT", f"/v1/limits/{S1}", json={"limit": limit})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert still_ask("bo", "GET", f"/v1/limits/{S1}").status_code == 404


def test_a_file_of_limits_says_which_lines_it_refuses(ask: Ask) -> None:
    raw = f"subject,limit\n{S1},5\n{S2},-1\n".encode()
    refused = ask("bo", "POST", "/v1/limits", content=raw).json()
    assert [(one["line"], one["reason"]) for one in refused["refused"]] == [(3, "limit_negative")]
    assert (refused["new"], ask("bo", "GET", "/v1/limits").json()["items"]) == (0, [])
    taken = ask("bo", "POST", "/v1/limits", params={"skip_refused": True}, content=raw).json()
    assert (taken["new"], len(taken["refused"])) == (1, 1)
    assert ask("bo", "GET", f"/v1/limits/{S1}").json()["limit"] == FIVE["limit"]


def test_a_file_that_is_none_is_refused_as_a_whole(still_ask: Ask) -> None:
    answer = still_ask("bo", "POST", "/v1/limits", content=b"nothing here")
    assert (answer.status_code, answer.json()["code"]) == (422, "receivables_header")


@pytest.mark.parametrize("person", ["ann", "cy", "di"])
def test_only_approver_and_admin_set_limits(still_ask: Ask, person: str) -> None:
    for answer in (
        still_ask(person, "PUT", f"/v1/limits/{S1}", json=FIVE),
        still_ask(person, "DELETE", f"/v1/limits/{S1}"),
        still_ask(person, "POST", "/v1/limits", content=b"subject,limit\nref:DEMO:1,5\n"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert still_ask(person, "GET", "/v1/limits").json()["items"] == []
