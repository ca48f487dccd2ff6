"""`/v1/policy`: the firm's own risk policy: in force, checked, previewed, adopted, and as it was."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from api.acting import Acting
from api.auth import needs
from api.deps import JSON, Node, OwnRoute, read_body
from api.described import OWN, gives, refusals, takes
from api.once import OnceOnly
from api.paging import Listed, NumberPage
from node.risk.policy import PolicyError, parse_policy
from node.risk.policy.source import BYTES_MOST
from node.risk.policy.versions import NOTE_CHARS_MOST, Version
from node.risk.roles import require

router: Final = APIRouter(prefix="/v1/policy", tags=["risk"], route_class=OwnRoute, responses=refusals(*OWN))

TOML: Final = "application/toml"
_CHANGES_MOST: Final = 10_000
_VERSION: Final = {
    "version": 3,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "adopted_at": "2026-10-01T08:00:00+00:00",
    "actor": "Li Na",
    "role": "approver",
    "note": "Stricter with what is open for long.",
}
_FILE: Final = takes({TOML: 'format = "hanse-risk-policy/1"\nname = "Ours"\n'})
Number: TypeAlias = Annotated[int, Path(ge=0, lt=2**53)]


@router.get(
    "",
    dependencies=[needs("risk:read")],
    responses=gives(JSON, "The version in force, with its file", example=_VERSION | {"policy": "..."}),
)
def in_force(service: Node, actor: Acting) -> dict[str, Any]:
    """Return the version of the policy that is in force, with its file; number 0 is the default."""
    require(actor, "policy.view")
    return _whole(service.own.policy.in_force()[0])


@router.post(
    "/check",
    dependencies=[needs("policy:write")],
    openapi_extra=_FILE,
    responses=gives(JSON, "What is wrong with the file, by lines", example={"valid": True, "faults": []})
    | refusals(413),
)
async def check(request: Request, actor: Acting) -> dict[str, Any]:
    """Say line by line what is wrong with a policy file, and change nothing."""
    require(actor, "policy.preview")
    raw = await read_body(request, BYTES_MOST)
    try:
        await asyncio.to_thread(parse_policy, raw)
    except PolicyError as error:
        return {"valid": False, "faults": [fault.describe() for fault in error.faults]}
    return {"valid": True, "faults": []}


@router.post(
    "/preview",
    dependencies=[needs("policy:write")],
    openapi_extra=_FILE,
    responses=gives(JSON, "What would change") | refusals(413),
)
async def preview(
    *,
    request: Request,
    service: Node,
    actor: Acting,
    changes: Annotated[int, Query(ge=0, le=_CHANGES_MOST, description="How many customers to list.")] = 100,
) -> dict[str, Any]:
    """Assess all customers by a policy file and by the policy in force, and say what would change.

    `migration` counts customers by their grade now and then; those who fall furthest are listed first. A file
    that cannot be in force is refused with `faults`, each with its line.
    """
    raw = await read_body(request, BYTES_MOST)
    found = await asyncio.to_thread(service.own.risk.preview, actor, raw)
    return found.describe(changes)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    dependencies=[needs("policy:write")],
    openapi_extra=_FILE,
    responses=gives(JSON, "The version that is in force now", status=201, example=_VERSION)
    | refusals(409, 413),
)
async def adopt(
    *,
    request: Request,
    service: Node,
    actor: Acting,
    once: OnceOnly,
    note: Annotated[str, Query(max_length=NOTE_CHARS_MOST, description="Why, for the history.")] = "",
    replaces: Annotated[
        int | None, Query(ge=0, lt=2**53, description="The version that the caller has compared it with.")
    ] = None,
) -> Response:
    """Let a policy file be in force from now on.

    One that cannot be is refused with `faults`, and the old policy stays in force. 409 `policy_outdated`
    where another version than `replaces` is in force, `policy_unchanged` where it is this very file.
    """
    raw = await read_body(request, BYTES_MOST)
    own = service.own

    async def make(_effect: str) -> Response:
        adopted = await asyncio.to_thread(own.policy.adopt, actor, raw, note=note, replaces=replaces)
        return JSONResponse(adopted.describe(), HTTPStatus.CREATED)

    return await once.answer(make, body=raw)


@router.get("/versions", dependencies=[needs("risk:read")])
def versions(service: Node, actor: Acting, page: NumberPage) -> Listed[dict[str, Any]]:
    """List the versions, the newest first; the default, which nobody adopted, is the last."""
    require(actor, "policy.view")
    found = service.own.policy.listed(before=page.after, limit=page.limit + 1)
    return page.of(found, lambda version: version.number).map(Version.describe)


@router.get(
    "/versions/{version}",
    dependencies=[needs("risk:read")],
    responses=gives(JSON, "The version, with its file", example=_VERSION | {"policy": "..."}),
)
def one(service: Node, actor: Acting, version: Number) -> dict[str, Any]:
    """Return a version with its file."""
    require(actor, "policy.view")
    return _whole(service.own.policy.one(version))


def _whole(version: Version) -> dict[str, Any]:
    return {**version.describe(), "policy": version.raw.decode()}
