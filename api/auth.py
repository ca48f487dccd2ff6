"""Who is asking: a party by its signature (RFC 9421), or the party's own people by an API key."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from api.deps import Node, read_body, service_of
from api.errors import refuse
from api.limits import limits_of
from hanse_ledger.errors import LedgerError
from hanse_ledger.ids import PartyId
from node.errors import ApiKeyError
from node.own.api_keys import ApiKey
from node.own.scopes import Scope

BEARER: Final = HTTPBearer(
    scheme_name="api_key", auto_error=False, description="`hanse keys api new` makes an API key."
)


class SignedRoute(APIRoute):
    """A route for parties: once a request is known to be one's, its reply is signed, refusals too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the signature put on."""
        answer = super().get_route_handler()

        async def answer_signed(request: Request) -> Response:
            try:
                response = await answer(request)
            except LedgerError as error:
                response = refuse(error)
            _sign(request, response)
            return response

        return answer_signed


def _sign(request: Request, response: Response) -> None:
    signed = getattr(request.state, "signed", None)
    if signed is not None:
        media_type, body = response.headers["content-type"], bytes(response.body)
        response.headers.update(
            service_of(request).gate.sign_reply(
                signed, status=response.status_code, media_type=media_type, body=body
            )
        )


async def signed_body(request: Request, service: Node, limit: int) -> tuple[PartyId, bytes]:
    """Return who signed a request, and its body. The route's reply will be signed too (`SignedRoute`)."""
    body = await read_body(request, limit)
    query = f"?{request.url.query}" if request.url.query else ""
    target = request.scope["raw_path"].decode("latin-1") + query
    signed = service.gate.request(method=request.method, target=target, headers=request.headers)
    caller = service.gate.authenticate(signed, body)
    request.state.signed, request.state.caller = signed, f"party:{caller}"
    limits_of(request).parties.take(caller)
    return caller, body


def own_people(
    request: Request,
    needed: SecurityScopes,
    service: Node,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
) -> ApiKey:
    """Return the live API key of a request that has every scope that its route needs."""
    if given is None:
        raise ApiKeyError("an API key is needed: Authorization: Bearer <key>")
    key = service.own.keys.find(given.credentials)
    request.state.key, request.state.caller = key, f"key:{key.id}"
    limits_of(request).keys.take(key.id)
    for scope in needed.scopes:
        key.allow(scope)
    return key


def needs(scope: Scope) -> Any:
    """Return the dependency on an API key with a scope."""
    return Security(own_people, scopes=[scope])
