"""Versions of a policy: who adopted which, what is refused, and that the old one stays in force then."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from support_people import ADMIN, ANALYST, APPROVER, Bench

from hanse_ledger.errors import NotPermittedError
from node.errors import NotFoundError
from node.risk.policy import PolicyError, default_policy, default_raw
from node.risk.policy.versions import OutdatedPreviewError, Policies, UnchangedPolicyError
from node.storage.monitoring_schema import risk_event

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STRICTER = default_raw().replace(b"C = 55", b"C = 60")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, NOON)
    yield made
    made.close()


def events(bench: Bench) -> list[tuple[str, str]]:
    with bench.database.read() as connection:
        return [(row.kind, row.key) for row in connection.execute(select(risk_event))]


def test_before_the_first_version_the_default_is_in_force(bench: Bench) -> None:
    version, policy = bench.own.policy.in_force()
    assert (version.number, version.raw, version.adopted_at) == (0, default_raw(), None)
    assert policy is default_policy()
    assert bench.own.policy.listed(limit=5) == [version]
    assert bench.own.policy.one(0) == version


def test_an_adopted_version_is_in_force_and_in_the_history(bench: Bench) -> None:
    adopted = bench.own.policy.adopt(APPROVER, STRICTER, note="too kind")
    assert adopted.describe() == {
        "version": 1,
        "sha256": adopted.sha256,
        "adopted_at": "2026-03-01T12:00:00+00:00",
        "actor": "bo",
        "role": "approver",
        "note": "too kind",
    }
    version, policy = bench.own.policy.in_force()
    assert (version, policy.scorecard.grades.C) == (adopted, 60)
    again = Policies(bench.database, bench.clock, bench.own.audit).in_force()
    assert again == (version, policy)
    assert [one.number for one in bench.own.policy.listed(limit=5)] == [1, 0]


def test_an_adoption_is_audited_and_starts_the_rules_anew(bench: Bench) -> None:
    adopted = bench.own.policy.adopt(APPROVER, STRICTER, note="")
    (row,) = bench.own.audit.rows(limit=10)
    assert (row.action, row.actor, row.subject) == ("policy.adopted", APPROVER, None)
    assert row.content == {"version": 1, "sha256": adopted.sha256, "note": ""}
    assert events(bench) == [("policy_adopted", "policy:1")]


@pytest.mark.parametrize("actor", [ANALYST, ADMIN])
def test_to_adopt_needs_the_role(bench: Bench, actor: object) -> None:
    with pytest.raises(NotPermittedError):
        bench.own.policy.adopt(actor, STRICTER, note="")  # type: ignore[arg-type]
    assert bench.own.policy.in_force()[0].number == 0


def test_what_is_refused_leaves_the_old_policy_in_force(bench: Bench) -> None:
    first = bench.own.policy.adopt(APPROVER, STRICTER, note="")
    with pytest.raises(PolicyError) as refused:
        bench.own.policy.adopt(APPROVER, STRICTER.replace(b"weight = 16", b"weight = 15", 1), note="")
    assert "make 99" in refused.value.faults[0].reason
    with pytest.raises(UnchangedPolicyError):
        bench.own.policy.adopt(APPROVER, STRICTER, note="")
    with pytest.raises(OutdatedPreviewError):
        bench.own.policy.adopt(APPROVER, default_raw(), note="", replaces=0)
    assert bench.own.policy.in_force()[0] == first
    assert events(bench) == [("policy_adopted", "policy:1")]


def test_one_goes_back_by_adopting_the_older_file_again(bench: Bench) -> None:
    bench.own.policy.adopt(APPROVER, STRICTER, note="", replaces=0)
    bench.clock.time += timedelta(days=1)
    back = bench.own.policy.adopt(APPROVER, default_raw(), note="too strict", replaces=1)
    assert (back.number, bench.own.policy.in_force()[1]) == (2, default_policy())
    assert bench.own.policy.one(1).raw == STRICTER
    assert [one.number for one in bench.own.policy.listed(limit=2)] == [2, 1]
    assert [one.number for one in bench.own.policy.listed(before=1, limit=2)] == [0]
    with pytest.raises(NotFoundError):
        bench.own.policy.one(3)
