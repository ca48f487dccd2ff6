"""The JSON Schema (2020-12) of the consortium document, for editors and forms.

Whatever the schema refuses, `hanse_ledger.consortium.parse_document` refuses too. The parser refuses more:
signatures that do not hold, keys given twice, bounds that do not rise, token keys off the line. The schema's
text stands in `consortium.schema.json` beside this file and is written anew with

    python -c "from consortium_config.schema import schema_text; print(schema_text(), end='')"
"""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from consortium_config.texts import field_text
from hanse_ledger.consortium import (
    BOUNDS,
    CONTRIBUTORS_LEAST,
    EXPONENT_MOST,
    FORMAT,
    ROLES,
    STEWARD,
    STEWARD_COUNTS,
    WARNINGS_LEAST,
)
from hanse_ledger.documents import INT_LIMIT

Schema: TypeAlias = dict[str, Any]

_PARTY_ID: Final[Schema] = {
    "type": "string",
    "pattern": "^[a-z0-9][a-z0-9-]{1,31}$",
    "not": {"enum": ["all", "any", "none", "stewards"]},
}
_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_MAY_BE_EMPTY: Final[Schema] = {"type": "string"}
_FLAG: Final[Schema] = {"type": "boolean"}
_MONTH_PATTERN: Final = "^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])$"
_CURRENCY_PATTERN: Final = "^[A-Z]{3}$"
_STEWARD_ONLY: Final = ("x", "token_key")


def document_schema() -> Schema:
    """Return the schema; titles and descriptions are the English texts."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:hanse:consortium:1",
        "title": "Hanse consortium document",
        "description": "Who takes part in a consortium, with which keys, under which policy.",
        **_record("", _document_fields()),
    }


def schema_text() -> str:
    """Return the schema as it stands in the file beside this module."""
    return json.dumps(document_schema(), indent=2, ensure_ascii=False) + "\n"


def _document_fields() -> Mapping[str, Schema]:
    return {
        "format": {"const": FORMAT},
        "consortium": {"type": "string", "pattern": '^[!-"$-*,-~]{1,100}$'},
        "demo": _FLAG,
        "first_month": {"type": "string", "pattern": _MONTH_PATTERN},
        "previous": {"type": "string", "pattern": "^([0-9a-f]{64})?$"},
        "parties": {
            "type": "array",
            "items": _party(),
            "contains": {
                "properties": {"roles": {"contains": {"const": STEWARD}}, "active": {"const": True}},
                "required": ["roles", "active"],
            },
            "minContains": min(STEWARD_COUNTS),
            "maxContains": max(STEWARD_COUNTS),
        },
        "ordering": {"type": "array", "items": _PARTY_ID, "minItems": 1, "uniqueItems": True},
        "policy": _record("policy.", _policy_fields()),
    }


def _party() -> Schema:
    fields = {
        "id": _PARTY_ID,
        "name": _TEXT,
        "roles": {"type": "array", "items": {"enum": list(ROLES)}, "minItems": 1, "uniqueItems": True},
        "group": _MAY_BE_EMPTY,
        "active": _FLAG,
        "url": _MAY_BE_EMPTY,
        "statement_key": _hex(32),
        "proof": _hex(64),
        "cosign_key": _hex(32),
        "log_key": _hex(32),
        "x": {"type": "integer", "minimum": 1, "maximum": 255},
        "token_key": _hex(32),
    }
    return {
        **_record("parties[].", fields, optional=("log_key", *_STEWARD_ONLY)),
        "if": {"properties": {"roles": {"contains": {"const": STEWARD}}}, "required": ["roles"]},
        "then": {"properties": {"roles": {"maxItems": 1}}, "required": list(_STEWARD_ONLY)},
        "else": {"properties": dict.fromkeys(_STEWARD_ONLY, False)},
    }


def _policy_fields() -> Mapping[str, Schema]:
    return {
        "contributors_min": _number(least=CONTRIBUTORS_LEAST),
        "warnings_min": _number(least=WARNINGS_LEAST),
        "currency": {"type": "string", "pattern": _CURRENCY_PATTERN},
        "exponent": _number(most=EXPONENT_MOST),
        "bounds": {
            "type": "array",
            "items": _number(),
            "minItems": BOUNDS,
            "maxItems": BOUNDS,
            "uniqueItems": True,
        },
        "rates": {
            "type": "object",
            "propertyNames": {"pattern": _CURRENCY_PATTERN},
            "additionalProperties": {
                "type": "object",
                "propertyNames": {"pattern": _MONTH_PATTERN},
                "additionalProperties": _number(),
            },
        },
        "retention_months": _number(),
        "purposes": {"type": "array", "items": _TEXT, "uniqueItems": True},
        "inquiries_base": _number(),
        "inquiries_per_subject": _number(),
        "tokens_per_day": _number(),
        "share_hours": _number(),
        "dispute_months": _number(),
        "bulletin_hours": _number(),
    }


def _record(prefix: str, fields: Mapping[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """Return the schema of an object of exactly these fields, with their English texts."""
    described = {}
    for name, schema in fields.items():
        text = field_text(prefix + name, "en")
        described[name] = {"title": text.name, "description": text.explanation, **schema}
    return {
        "type": "object",
        "properties": described,
        "required": [name for name in fields if name not in optional],
        "additionalProperties": False,
    }


def _hex(size: int) -> Schema:
    return {"type": "string", "pattern": f"^[0-9a-f]{{{2 * size}}}$"}


def _number(*, least: int = 0, most: int = INT_LIMIT - 1) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}
