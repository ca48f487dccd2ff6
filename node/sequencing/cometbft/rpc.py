"""What is asked of CometBFT's own RPC: to take a transaction into its mempool, and how it stands."""

import base64
import json
import socket
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final

from hanse_ledger.errors import RejectedError, UnavailableError
from node.wire import rebuild_error

_TIMEOUT_S: Final = 10.0
_IN_CACHE: Final = "tx already exists in cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a CometBFT process has come."""

    height: int
    is_catching_up: bool
    peers: int
    power: int
    """Its votes in the next block."""


class CometRpc:
    """One CometBFT process, reached over its Unix socket. Any thread may ask."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def broadcast(self, statement: bytes) -> None:
        """Bring a statement into the mempool; one that waits there already is brought.

        Raises RejectedError for what the application refuses, UnavailableError for what it cannot know
        yet, and for anything else.
        """
        answer = self._ask("broadcast_tx_sync", tx=base64.b64encode(statement).decode())
        error = answer.get("error")
        if error is not None:
            # -32603 says this for a duplicate, and for a node that still catches up: only the text tells.
            if _IN_CACHE in str(error.get("data", "")):
                return
            raise UnavailableError("CometBFT does not take statements now")
        result = answer["result"]
        if result.get("code"):
            raise _refusal(str(result.get("log", "")))

    def block(self, height: int) -> dict[str, Any]:
        """Return a block as CometBFT shows it; raises UnavailableError."""
        answer = self._ask("block", height=str(height))
        try:
            found: dict[str, Any] = answer["result"]["block"]
        except (KeyError, TypeError) as error:
            raise UnavailableError("CometBFT does not show the block") from error
        return found

    def standing(self) -> Standing:
        """Return how it stands; raises UnavailableError."""
        try:
            status = self._ask("status")["result"]
            sync, power = status["sync_info"], status["validator_info"]["voting_power"]
            peers = self._ask("net_info")["result"]["n_peers"]
            return Standing(
                height=int(sync["latest_block_height"]),
                is_catching_up=sync["catching_up"],
                peers=int(peers),
                power=int(power),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UnavailableError("CometBFT does not say how it stands") from error

    def _ask(self, method: str, **params: str) -> dict[str, Any]:
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        # A connection for each request: over a Unix socket it costs nothing, and none is left to a process
        # that has ended.
        with closing(_UnixConnection("cometbft", timeout=_TIMEOUT_S, path=self._path)) as connection:
            try:
                connection.request("POST", "/", json.dumps(asked), {"Content-Type": "application/json"})
                answer = json.load(connection.getresponse())
            except (HTTPException, OSError, ValueError) as error:
                raise UnavailableError("CometBFT is out of reach") from error
        if not isinstance(answer, dict):
            raise UnavailableError("CometBFT answers something else")
        return answer


class _UnixConnection(HTTPConnection):
    def __init__(self, host: str, *, timeout: float, path: Path) -> None:
        super().__init__(host, timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _refusal(told: str) -> RejectedError | UnavailableError:
    code, _, sentence = told.partition(": ")
    error = rebuild_error(code, sentence)
    return error if isinstance(error, RejectedError | UnavailableError) else RejectedError(told)
