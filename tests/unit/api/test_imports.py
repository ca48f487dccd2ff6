"""Imports over HTTP: shown first, then taken as a whole or not at all."""

import io
from typing import Any

import pytest
from openpyxl import Workbook
from support_node import MEMBERS
from support_site import AS_OF, TWO, Site, export

from hanse_ledger.filings import Alias
from hanse_ledger.ids import SubjectId
from node.own import imports
from node.own.records import unpack_records
from node.receivables.outcome import Record
from node.storage.book import load_invoices

LEI = "lei:5493001KJTIIGC8Y1R12"


ONE_BAD = export(
    "R1,ref:DEMO:C1,2024-10-02,2024-10-20,,1200.00,EUR", "R2,4711,2024-10-03,2024-10-20,,50.00,EUR"
)


def preview(site: Site, raw: bytes, **more: str) -> dict[str, Any]:
    answer = site.client.post("/v1/imports", content=raw, params={**AS_OF, **more})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def book(site: Site) -> dict[str, int]:
    with site.bench.standing(MEMBERS[0]).database.read() as connection:
        return {str(subject): len(found) for subject, found in load_invoices(connection).items()}


def counts(shown: dict[str, Any]) -> tuple[int, int, int]:
    return shown["new"], shown["changed"], shown["unchanged"]


def test_a_preview_takes_nothing_and_a_confirmation_all(site: Site) -> None:
    shown = preview(site, TWO)
    assert (shown["state"], shown["lines"], shown["taken"], counts(shown)) == ("previewed", 2, 2, (2, 0, 0))
    assert shown["currencies"] == {"EUR": 2}
    assert book(site) == {}
    path = f"/v1/imports/{shown['id']}"
    for _ in range(2):  # again changes nothing
        taken = site.client.post(f"{path}/confirm").json()
        assert (taken["state"], counts(taken)) == ("taken", (2, 0, 0))
        assert book(site) == {"ref:DEMO:C1": 1, "ref:DEMO:C2": 1}
    assert site.client.get(path).json() == taken
    refused = site.client.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "import_state")


def test_the_same_bytes_again_are_known_and_change_nothing(site: Site) -> None:
    first = preview(site, TWO, confirm="true")
    assert (first["state"], first["seen_before"]) == ("taken", False)
    again = preview(site, TWO)
    assert (again["seen_before"], counts(again)) == (True, (0, 0, 2))


def test_refused_lines_are_named_and_nothing_is_taken_by_itself(site: Site) -> None:
    shown = preview(site, ONE_BAD, confirm="true")
    assert (shown["state"], shown["refused"], shown["unmatched_customers"]) == ("previewed", 1, ["4711"])
    (line,) = shown["refused_lines"]
    assert (line["line"], line["reason"]) == (3, "no_subject")
    path = f"/v1/imports/{shown['id']}"
    assert site.client.get(f"{path}/refused").json() == {"items": [line], "next": None}
    assert site.client.get(f"{path}/unmatched").json() == {"items": ["4711"], "next": None}
    refused = site.client.post(f"{path}/confirm")
    assert (refused.status_code, refused.json()["code"]) == (422, "refused_lines")
    assert book(site) == {}
    taken = site.client.post(f"{path}/confirm", params={"skip_refused": "true"}).json()
    assert (taken["state"], taken["new"]) == ("taken", 1)
    assert book(site) == {"ref:DEMO:C1": 1}


def test_all_refused_lines_come_in_pages(site: Site) -> None:
    lines = [f"R{i},{i},2024-10-03,2024-10-20,,50.00,EUR" for i in range(45)]
    shown = preview(site, export(*lines))
    assert (shown["refused"], len(shown["refused_lines"])) == (45, 20)
    found: list[int] = []
    at: dict[str, Any] = {"limit": 20}
    while True:
        page = site.client.get(f"/v1/imports/{shown['id']}/refused", params=at).json()
        found += [line["line"] for line in page["items"]]
        if page["next"] is None:
            break
        at["cursor"] = page["next"]
    assert found == list(range(2, 47))


def test_a_discarded_preview_cannot_be_taken(site: Site) -> None:
    path = f"/v1/imports/{preview(site, TWO)['id']}"
    for _ in range(2):
        assert site.client.delete(path).json()["state"] == "discarded"
    refused = site.client.post(f"{path}/confirm")
    assert (refused.status_code, refused.json()["code"]) == (409, "import_state")
    assert book(site) == {}


