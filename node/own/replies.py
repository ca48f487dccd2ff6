"""Replies to a party's own people: JSON in UTF-8."""

import json
from collections.abc import Mapping
from typing import Any


def as_json(content: Mapping[str, Any]) -> bytes:
    """Return an object as the bytes of a reply."""
    return json.dumps(content, ensure_ascii=False).encode()
