"""How often somebody may ask: a token bucket for each, in the memory of one process."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

from fastapi import Request

from node.errors import RateError

_CALLERS_MOST: Final = 10_000
_SUBNET_BITS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many requests a second for long, and so many at once."""

    per_s: float
    burst: int


class Buckets:
    """The buckets of one kind of caller. Those who have not asked for longest are forgotten first."""

    def __init__(self, rate: Rate, now: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._now = rate, now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """For each caller: requests left, and when that was."""

    def take(self, caller: str) -> None:
        """Count a request; raises RateError with the seconds until the next one is taken."""
        now = self._now()
        left, since = self._left.pop(caller, (float(self._rate.burst), now))
        left = min(self._rate.burst, left + (now - since) * self._rate.per_s)
        self._left[caller] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > _CALLERS_MOST:
            self._left.popitem(last=False)
        if left < 1:
            raise RateError(retry_after_s=max(1, math.ceil((1 - left) / self._rate.per_s)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one application."""

    keys: Buckets
    parties: Buckets
    addresses: Buckets


def limits_of(request: Request) -> Limits:
    """Return the limits of the application that a request came to."""
    limits: Limits = request.app.state.limits
    return limits


async def by_address(request: Request) -> None:
    """Count a request that anybody may make by the address that it comes from."""
    limits_of(request).addresses.take(network_of(request.client.host if request.client else ""))


def network_of(host: str) -> str:
    """Return what counts as one address: of IPv6 its /64, in which one host may take any number of them."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    return str(address.ipv4_mapped or IPv6Network((address, _SUBNET_BITS), strict=False))
