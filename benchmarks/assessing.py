"""What assessing a whole portfolio costs at a member whose inquiries are answered.

The database is one member's own, filled as imports and inquiries fill it: customers with invoices, limits,
and kept figures of checked answers. Measured is all that a run does: reading, signals, score, matrix,
response, and storing what is proposed.
"""

import random
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import Measure, at_most
from consortium_config.sample import demo_document
from hanse_ledger.ids import Month, NodeHash, PartyId, SubjectId, month_at
from hanse_ledger.privacy.answer import Figures, WindowFigures
from hanse_ledger.rows import CONDITIONS, DELAYS, EXPOSURES
from node.clocks import DemoClock, system_entropy
from node.risk.audit import AuditChain
from node.risk.policy.versions import Policies
from node.risk.responses import Responses
from node.risk.roles import SYSTEM
from node.risk.service import RiskService, Run
from node.risk.signals.reading import InputsReader
from node.storage.bulk import bulk_insert
from node.storage.database import Database
from node.storage.figures import pack_figures
from node.storage.risk_schema import credit_limit
from node.storage.schema import book_import, inquiry, invoice

AS_OF: Final = date(2024, 9, 30)
INVOICES_EACH: Final = 12
_WINDOWS: Final = 4


def measure_portfolio_run(folder: Path, *, customers: int) -> Measure:
    """Measure the first run over so many customers, and one that finds nothing new."""
    with closing(Database(folder / "member.sqlite")) as database:
        _fill(database, customers)
        service = _service(database)
        first, run = _timed(service)
        again, second = _timed(service)
    if len(run.assessments) != customers or len(run.proposed) != customers or second.proposed:
        raise AssertionError("not every customer was assessed and given one response")
    return at_most(
        "portfolio.assess_10k_s",
        first,
        goal=5.0,
        unit="s",
        clock="wall",
        customers=customers,
        invoices=customers * INVOICES_EACH,
        windows_each=_WINDOWS,
        again_s=round(again, 2),
        grades={grade: sum(one.grade == grade for one in run.assessments) for grade in "ABCDEU"},
    )


def _timed(service: RiskService) -> tuple[float, Run]:
    start = time.perf_counter()
    run = service.assess_all(SYSTEM)
    return time.perf_counter() - start, run


def _service(database: Database) -> RiskService:
    clock = DemoClock(AS_OF)
    demo = demo_document(
        members=[PartyId("alder")],
        currency="CNY",
        exponent=2,
        first_month=month_at(AS_OF),
        entropy=system_entropy,
    )
    audit = AuditChain(database)
    return RiskService(
        inputs=InputsReader(database, consortium=lambda: demo.consortium, clock=clock),
        policies=Policies(database, clock, audit),
        responses=Responses(database, clock=clock, entropy=system_entropy, audit=audit),
        audit=audit,
        clock=clock,
    )


def _fill(database: Database, customers: int) -> None:
    draw = random.Random(1)
    subjects = [SubjectId(f"ref:BENCH:S{number:06}") for number in range(customers)]
    with database.write() as connection:
        connection.execute(
            book_import.insert(), {"id": 1, "sha256": bytes(32), "as_of": AS_OF.isoformat(), "taken": 1}
        )
        bulk_insert(
            connection, invoice, [_invoice(draw, one, i) for one in subjects for i in range(INVOICES_EACH)]
        )
        bulk_insert(connection, credit_limit, [_limit(draw, one) for one in subjects])
        bulk_insert(connection, inquiry, [_inquiry(draw, one, i) for i, one in enumerate(subjects)])


def _invoice(draw: random.Random, subject: SubjectId, number: int) -> dict[str, Any]:
    made = AS_OF - timedelta(days=draw.randrange(5, 400))
    due = made + timedelta(days=30)
    paid = due + timedelta(days=round(draw.gauss(8, 15)))
    return {
        "customer": subject,
        "reference": f"R{number}",
        "subject": subject,
        "invoice_date": made.isoformat(),
        "due_date": due.isoformat(),
        "paid_date": None if paid > AS_OF else paid.isoformat(),
        "amount_minor": draw.randrange(1_000, 5_000_000),
        "currency": "CNY",
        "lost_on": None,
        "disputed": False,
        "import_id": 1,
    }


def _limit(draw: random.Random, subject: SubjectId) -> dict[str, Any]:
    return {
        "subject": subject,
        "limit_minor": draw.randrange(1_000_000, 50_000_000),
        "set_by": "bench",
        "set_at": AS_OF.isoformat(),
    }


def _inquiry(draw: random.Random, subject: SubjectId, number: int) -> dict[str, Any]:
    return {
        "request_hash": number.to_bytes(32, "big"),
        "subject": subject,
        "request": b"",
        "answer_key": b"",
        "made_at": AS_OF.isoformat(),
        "position": number,
        "request_id": f"{number:032x}",
        "purpose": "monitoring",
        "status": "checked",
        "figures": pack_figures(_figures(draw)),
    }


def _figures(draw: random.Random) -> Figures:
    last = Month(month_at(AS_OF) - 1)
    return Figures(
        checked=True,
        stewards=(),
        deviating=(),
        last_closed=last,
        log_size=1,
        root=NodeHash(bytes(32)),
        windows=tuple(_window(draw, Month(last - back)) for back in range(0, 3 * _WINDOWS, 3)),
        level=draw.choice((0, 0, 0, 0, 0, 0, 1, 2)),
        disputed=False,
    )


def _window(draw: random.Random, month: Month) -> WindowFigures:
    delay = [draw.randrange(6), *(draw.randrange(3) for _ in range(DELAYS - 1))]
    condition = [0, delay[0], sum(delay[1:]), *(0 for _ in range(CONDITIONS - 3))]
    exposure = [sum(delay), *(0 for _ in range(EXPOSURES - 1))]
    return WindowFigures(
        months=(month,),
        frozen_at=month,
        band=1,
        condition=tuple(condition),
        exposure=tuple(exposure),
        delay=tuple(delay),
        cells=None,
    )
