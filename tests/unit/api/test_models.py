"""`/v1/model`: the card over HTTP, for whom the role allows it."""

import httpx
import pytest
from support_http import Served
from support_model import BOOK_DAY, bills
from support_people import ADMIN, ANALYST, add_people, put_bills

pytest.importorskip("sklearn", reason="needs the extra hanse[model]")


def test_the_card_is_there_once_a_model_was_fitted(client: httpx.Client, served: Served) -> None:
    add_people(served.own)
    key = served.own.keys.new(
        name="ann", scopes=["risk:read"], expires_at=None, binding=served.own.people.bind(ANALYST.name)
    )
    headers = {"authorization": f"Bearer {key.secret}"}
    absent = client.get("/v1/model", headers=headers)
    assert (absent.status_code, absent.json()["code"]) == (404, "not_found")
    put_bills(served.own._database, *bills(customers=24), as_of=BOOK_DAY)
    fitted = served.own.models.fit(ADMIN)
    shown = client.get("/v1/model", headers=headers).json()
    assert shown == client.get("/v1/model", params={"version": 1}, headers=headers).json()
    assert shown["missing"] == fitted.card["missing"]
    assert (shown["state"], shown["version"], shown["fitted_by"]) == ("too_few", 1, ADMIN.name)
    assert client.get("/v1/model", params={"version": 2}, headers=headers).status_code == 404
