"""What an API key may be allowed to do: a closed set, and no scope holds another."""

from typing import Final, Literal, TypeAlias, get_args

Scope: TypeAlias = Literal[
    "alerts:write",
    "audit:read",
    "consortium:read",
    "consortium:write",
    "disputes:read",
    "disputes:write",
    "facts:read",
    "facts:write",
    "imports:read",
    "imports:write",
    "inquiries:read",
    "inquiries:write",
    "keys:admin",
    "metrics:read",
    "months:close",
    "people:admin",
    "plans:write",
    "policy:write",
    "portfolios:read",
    "portfolios:write",
    "reports:read",
    "reports:write",
    "reviews:feed",
    "reviews:write",
    "risk:approve",
    "risk:read",
    "risk:write",
    "subjects:read",
    "subjects:write",
    "warnings:read",
    "warnings:write",
    "watch:write",
]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
