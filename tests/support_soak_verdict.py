"""What must hold of a consortium after a soak: no statement lost or doubled, one root, no sum wrong."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from support_clear import Window, expected
from support_demo import text
from support_net import stop_all, wait_until
from support_soak import MEMBERS, PURPOSE, UNKNOWN, Soak

from consortium_config.sample import DESK_ID
from hanse_ledger.bodies import Inquiry
from hanse_ledger.checkpoint import parse_checkpoint
from hanse_ledger.ids import NodeHash, PartyId
from hanse_ledger.merkle import root_at
from hanse_ledger.note import parse_note
from hanse_ledger.privacy.answer import hash_request, parse_request
from hanse_ledger.state import LedgerState
from hanse_ledger.statements import parse_statement
from hanse_ledger.windows import BAND_TEXT, band
from node.bootstrap import DATABASE_FILE, SEQUENCER_FILE
from node.storage.database import Database
from node.storage.log import LogStore
from node.storage.schema import inquiry as inquiry_table
from node.storage.schema import outbox

_ALL: Final = 1 << 30
_WITH_FIGURES: Final = frozenset({"checked", "unchecked", "nothing"})


def verify_soak(soak: Soak) -> None:
    """Check what was answered on the way and what is answered now; stop the nodes and read their logs."""
    soak.end_load()
    assert soak.load.faults == []
    clear = _windows(soak)
    for answers in soak.load.answers.values():
        _verify_answers(answers, clear)
    _verify_every_subject(soak, clear)
    size = _wait_for_one_root(soak)
    stop_all(soak.nodes)
    entries = _read_log(soak.folder / DESK_ID / SEQUENCER_FILE)
    ledger, roots = LedgerState(), [LedgerState().frontier.root()]
    for raw in entries:
        ledger.apply(raw)
        roots.append(ledger.frontier.root())
    for party in soak.nodes:
        held = _verify_copy(soak.folder / party / DATABASE_FILE, party, entries, roots)
        # Stewards speak at times of their own: a node that stopped first may lack the very last words.
        assert held >= size, party
        _verify_outbox(soak.folder / party / DATABASE_FILE, party, ledger)
    assert len(set(entries)) == len(entries)
    for statement, index in soak.load.facts:
        assert entries[index] == statement
    for member in MEMBERS:
        _verify_inquiries(soak, member, entries)
    _verify_reports(soak, ledger)


def _windows(soak: Soak) -> Mapping[str, list[Window]]:
    minimum = soak.founded.consortium.policy.contributors_min
    found = expected(soak.books, groups={}, first=soak.first, last=soak.last, contributors_min=minimum)
    assert found.windows, "books without a single window would show nothing"
    return found.windows


def _verify_answers(answers: Sequence[Mapping[str, Any]], clear: Mapping[str, list[Window]]) -> None:
    """Every answer with figures says what was frozen by the last close that it speaks of."""
    for answer in answers:
        if answer["status"] not in _WITH_FIGURES:
            assert (answer["status"], answer["code"]) == ("refused", "unavailable")
            continue
        last = answer["last_closed_month"]
        wanted = [
            _described(window)
            for window in clear.get(answer["subject"], [])
            if last is not None and text(window.frozen_at) <= last
        ]
        assert answer["windows"] == wanted, (answer["status"], last)


def _described(window: Window) -> dict[str, Any]:
    return {
        "months": [text(month) for month in window.months],
        "frozen_at": text(window.frozen_at),
        "contributors": BAND_TEXT[band(window.groups)],
        "condition": list(window.condition),
        "exposure": list(window.exposure),
        "delay": list(window.delay),
        "cells": None,
    }


def _verify_every_subject(soak: Soak, clear: Mapping[str, list[Window]]) -> None:
    """All stewards agree on every subject now, and with the clear; two members ask."""
    subjects = [*sorted({bill.customer for bills in soak.books.values() for bill in bills}), UNKNOWN]
    for member in MEMBERS[:2]:
        asked = {"subjects": subjects, "purpose": PURPOSE}
        answers = soak.nodes[member].ask("POST", "/v1/inquiries", json=asked)["answers"]
        assert [answer["subject"] for answer in answers] == subjects
        _verify_answers(answers, clear)
        for answer in answers:
            assert answer["last_closed_month"] == text(soak.last)
            assert answer["status"] == ("checked" if clear.get(answer["subject"]) else "nothing")


def _wait_for_one_root(soak: Soak) -> int:
    """All nodes come to the same checkpoint; return its size."""

    def trees() -> set[tuple[int, bytes]]:
        notes = [node.client.get("/log/checkpoint").content for node in soak.nodes.values()]
        found = [parse_checkpoint(parse_note(note).text) for note in notes]
        return {(checkpoint.size, checkpoint.root) for checkpoint in found}

    seen: list[tuple[int, bytes]] = []

    def is_one() -> bool:
        seen[:] = trees()
        return len(seen) == 1

    wait_until(is_one, "one root")
    return seen[0][0]


def _read_log(path: Path) -> list[bytes]:
    with closing(Database(path)) as database:
        return LogStore(database).entries(0, _ALL)


def _verify_copy(path: Path, party: PartyId, entries: list[bytes], roots: list[NodeHash]) -> int:
    """A node's copy is the log and its tree, from the beginning; return its size."""
    with closing(Database(path)) as database:
        log = LogStore(database)
        held = log.entries(0, _ALL)
        assert held == entries[: len(held)], party
        assert root_at(len(held), log.node) == roots[len(held)], party
    return len(held)


def _verify_outbox(path: Path, party: PartyId, ledger: LedgerState) -> None:
    """Nothing of a node's own still waits to be logged."""
    with closing(Database(path)) as database, database.read() as connection:
        waiting = [row.seq for row in connection.execute(select(outbox))]
    assert all(seq < ledger.head(party).seq for seq in waiting), party


def _verify_inquiries(soak: Soak, member: PartyId, entries: Sequence[bytes]) -> None:
    """Every request that was answered stands in the log once, where the member has it."""
    logged = Counter[bytes]()
    for raw in entries:
        statement = parse_statement(raw)
        if statement.party == member and isinstance(statement.body, Inquiry):
            logged.update(statement.body.request_hashes)
    with closing(Database(soak.folder / member / DATABASE_FILE)) as database, database.read() as connection:
        made = [row.request for row in connection.execute(select(inquiry_table.c.request))]
    hashes = {parse_request(raw).request_id.hex(): hash_request(raw) for raw in made}
    assert set(logged) <= set(hashes.values())
    assert set(logged.values()) <= {1}
    for answer in soak.load.answers[member]:
        assert logged[hashes[answer["request_id"]]] == 1


def _verify_reports(soak: Soak, ledger: LedgerState) -> None:
    """Every member has one report a month, which counts: none was lost, none made twice."""
    found = Counter((entry.member, entry.log_month) for entry in ledger.reports.values())
    months = range(soak.first, soak.last + 1)
    # Whoever reads the last close may report on the month that follows, which has not ended.
    assert found == Counter((member, month) for member in MEMBERS for month in months)
    assert all(entry.counts_at is not None for entry in ledger.reports.values())
