"""Asking a node over HTTP as one of its people: a key with every scope for each of them."""

from collections.abc import Callable
from typing import Any, TypeAlias

import httpx
from support_http import Served
from support_people import ADMIN, NAMES, add_people

from node.own.scopes import SCOPES

Ask: TypeAlias = Callable[..., httpx.Response]


def people_of(served: Served, client: httpx.Client) -> Ask:
    """Add people to a node's registry; return what asks as one of them, by name."""
    add_people(served.own)
    keys = {}
    for name in (ADMIN.name, *NAMES.values()):
        binding = served.own.people.bind(name)
        keys[name] = served.own.keys.new(name=name, scopes=SCOPES, expires_at=None, binding=binding).secret

    def ask(person: str, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {keys[person]}", **more.pop("headers", {})}
        return client.request(method, path, headers=headers, **more)

    return ask
