"""Embedded consortia with many rows behind them, made by the code that reports and checks for real.

Only two things are not as in life: rows come from no book, so the members' drafts are written into their
databases, and most tokens are random; those of `SUBJECTS` are the stewards' own and in the members' caches.
Every subject is reported on by four of the eight members, each its own group: with `contributors_min` 4 that
gives as many windows as so many rows can give.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import rfc8785

from consortium_config.founding import assemble_genesis, sign_document
from consortium_config.sample import STEWARDS, DealtKeys, demo_document
from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import HASH_BYTES, Month, PartyId, StewardX, SubjectId
from hanse_ledger.privacy.shares import RowColumns
from hanse_ledger.rows import CONDITIONS, DELAYS, EXPOSURES
from hanse_ledger.signing import SEED_BYTES, SigningKey
from node.bootstrap import (
    CONSORTIUM_FILE,
    DATABASE_FILE,
    KEYS_FILE,
    PARTIES_FOLDER,
    SEQUENCER_FILE,
    Embedded,
    Surroundings,
    found,
)
from node.clocks import DemoClock
from node.dealt_keys import read_dealt_keys
from node.keyring import KeyRing
from node.roles.drafts import ROWS_A_REPORT, ROWS_LEAST, Draft
from node.roles.party import Standing
from node.roles.tokens import TokenSource
from node.sequencing.follower import Follower
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.storage.book import put_import, put_lines
from node.storage.database import Database
from node.storage.schema import draft, token
from node.wire import LocalLink

MEMBERS: Final = tuple(PartyId(f"member-{number}") for number in range(8))
GROUPS_A_SUBJECT: Final = 4
ASKING: Final = MEMBERS[0]
FIRST_MONTH: Final = Month(2024 * 12 + 6)
MONTH: Final = Month(FIRST_MONTH + 2)
"""September 2024: the month with the rows, and the end of a quarter whose other months are empty."""
AS_OF: Final = date(2024, 9, 30)
PURPOSE: Final = "credit-review"
INVOICES_A_ROW: Final = 3
"""Open invoices behind a row: eight leaves of evidence."""
_ROUNDS_MOST: Final = 50


def subjects(count: int) -> list[SubjectId]:
    """Return subjects that four members report on and whose true tokens `ASKING` has cached."""
    return [SubjectId(f"ref:BENCH:S{number:06}") for number in range(count)]


@contextmanager
def opened(folder: Path) -> Iterator[Embedded]:
    """Open a consortium that `fill` made."""
    with Embedded(folder, Surroundings(clock=DemoClock(AS_OF))) as embedded:
        yield embedded


def found_bench(folder: Path, members: Sequence[PartyId] = MEMBERS, *, agreeing: bool = False) -> None:
    """Found the consortium: these members, four stewards, the demo's rules.

    With `agreeing` the four stewards order the log together.

    One dealer makes all keys, as in a demo, but the document does not say so: nodes apart refuse a demo's.
    """
    dealt = demo_document(
        members=members, currency="CNY", exponent=2, first_month=FIRST_MONTH, entropy=os.urandom
    )
    document = {**json.loads(dealt.consortium.raw), "demo": False}
    if agreeing:
        dealt = replace(dealt, keys=_with_log_keys(dealt.keys, document))
    consortium = parse_document(rfc8785.dumps(document))
    signatures = {
        party: sign_document(consortium, party=party, key=SigningKey(keys.statement_seed))
        for party, keys in dealt.keys.items()
    }
    found(folder, replace(dealt, consortium=consortium, genesis=assemble_genesis(consortium, signatures)))


def _with_log_keys(
    keys: Mapping[PartyId, DealtKeys], document: dict[str, Any]
) -> Mapping[PartyId, DealtKeys]:
    """Let the stewards order together in a document; return everybody's keys with those they need for it."""
    document["ordering"] = list(STEWARDS.values())
    found = dict(keys)
    for party in document["parties"]:
        if party["id"] in document["ordering"]:
            found[party["id"]] = replace(found[party["id"]], log_seed=os.urandom(SEED_BYTES))
            party["log_key"] = SigningKey(found[party["id"]].log_seed or b"").public.hex()
    return found


