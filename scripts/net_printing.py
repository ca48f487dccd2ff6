"""What `make net` prints at its end: who is where, and how to ask."""

import shlex
import sys
from pathlib import Path

from net_books import Books
from net_parties import Layout, Party
from net_processes import comet_pid, running_pid

from node.sequencing.cometbft.home import RPC_SOCKET


def describe(layout: Layout, books: Books) -> str:
    """Return it all, for standard output."""
    asker = layout.parties[books.members[0]]
    parts = [_table(layout), _keys(asker), _asking(layout, asker, books.most_shared)]
    if layout.engine == "cometbft":
        parts.append(_standing(layout))
    return "\n".join([line for part in parts for line in (*part, "")] + ["make net-down ends it.", ""])


def _table(layout: Layout) -> list[str]:
    lines = [f"{'party':<10} {'role':<8} {'address':<24} {'process':>8} {'cometbft':>8}  folder"]
    for party in layout.parties.values():
        pids = f"{running_pid(party) or '':>8} {comet_pid(party) or '':>8}"
        lines.append(f"{party.id:<10} {party.role:<8} {party.url:<24} {pids}  {party.home}")
    return lines


def _keys(asker: Party) -> list[str]:
    return [
        f"Consortium document  {_document(asker)}",
        f"API key of {asker.id}     {asker.api_key.read_text('utf-8').strip()}",
        "                     (everybody's is in the party's folder, in the file api-key)",
    ]


def _asking(layout: Layout, asker: Party, subject: str) -> list[str]:
    python, key_file = shlex.quote(sys.executable), shlex.quote(str(asker.api_key))
    return [
        "Ask with curl:",
        f'  curl -s {asker.url}/v1/inquiries -H "Authorization: Bearer $(cat {key_file})" \\',
        "       -H 'Content-Type: application/json' \\",
        f'       -d \'{{"subjects": ["{subject}"], "purpose": "credit-review"}}\'',
        "with the command line:",
        f"  {_program()} inquire {subject} --purpose credit-review --url {asker.url} \\",
        f"       --api-key-file {key_file}",
        "with the client, which verifies what it gets:",
        f"  {python} - <<'END'",
        "  from pathlib import Path",
        "  from hanse_client import Hanse",
        f'  key = Path("{asker.api_key}").read_text().strip()',
        f'  with Hanse("{asker.url}", api_key=key, trust="{_document(asker)}") as hanse:',
        f'      print(hanse.check("{subject}", purpose="credit-review"))',
        "  END",
        "or look at the log, as anyone may:",
        f"  {_program()} log audit --dir {layout.parties['desk'].url} --consortium {_document(asker)}",
    ]


def _standing(layout: Layout) -> list[str]:
    one = layout.parties[layout.ordering[0]]
    socket = shlex.quote(str(one.comet_home / RPC_SOCKET))
    return [
        f"Validators: {', '.join(layout.ordering)}; one of them may fail, and the log goes on.",
        "How CometBFT stands, by its node, by itself, by its metrics, and in its own words:",
        f"  curl -s {one.url}/readyz",
        f"  curl -s --unix-socket {socket} http://cometbft/status",
        f"  curl -s {one.metrics_url}",
        f"  tail {shlex.quote(str(one.comet_home / 'cometbft.log'))}",
    ]


def _document(asker: Party) -> Path:
    return asker.home / "consortium.json"


def _program() -> str:
    return shlex.quote(str(Path(sys.executable).with_name("hanse")))
