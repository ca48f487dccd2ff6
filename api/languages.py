"""In which language a route writes what people read: as asked for, else as the browser prefers."""

from typing import Annotated, TypeAlias

from fastapi import Query, Request

from consortium_config.texts import Language

Lang: TypeAlias = Annotated[
    Language | None, Query(description="The language of texts; else Accept-Language.")
]


def language_of(request: Request, asked: Language | None) -> Language:
    """Return the language that is asked for, Chinese where the browser names it first, else English."""
    if asked is not None:
        return asked
    preferred = request.headers.get("accept-language", "").partition(",")[0].strip().lower()
    return "zh-CN" if preferred.startswith("zh") else "en"
