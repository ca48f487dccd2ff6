"""A PostgreSQL cluster of the tests' own, made from the machine's binaries, and places in it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
from sqlalchemy.engine import URL

from node.storage.engines import Place, Schema

Places: TypeAlias = Callable[[str], Place]
"""Where a test's databases are, by name."""

_ROLE = "hanse"
_START_S = 60
_STOP_S = 60
# What a loss of power would need and no test can make: a server that is killed loses nothing without them.
_QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=64MB")


def binaries() -> Path | None:
    """The newest server's programs, None without any."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("postgres")
    if found:
        return found[-1].parent
    return None if on_path is None else Path(on_path).parent


def _as_whom() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


@dataclass
class Cluster:
    """One server that listens on a socket in its folder alone."""

    programs: Path
    folder: Path
    server: "subprocess.Popen[bytes]" = field(init=False)
    _numbers: Iterator[int] = field(default_factory=count)

    def make(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        how: list[str | Path] = [
            "--auth=trust",
            "--username",
            _ROLE,
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        command = [self.programs / "initdb", "-D", self.folder / "data", *how]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **_as_whom())

    def start(self) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self.server = subprocess.Popen(
                [
                    self.programs / "postgres",
                    "-D",
                    self.folder / "data",
                    "-k",
                    self.folder,
                    "-h",
                    "",
                    *_QUICK,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                **_as_whom(),
            )
        ends_at = time.monotonic() + _START_S
        while True:
            try:
                self.run("SELECT 1")
            except psycopg.OperationalError:
                assert self.server.poll() is None, (self.folder / "server.log").read_text()
                assert time.monotonic() < ends_at, "the server does not start"
                time.sleep(0.05)
            else:
                return

    def stop(self, number: int = signal.SIGINT) -> None:
        """End it: quickly and in order, or as `number` says."""
        self.server.send_signal(number)
        self.server.wait(_STOP_S)

    def run(self, sql: str, schema: str = "public") -> list[tuple[Any, ...]]:
        """Run words of an administrator's."""
        where: dict[str, Any] = {"host": str(self.folder), "user": _ROLE, "dbname": "postgres"}
        with psycopg.connect(**where, autocommit=True, options=f"-c search_path={schema}") as connection:
            cursor = connection.execute(sql.encode())
            return [] if cursor.description is None else cursor.fetchall()

    def url(self, database: str) -> URL:
        query = {"host": str(self.folder)}
        return URL.create("postgresql", username=_ROLE, database=database, query=query)

    def new_database(self) -> URL:
        name = f"hanse_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def new_schema(self) -> Schema:
        """A place for one node, beside others' in one database."""
        return Schema(url=self.url("postgres"), name=f"node_{next(self._numbers)}")


@contextmanager
def cluster() -> Iterator[Cluster | None]:
    """Run a new server; None where the machine has none."""
    programs = binaries()
    if programs is None:
        yield None
        return
    # Not pytest's folder: a socket's path has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="hanse-pg-", ignore_cleanup_errors=True) as folder:
        made = Cluster(programs, Path(folder))
        made.make()
        made.start()
        try:
            yield made
        finally:
            if made.server.poll() is None:
                made.stop()
