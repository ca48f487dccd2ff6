"""Who is asking: a party by its signature (RFC 9421), or the party's own people by an API key."""

from fastapi import Request

from api.deps import Node, read_body
from hanse_ledger.ids import PartyId
from node.errors import RequestSignatureError

_BEARER = "bearer"


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


def own_people(request: Request, service: Node) -> None:
    """Let the party's own people and systems pass: `Authorization: Bearer <API key>`."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != _BEARER or not service.has_key(key.strip()):
        raise RequestSignatureError("an API key of this node's party is needed")
