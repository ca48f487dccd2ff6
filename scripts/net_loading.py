"""Loading the consortium of `make net`: members' books, reported and closed month by month.

Everything is asked of the nodes over HTTP, and asked again does nothing: an interrupted run goes on.
"""

import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
from net_books import Books
from net_parties import STEWARDS

from node.links.transport import trusted_roots

_PATIENCE_S: Final = 300.0
_WAIT_S: Final = 90.0
_PAUSE_S: Final = 0.2


class Reachable(Protocol):
    """A party's node: where it is reached, and the file with an API key for its people."""

    @property
    def id(self) -> str:
        """The party."""

    @property
    def url(self) -> str:
        """Where its node is reached; HTTPS trusts whom the nodes trust."""

    @property
    def api_key(self) -> Path:
        """The file."""


class StuckError(Exception):
    """Something that should come to pass in a few seconds does not."""


def load(parties: Mapping[str, Reachable], books: Books) -> None:
    """Import every member's export, then let members report and stewards close each month in turn."""
    for member, export in books.exports.items():
        shown = _ask(parties[member], "POST", f"/v1/imports?as_of={books.last_day}", content=export)
        step = ("DELETE", "") if shown["seen_before"] else ("POST", "/confirm")
        _ask(parties[member], step[0], f"/v1/imports/{shown['id']}{step[1]}")
    for month in books.months:
        if _is_past(parties[books.members[0]], month):
            continue
        sys.stderr.write(f"  {month}: members report, stewards check and close\n")
        for member in books.members:
            _wait(partial(_counts, parties[member], month), f"{member}'s reports")
        for steward in STEWARDS:
            _wait(partial(_closes, parties[steward], month), f"{steward}'s word")
    last = books.months[-1]
    for member in books.members:
        _wait(partial(_is_past, parties[member], last), f"{member}'s log")


def is_ready(party: Reachable) -> bool:
    """Say whether a node answers and has a checkpoint of the log."""
    url = f"{party.url}/readyz"
    try:
        reply = httpx.get(url, timeout=_WAIT_S, trust_env=False, verify=trusted_roots())
    except httpx.TransportError:
        return False
    return reply.status_code == httpx.codes.OK


def _reported(party: Reachable) -> dict[str, Any]:
    reported: dict[str, Any] = _ask(party, "GET", "/v1/reports")
    return reported


def _is_past(party: Reachable, month: str) -> bool:
    return bool(_reported(party)["month"] > month)


def _counts(party: Reachable, month: str) -> bool:
    reported = _reported(party)
    is_whole = reported["reports"] > 0 and reported["counting"] == reported["reports"]
    return bool(reported["month"] > month or (reported["month"] == month and is_whole))


def _closes(party: Reachable, month: str) -> bool:
    return bool(_ask(party, "POST", "/v1/months/close", json={"month": month}) == {"month": month})


def _ask(party: Reachable, method: str, path: str, **how: Any) -> Any:
    headers = {"authorization": f"Bearer {party.api_key.read_text('utf-8').strip()}"}
    how |= {"headers": headers, "timeout": _WAIT_S, "trust_env": False, "verify": trusted_roots()}
    reply = httpx.request(method, party.url + path, **how)
    if not reply.is_success:
        raise StuckError(f"{party.id}, {method} {path}: {reply.status_code} {reply.text}")
    return reply.json()


def _wait(holds: Callable[[], bool], what: str) -> None:
    ends_at = time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > ends_at:
            raise StuckError(f"{what} does not come")
        time.sleep(_PAUSE_S)
