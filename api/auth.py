"""Who is asking: a party by its signature (RFC 9421), or the party's own people by an API key."""

from typing import Annotated, Any, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from api.deps import Node, read_body
from hanse_ledger.ids import PartyId
from node.errors import ApiKeyError
from node.own.api_keys import ApiKey
from node.own.scopes import Scope

_BEARER: Final = HTTPBearer(
    scheme_name="api_key", auto_error=False, description="`hanse keys api new` makes an API key."
)


async def signed_body(request: Request, service: Node, limit: int) -> tuple[PartyId, bytes]:
    """Return who signed a request, and its body."""
    body = await read_body(request, limit)
    query = f"?{request.url.query}" if request.url.query else ""
    caller = service.authenticate(
        method=request.method,
        target=request.scope["raw_path"].decode("latin-1") + query,
        headers=request.headers,
        body=body,
    )
    return caller, body


def own_people(
    needed: SecurityScopes,
    service: Node,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> ApiKey:
    """Return the live API key of a request that has every scope that its route needs."""
    if given is None:
        raise ApiKeyError("an API key is needed: Authorization: Bearer <key>")
    key = service.own.keys.find(given.credentials)
    for scope in needed.scopes:
        key.allow(scope)
    return key


def needs(scope: Scope) -> Any:
    """Return the dependency on an API key with a scope."""
    return Security(own_people, scopes=[scope])
