"""A consortium of processes under load, whose nodes are killed and paused at random.

Each round reports and closes one month. Meanwhile members inquire, the desk files facts, and of each role one
node is killed (SIGKILL) or paused (SIGSTOP) at a random moment. `support_soak_verdict` says what must hold.
"""

import hashlib
import random
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

import httpx
from support_clear import Bill, csv_of, make_books
from support_demo import text
from support_http import API_KEY
from support_net import NodeProcess, found_nodes, genesis_of, start_all, stop_all, wait_until

from consortium_config.sample import DESK_ID, STEWARDS
from hanse_ledger.filings import Fact
from hanse_ledger.ids import Month, PartyId, StatementHash, month_at, month_end
from hanse_ledger.signing import SigningKey
from hanse_ledger.statements import sign_statement
from node.receivables.subjectmap import demo_subject

MEMBERS: Final = tuple(PartyId(name) for name in ("alder", "birch", "cedar", "elm"))
PURPOSE: Final = "credit-review"
UNKNOWN: Final = "ref:DEMO:NOBODY"
_ROUND_S: Final = 1.5
_PAUSE_MOST_S: Final = 2.0
_WORK_S: Final = 0.2
_BOOK_MONTHS: Final = 3


@dataclass
class Load:
    """What parties asked for and were told, each list written by one thread."""

    answers: dict[PartyId, list[dict[str, Any]]] = field(default_factory=dict)
    facts: list[tuple[bytes, int]] = field(default_factory=list)
    """Statements of the desk, and the index that each was answered with."""
    faults: list[str] = field(default_factory=list)
    """Replies that no fault explains."""


class Soak:
    """One consortium; a context manager that stops its processes."""

    def __init__(self, folder: Path, *, seed: int, rounds: int) -> None:
        self.folder, self.rounds, self.rng = folder, rounds, random.Random(seed)
        self.last = Month(month_at(datetime.now(UTC).date()) - 1)
        self.first = Month(self.last - rounds + 1)
        self.books = _books(self.rng, first=self.first, months=rounds)
        self.founded, self.nodes = found_nodes(folder, list(MEMBERS), self.first, work_interval_s=_WORK_S)
        self.load = Load()
        self._stopping = threading.Event()
        self._loaders: list[threading.Thread] = []

    def __enter__(self) -> Self:
        try:
            start_all(self.nodes)
        except BaseException:
            stop_all(self.nodes)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end_load()
        stop_all(self.nodes)

    def run(self, say: Callable[[str], None]) -> None:
        """Import, then report and close month after month while everything goes wrong."""
        for member, bills in self.books.items():
            export, day = csv_of(bills, month_end(self.last)), month_end(self.last).isoformat()
            taken = self.nodes[PartyId(member)].ask(
                "POST", f"/v1/imports?confirm=true&as_of={day}", content=export
            )
            assert taken["new"] == len(export.splitlines()) - 1
        self._begin_load()
        for number in range(self.rounds):
            month = Month(self.first + number)
            self._round(month, say)
        self.end_load()

    def end_load(self) -> None:
        """Let the load end: what was begun is finished."""
        self._stopping.set()
        for loader in self._loaders:
            loader.join()
        self._loaders.clear()

    def _round(self, month: Month, say: Callable[[str], None]) -> None:
        due: list[tuple[float, str, PartyId]] = []
        for party in (DESK_ID, self.rng.choice(list(STEWARDS.values())), self.rng.choice(MEMBERS)):
            at = self.rng.uniform(0, _ROUND_S)
            is_kill = self.rng.random() < 1 / 2
            due.append((at, "kill" if is_kill else "pause", party))
            due.append((at + self.rng.uniform(0, _PAUSE_MOST_S), "start" if is_kill else "resume", party))
        say(f"{text(month)}: " + ", ".join(f"{act} {party} at {at:.2f}" for at, act, party in sorted(due)))
        begun = time.monotonic()
        for at, act, party in sorted(due):
            time.sleep(max(0.0, begun + at - time.monotonic()))
            self._strike(act, self.nodes[party])
        # Two close a month; the rest file their words as well.
        for member in MEMBERS:
            wait_until(lambda: self._counts(member, month), f"{member}'s reports count")  # noqa: B023
        for steward in STEWARDS.values():
            wait_until(lambda: self._closes(steward, month), f"{steward} closes")  # noqa: B023

    @staticmethod
    def _strike(act: str, node: NodeProcess) -> None:
        if act == "kill":
            node.kill()
        elif act == "start":
            node.start()
        else:
            node.process.send_signal(signal.SIGSTOP if act == "pause" else signal.SIGCONT)

    def _ask(self, party: PartyId, method: str, path: str, **how: Any) -> Any:
        """Return a reply's JSON, None while the node is not to be had."""
        return self._read(party, _request(self.nodes[party].client, method, path, **how))

    def _read(self, party: PartyId, reply: httpx.Response | None) -> Any:
        if reply is None or reply.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return None
        if not reply.is_success:
            self.load.faults.append(f"{party}: {reply.status_code} {reply.text}")
            return None
        return reply.json()

    def _counts(self, member: PartyId, month: Month) -> bool:
        reported = self._ask(member, "GET", "/v1/reports")
        if reported is None or reported["month"] < text(month):
            return False
        # Once it reads the month's close, a member speaks of the next one.
        return bool(
            reported["month"] > text(month)
            or (reported["reports"] and reported["counting"] == reported["reports"])
        )

    def _closes(self, steward: PartyId, month: Month) -> bool:
        closing = {"month": text(month)}
        return bool(self._ask(steward, "POST", "/v1/months/close", json=closing) == closing)

    def _begin_load(self) -> None:
        subjects = [*sorted({bill.customer for bills in self.books.values() for bill in bills}), UNKNOWN]
        loads: list[Callable[[], None]] = [_Filer(self).run]
        for member in MEMBERS:
            self.load.answers[member] = []
            loads.append(_Inquirer(self, member, subjects, self.rng.randrange(1 << 30)).run)
        for load in loads:
            thread = threading.Thread(target=load)
            thread.start()
            self._loaders.append(thread)

    def is_loaded(self, pause_s: float) -> bool:
        """Wait a little; return whether the load goes on."""
        return not self._stopping.wait(pause_s)