def test_what_is_discarded_while_it_is_being_taken_is_not_taken(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = preview(site, TWO)["id"]
    path = f"/v1/imports/{import_id}"

    def between(packed: bytes) -> list[Record]:
        imports.Imports(site.bench.standing(MEMBERS[0]).database, site.bench.clock).discard(import_id)
        return unpack_records(packed)

    monkeypatch.setattr(imports, "unpack_records", between)
    refused = site.client.post(f"{path}/confirm")
    assert (refused.status_code, refused.json()["code"]) == (409, "import_state")
    assert (site.client.get(path).json()["state"], book(site)) == ("discarded", {})


def test_customers_are_found_by_their_numbers_on_the_list(site: Site) -> None:
    site.client.put("/v1/subjects/customers/4711", json={"name": "Alder", "subject": "ref:DEMO:C9"})
    shown = preview(site, ONE_BAD, confirm="true")
    assert (shown["state"], shown["refused"]) == ("taken", 0)
    assert book(site) == {"ref:DEMO:C1": 1, "ref:DEMO:C9": 1}


def test_differences_to_what_was_reported_are_counted_before_anything_is_taken(site: Site) -> None:
    preview(site, TWO, confirm="true")
    site.bench.member(MEMBERS[0]).report()
    later = export("R1,ref:DEMO:C1,2024-10-02,2024-10-20,2024-10-21,1200.00,EUR")
    shown = preview(site, later)
    assert (counts(shown), shown["differences"]) == ((0, 1, 0), 1)
    taken = site.client.post(f"/v1/imports/{shown['id']}/confirm").json()
    assert (counts(taken), taken["differences"]) == ((0, 1, 0), 1)


def test_an_alias_joins_what_was_reported_under_either_id(site: Site) -> None:
    site.bench.log(site.bench.consortium.ordering[0], Alias(other="ref:DEMO:C2", primary=SubjectId(LEI)))
    site.bench.standing(MEMBERS[0]).catch_up()
    preview(site, TWO, confirm="true")
    match = site.client.get("/v1/subjects/match", params={"id": "ref:demo:c2"}).json()
    assert match["subject"] == LEI


def test_an_older_export_is_refused_when_it_is_shown(site: Site) -> None:
    preview(site, TWO, confirm="true")
    answer = site.client.post("/v1/imports", content=TWO, params={"as_of": "2024-10-30"})
    assert (answer.status_code, answer.json()["code"]) == (422, "older_export")


@pytest.mark.parametrize(
    ("raw", "more", "status", "code"),
    [
        (b"no table at all", {}, 422, "receivables_header"),
        (b"PK\x03\x04", {}, 422, "receivables_table"),
        (TWO, {"as_of": "2031-01-01"}, 400, "malformed"),
        (TWO, {"columns": "{"}, 422, "receivables_mapping"),
        (TWO, {"columns": '{"colums": {}}'}, 422, "receivables_mapping"),
        (TWO, {"confirm": "perhaps"}, 400, "malformed"),
    ],
)
def test_what_is_no_import_is_refused(
    site: Site, raw: bytes, more: dict[str, str], status: int, code: str
) -> None:
    answer = site.client.post("/v1/imports", content=raw, params={**AS_OF, **more})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert site.client.get("/v1/imports").json() == {"items": [], "next": None}


def test_columns_may_be_named_and_a_workbook_brought(site: Site) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["A", "customer", "invoice date", "due date", "paid date", "amount", "currency"])
    sheet.append(["R1", "ref:DEMO:C1", "2024-10-02", "2024-10-20", "", "1200.00", "EUR"])
    raw = io.BytesIO()
    book.save(raw)
    shown = preview(site, raw.getvalue(), columns='{"columns": {"invoice": "A"}}')
    assert (shown["taken"], shown["columns"]["invoice"]) == (1, "A")


def test_imports_are_listed_with_the_newest_first(site: Site) -> None:
    made = [preview(site, TWO)["id"] for _ in range(3)]
    first = site.client.get("/v1/imports", params={"limit": 2}).json()
    rest = site.client.get("/v1/imports", params={"limit": 2, "cursor": first["next"]}).json()
    assert [one["id"] for one in [*first["items"], *rest["items"]]] == made[::-1]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("POST", "/confirm"), ("DELETE", ""), ("GET", "/refused")]
)
def test_an_import_that_is_none(site: Site, method: str, path: str) -> None:
    answer = site.client.request(method, f"/v1/imports/{'0' * 32}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
