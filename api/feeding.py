"""A calendar program's key: it stands in the address, since such programs send nothing else.

Addresses end up in histories and in other people's logs. So a key in an address has the one scope
`reviews:feed` and no other, which opens the calendar alone; a key that opens more is refused there.
"""

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, SecurityScopes

from api.auth import BEARER, own_people
from api.deps import Node
from node.errors import ScopeError
from node.own.api_keys import ApiKey
from node.own.scopes import Scope

FEED: Scope = "reviews:feed"
_KEY_CHARS_MOST = 100


def feed_reader(
    request: Request,
    needed: SecurityScopes,
    service: Node,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    key: Annotated[
        str | None, Query(max_length=_KEY_CHARS_MOST, description="A key that opens the calendar alone.")
    ] = None,
) -> ApiKey:
    """Return the key of a request, from its header or its address."""
    if key is None:
        return own_people(request, needed, service, given)
    in_address = HTTPAuthorizationCredentials(scheme="Bearer", credentials=key)
    found = own_people(request, needed, service, in_address)
    if found.scopes != {FEED}:
        raise ScopeError(f"a key in an address has the scope {FEED} and no other")
    return found


def needs_feed() -> Any:
    """Return the dependency on a key that opens the calendar."""
    return Security(feed_reader, scopes=[FEED])
