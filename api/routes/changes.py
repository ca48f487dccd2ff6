"""`/v1/consortium/proposals` and `/v1/consortium/votes`: the next consortium document."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import needs
from api.deps import JSON, Node, OwnRoute, reply_to
from api.described import OWN, gives, refusals

router: Final = APIRouter(
    prefix="/v1/consortium", tags=["consortium"], route_class=OwnRoute, responses=refusals(*OWN)
)

_CREATED: Final = 201
_SHA256: Final = "5f" * 32
_FILED: Final = {"sha256": _SHA256, "index": 4711}


class Proposed(BaseModel):
    """The whole next document, which names the one in force as `previous`."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"document": {"format": "hanse-consortium/1"}}}
    )

    document: dict[str, Any]


class Voted(BaseModel):
    """The document that is voted for, by the SHA-256 of its RFC 8785 form."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"sha256": _SHA256}})

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@router.get(
    "/proposals",
    dependencies=[needs("consortium:read")],
    responses=gives(
        JSON,
        "The document in force by its hash, and those that may act next",
        example={
            "sha256": "ab" * 32,
            "documents": 1,
            "proposals": [
                {
                    "sha256": _SHA256,
                    "changes": [{"field": "policy.contributors_min", "before": "4", "after": "5"}],
                    "weakens_privacy": False,
                    "members": ["alder"],
                    "members_needed": 2,
                    "stewards": [],
                    "stewards_needed": 3,
                    "document": {},
                }
            ],
            "new_stewards": [
                {
                    "steward": "auditor",
                    "entered_with": "ab" * 32,
                    "rows_vote": _SHA256,
                    "gets_rows": False,
                    "members": ["alder"],
                    "members_needed": 3,
                    "stewards": [],
                    "stewards_needed": 3,
                }
            ],
            "shares": None,
        },
    ),
)
async def proposals(service: Node) -> Response:
    """Say which documents are proposed, what each changes, and which votes it has and needs."""
    return Response(await reply_to(service.own.changes.proposals()), media_type=JSON)


@router.post(
    "/proposals",
    dependencies=[needs("consortium:write")],
    status_code=_CREATED,
    responses=gives(JSON, "The document's hash, and the statement's index", status=_CREATED, example=_FILED)
    | refusals(409, 413),
)
async def propose(proposed: Proposed, service: Node) -> Response:
    """File a next document, as a member or a steward; it acts once enough parties have voted for it."""
    reply = await reply_to(service.own.changes.propose(proposed.document))
    return Response(reply, _CREATED, media_type=JSON)


@router.post(
    "/votes",
    dependencies=[needs("consortium:write")],
    status_code=_CREATED,
    responses=gives(JSON, "The document's hash, and the statement's index", status=_CREATED, example=_FILED)
    | refusals(409, 413),
)
async def vote(voted: Voted, service: Node) -> Response:
    """Vote for a document, as a member or a steward; a vote is never taken back."""
    reply = await reply_to(service.own.changes.vote(bytes.fromhex(voted.sha256)))
    return Response(reply, _CREATED, media_type=JSON)