class _Inquirer:
    """One member's people, who ask all the time and keep what they are told."""

    def __init__(self, soak: Soak, member: PartyId, subjects: Sequence[str], seed: int) -> None:
        self._soak, self._member, self._subjects = soak, member, subjects
        self._rng = random.Random(seed)
        headers = {"authorization": f"Bearer {API_KEY}"}
        self._client = httpx.Client(
            base_url=soak.nodes[member].url, headers=headers, timeout=60, trust_env=False
        )

    def run(self) -> None:
        with self._client:
            while self._soak.is_loaded(0.2):
                asked = {"subjects": self._rng.sample(self._subjects, 2), "purpose": PURPOSE}
                reply = _request(self._client, "POST", "/v1/inquiries", json=asked)
                answers = self._soak._read(self._member, reply)
                if answers is not None:
                    self._soak.load.answers[self._member] += answers["answers"]


class _Filer:
    """The desk's own program, which files signed facts by itself: the same bytes until it has an index."""

    def __init__(self, soak: Soak) -> None:
        self._soak = soak
        self._key = SigningKey(soak.founded.keys[DESK_ID].statement_seed)
        self._client = httpx.Client(base_url=soak.nodes[DESK_ID].url, timeout=10, trust_env=False)

    def run(self) -> None:
        # The genesis is the ordering party's first statement.
        prev, seq = _hash(genesis_of(self._soak.founded)), 1
        with self._client:
            while self._soak.is_loaded(0.1):
                statement = self._sign(seq, prev)
                index = self._file(statement)
                if index is None:
                    return
                self._soak.load.facts.append((statement, index))
                prev, seq = _hash(statement), seq + 1

    def _file(self, statement: bytes) -> int | None:
        """File a statement and return its index; None when the load ends before anybody answered."""
        while True:
            reply = _request(
                self._client,
                "POST",
                "/v1/statements",
                content=statement,
                headers={"content-type": "application/cose"},
            )
            answer = self._soak._read(DESK_ID, reply)
            if answer is not None:
                return int(answer["index"])
            if not self._soak.is_loaded(0.1):
                return None

    def _sign(self, seq: int, prev: StatementHash) -> bytes:
        fact = Fact(
            subject="ref:DEMO:C00",
            fact_kind=3,
            day="2025-01-02",
            source=f"register, page {seq}",
            document_hash=bytes(32),
            withdraws=None,
        )
        consortium = self._soak.founded.consortium.id
        return sign_statement(
            key=self._key, party=DESK_ID, consortium=consortium, seq=seq, prev=prev, body=fact
        )


def _hash(statement: bytes) -> StatementHash:
    return StatementHash(hashlib.sha256(statement).digest())


def _request(client: httpx.Client, method: str, path: str, **how: Any) -> httpx.Response | None:
    """Return a reply, None where a process that was killed or paused gives none."""
    try:
        return client.request(method, path, **how)
    except (httpx.TransportError, RuntimeError):
        # A client that another thread has closed with its process raises RuntimeError.
        return None


def _books(rng: random.Random, *, first: int, months: int) -> Mapping[str, list[Bill]]:
    """Make up four members' books, everything known from its day on, customers called by their ids."""
    books: dict[str, list[Bill]] = {member: [] for member in MEMBERS}
    for start in range(first, first + months, _BOOK_MONTHS):
        made = make_books(rng, first=start, months=_BOOK_MONTHS)
        for member, bills in books.items():
            bills += [
                bill._replace(
                    customer=demo_subject(bill.customer).id,
                    reference=f"{start}-{bill.reference}",
                    known=bill.invoiced,
                )
                for bill in made[member]
            ]
    return books
