"""docs/http.md against the application: settings, scopes with their routes, codes with their statuses."""

import re
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from api.described import refusals
from api.errors import STATUSES
from hanse_ledger.errors import CheckpointConflictError, LedgerError
from node.own.scopes import SCOPES
from node.settings import NodeSettings

_TEXT = (Path(__file__).parents[3] / "docs" / "http.md").read_text("utf-8")
_ROWS = [line for line in _TEXT.splitlines() if line.startswith("| ")]


def rows_of(name: str) -> list[str]:
    """Return what tables say of a name that stands in a row's first cell."""
    return [row.split("|", 2)[2] for row in _ROWS if f"`{name}`" in row.split("|")[1]]


def test_every_setting_has_its_row() -> None:
    written = {"mail": "[mail]", "webhooks": "[[webhooks]]", "cometbft": "[cometbft]"}
    for name in NodeSettings.model_fields:
        assert rows_of(written.get(name, name)), name


def named_paths(allowed: str) -> list[str]:
    """Return the paths that a row names, with their parameters all called the same."""
    return [re.sub("<[^>]*>", "{}", path) for path in re.findall(r"`(/[^`]*)`", allowed)]


def test_every_scope_has_one_row_which_names_its_routes(client: httpx.Client) -> None:
    routes = {
        (re.sub(r"{[^}]*}", "{}", path), scope)
        for path, methods in client.get("/openapi.json").json()["paths"].items()
        for operation in methods.values()
        for needed in operation.get("security", ())
        for scopes in needed.values()
        for scope in scopes
    } | {("/metrics", "metrics:read")}
    assert {scope for _, scope in routes} == set(SCOPES)
    for scope in SCOPES:
        (allowed,) = rows_of(scope)
        named = named_paths(allowed)
        for path in [path for path, needed in routes if needed == scope]:
            assert any(path == one or path.startswith(f"{one}/") for one in named), (path, scope)
        for one in named:
            assert any(path.startswith(one) or path.endswith(one) for path, _ in routes), (one, scope)


@pytest.mark.parametrize("status", sorted({*STATUSES.values()} - {HTTPStatus.UNPROCESSABLE_ENTITY}))
def test_every_code_stands_with_its_status(status: HTTPStatus) -> None:
    codes = [kind.code for kind, one in STATUSES.items() if one is status and kind not in _OTHERWISE]
    (row,) = [row for row in _ROWS if row.startswith(f"| {status.value} |")]
    described = refusals(status)[status]["description"]
    for code in codes:
        assert f"`{code}`" in row, code
        assert f"`{code}`" in described, code


_OTHERWISE = {LedgerError, CheckpointConflictError}
"""The kind of all, and the one that is answered with a size."""
