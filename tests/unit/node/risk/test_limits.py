"""A customer's limit under several ids, of which the log has made one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support_people import APPROVER, AUDITOR, Bench

from hanse_ledger.ids import SubjectId
from node.errors import NotFoundError
from node.storage.public_schema import public_alias

PRIMARY, OTHER = SubjectId("ref:DEMO:1"), SubjectId("ref:DEMO:2")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, datetime(2026, 3, 1, 12, tzinfo=UTC))
    yield made
    made.close()


def effective(bench: Bench, subject: SubjectId) -> int | None:
    return bench.own.inputs.one(subject).limit_minor


def test_a_limit_of_before_an_alias_is_shown_replaced_and_removed_by_either_id(bench: Bench) -> None:
    limits = bench.own.limits
    limits.set(APPROVER, OTHER, 5)
    with bench.database.write() as connection:
        connection.execute(public_alias.insert(), {"other": OTHER, "primary": PRIMARY})
    for one in (PRIMARY, OTHER):
        assert limits.one(AUDITOR, one).limit_minor == effective(bench, one) == 5
    limits.set(APPROVER, OTHER, 7)
    for one in (PRIMARY, OTHER):
        assert limits.one(AUDITOR, one).limit_minor == effective(bench, one) == 7
    limits.remove(APPROVER, PRIMARY)
    for one in (PRIMARY, OTHER):
        assert effective(bench, one) is None
        with pytest.raises(NotFoundError):
            limits.one(AUDITOR, one)
