"""Carrying out steps over an httpx transport, in a thread or in an event loop.

A transport alone, without httpx's client around it: nothing follows redirects, keeps cookies, reads proxies
or passwords from the environment, or writes URLs (and what is asked in them) into a log.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, Generic, TypeVar

import httpx

from hanse_client.config import ApiKey, Limits, Surroundings
from hanse_client.steps import JSON, Failure, Reply, Send, Steps

USER_AGENT: Final = f"hanse-client/{version('hanse-client')}"
_PROBLEM: Final = "application/problem+json"
_LEAST_S: Final = 0.001

T = TypeVar("T")


class Wire:
    """What both drivers share: how a request looks on the wire, and how an answer is read off it."""

    def __init__(self, base_url: httpx.URL, api_key: ApiKey, limits: Limits, around: Surroundings) -> None:
        self._base_url, self._api_key, self._limits, self.around = base_url, api_key, limits, around

    def request(self, send: Send) -> httpx.Request:
        """Return what goes out; its timeouts end with the call's deadline."""
        asked = send.request
        left_s = max(send.until_s - self.around.monotonic_s(), _LEAST_S)
        headers = {
            "accept": f"{JSON}, {_PROBLEM}, text/plain",
            "accept-encoding": "identity",
            "user-agent": USER_AGENT,
            **asked.headers,
            "authorization": self._api_key.header(),
        }
        connect_s, read_s = min(self._limits.connect_s, left_s), min(self._limits.read_s, left_s)
        timeout = httpx.Timeout(connect=connect_s, read=read_s, write=read_s, pool=connect_s)
        url = self._base_url.copy_with(path=self._base_url.path.rstrip("/") + asked.path)
        return httpx.Request(
            asked.method,
            url.copy_merge_params(asked.query) if asked.query else url,
            headers=headers,
            content=asked.body or None,
            extensions={"timeout": timeout.as_dict()},
        )

    def intake(self, send: Send, response: httpx.Response) -> "Intake":
        """Return what takes the answer's body."""
        return Intake(response, most=self._limits.body_bytes, until_s=send.until_s, around=self.around)


class UnwantedError(httpx.ReadError):
    """An answer too long, or in an encoding that was not asked for."""


class Intake:
    """The body of one answer as it comes: never more than `most` bytes, never past the deadline."""

    def __init__(self, response: httpx.Response, *, most: int, until_s: float, around: Surroundings) -> None:
        self._response, self._most, self._until_s, self._around = response, most, until_s, around
        self._body = bytearray()
        if response.headers.get("content-encoding", "identity") != "identity":
            raise UnwantedError("an encoding that was not asked for")

    def take(self, chunk: bytes) -> None:
        """Add a piece; raises httpx.TransportError where it is too much or too late."""
        self._body += chunk
        if len(self._body) > self._most:
            raise UnwantedError("the answer is too long")
        if self._around.monotonic_s() > self._until_s:
            raise httpx.ReadTimeout("the deadline has passed")

    def reply(self) -> Reply:
        """Return the whole answer."""
        headers: Mapping[str, str] = {name.lower(): value for name, value in self._response.headers.items()}
        length = headers.get("content-length")
        if length is not None and length != str(len(self._body)):
            raise httpx.RemoteProtocolError("the answer has another length than it says")
        return Reply(status=self._response.status_code, headers=headers, body=bytes(self._body))


def run(steps: Steps[T], transport: httpx.BaseTransport, wire: Wire) -> T:
    """Carry steps out in this thread."""
    come: Reply | Failure | None = None
    while isinstance(reached := _step(steps, come), Send):
        if reached.after_s:
            wire.around.sleep(reached.after_s)
        come = _deliver(reached, transport, wire)
    return reached.value


async def run_async(steps: Steps[T], transport: httpx.AsyncBaseTransport, wire: Wire) -> T:
    """Carry steps out in this event loop, verification in a thread beside it: that takes milliseconds."""
    come: Reply | Failure | None = None
    while isinstance(reached := await asyncio.to_thread(_step, steps, come), Send):
        if reached.after_s:
            await wire.around.sleep_async(reached.after_s)
        come = await _deliver_async(reached, transport, wire)
    return reached.value


@dataclass(frozen=True, slots=True)
class _End(Generic[T]):
    """What steps have come to."""

    value: T


def _step(steps: Steps[T], come: Reply | Failure | None) -> Send | _End[T]:
    try:
        return next(steps) if come is None else steps.send(come)
    except StopIteration as stop:
        return _End(stop.value)


def _deliver(send: Send, transport: httpx.BaseTransport, wire: Wire) -> Reply | Failure:
    try:
        response = transport.handle_request(wire.request(send))
        try:
            intake = wire.intake(send, response)
            for chunk in response.iter_bytes():
                intake.take(chunk)
            return intake.reply()
        finally:
            response.close()
    except httpx.RequestError as error:
        return _failure(error)


async def _deliver_async(send: Send, transport: httpx.AsyncBaseTransport, wire: Wire) -> Reply | Failure:
    try:
        response = await transport.handle_async_request(wire.request(send))
        try:
            intake = wire.intake(send, response)
            async for chunk in response.aiter_bytes():
                intake.take(chunk)
            return intake.reply()
        finally:
            await response.aclose()
    except httpx.RequestError as error:
        return _failure(error)


def _failure(error: httpx.RequestError) -> Failure:
    # The kind alone: a transport's own words may hold the URL, and with it what was asked.
    return Failure(reason=type(error).__name__, is_final=isinstance(error, UnwantedError))
