"""No subject, customer, amount, token, key or share is ever in a log line or an error's text.

Every logger is set to DEBUG, the whole flow runs with faults and refusals, and everything that was said is
searched for every secret of the run, as text, in hex and as Python writes bytes.
"""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import LargeBinary, select, text
from sqlalchemy.exc import SQLAlchemyError
from support_attacks import LIAR, MEMBERS, Scene
from support_simulation import PURPOSE
from support_verdict import table_of

from hanse_ledger.bodies import Report
from hanse_ledger.errors import LedgerError
from hanse_ledger.subjects import parse_subject
from node.bootstrap import KEYS_FILE
from node.storage.schema import invoice, window
from node.storage.schema import token as token_table
from node.storage.tables import metadata

PUBLIC: Final = {
    "log_entry", "log_hash", "log_checkpoint", "cosigned", "outbox", "book_import",
}  # fmt: skip
"""Tables whose bytes stand on the log, or are hashes of it."""
_LEAST_BYTES: Final = 8


class _Listener(logging.Handler):
    """Keeps everything that anyone logs, tracebacks included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))
        self.said.append(repr(record.args))


@pytest.fixture
def listener() -> Iterator[_Listener]:
    listener = _Listener()
    root = logging.getLogger()
    loggers = [logging.getLogger(name) for name in list(root.manager.loggerDict)]
    loggers += [logging.getLogger(f"sqlalchemy{rest}") for rest in ("", ".engine", ".engine.Engine", ".pool")]
    before = [(logger, logger.level, logger.disabled) for logger in [root, *loggers]]
    for logger, _, _ in before:
        logger.setLevel(logging.DEBUG)
        logger.disabled = False
    root.addHandler(listener)
    yield listener
    root.removeHandler(listener)
    for logger, level, disabled in before:
        logger.setLevel(level)
        logger.disabled = disabled


def test_no_secret_is_said(tmp_path: Path, listener: _Listener) -> None:
    scene = Scene.founded(tmp_path / "consortium")
    scene.report()
    scene.work()
    assert scene.report() == [True] * 4
    scene.close_month()
    scene.store_at(LIAR, window.update().values(share=bytes(224)))
    (outcome,) = scene.member(MEMBERS[0]).inquire([scene.subject], PURPOSE)
    assert outcome.figures is not None
    assert outcome.figures.deviating == (2,)
    scene.member(MEMBERS[0]).answer_file(outcome)
    refusals = list(_refusals(scene))
    assert len(refusals) > 10
    secrets = _secrets(scene)
    scene.close()
    said = "\n".join([*listener.said, *refusals])
    # The listener does hear SQL, so that what it does not hear is not there.
    assert "INSERT INTO token" in said
    assert "hide_parameters" in said
    assert len(secrets) > 150
    found = {name for name, spellings in secrets.items() if any(spelling in said for spelling in spellings)}
    assert found == set()


def test_the_search_finds_what_is_there() -> None:
    secret = bytes(range(40, 72))
    assert all(spelling in f"{secret!r} {secret.hex()}" for spelling in _spellings(secret))


def _refusals(scene: Scene) -> Iterator[str]:
    """Provoke errors of every layer and give all that they say, causes included."""
    member, token = scene.member(MEMBERS[0]), scene.token_of(scene.subject)

    def write(statement: Any, values: dict[str, object]) -> None:
        with member.standing.database.write() as connection:
            connection.execute(statement, values)

    line: dict[str, object] = dict.fromkeys((column.name for column in invoice.columns), scene.subject)
    line |= {"amount_minor": 12_347, "disputed": False, "import_id": 99}
    steps: list[Callable[[], object]] = [
        lambda: write(token_table.insert(), {"subject": scene.subject, "token": token}),
        lambda: write(invoice.insert(), line),
        lambda: write(window.insert(), {"token": token, "frozen_at": 1, "months": 1, "groups": 1}),
        lambda: write(text("SELECT nothing FROM token WHERE token = :t"), {"t": token}),
        lambda: parse_subject("lei:C1"),
        lambda: parse_subject("uscc:91350100M000100Y44"),
        lambda: scene.submit(scene.sign(MEMBERS[0], Report(evidence_roots=(), rows_hash=token, shares=()))),
        lambda: scene.submit(token * 40),
        lambda: scene.ask(LIAR, MEMBERS[0], "evaluate", token),
        lambda: scene.ask(LIAR, MEMBERS[0], "answers", token),
        lambda: scene.ask(LIAR, MEMBERS[0], "shares", b""),
        lambda: scene.ask(LIAR, "steward-1", "seed", token),
        lambda: scene.ask(LIAR, "nobody", "seed", token),
    ]
    for step in steps:
        with pytest.raises((LedgerError, SQLAlchemyError)) as error:
            step()
        # What the error says, with its causes; not the lines of this file.
        causes = [error.value, error.value.__cause__, error.value.__context__]
        yield "\n".join(f"{type(cause)} {cause} {cause!r}" for cause in causes)


def _secrets(scene: Scene) -> dict[str, list[str]]:
    """Return the spellings of every secret of the run, by where it stands."""
    secrets: dict[str, list[str]] = {}
    for bills in scene.books.values():
        for bill in bills:
            secrets[f"reference {bill.reference}"] = [bill.reference]
            secrets[f"amount {bill.minor}"] = [str(bill.minor), f"{bill.minor / 100:.2f}"]
    for subject in scene.subjects:
        secrets[f"subject {subject}"] = [subject]
    for party in (*scene.members, *scene.stewards, "desk"):
        keys = json.loads((scene.folder / "parties" / party / KEYS_FILE).read_text())
        for name, value in keys.items():
            secrets[f"{party} key {name}"] = _spellings(bytes.fromhex(value))
    for party in (*scene.members, *scene.stewards):
        for table in metadata.sorted_tables:
            if table.name not in PUBLIC:
                _add_table(secrets, scene, party, table.name)
    return secrets


def _add_table(secrets: dict[str, list[str]], scene: Scene, party: str, name: str) -> None:
    table = metadata.tables[name]
    columns = [column for column in table.columns if isinstance(column.type, LargeBinary)]
    for number, row in enumerate(table_of(scene.folder, party, select(table))):
        for column in columns:
            value = getattr(row, column.name)
            if value is not None and len(value) >= _LEAST_BYTES and any(value):
                secrets[f"{party} {name}.{column.name} {number}"] = _spellings(value)


def _spellings(secret: bytes) -> list[str]:
    """Return what a secret's first bytes look like in a text."""
    start = secret[:_LEAST_BYTES]
    return [start.hex(), repr(start)[2:-1]]
