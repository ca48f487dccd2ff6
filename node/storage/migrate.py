"""Bringing a database's schema to the newest revision with Alembic."""

import threading
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from hanse_ledger.errors import CorruptionError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_MIGRATING: Final = threading.Lock()


def upgrade(connection: Connection, current: str | None) -> None:
    """Run the migrations after `current` within the caller's transaction.

    Raises CorruptionError for a revision that this program does not know.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise CorruptionError("the database was made by a newer version of this program")
    config.attributes["connection"] = connection
    # Alembic keeps the running migration in the module: one at a time in a process.
    with _MIGRATING:
        command.upgrade(config, "head")
