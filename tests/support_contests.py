"""Members that all sell to one firm, and what happens to what they reported on it, over a bench's nodes."""

import atexit
import random
import shutil
import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path

from support_node import FIRST, MEMBERS, Bench, invoice, subject, take_book

from consortium_config.sample import DESK_ID
from hanse_ledger.ids import Month, PartyId, SubjectId, month_text
from hanse_ledger.privacy.answer import Figures, WindowFigures
from node.risk.roles import Actor
from node.roles.cases import Cases
from node.roles.contests import ContestedRow, Contests
from node.roles.withdrawals import Withdrawals
from node.storage import own_rows as stored
from node.storage.own_rows import OwnRow
from node.storage.schema import own_row

ACME, OTHER = subject("ACME"), subject("OTHER")
OCTOBER, NOVEMBER, DECEMBER, JANUARY = (Month(FIRST + i) for i in range(4))
ALDER, BIRCH, CEDAR, ELM, FIR, GORSE = MEMBERS
LI = Actor(name="Li Na", role="compliance")
SELLERS = (ALDER, BIRCH, CEDAR, ELM, FIR)


def take_sales(bench: Bench, *sellers: PartyId) -> None:
    """Let sellers' books have an invoice a month on ACME, and all but the last one's on OTHER too."""
    for member in sellers:
        monthly = [
            invoice(f"R{i}", f"2024-{10 + i}-02", f"2024-{10 + i}-20", paid=f"2024-{10 + i}-19")
            for i in range(3)
        ]
        take_book(bench.member(member), {"ACME": monthly, "OTHER": monthly}, "2024-12-31")


@cache
def _october(sellers: tuple[PartyId, ...]) -> Path:
    """Return the folder of members that have reported for October, made once a test run."""
    folder = Path(tempfile.mkdtemp(prefix="hanse-october-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    bench = Bench(folder)
    take_sales(bench, *sellers)
    bench.end_month(OCTOBER)
    bench.close()
    return folder


def reported_bench(folder: Path, *, sellers: tuple[PartyId, ...] = SELLERS) -> Bench:
    """Six members, of whom `sellers` have reported on ACME and OTHER for October, which is closed."""
    bench = Bench(Path(shutil.copytree(_october(sellers), folder / "bench")))
    # Another stream of chance: what was drawn before is not drawn again.
    bench.entropy = random.Random(2).randbytes
    return bench


def own_rows(bench: Bench, member: PartyId, of: SubjectId = ACME) -> list[OwnRow]:
    """Return a member's counting rows on a firm."""
    standing = bench.standing(member)
    standing.catch_up()
    with standing.database.read() as connection:
        return stored.own_rows(connection, standing.state, member, own_row.c.subject == of)


def play_period(bench: Bench) -> None:
    """Let a bulletin period pass: every member's bulletin in its middle, every steward's close at its end."""
    before = bench.state.next_period
    bench.work()
    for _ in range(3):
        for member in bench.members:
            bench.member(member).contests.fetch()
            bench.member(member).send_bulletin()
        bench.clock.time += timedelta(hours=12)
        bench.work()
        if bench.state.next_period > before:
            break
    assert bench.state.next_period == before + 1
    for member in bench.members:
        bench.member(member).contests.fetch()
        bench.member(member).send_bulletin()
    bench.standing(DESK_ID).catch_up()


def figures(bench: Bench, of: SubjectId = ACME, member: PartyId = GORSE) -> Figures:
    """Ask about a firm as one that does not sell to it."""
    (outcome,) = bench.member(member).inquire([of], "credit-review")
    assert outcome.figures is not None
    assert outcome.figures.checked
    return outcome.figures


def windows(bench: Bench, of: SubjectId = ACME, member: PartyId = GORSE) -> dict[str, WindowFigures]:
    """Return a firm's windows by the text of their months."""
    found = figures(bench, of, member).windows
    return {" ".join(month_text(month) for month in window.months): window for window in found}


def withheld(bench: Bench, of: SubjectId = ACME) -> list[str]:
    """Return the months of the windows that are withheld."""
    return [months for months, window in windows(bench, of).items() if window.condition is None]


def cases(bench: Bench) -> Cases:
    return bench.member(DESK_ID).cases


def contests(bench: Bench, member: PartyId) -> Contests:
    return bench.member(member).contests


def withdrawals(bench: Bench, member: PartyId) -> Withdrawals:
    return bench.member(member).withdrawals


def contested(bench: Bench, member: PartyId) -> list[ContestedRow]:
    """Let a member hear of disputes, and return its contested rows."""
    contests(bench, member).fetch()
    return contests(bench, member).listed(LI)
