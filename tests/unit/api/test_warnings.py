"""The firm's own warnings over HTTP, as persons of its registry."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support_bulletins import ACME, level, play_round
from support_node import MEMBERS, Bench
from support_people import add_people
from support_site import Site, open_site

from node.own.scopes import SCOPES

RAISED = {"subject": "ref:demo:acme", "reason": "charged_off", "note": "letter of 12 October"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, members=MEMBERS[:4])
    yield made
    made.close()


@pytest.fixture
def site(bench: Bench) -> Iterator[Site]:
    with open_site(bench, MEMBERS[0]) as made:
        add_people(made.served.own)
        yield made


def acting(site: Site, name: str) -> httpx.Client:
    own = site.served.own
    secret = own.keys.new(name=name, scopes=SCOPES, expires_at=None, binding=own.people.bind(name)).secret
    key = {"authorization": f"Bearer {secret}"}
    return httpx.Client(base_url=site.served.url, headers=key, trust_env=False, timeout=30)


def test_a_warning_is_raised_once_for_a_key_and_goes_with_the_next_bulletin(site: Site, bench: Bench) -> None:
    with acting(site, "ann") as ann:
        key = {"idempotency-key": "one"}
        raised = ann.post("/v1/warnings", json=RAISED, headers=key)
        assert (raised.status_code, raised.json()["state"]) == (201, "waiting")
        again = ann.post("/v1/warnings", json=RAISED, headers=key)
        assert (again.status_code, again.json()) == (201, raised.json())
        refused = ann.post("/v1/warnings", json=RAISED)
        assert (refused.status_code, refused.json()["code"]) == (409, "warning_state")
        play_round(bench)
        (found,) = ann.get("/v1/warnings", params={"subject": ACME}).json()["items"]
        expected = {**raised.json(), "state": "in_effect", "ends_with": "2025-01"}
        assert found == expected
        assert ann.get("/v1/warnings", params={"subject": "ref:DEMO:OTHER"}).json()["items"] == []
        cleared = ann.post("/v1/warnings/clear", json={"subject": ACME})
        assert (cleared.status_code, cleared.json()["state"]) == (200, "clearing")
        assert ann.post("/v1/warnings/clear", json={"subject": ACME}).status_code == 404
    assert level(bench, MEMBERS[2]) == 0


def test_warnings_are_listed_in_pages_the_newest_first(site: Site) -> None:
    with acting(site, "ann") as ann:
        for number in range(3):
            ann.post("/v1/warnings", json={"subject": f"ref:DEMO:{number}", "reason": "collection"})
        first = ann.get("/v1/warnings", params={"limit": 2}).json()
        rest = ann.get("/v1/warnings", params={"limit": 2, "cursor": first["next"]}).json()
    shown = [one["subject"] for one in [*first["items"], *rest["items"]]]
    assert (shown, rest["next"]) == ([f"ref:DEMO:{number}" for number in (2, 1, 0)], None)


@pytest.mark.parametrize(
    "wrong", [{"reason": "gossip"}, {"note": "x" * 501}, {"notified_on": "soon"}, {"secret": 1}]
)
def test_what_is_not_of_the_form_is_refused(site: Site, wrong: dict[str, object]) -> None:
    with acting(site, "ann") as ann:
        assert ann.post("/v1/warnings", json={**RAISED, **wrong}).status_code == 400
        assert ann.get("/v1/warnings").json()["items"] == []


def test_nothing_is_proposed_without_a_status_in_the_book(site: Site) -> None:
    with acting(site, "cy") as cy:
        assert cy.get("/v1/warnings/proposals").json() == []
        for decision in ("confirm", "dismiss"):
            refused = cy.post(f"/v1/warnings/proposals/{decision}", json={"subject": ACME})
            assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
