"""A founded party's node: the documents that it trusts and its configuration, written into its folder."""

import json
from pathlib import Path
from typing import Final

from node.bootstrap import CONSORTIUM_FILE, GENESIS_FILE
from node.founding.home import Home
from node.founding.letters import GENESIS, Letters
from node.founding.progress import CONFIG_FILE
from node.founding.signing import check_genesis
from node.settings import Engine

_QUOTED: Final = json.dumps
"""JSON's texts are TOML's."""


def write_node(
    home: Home,
    mail: Letters,
    *,
    listen: str,
    passphrase_file: Path | None,
    engine: Engine = "solo",
    peer_listen: str | None = None,
) -> Path:
    """Write a node's folder after checking genesis; return the configuration's path.

    `peer_listen` is where its CometBFT listens for other validators. Raises FoundingError for what is not
    founded, and where other files stand there already.
    """
    consortium = check_genesis(home, mail)
    folder = Letters(home.folder)
    folder.post(CONSORTIUM_FILE, consortium.raw)
    folder.post(GENESIS_FILE, mail.read(GENESIS) or b"")
    settings = {
        "party": home.owner[1],
        "consortium": CONSORTIUM_FILE,
        "genesis": GENESIS_FILE,
        "folder": ".",
        "listen": listen,
        **({} if engine == "solo" else {"engine": engine}),
        **({} if passphrase_file is None else {"passphrase_file": str(passphrase_file.absolute())}),
    }
    lines = "".join(f"{name} = {_QUOTED(value)}\n" for name, value in settings.items())
    if peer_listen is not None:
        lines += f"cometbft = {{ listen = {_QUOTED(peer_listen)} }}\n"
    folder.post(CONFIG_FILE, lines.encode())
    return home.folder / CONFIG_FILE
