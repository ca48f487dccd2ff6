"""`Idempotency-Key`: one effect and one answer, over a restart and over a crash in between too."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from support_node import MEMBERS, Bench
from support_site import AS_OF, TWO, Site, open_site

from node.own.calls import Calls
from node.own.imports import Imports
from node.storage.schema import import_preview, inquiry

ASKED = {"subjects": ["ref:DEMO:C1", "ref:DEMO:C2"], "purpose": "credit-review"}
KEY = {"idempotency-key": "order-4711"}


def inquire(site: Site, **how: Any) -> httpx.Response:
    return site.client.post("/v1/inquiries", **{"json": ASKED, "headers": KEY, **how})


def logged(site: Site) -> int:
    with site.bench.standing(MEMBERS[0]).database.read() as connection:
        return len(connection.execute(select(inquiry.c.request_hash)).all())


def test_the_same_request_has_the_same_answer_and_one_effect(site: Site) -> None:
    first = inquire(site)
    size = site.bench.state.size
    assert first.status_code == 200
    again = inquire(site)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert (site.bench.state.size, logged(site)) == (size, 2)


def test_without_a_key_or_with_another_it_is_another_request(site: Site) -> None:
    ids = {inquire(site, headers=headers).json()["answers"][0]["request_id"]
           for headers in ({}, {}, {"idempotency-key": "a"}, {"idempotency-key": "b"})}  # fmt: skip
    assert len(ids) == 4


@pytest.mark.parametrize("how", [{"json": {**ASKED, "purpose": "onboarding"}}, {"params": {"more": "1"}}])
def test_another_request_under_the_same_key_is_refused(site: Site, how: dict[str, Any]) -> None:
    inquire(site)
    answer = inquire(site, **how)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")


def test_a_key_belongs_to_its_route_and_its_caller(site: Site) -> None:
    first = inquire(site).json()
    made = site.served.own.keys.new(name="other", scopes=["inquiries:write"], expires_at=None)
    other = inquire(site, headers={**KEY, "authorization": f"Bearer {made.secret}"}).json()
    assert other["answers"][0]["request_id"] != first["answers"][0]["request_id"]
    assert site.client.post("/v1/imports", content=TWO, params=AS_OF, headers=KEY).status_code == 201


def test_the_answer_outlives_the_node(tmp_path: Path) -> None:
    bench = Bench(tmp_path, members=MEMBERS[:4])
    with open_site(bench, MEMBERS[0]) as site:
        first = inquire(site)
    bench.reopen()
    with open_site(bench, MEMBERS[0]) as site:
        assert inquire(site).content == first.content
    bench.close()


class DiedError(Exception):
    """The process ended here."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_crash_before_the_answer_is_stored_does_not_inquire_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, members=MEMBERS[:4])
    with open_site(bench, MEMBERS[0]) as site:
        with monkeypatch.context() as patch:
            patch.setattr(Calls, "end", _die)
            assert inquire(site).status_code == 500
        size, stored = bench.state.size, logged(site)
        assert stored == 2
    bench.reopen()
    with open_site(bench, MEMBERS[0]) as site:
        answers = inquire(site).json()["answers"]
        assert [answer["status"] for answer in answers] == ["nothing", "nothing"]
        assert (bench.state.size, logged(site)) == (size, stored)
    bench.close()


def test_a_crash_before_the_answer_is_stored_does_not_preview_twice(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Calls, "end", _die)
        died = site.client.post("/v1/imports", content=TWO, params=AS_OF, headers=KEY)
        assert died.status_code == 500
    answer = site.client.post("/v1/imports", content=TWO, params=AS_OF, headers=KEY)
    assert answer.status_code == 201
    with site.bench.standing(MEMBERS[0]).database.read() as connection:
        (row,) = connection.execute(select(import_preview))
    assert row.id == answer.json()["id"]


def _die(*_: object) -> None:
    raise DiedError


def test_a_refusal_is_not_kept(site: Site) -> None:
    site.bench.silent.update(site.bench.consortium.stewards[x].id for x in site.bench.consortium.stewards)
    assert inquire(site).status_code == 503
    site.bench.silent.clear()
    assert inquire(site).status_code == 200


def test_a_request_that_is_being_answered_is_not_begun_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    preview = Imports.preview

    def slow(*given: Any, **named: Any) -> dict[str, Any]:
        begun.set()
        assert go_on.wait(30)
        return preview(*given, **named)

    monkeypatch.setattr(Imports, "preview", slow)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(site.client.post, "/v1/imports", content=TWO, params=AS_OF, headers=KEY)
        assert begun.wait(30)
        second = site.client.post("/v1/imports", content=TWO, params=AS_OF, headers=KEY)
        assert (second.status_code, second.json()["code"]) == (409, "in_flight")
        go_on.set()
        assert first.result().status_code == 201


def test_after_two_days_a_key_is_new(site: Site) -> None:
    first = inquire(site).json()
    site.bench.clock.time += timedelta(hours=24)
    assert inquire(site).json() == first
    site.bench.clock.time += timedelta(hours=25)
    assert inquire(site).json() != first


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_what_is_no_key(site: Site, key: str) -> None:
    answer = inquire(site, headers={"idempotency-key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
