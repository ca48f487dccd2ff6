"""The node that a command asks: one that runs, by its URL, or one in an embedded DIR that it runs itself."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from pathlib import Path
from typing import Any, Final

from node.commands.nodes import member_in
from node.commands.options import Dir, Party, show_options
from node.commands.remote import ApiKeyFile, RemoteNode, Url, open_remote
from node.member import MemberNode

_OPTIONS: Final = {"directory": Dir, "party": Party, "url": Url, "api_key_file": ApiKeyFile}


class AskedNode:
    """`remote` where a URL was given; everything else is for the other case."""

    def __init__(self, remote: RemoteNode | None, directory: Path | None, party: str | None) -> None:
        self.remote, self._directory, self._party = remote, directory, party

    def member(self, *roles: str) -> AbstractContextManager[MemberNode]:
        """Run the DIR's consortium while the block runs; give the node of the party with one of the roles."""
        return member_in(self._directory, self._party, *roles)


def on_asked_node(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which node it asks: it takes an `AskedNode` first."""

    @wraps(command)
    def run(
        *given: Any,
        directory: Path | None,
        party: str | None,
        url: str | None,
        api_key_file: Path | None,
        **named: Any,
    ) -> None:
        command(AskedNode(open_remote(url, api_key_file), directory, party), *given, **named)

    show_options(run, of=command, without=1, shared=_OPTIONS)
    return run
