"""API keys over HTTP: made, listed by pages, revoked; none gives what its maker has not."""

import httpx
import pytest
from support_http import API_KEY, Served

from node.own.scopes import SCOPES

ALL = {"authorization": f"Bearer {API_KEY}"}


def made(client: httpx.Client, name: str, *scopes: str, **more: object) -> dict[str, object]:
    answer = client.post("/v1/api-keys", json={"name": name, "scopes": list(scopes), **more}, headers=ALL)
    assert answer.status_code == 201, answer.text
    content: dict[str, object] = answer.json()
    return content


def bearer(key: dict[str, object]) -> dict[str, str]:
    return {"authorization": f"Bearer {key['key']}"}


def test_a_key_opens_its_scope_until_it_is_revoked(client: httpx.Client) -> None:
    key = made(client, "erp", "reports:read", expires_in_days=1)
    assert client.get("/v1/reports", headers=bearer(key)).status_code == 200
    refused = client.post("/v1/imports", content=b"x", headers=bearer(key))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope")
    revoked = client.delete(f"/v1/api-keys/{key['id']}", headers=ALL)
    assert revoked.json()["revoked_at"] is not None
    assert client.get("/v1/reports", headers=bearer(key)).status_code == 401


def test_a_key_gives_no_scope_that_it_has_not(client: httpx.Client) -> None:
    admin = made(client, "admin", "keys:admin", "reports:read")
    for scope in SCOPES:
        asked = {"name": f"for {scope}", "scopes": [scope]}
        answer = client.post("/v1/api-keys", json=asked, headers=bearer(admin))
        assert answer.status_code == (201 if scope in {"keys:admin", "reports:read"} else 403)


def test_a_third_of_a_name_is_refused(client: httpx.Client) -> None:
    made(client, "erp", "reports:read")
    made(client, "erp", "reports:read")
    answer = client.post("/v1/api-keys", json={"name": "erp", "scopes": ["reports:read"]}, headers=ALL)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_keys")


def test_lists_go_on_from_a_cursor_and_never_show_a_key(client: httpx.Client) -> None:
    keys = [made(client, f"name {number}", "reports:read") for number in range(5)]
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        at = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = client.get("/v1/api-keys", params=at, headers=ALL)
        assert not any(str(key["key"]) in answer.text for key in keys)
        page = answer.json()
        seen += [key["id"] for key in page["items"]]
        cursor, pages = page["next"], pages + 1
    assert seen == sorted(str(key["id"]) for key in keys)
    assert pages == 3


@pytest.mark.parametrize("cursor", ["!", "eA", "MQ", "W10", "bnVsbA", "\u6c34", "A" * 2_000, "WyJhIl0"])
def test_what_is_no_cursor_is_refused(still_client: httpx.Client, cursor: str) -> None:
    answer = still_client.get("/v1/api-keys", params={"cursor": cursor}, headers=ALL)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("limit", [0, 501, "x"])
def test_a_limit_out_of_bounds_is_refused(still_client: httpx.Client, limit: object) -> None:
    assert still_client.get("/v1/api-keys", params={"limit": str(limit)}, headers=ALL).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "scopes": ["reports:read"]},
        {"name": "a", "scopes": []},
        {"name": "a", "scopes": ["everything"]},
        {"name": "a", "scopes": ["reports:read"], "expires_in_days": 0},
        {"name": "a", "scopes": ["reports:read"], "key": "mine"},
    ],
)
def test_what_is_no_key_is_refused(still_client: httpx.Client, body: dict[str, object]) -> None:
    assert still_client.post("/v1/api-keys", json=body, headers=ALL).status_code == 400


def test_a_party_s_signature_is_no_key(client: httpx.Client, served: Served) -> None:
    headers = {"signature": "hanse=:AA==:", "signature-input": 'hanse=("@method");tag="hanse"'}
    answer = client.get("/v1/api-keys", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "api_key")
    assert served.own.keys.listed() == []
