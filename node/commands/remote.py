"""A party's running node, as a command speaks to it: over HTTP, with one of the party's API keys."""

import os
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import httpx
import rfc8785
import typer

from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.errors import MalformedError, UnavailableError
from node.commands.options import WrongUsageError, file_option
from node.links.transport import trusted_roots
from node.texts import mark, tr
from node.wire import rebuild_error

Url: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="HANSE_URL",
        metavar="URL",
        show_default=False,
        help=mark("Your running node, in the place of a folder."),
    ),
]
ApiKeyFile: TypeAlias = Annotated[
    Path | None,
    file_option(
        mark("A file with an API key of your node; HANSE_API_KEY without it."),
        "--api-key-file",
        envvar="HANSE_API_KEY_FILE",
    ),
]
KEY_VARIABLE: Final = "HANSE_API_KEY"
_WAIT_S: Final = 120.0
_LISTED_AT_ONCE: Final = 500


class RemoteNode:
    """A running node. The key is in no message and no log line."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._headers, self._trusted = url, {"authorization": f"Bearer {key}"}, trusted_roots()

    def consortium(self) -> Consortium:
        """Return the consortium document in force, as the node has it."""
        return parse_document(rfc8785.dumps(self.ask("GET", "/v1/consortium")["document"]))

    def ask(
        self,
        method: str,
        path: str,
        content: dict[str, Any] | None = None,
        *,
        query: dict[str, str] | None = None,
    ) -> Any:
        """Return the reply's JSON; raises what the node refuses with by its code, or UnavailableError."""
        try:
            with httpx.Client(
                base_url=self._url,
                headers=self._headers,
                timeout=_WAIT_S,
                trust_env=False,
                verify=self._trusted,
            ) as client:
                reply = client.request(method, path, json=content, params=query)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError("the node is out of reach") from error
        try:
            document = reply.json()
        except ValueError as error:
            raise MalformedError("no node of this program answers there") from error
        if reply.is_success:
            return document
        raise rebuild_error(str(document.get("code", "")), str(document.get("detail", "")))

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return a whole list, which is asked for page by page; raises as `ask`."""
        found: list[dict[str, Any]] = []
        query = {"limit": str(_LISTED_AT_ONCE)}
        while True:
            page = self.ask("GET", path, query=query)
            found += page["items"]
            if page["next"] is None:
                return found
            query["cursor"] = page["next"]


def open_remote(url: str | None, key_file: Path | None) -> RemoteNode | None:
    """Return the node at a URL, None without one; raise WrongUsageError where there is no API key."""
    if url is None:
        return None
    key = os.environ.get(KEY_VARIABLE, "") if key_file is None else key_file.read_text("utf-8")
    if not key.strip():
        raise WrongUsageError(tr("--api-key-file or HANSE_API_KEY gives an API key of the node."))
    return RemoteNode(url, key.strip())
