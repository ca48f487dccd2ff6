"""`make net`, `make net-down`, `make net-delete`: a consortium of processes, each party's its own.

    net.py up [FOLDER]      found it, start what does not run, load the sample, say how to ask
    net.py down [FOLDER]    end exactly the processes that `up` started, and remove their networks
    net.py delete [FOLDER]  the same, and remove what they have written: the folder, and databases beside it

`up` may be interrupted at any line and run again. FOLDER is `net/` without it. With `--receivables CSVS`
there is a member for each CSV of that folder instead of the sample's four. With `--engine cometbft` the
stewards agree on the order, as under docker-compose.yml's profile of that name, and each party has a network
namespace of its own where this machine lets it.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from net_books import Books, BooksError, books_of, sample_books
from net_databases import programs, start_databases, stop_databases, throw_away
from net_founding import StepError, found, hanse, init_validators, is_founded
from net_loading import StuckError, is_ready, load
from net_namespaces import connect, disconnect, reason_against
from net_parties import (
    DESK,
    STEWARDS,
    DatabaseKind,
    Engine,
    Layout,
    Party,
    choose_layout,
    layout_in,
    write_secret,
)
from net_printing import describe
from net_processes import running_pid, start, stop_all

from node.errors import LockedError, SettingsError
from node.files import locked
from node.sequencing.cometbft.process import find_cometbft

_ROOT: Final = Path(__file__).resolve().parents[1]
_START_S: Final = 180.0
_PAUSE_S: Final = 0.2
_LOG_TAIL: Final = 1_000
_INTERRUPTED: Final = 130


def main(words: list[str]) -> int:
    """Run one of the commands; return the exit code."""
    asked = _parser().parse_args(words)
    folder = asked.folder.absolute()
    try:
        if asked.command == "up":
            return up(folder, asked)
        return down(folder) if asked.command == "down" else delete(folder)
    except KeyboardInterrupt:
        _say("Interrupted. The nodes that run go on; `make net` again goes on, `make net-down` ends them.")
        return _INTERRUPTED
    except LockedError:
        _say("Another `make net` or `make net-down` is at work.")
        return 1
    except (BooksError, StepError, StuckError, SettingsError) as error:
        _say(str(error))
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="net.py", description="A consortium of processes on this machine.")
    parser.add_argument("command", choices=("up", "down", "delete"))
    parser.add_argument("folder", nargs="?", type=Path, default=_ROOT / "net")
    parser.add_argument("--receivables", type=Path, help="a folder of <member>.csv files to load")
    parser.add_argument("--engine", choices=("solo", "cometbft"), help="how the log is ordered")
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql"), help="files, or a server of each party's own"
    )
    parser.add_argument(
        "--network",
        choices=("loopback", "namespaces"),
        help="without it namespaces for cometbft where they can be had, else loopback",
    )
    return parser


def up(folder: Path, asked: argparse.Namespace) -> int:
    """Bring the consortium up from wherever it stands, and print how to use it."""
    books = sample_books() if asked.receivables is None else books_of(asked.receivables)
    folder.mkdir(exist_ok=True, mode=0o700)
    with locked(folder):
        layout = layout_in(folder) or _choose(folder, books, asked)
        _check(folder, layout, books, asked)
        if not is_founded(layout.parties):
            _say("Founding the consortium, step by step:")
            found(folder, layout, first_month=books.months[0], currency=books.currency)
        _start(folder, layout)
        _make_api_keys(layout.parties)
        _say("Loading the books:")
        load(layout.parties, books)
    sys.stdout.write(describe(layout, books))
    return 0


def _choose(folder: Path, books: Books, asked: argparse.Namespace) -> Layout:
    """Choose who is where; what cannot be had is said, with the reason."""
    engine: Engine = asked.engine or "solo"
    database: DatabaseKind = asked.database or "sqlite"
    if engine == "cometbft":
        find_cometbft()
    if database == "postgresql" and programs() is None:
        raise StuckError("PostgreSQL's server programs are missing: make setup-full")
    apart = asked.network == "namespaces" or (asked.network is None and engine == "cometbft")
    reason = reason_against(len(books.members) + len(STEWARDS) + 1) if apart else None
    if reason is not None:
        if asked.network is not None:
            raise StuckError(f"No network namespaces: {reason}")
        _say(f"All parties are on loopback, without network namespaces of their own: {reason}.")
    return choose_layout(
        folder, books.members, engine=engine, database=database, apart=apart and reason is None
    )


def _check(folder: Path, layout: Layout, books: Books, asked: argparse.Namespace) -> None:
    """Refuse to run a consortium as another one than it was founded."""
    if {*STEWARDS, DESK, *books.members} != set(layout.parties):
        raise BooksError(f"{folder} holds a consortium of other members; give another folder")
    wanted = (asked.engine or layout.engine, asked.database or layout.database)
    if wanted != (layout.engine, layout.database):
        held = f"{layout.engine} over {layout.database}"
        raise StuckError(f"{folder} holds a consortium with {held}: make net-delete removes it")


def _start(folder: Path, layout: Layout) -> None:
    """Start what does not run, and wait until all of it is ready."""
    if layout.bridge is not None:
        connect(
            layout.bridge,
            [(one.address.namespace or "", one.address.host) for one in layout.parties.values()],
        )
    made = programs()
    if layout.database == "postgresql" and made is not None:
        start_databases(layout, made)
    init_validators(folder, layout.parties)
    waiting = [party for party in layout.parties.values() if running_pid(party) is None]
    _say(f"Starting {', '.join(party.id for party in waiting)}" if waiting else "It runs already.")
    for party in waiting:
        start(party)
    for party in layout.parties.values():
        _wait_ready(party)


def down(folder: Path) -> int:
    """End the processes; a consortium that was never founded has none."""
    if not folder.is_dir():
        _say("Nothing runs.")
        return 0
    with locked(folder):
        layout = layout_in(folder)
        stopped = [] if layout is None else _stop(layout)
    _say(f"Stopped {', '.join(stopped)}." if stopped else "Nothing runs.")
    return 0


def delete(folder: Path) -> int:
    """End the processes and remove what they have written; a folder that is no net's stays as it is."""
    layout = layout_in(folder)
    if layout is None:
        _say(f"{folder} holds no consortium of make net.")
        return 0
    with locked(folder):
        _stop(layout)
        throw_away(layout.parties.values())
        # What says who is there goes last: a net that is deleted in part can be deleted again.
        for part in folder.iterdir():
            if part.is_dir():
                shutil.rmtree(part)
        shutil.rmtree(folder)
    _say(f"Removed {folder}.")
    return 0


def _stop(layout: Layout) -> list[str]:
    parties = layout.parties.values()
    stopped = stop_all(parties)
    stop_databases(parties)
    if layout.bridge is not None:
        disconnect(layout.bridge, [party.address.namespace or "" for party in parties])
    return stopped


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


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
