"""A member's models: kept by version, audited, and in force only where they may be shown."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from support_model import bills
from support_people import ADMIN, ANALYST, AUDITOR, Bench, add_people

from hanse_ledger.errors import NotPermittedError
from hanse_ledger.ids import SubjectId
from node.errors import NotFoundError
from node.risk.signals.compute import signals_of
from node.storage.risk_schema import risk_model

pytest.importorskip("sklearn", reason="needs the extra hanse[model]")

OFTEN, SELDOM, STRANGER = (SubjectId(f"ref:DEMO:{name}") for name in ("0004", "0001", "9999"))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, datetime(2026, 6, 30, 12, tzinfo=UTC))
    add_people(made.own)
    yield made
    made.close()


def test_before_any_fit_there_is_no_model_and_no_probability(bench: Bench) -> None:
    assert bench.own.models.probability_of(OFTEN).unknown == "no_model"
    assert bench.own.models.newest() is None
    with pytest.raises(NotFoundError):
        bench.own.models.one()


def test_a_ready_model_gives_probabilities_of_who_is_known(bench: Bench) -> None:
    bench.bill(*bills(customers=160))
    fitted = bench.own.models.fit(ANALYST)
    assert (fitted.version, fitted.state) == (1, "ready")
    often, seldom = (bench.own.models.probability_of(one) for one in (OFTEN, SELDOM))
    assert often.value is not None
    assert seldom.value is not None
    assert 0 < seldom.value < 0.2 < often.value < 1
    assert (often.version, often.unknown) == (1, None)
    assert bench.own.models.probability_of(STRANGER).unknown == "nothing_known"
    run = bench.own.risk.assess(ANALYST, OFTEN)
    assert run.assessments[0].probability == often.value


def test_a_model_with_too_few_outcomes_is_kept_and_gives_none(bench: Bench) -> None:
    bench.bill(*bills(customers=24))
    fitted = bench.own.models.fit(ANALYST)
    assert fitted.state == "too_few"
    assert fitted.card["missing"]["late_customers"] > 0
    assert bench.own.models.probability_of(OFTEN).unknown == "too_few"
    assert bench.own.models.scorer()(signals_of(bench.own.inputs.one(OFTEN))) is None
    assert bench.own.risk.assess(ANALYST, OFTEN).assessments[0].probability is None


def test_the_newest_version_is_in_force_and_each_is_audited(bench: Bench) -> None:
    bench.bill(*bills(customers=160))
    first = bench.own.models.fit(ANALYST)
    bench.own.models.fit(ADMIN)
    assert bench.own.models.one().version == 2
    assert bench.own.models.one(1) == first
    with pytest.raises(NotFoundError):
        bench.own.models.one(3)
    rows = [row for row in bench.own.audit.rows(limit=100) if row.action == "model.fitted"]
    assert [(row.actor.name, row.content["version"]) for row in rows] == [("ann", 1), ("ada", 2)]
    # Nothing is pickled: what is stored is text.
    with bench.database.read() as connection:
        stored = connection.execute(select(risk_model)).first()
    assert stored is not None
    assert all(isinstance(value, str | int) for value in stored)


def test_who_may_not_fit_changes_nothing(bench: Bench) -> None:
    with pytest.raises(NotPermittedError):
        bench.own.models.fit(AUDITOR)
    assert bench.own.models.newest() is None
