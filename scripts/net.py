"""`make net` and `make net-down`: a consortium of processes on loopback, each party's its own.

    net.py up [FOLDER]      found it, start what does not run, load the sample, say how to ask
    net.py down [FOLDER]    end exactly the processes that `up` started

`up` may be interrupted at any line and run again. FOLDER is `net/` without it. With `--receivables CSVS`
there is a member for each CSV of that folder instead of the sample's four.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from net_books import Books, BooksError, books_of, sample_books
from net_founding import StepError, found, hanse, is_founded
from net_loading import StuckError, is_ready, load
from net_parties import DESK, STEWARDS, Party, choose_parties, parties_in, write_secret
from net_processes import running_pid, start, stop_all

from node.errors import LockedError
from node.files import locked

_ROOT: Final = Path(__file__).resolve().parents[1]
_START_S: Final = 180.0
_PAUSE_S: Final = 0.2
_LOG_TAIL: Final = 1_000
_INTERRUPTED: Final = 130


def main(words: list[str]) -> int:
    """Run one of the two commands; return the exit code."""
    asked = _parser().parse_args(words)
    folder = asked.folder.absolute()
    try:
        return up(folder, asked.receivables) if asked.command == "up" else down(folder)
    except KeyboardInterrupt:
        _say("Interrupted. The nodes that run go on; `make net` again goes on, `make net-down` ends them.")
        return _INTERRUPTED
    except LockedError:
        _say("Another `make net` or `make net-down` is at work.")
        return 1
    except (BooksError, StepError, StuckError) as error:
        _say(str(error))
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="net.py", description="A consortium of processes on loopback.")
    parser.add_argument("command", choices=("up", "down"))
    parser.add_argument("folder", nargs="?", type=Path, default=_ROOT / "net")
    parser.add_argument("--receivables", type=Path, help="a folder of <member>.csv files to load")
    return parser


def up(folder: Path, receivables: Path | None = None) -> int:
    """Bring the consortium up from wherever it stands, and print how to use it."""
    books = sample_books() if receivables is None else books_of(receivables)
    folder.mkdir(exist_ok=True, mode=0o700)
    with locked(folder):
        parties = choose_parties(folder, books.members)
        if {*STEWARDS, DESK, *books.members} != set(parties):
            raise BooksError(f"{folder} holds a consortium of other members; give another folder")
        if not is_founded(parties):
            _say("Founding the consortium, step by step:")
            found(folder, parties, first_month=books.months[0], currency=books.currency)
        started = [party for party in parties.values() if running_pid(party) is None]
        if started:
            _say(f"Starting {', '.join(party.id for party in started)}")
        for party in started:
            start(party)
        for party in parties.values():
            _wait_ready(party)
        _make_api_keys(parties)
        _say("Loading the books:" if started else "It runs already.")
        load(parties, books)
    _print(parties, books)
    return 0


def down(folder: Path) -> int:
    """End the processes; a consortium that was never founded has none."""
    if not folder.is_dir():
        _say("Nothing runs.")
        return 0
    with locked(folder):
        stopped = stop_all(parties_in(folder).values())
    _say(f"Stopped {', '.join(stopped)}." if stopped else "Nothing runs.")
    return 0


def _wait_ready(party: Party) -> None:
    ends_at = time.monotonic() + _START_S
    while not is_ready(party):
        if running_pid(party) is None or time.monotonic() > ends_at:
            tail = party.log.read_text("utf-8", "replace")[-_LOG_TAIL:]
            raise StuckError(f"{party.id} does not come up at {party.url}; the end of {party.log}:\n{tail}")
        time.sleep(_PAUSE_S)


def _make_api_keys(parties: Mapping[str, Party]) -> None:
    for party in parties.values():
        if not party.api_key.exists():
            asked = ("--config", party.config, "--name", "make net", "--scope", "all")
            write_secret(party.api_key, hanse("keys", "api", "new", *asked)["key"])


def _print(parties: Mapping[str, Party], books: Books) -> None:
    asker, subject = parties[books.members[0]], books.most_shared
    program = shlex.quote(str(Path(sys.executable).with_name("hanse")))
    python, key_file = shlex.quote(sys.executable), shlex.quote(str(asker.api_key))
    document = asker.home / "consortium.json"
    lines = [f"{'party':<10} {'role':<8} {'address':<24} {'process':>8}  folder"]
    for party in parties.values():
        pid = running_pid(party)
        lines.append(f"{party.id:<10} {party.role:<8} {party.url:<24} {pid or '':>8}  {party.home}")
    lines += [
        "",
        f"Consortium document  {document}",
        f"API key of {asker.id}     {asker.api_key.read_text('utf-8').strip()}",
        "                     (everybody's is in the party's folder, in the file api-key)",
        "",
        "Ask with curl:",
        f'  curl -s {asker.url}/v1/inquiries -H "Authorization: Bearer $(cat {key_file})" \\',
        "       -H 'Content-Type: application/json' \\",
        f'       -d \'{{"subjects": ["{subject}"], "purpose": "credit-review"}}\'',
        "with the command line:",
        f"  {program} inquire {subject} --purpose credit-review --url {asker.url} \\",
        f"       --api-key-file {key_file}",
        "with the client, which verifies what it gets:",
        f"  {python} - <<'END'",
        "  from pathlib import Path",
        "  from hanse_client import Hanse",
        f'  key = Path("{asker.api_key}").read_text().strip()',
        f'  with Hanse("{asker.url}", api_key=key, trust="{document}") as hanse:',
        f'      print(hanse.check("{subject}", purpose="credit-review"))',
        "  END",
        "or look at the log, as anyone may:",
        f"  {program} log audit --dir {parties['desk'].url} --consortium {document}",
        "",
        "make net-down ends it.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
