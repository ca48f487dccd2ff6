"""What is asked of CometBFT's own RPC: to take a transaction into its mempool, and how it stands."""

import base64
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

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


class CometRpc:
    """One CometBFT process, reached over its Unix socket. Any thread may ask."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._client = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(path)), base_url="http://cometbft", timeout=_TIMEOUT_S
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def broadcast(self, statement: bytes) -> None:
        """Bring a statement into the mempool; one that waits there already is brought.

        Raises RejectedError for what the application refuses at once, UnavailableError for anything else.
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
            sync = self._ask("status")["result"]["sync_info"]
            peers = self._ask("net_info")["result"]["n_peers"]
            return Standing(
                height=int(sync["latest_block_height"]), is_catching_up=sync["catching_up"], peers=int(peers)
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UnavailableError("CometBFT does not say how it stands") from error

    def _ask(self, method: str, **params: str) -> dict[str, Any]:
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            self._check_listens()
            answer = self._client.post("/", json=asked).json()
        except (httpx.HTTPError, OSError, ValueError) as error:
            raise UnavailableError("CometBFT is out of reach") from error
        if not isinstance(answer, dict):
            raise UnavailableError("CometBFT answers something else")
        return answer

    def _check_listens(self) -> None:
        # httpcore leaves a Unix socket open that it could not connect.
        with socket.socket(socket.AF_UNIX) as tried:
            tried.connect(str(self._path))


def _refusal(told: str) -> RejectedError:
    code, _, sentence = told.partition(": ")
    error = rebuild_error(code, sentence)
    return error if isinstance(error, RejectedError) else RejectedError(told)
