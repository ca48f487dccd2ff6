"""`Idempotency-Key`: a request that creates something may be sent again, and creates it once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Header, Request, Response

from api.deps import Node
from node.own.calls import Answer

_KEY: Final = r"^[\x21-\x7e]+$"


class Once:
    """Answers a request once for each key of its caller; without a key, each time anew."""

    def __init__(
        self,
        request: Request,
        service: Node,
        idempotency_key: Annotated[
            str | None,
            Header(
                min_length=1,
                max_length=255,
                pattern=_KEY,
                description="The same key with the same request gives the same answer, for 48 hours.",
            ),
        ] = None,
    ) -> None:
        self._request, self._calls, self._key = request, service.own.calls, idempotency_key

    async def answer(
        self, make: Callable[[str], Awaitable[Response]], *, body: bytes | None = None
    ) -> Response:
        """Return what `make` answers, or what it answered before; it gets the id of what it makes."""
        if self._key is None:
            return await make(self._calls.new_effect())
        asked = self._request.url.query.encode() + b"\0" + (await self._body() if body is None else body)
        call = await asyncio.to_thread(
            self._calls.begin,
            key=self._key,
            route=f"{self._request.method} {self._request.scope['route'].path}",
            caller=self._request.state.caller,
            body=asked,
        )
        if call.answer is not None:
            return Response(call.answer.body, call.answer.status, media_type=call.answer.media_type)
        try:
            made = await make(call.effect)
            await asyncio.to_thread(self._calls.end, call, _answer(made))
        finally:
            self._calls.leave(call.id)
        return made

    async def _body(self) -> bytes:
        return await self._request.body()


OnceOnly: TypeAlias = Annotated[Once, Depends()]


def _answer(response: Response) -> Answer:
    return Answer(
        status=response.status_code, media_type=response.media_type or "", body=bytes(response.body)
    )
