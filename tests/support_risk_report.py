"""Contents of risk reports for tests: a good customer, a bad one, one that nobody knows."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from support_consortium import BIRCH, canonical, document
from support_signals import DECEMBER, SUBJECT, answered, inputs_of, invoice, window

from hanse_ledger.consortium import parse_document
from hanse_ledger.filings import FactKind
from hanse_ledger.ids import Month, PartyId, month_text
from hanse_ledger.windows import BAND_TEXT
from node.own.customers import Customer
from node.risk.assessment import Known, assess
from node.risk.policy.reading import default_policy
from node.risk.report.document import Beside, Contents, Versions, report_of
from node.risk.roles import Actor
from node.risk.signals.compute import signals_of
from node.risk.signals.inputs import Inputs
from node.storage.facts import PublicFact

NAME = '<b onload="x">=HYPERLINK("http://x")</b> 海鹰贸易有限公司'
GOOD = inputs_of(
    *(window(month=Month(DECEMBER - back), condition=(2, 7, 1, 0, 0, 0, 0, 0)) for back in range(6)),
    book_day=datetime(2020, 1, 10, tzinfo=UTC).date(),
    invoices=tuple(invoice(due=30 * n + 5, paid=30 * n + 5, amount_minor=250_000) for n in range(8)),
    limit_minor=1_000_000,
)
BAD = inputs_of(
    answered=answered(
        *(
            window(
                month=Month(DECEMBER - back),
                condition=(0, 1, 2, 1, 1, 1, 3, 1),
                delay=(1, 0, 0, 1, 2, 2, 2, 2),
            )
            for back in range(6)
        ),
        level=2,
    ),
    book_day=datetime(2020, 1, 10, tzinfo=UTC).date(),
    invoices=tuple(invoice(due=20 * n + 45, amount_minor=900_000) for n in range(6)),
    limit_minor=1_000_000,
)
UNKNOWN = inputs_of(answered=None)
OWN = {
    "condition": [0, 1, 0, 0, 0, 0, 0, 0],
    "exposure": [1, 0, 0, 0, 0, 0],
    "delay": [1, 0, 0, 0, 0, 0, 0, 0],
    "rows": [["2019-12", 250_000, 3]],
}
BESIDE = Beside(
    risks=[
        {
            "id": "0" * 32,
            "subject": SUBJECT,
            "kind": "operational",
            "text": {"en": "Orders fall", "zh-CN": "订单下降"},
            "probability": 3,
            "impact": 2,
            "rule": "orders-fall",
            "owner": "Ada",
            "evidence": [{"signal": "own.order_change", "value": -0.7}],
            "state": "open",
            "found_at": "2020-01-10T08:00:00+00:00",
            "found_by": "system",
            "changed_at": "2020-01-10T08:00:00+00:00",
            "holds": True,
        }
    ],
    review={"due_on": "2020-01-01", "reviewed_on": None, "state": "overdue"},
    probability={"model": 3, "unknown": "too_few"},
    themes=["little_known"],
)
FACT = PublicFact(
    position=7,
    desk=PartyId("desk"),
    subject=SUBJECT,
    kind=FactKind.JUDGMENT,
    day="2019-11-02",
    source="Court <i>of</i> X, 12/2019",
    document=bytes(32),
    withdrawn_at=None,
)


def contents(inputs: Inputs, **more: Any) -> Contents:
    """Return what a report on inputs is made from; `more` takes the place of what it would be."""
    signals, policy = signals_of(inputs), default_policy()
    known = Known(subject=inputs.subject, personal=False, signals=signals)
    answer = answer_of(inputs)
    values: dict[str, Any] = {
        "subject": inputs.subject,
        "customers": [Customer(number="4711", name=NAME, subject=inputs.subject)],
        "purpose": None if answer is None else answer["purpose"],
        "made_at": datetime(2020, 1, 15, 8, 30, tzinfo=UTC),
        "made_by": Actor(name="Ada", role="analyst"),
        "party": BIRCH,
        "consortium": parse_document(canonical(document())),
        "last_closed": DECEMBER,
        "answer": answer,
        "own": [OWN],
        "signals": signals,
        "facts": [FACT],
        "assessment": assess(known, policy, firm_open_minor=50_000_000, on=date(2020, 1, 15)),
        "beside": BESIDE,
        "matrix": policy.matrix.cells,
        "versions": Versions(program="0.1.0", policy={"version": 0, "name": policy.name, "sha256": "0" * 64}),
    }
    return Contents(**(values | more))


def report(inputs: Inputs, **more: Any) -> dict[str, Any]:
    """Return the report on inputs."""
    return report_of(contents(inputs, **more))


def answer_of(inputs: Inputs) -> Mapping[str, Any] | None:
    """Return the answer object behind inputs, as the node's history describes it."""
    if inputs.answered is None or inputs.answered.last_closed is None:
        return None
    windows = [
        {
            "months": [month_text(month) for month in one.months],
            "frozen_at": month_text(one.frozen_at),
            "contributors": BAND_TEXT[one.band],
            "condition": None if one.condition is None else list(one.condition),
            "exposure": None if one.exposure is None else list(one.exposure),
            "delay": None if one.delay is None else list(one.delay),
            "cells": None,
        }
        for one in inputs.answered.windows
    ]
    return {
        "format": "hanse-answer/1",
        "consortium": "hanse.example/log",
        "party": "birch",
        "subject": inputs.subject,
        "purpose": "credit-review",
        "request_id": "0d6b4f6d0c3b4be7b0d1b1a5f0c2f1be",
        "status": "checked",
        "last_closed_month": month_text(inputs.answered.last_closed),
        "windows": windows,
        "warning_level": inputs.answered.level,
        "disputed": inputs.answered.disputed,
        "made_at": "2020-01-15T08:00:00+00:00",
        "index": 12,
    }
