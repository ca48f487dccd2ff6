"""A PostgreSQL server of each party's own, as docker-compose.yml has them, from this machine's programs.

It listens on a socket in its folder alone; whoever may open that folder is its party.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import psycopg
from net_parties import Layout, Party
from net_records import pid_of, start_process, stop_processes

INITDB: Final = ("--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums")
SERVER: Final = ("-c", "log_error_verbosity=terse", "-c", "log_parameter_max_length_on_error=0")
"""What docker-compose.yml tells PostgreSQL: the order of texts does not hang on any libraries, and the log
does not repeat the values of a refused row."""
_ROLE: Final = "hanse"
_RECORD: Final = "database.json"
_START_S: Final = 60.0
_PAUSE_S: Final = 0.1
_PROGRAMS: Final = Path("/usr/lib/postgresql")


def programs() -> Path | None:
    """Return where the newest server's programs are, None without any."""
    found = sorted(_PROGRAMS.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    if found:
        return found[-1].parent
    return None if on_path is None else Path(on_path).parent


def database_url(party: Party) -> str:
    """Return the party's database as a setting names it."""
    return f"postgresql://{_ROLE}@/{_ROLE}?host={database_folder(party)}"


def database_folder(party: Party) -> Path:
    """Return a server's folder. Root's servers run as another user, who cannot come into root's folders."""
    if os.geteuid() != 0:
        return party.home / "postgresql"
    tag = hashlib.sha256(str(party.home).encode()).hexdigest()[:16]
    return Path("/var/tmp") / f"hanse-{tag}"  # noqa: S108 - it is made anew, or it is ours


def start_databases(layout: Layout, made: Path) -> None:
    """Make and start the servers that do not run; `made` is where their programs are."""
    waiting = [party for party in layout.parties.values() if pid_of(_record(party)) is None]
    for party in waiting:
        _start(party, made)
    for party in waiting:
        _wait(party)


def stop_databases(parties: Iterable[Party]) -> None:
    """Stop the servers quickly and in order."""
    stop_processes({party.id: _record(party) for party in parties}, signal.SIGINT)


def throw_away(parties: Iterable[Party]) -> None:
    """Remove what the databases hold: the consortium is founded anew."""
    there = list(parties)
    stop_databases(there)
    for party in there:
        shutil.rmtree(database_folder(party), ignore_errors=True)


def _start(party: Party, made: Path) -> None:
    folder = database_folder(party)
    if not (folder / "data" / "PG_VERSION").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        words = ["-D", str(folder / "data"), "--auth=trust", f"--username={_ROLE}", *INITDB]
        command = [str(made / "initdb"), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **_as_whom())
    server = [str(made / "postgres"), "-D", str(folder / "data"), "-k", str(folder), "-h", "", *SERVER]
    start_process(_record(party), server, party.home / "database.log", cwd="/", **_as_whom())


def _wait(party: Party) -> None:
    """Wait until a server answers, and make its database where that is missing."""
    ends_at = time.monotonic() + _START_S
    while True:
        try:
            with psycopg.connect(
                host=str(database_folder(party)), user=_ROLE, dbname="postgres", autocommit=True
            ) as connection:
                names = connection.execute("SELECT datname FROM pg_database").fetchall()
                if (_ROLE,) not in names:
                    connection.execute(f"CREATE DATABASE {_ROLE}")
                return
        except psycopg.OperationalError:
            if time.monotonic() > ends_at or pid_of(_record(party)) is None:
                raise
            time.sleep(_PAUSE_S)


def _record(party: Party) -> Path:
    return party.home / _RECORD


def _as_whom() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
