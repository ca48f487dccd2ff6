"""How a client is set up: where its node is, its key, its patience, and what of the machine it uses."""

import asyncio
import ipaddress
import os
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import httpx

from hanse_client.errors import ConfigurationError

_KEY: Final = re.compile(r"[!-~]{1,512}")
_PORTS_END: Final = 65_536


class ApiKey:
    """An API key that never shows itself."""

    __slots__ = ("_key",)

    def __init__(self, key: str) -> None:
        if not isinstance(key, str) or _KEY.fullmatch(key) is None:
            raise ConfigurationError("api_key: must be printable ASCII without spaces")
        self._key = key

    def header(self) -> str:
        """Return the value of the Authorization header."""
        return f"Bearer {self._key}"

    def __repr__(self) -> str:
        return "ApiKey(...)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("an API key is not pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how often a call tries, and how much it takes. Times are seconds."""

    connect_s: float = 5.0
    read_s: float = 65.0
    """The longest silence while an answer is awaited; a node itself waits up to 60 s for its stewards."""
    deadline_s: float = 120.0
    """For one call, retries and waiting included."""
    attempts: int = 4
    """The most times that one request is sent."""
    body_bytes: int = 64 << 20
    answer_age_s: float = 3_600.0
    """How far the stewards' clocks on an answer may be from this machine's."""

    def __post_init__(self) -> None:
        for name in ("connect_s", "read_s", "deadline_s", "attempts", "body_bytes", "answer_age_s"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"limits.{name}: must be above zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Clocks, chance and sleep, so that a test can bring its own."""

    now_s: Callable[[], float] = time.time
    """POSIX seconds."""
    monotonic_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    sleep_async: Callable[[float], Awaitable[object]] = asyncio.sleep
    entropy: Callable[[int], bytes] = os.urandom
    uniform: Callable[[], float] = random.SystemRandom().random
    """A number from 0 up to 1, for jitter."""


def parse_base_url(text: str, *, allow_http: bool) -> httpx.URL:
    """Read a node's base URL; raises ConfigurationError.

    https with a host, a port and a path at most. http is for loopback, or where it is allowed by name.
    """
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError) as error:
        raise ConfigurationError("base_url: not a URL") from error
    if url.scheme not in ("https", "http") or not url.host:
        raise ConfigurationError("base_url: must begin with https:// and name a host")
    if url.userinfo or url.query or url.fragment or text.rstrip().endswith(("?", "#")):
        raise ConfigurationError("base_url: no user, query or fragment")
    if url.port is not None and not 0 < url.port < _PORTS_END:
        raise ConfigurationError("base_url: no such port")
    if url.scheme == "http" and not (allow_http or _is_loopback(url.host)):
        raise ConfigurationError("base_url: must be https; http is for loopback unless allow_http is set")
    return url.copy_with(path=url.path.rstrip("/"))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
