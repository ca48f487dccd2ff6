"""Portfolios over HTTP: asked once for each subject, whatever ends in between; refusals one by one."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support_node import MEMBERS, Bench
from support_site import Site, open_site

from hanse_ledger.answer_file import verify_answer_file
from node.own.runner import PortfolioRunner
from node.storage.schema import inquiry

PURPOSE = "monitoring"


def begin(site: Site, subjects: list[str], **more: Any) -> dict[str, Any]:
    body = {"name": "all", "purpose": PURPOSE, "subjects": subjects, **more}
    answer = site.client.post("/v1/portfolios", json=body)
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    return made


def runner(site: Site) -> PortfolioRunner:
    return PortfolioRunner(site.bench.member(MEMBERS[0]))


def run(site: Site) -> int:
    """Step until there is nothing more; return how many steps that took."""
    one, steps = runner(site), 0
    while one.step():
        steps += 1
        assert steps < 500
    return steps


def shown(site: Site, portfolio_id: str) -> dict[str, Any]:
    found: dict[str, Any] = site.client.get(f"/v1/portfolios/{portfolio_id}").json()
    return found


def answers(site: Site, portfolio_id: str, limit: int = 500) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    at: dict[str, Any] = {"limit": limit}
    while True:
        page = site.client.get(f"/v1/portfolios/{portfolio_id}/answers", params=at).json()
        found += page["items"]
        if page["next"] is None:
            return found
        at["cursor"] = page["next"]


def asked(site: Site) -> list[str]:
    with site.bench.standing(MEMBERS[0]).database.read() as connection:
        return sorted(connection.execute(select(inquiry.c.subject)).scalars())


def ids(count: int) -> list[str]:
    return [f"ref:DEMO:P{number:04}" for number in range(count)]


def test_every_subject_is_answered_once_and_bad_ones_are_refused_alone(site: Site) -> None:
    site.client.put("/v1/subjects/customers/4711", json={"name": "Elm", "subject": "ref:DEMO:ELM"})
    brought = [*ids(3), "lei:nonsense", "4711", "REF:demo:p0001", "4712"]
    made = begin(site, brought)
    assert (made["state"], made["total"], made["done"], made["failed"]) == ("running", 7, 2, 2)
    run(site)
    ended = shown(site, made["id"])
    assert (ended["state"], ended["done"], ended["nothing"], ended["refused"]) == ("done", 7, 5, 2)
    found = answers(site, made["id"], limit=2)
    assert [one["asked"] for one in found] == brought
    statuses = [one["status"] for one in found]
    assert statuses == ["nothing", "nothing", "nothing", "refused", "nothing", "nothing", "refused"]
    assert [one.get("code") for one in found if one["status"] == "refused"] == ["subject_id", "subject_id"]
    assert found[1]["request_id"] == found[5]["request_id"]
    assert asked(site) == ["ref:DEMO:ELM", *ids(3)]


def test_a_kill_at_any_step_asks_nobody_twice(tmp_path: Path) -> None:
    bench = Bench(tmp_path, members=MEMBERS[:4])
    with open_site(bench, MEMBERS[0]) as site:
        made = begin(site, ids(150))
    for _ in range(12):
        bench.reopen()
        runner(site).step()  # a new one each time: what it kept in memory is lost with the process
        runner(site).step()
    bench.reopen()
    with open_site(bench, MEMBERS[0]) as site:
        run(site)
        assert shown(site, made["id"])["nothing"] == 150
        assert asked(site) == ids(150)
    logged = [raw for raw in bench.replica.log.entries(0, bench.state.size) if b"inquiry" in raw]
    assert len(logged) == 1
    bench.close()


def test_other_messages_come_in_between(site: Site) -> None:
    begin(site, ids(300))
    one = runner(site)
    statuses = []
    for _ in range(6):
        assert one.step()
        asked_now = site.client.post(
            "/v1/inquiries", json={"subjects": ["ref:DEMO:Q"], "purpose": "credit-review"}
        )
        statuses.append(asked_now.json()["answers"][0]["status"])
    assert statuses == ["nothing"] * 6
    run(site)
    assert len(asked(site)) == 306


def test_it_is_cancelled_and_resumed(site: Site) -> None:
    made = begin(site, ids(100))
    one = runner(site)
    for _ in range(4):
        one.step()
    path = f"/v1/portfolios/{made['id']}"
    for _ in range(2):
        assert site.client.post(f"{path}/cancel").json()["state"] == "cancelled"
    assert not one.step()
    before = shown(site, made["id"])["done"]
    assert before < 100
    assert site.client.post(f"{path}/resume").json()["state"] == "running"
    run(site)
    assert shown(site, made["id"])["done"] == 100
    refused = site.client.post(f"{path}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "portfolio_state")


def test_it_waits_for_stewards_and_says_why(site: Site) -> None:
    made = begin(site, ids(3))
    stewards = [steward.id for steward in site.bench.consortium.stewards.values()]
    site.bench.silent.update(stewards)
    run(site)
    waiting = shown(site, made["id"])
    assert (waiting["state"], waiting["code"], waiting["done"]) == ("running", "unavailable", 0)
    site.bench.silent.clear()
    run(site)
    ended = shown(site, made["id"])
    assert (ended["state"], ended["code"], ended["nothing"]) == ("done", None, 3)
    assert asked(site) == ids(3)


def test_what_no_budget_is_left_for_is_refused_and_not_logged(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["policy"]["inquiries_base"] = 100

    bench = Bench(tmp_path, members=MEMBERS[:4], change=change)
    with open_site(bench, MEMBERS[0]) as site:
        made = begin(site, ids(1_200))
        run(site)
        ended = shown(site, made["id"])
        assert (ended["state"], ended["nothing"], ended["refused"]) == ("done", 100, 1_100)
        assert len(asked(site)) == 1_024
        codes = {one["code"] for one in answers(site, made["id"])[100:]}
        assert codes == {"budget"}
    bench.close()


def test_one_comes_as_csv_and_its_answers_as_lines(site: Site) -> None:
    text = "subject,name\nref:DEMO:A,x\n\nref:DEMO:B,y\n"
    query = {"name": "from csv", "purpose": PURPOSE}
    headers = {"content-type": "text/csv; charset=utf-8"}
    answer = site.client.post("/v1/portfolios", content=text, params=query, headers=headers)
    assert answer.status_code == 202
    run(site)
    path = f"/v1/portfolios/{answer.json()['id']}/answers"
    lines = site.client.get(path, headers={"accept": "application/jsonl"}, params={"limit": 1})
    assert lines.headers["content-type"].startswith("application/jsonl")
    (first,) = map(json.loads, lines.text.splitlines())
    rest = site.client.get(lines.links["next"]["url"], headers={"accept": "application/jsonl"})
    (second,) = map(json.loads, rest.text.splitlines())
    assert [first["subject"], second["subject"]] == ["ref:DEMO:A", "ref:DEMO:B"]
    assert "link" not in rest.headers


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        ({"name": "a", "purpose": "other", "subjects": ["ref:DEMO:A"]}, "application/json", 400, "malformed"),
        ({"name": "a", "purpose": PURPOSE, "subjects": []}, "application/json", 400, "malformed"),
        ({"name": "a", "purpose": PURPOSE, "subjects": ["ref:DEMO:A"] * 100_001}, "application/json", 400,
         "malformed"),
        ({"purpose": PURPOSE, "subjects": ["ref:DEMO:A"]}, "application/json", 400, "malformed"),
        ({"name": "a", "purpose": PURPOSE, "subjects": ["ref:DEMO:A"]}, "text/plain", 415, "media_type"),
        ("\xff", "text/csv", 400, "malformed"),
        ('{"name"', "application/json", 400, "malformed"),
    ],
)  # fmt: skip
def test_what_is_no_portfolio(site: Site, body: Any, media_type: str, status: int, code: str) -> None:
    content = body.encode("latin-1") if isinstance(body, str) else json.dumps(body).encode()
    answer = site.client.post("/v1/portfolios", content=content, headers={"content-type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert site.client.get("/v1/portfolios").json()["items"] == []


def test_own_inquiries_are_read_again_without_asking(site: Site) -> None:
    body = {"subjects": ["ref:DEMO:A", "ref:DEMO:B"], "purpose": PURPOSE}
    given = site.client.post("/v1/inquiries", json=body).json()["answers"]
    site.bench.asked.clear()
    listed = site.client.get("/v1/inquiries").json()["items"]
    assert {one["subject"]: one["status"] for one in listed} == {
        "ref:DEMO:A": "nothing",
        "ref:DEMO:B": "nothing",
    }
    assert not any("windows" in one for one in listed)
    first = site.client.get("/v1/inquiries", params={"limit": 1}).json()
    second = site.client.get("/v1/inquiries", params={"limit": 1, "cursor": first["next"]}).json()
    assert [*first["items"], *second["items"]] == listed
    for answer in given:
        again = site.client.get(f"/v1/inquiries/{answer['request_id']}").json()
        assert {name: again[name] for name in answer} == answer
    assert not [verb for _, _, verb in site.bench.asked if verb == "answers"]
    file = site.client.get(f"/v1/inquiries/{given[0]['request_id']}/answer")
    assert file.headers["content-type"] == "application/vnd.hanse.answer+json"
    assert verify_answer_file(file.content, site.bench.consortium) == given[0]
    for path in ("", "/answer"):
        assert site.client.get(f"/v1/inquiries/{'0' * 32}{path}").status_code == 404


def test_a_role_that_the_node_has_not_is_not_found(site: Site) -> None:
    answer = site.client.post("/v1/months/close", json={"month": "2024-10"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