def fill(folder: Path, *, rows_a_member: int, known: int) -> None:
    """Found a consortium in `folder`, let every member report so many rows for `MONTH`, and close it.

    `known` subjects of `subjects` are among them; `rows_a_member` is at least as many.
    """
    found_bench(folder)
    with opened(folder) as embedded:
        for month in range(FIRST_MONTH, MONTH):
            settle(embedded)
            embedded.close_month(Month(month))
        halves = _pools(embedded, rows_a_member, known)
        for number, member in enumerate(MEMBERS):
            node = embedded.member(member)
            put_drafts(node.standing.database, halves[number // GROUPS_A_SUBJECT])
            node.report()
            settle(embedded)
        if embedded.close_month(MONTH) != len(embedded.consortium.stewards):
            raise UnavailableError("the month could not be closed")


def stewards(folder: Path) -> list[PartyId]:
    """Return the stewards of a founded consortium in the order of x."""
    consortium = parse_document((folder / CONSORTIUM_FILE).read_bytes())
    return [party.id for party in consortium.stewards.values()]


def copy_of_one(folder: Path, copy: Path, party: PartyId) -> Path:
    """Copy what one party's node and the sequencer hold into the empty folder `copy`."""
    shutil.copy(folder / CONSORTIUM_FILE, copy)
    consortium = parse_document((folder / CONSORTIUM_FILE).read_bytes())
    for home in (party, consortium.ordering[0]):
        shutil.copytree(folder / PARTIES_FOLDER / home, copy / PARTIES_FOLDER / home)
    return copy


def links_of(embedded: Embedded, caller: PartyId) -> dict[StewardX, LocalLink]:
    """Return a party's ways to the stewards."""
    return {
        x: LocalLink(door=embedded.door(party.id), caller=caller, party=party.id, x=x)
        for x, party in embedded.consortium.stewards.items()
    }


def alone(folder: Path, party: PartyId, stack: ExitStack) -> Standing:
    """Open one party's node with the sequencer in this thread, so that its CPU time is the process's."""
    consortium = parse_document((folder / CONSORTIUM_FILE).read_bytes())
    orderer = folder / PARTIES_FOLDER / consortium.ordering[0]
    log_key = read_dealt_keys(orderer / KEYS_FILE).log
    if log_key is None:
        raise AssertionError("the ordering party has no log key")
    home = folder / PARTIES_FOLDER / party
    databases = [Database(orderer / SEQUENCER_FILE), Database(home / DATABASE_FILE)]
    for database in databases:
        stack.callback(database.close)
    sequencer = SoloSequencer(replica=Replica(databases[0]), log_key=log_key)
    replica = Replica(databases[1])
    keys = read_dealt_keys(home / KEYS_FILE)
    return Standing(
        consortium=consortium,
        party=consortium.parties[party],
        keys=KeyRing(keys),
        database=databases[1],
        replica=replica,
        sequencer=sequencer,
        catch_up=Follower(replica=replica, source=sequencer, trusted=consortium).catch_up,
        clock=DemoClock(AS_OF),
        entropy=os.urandom,
    )


def settle(embedded: Embedded) -> None:
    """Let the stewards work until they have published on every report."""
    for _ in range(_ROUNDS_MOST):
        if not embedded.work():
            return
    raise UnavailableError("the stewards did not come to an end")


def put_drafts(database: Database, tokens: bytes, month: Month = MONTH) -> None:
    """Write drafts of full reports over these tokens, as a member's rows for the log month `month`."""
    matrix = np.frombuffer(tokens, np.uint8).reshape(-1, HASH_BYTES)
    values = []
    for start in range(0, len(matrix), ROWS_A_REPORT):
        part = matrix[start : start + ROWS_A_REPORT]
        rows, roots = _draft(part, padded_size(len(part)), month).encode()
        values.append({"log_month": month, "rows": rows, "evidence_roots": roots, "counted": False})
    with database.write() as connection:
        connection.execute(draft.insert(), values)


def put_book(database: Database, subjects: Sequence[SubjectId], month: Month) -> None:
    """Write a book of subjects whose tokens are known, each with three invoices open in `month` alone."""
    day = f"{month // 12}-{month % 12 + 1:02}"
    lines = [
        {
            "customer": f"C{number}",
            "reference": f"{number}-{line}",
            "subject": subject,
            "invoice_date": f"{day}-{1 + line:02}",
            "due_date": f"{day}-{10 + line:02}",
            "paid_date": f"{day}-{12 + 5 * line:02}",
            "amount_minor": 100_000 + 997 * number,
            "currency": "CNY",
            "lost_on": None,
            "disputed": False,
        }
        for number, subject in enumerate(subjects)
        for line in range(INVOICES_A_ROW)
    ]
    with database.write() as connection:
        import_id = put_import(connection, sha256=bytes(32), as_of=AS_OF, taken=len(lines))
        put_lines(connection, [{**line, "import_id": import_id} for line in lines])
        connection.execute(
            token.insert(), [{"subject": s, "token": os.urandom(HASH_BYTES)} for s in subjects]
        )


def padded_size(rows: int) -> int:
    """Return how many rows a report over so many has (protocol section 4)."""
    return max(ROWS_LEAST, 1 << (rows - 1).bit_length())


def _draft(tokens: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], size: int, month: Month) -> Draft:
    """Make a report's rows with classes drawn at random; what is missing to `size` is padding."""
    fresh = os.urandom(HASH_BYTES * (size - len(tokens)))
    joined = tokens.tobytes() + fresh
    order = sorted(joined[i : i + HASH_BYTES] for i in range(0, len(joined), HASH_BYTES))
    draw = np.random.default_rng()
    conditions, exposures, delays = (
        draw.integers(0, classes, size, np.uint8).tobytes() for classes in (CONDITIONS, EXPOSURES, DELAYS)
    )
    roots = os.urandom(HASH_BYTES * size)
    return Draft(
        rows=RowColumns.of(order, [month] * size),
        conditions=conditions,
        exposures=exposures,
        delays=delays,
        evidence_roots=tuple(roots[i : i + HASH_BYTES] for i in range(0, len(roots), HASH_BYTES)),
    )


def _pools(embedded: Embedded, size: int, known: int) -> tuple[bytes, bytes]:
    """Return the tokens that each half of the members reports on; the true ones stand in the first."""
    node = embedded.member(ASKING)
    taken = TokenSource(node.standing, lambda: links_of(embedded, ASKING)).tokens(subjects(known))
    true = b"".join(taken.values())
    return true + os.urandom(HASH_BYTES * (size - known)), os.urandom(HASH_BYTES * size)


def forget_tokens(standing: Standing) -> None:
    """Empty a member's token cache, so that it has to ask the stewards again."""
    with standing.database.write() as connection:
        connection.execute(token.delete())
