"""Which addresses a webhook may go to: what a name stands for is looked at when the connection is made.

A name that stands for several addresses is refused if any of them may not be reached: who can change one of
them can change them all.
"""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

import httpcore

Lookup: TypeAlias = Callable[[str], Sequence[str]]
"""Gives the addresses of a name; raises OSError."""
Address: TypeAlias = IPv4Address | IPv6Address

_NAT64: Final = IPv6Network("64:ff9b::/96")
"""Carries an IPv4 address in its last 32 bits (RFC 6052, section 2.1): a translator on the way unwraps it."""
_REFUSED: Final = "an address that webhooks may not go to"


def system_lookup(host: str) -> list[str]:
    """Return a name's addresses as the operating system knows them."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def allowing(*, private: bool, lookup: Lookup = system_lookup) -> Callable[[str], str]:
    """Return what gives the one address to connect to; it raises `httpcore.ConnectError` for none."""

    def address_of(host: str) -> str:
        try:
            addresses = lookup(host)
        except OSError as error:
            raise httpcore.ConnectError("the name has no address") from error
        if not addresses or not all(is_allowed(ip_address(one), private=private) for one in addresses):
            raise httpcore.ConnectError(_REFUSED)
        return addresses[0]

    return address_of


def is_allowed(address: Address, *, private: bool) -> bool:
    """Return whether an address may be reached: a global one, or with `private` one of the firm's own.

    Never a link-local one, where clouds show a machine's credentials, nor one of many or of none.
    """
    plain = _unwrapped(address)
    if plain.is_multicast or plain.is_unspecified or plain.is_link_local:
        return False
    return plain.is_global or (private and (plain.is_private or plain.is_loopback))


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address within an IPv6 one that only carries it."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address
