"""How far reporting is, over HTTP: the log month, and every month before it."""

from support_node import FIRST, MEMBERS, after
from support_site import AS_OF, TWO, Site

from hanse_ledger.ids import Month


def test_reports_are_made_on_demand_and_listed_by_month(site: Site) -> None:
    site.bench.standing(MEMBERS[0]).catch_up()
    none = site.client.get("/v1/reports").json()
    assert (none["month"], none["reports"], none["months"]) == ("2024-10", 0, [])
    site.client.post("/v1/imports", content=TWO, params={**AS_OF, "confirm": "true"})
    made = site.client.post("/v1/reports").json()
    assert (made["reports"], made["rows"]) == (1, 2)
    assert site.client.get("/v1/reports").json() == made
    assert made["months"] == [{"month": "2024-10", "reports": 1, "counting": 0, "rows": 2}]
    others = MEMBERS[1:4]
    site.bench.end_month(FIRST, MEMBERS[0], *others)
    site.bench.clock.time = after(Month(FIRST + 1))
    later = site.client.post("/v1/reports").json()
    assert later["month"] == "2024-11"
    assert [(one["month"], one["reports"]) for one in later["months"]] == [("2024-11", 1), ("2024-10", 1)]
    assert later["months"][1]["counting"] == 1
