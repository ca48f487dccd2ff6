"""Responses from proposal to outcome, runs over a portfolio, previews and notices, on a real book."""

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from support_people import ADMIN, ANALYST, APPROVER, AUDITOR, COMPLIANCE, Bench
from support_postgres import Places
from support_simulation import StillClock

from hanse_ledger.errors import MalformedError, NotPermittedError
from hanse_ledger.ids import SubjectId
from node.errors import NotFoundError
from node.risk.assessment import Assessment, Known, assess
from node.risk.audit import AuditChain
from node.risk.notice import notice_of
from node.risk.policy import PolicyError, default_policy, default_raw
from node.risk.policy.versions import Policies
from node.risk.responses import SUPERSEDED, Response, Responses, ResponseStateError, State
from node.risk.roles import SYSTEM, Actor
from node.risk.signals.names import SignalName
from node.risk.signals.value import unknown
from node.storage.database import Database
from node.storage.public_schema import public_alias

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD, LATE = SubjectId("ref:DEMO:GOOD"), SubjectId("ref:DEMO:LATE")
PERSON = SubjectId("uscc:92350100M000100Y40")
SMALL = 1_000


def lines(
    subject: str, *, days: int, amount_minor: int = SMALL
) -> list[tuple[str, str, str, str, str | None, int]]:
    """Return a year of invoices, each paid so many days late; those that are not paid yet stay open."""
    made = []
    for month in range(12):
        invoiced = date(2025, month % 12 + 1, 5)
        due = invoiced + timedelta(days=20)
        paid = due + timedelta(days=days)
        is_paid = paid <= NOON.date()
        made.append(
            (
                subject,
                f"R{month}",
                invoiced.isoformat(),
                due.isoformat(),
                paid.isoformat() if is_paid else None,
                amount_minor,
            )
        )
    return made


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, NOON)
    made.bill(*lines(GOOD, days=0), *lines(LATE, days=120), *lines(PERSON, days=0))
    yield made
    made.close()


def run(bench: Bench) -> list[Response]:
    """Propose for everybody; return what is new."""
    found = bench.own.risk.assess_all(ANALYST)
    return [bench.own.responses.one(AUDITOR, made) for made in found.proposed]


def of(bench: Bench, subject: SubjectId) -> Response:
    found = bench.own.responses.newest_of(AUDITOR, subject)
    assert found is not None
    return found


def test_a_run_over_everybody_says_of_each_what_a_look_at_it_alone_says(bench: Bench) -> None:
    risk = bench.own.risk
    whole = risk.assess_all(ANALYST, respond=False)
    assert [one.subject for one in whole.assessments] == sorted([GOOD, LATE, PERSON])
    for one, known in zip(whole.assessments, risk.run(None).known, strict=True):
        alone = risk.assess(ANALYST, one.subject)
        assert ((one,), (known,)) == (alone.assessments, alone.known)


def test_a_run_assesses_everybody_and_proposes_for_each(bench: Bench) -> None:
    found = bench.own.risk.assess_all(ANALYST)
    grades = {one.subject: one.grade for one in found.assessments}
    assert (grades[GOOD], grades[PERSON]) == ("B", "B")
    assert grades[LATE] in "DE"
    assert len(found.proposed) == 3
    late = of(bench, LATE)
    assert (late.state, late.policy, late.proposed_by, late.content["grade"]) == (
        "proposed",
        0,
        "system",
        grades[LATE],
    )
    assert late.due_on > NOON.date()


def test_a_second_run_adds_nothing(bench: Bench) -> None:
    assert len(run(bench)) == 3
    bench.clock.time += timedelta(days=1)
    assert run(bench) == []
    bench.own.responses.approve(APPROVER, of(bench, LATE).id)
    assert run(bench) == []


def test_what_needs_nobody_is_approved_by_the_node_but_never_for_a_natural_person(bench: Bench) -> None:
    for subject in (GOOD, PERSON):
        bench.own.limits.set(APPROVER, subject, 1)
    run(bench)
    good, person = of(bench, GOOD), of(bench, PERSON)
    assert good.content["rule"] == person.content["rule"] == "good"
    assert (good.state, good.decided_by) == ("approved", SYSTEM.name)
    assert (person.state, person.decided_by, person.content["personal"]) == ("proposed", None, True)
    bench.own.responses.approve(ANALYST, person.id)
    assert of(bench, PERSON).decided_by == "ann"


def test_from_approval_to_outcome(bench: Bench) -> None:
    run(bench)
    late = of(bench, LATE)
    approved = bench.own.responses.approve(APPROVER, late.id)
    assert (approved.state, approved.decided_by, approved.decided_at) == ("approved", "bo", NOON)
    bench.clock.time += timedelta(days=2)
    done = bench.own.responses.finish(ANALYST, late.id, outcome="paid in advance")
    assert (done.state, done.done_by, done.outcome) == ("done", "ann", "paid in advance")
    assert done.done_at == NOON + timedelta(days=2)
    actions = [row.action for row in bench.own.audit.rows(limit=10, subject=LATE)]
    assert actions == ["response.approved", "response.done"]


def test_a_rejection_says_why_and_holds_until_something_changes(bench: Bench) -> None:
    run(bench)
    rejected = bench.own.responses.reject(APPROVER, of(bench, LATE).id, reason="has a guarantee")
    assert (rejected.state, rejected.outcome) == ("rejected", "has a guarantee")
    assert run(bench) == []
    bench.bill(*[(LATE, f"N{n}", "2026-01-02", "2026-02-01", "2026-02-01", 10**9) for n in range(9)])
    assert [one.subject for one in run(bench)] == [LATE]


def test_what_nobody_has_decided_on_gives_way(bench: Bench) -> None:
    run(bench)
    before = of(bench, LATE)
    bench.bill(*[(LATE, f"N{n}", "2026-01-02", "2026-02-01", "2026-02-01", 10**9) for n in range(9)])
    run(bench)
    old, new = bench.own.responses.one(AUDITOR, before.id), of(bench, LATE)
    assert (old.state, old.outcome, old.decided_by) == ("rejected", SUPERSEDED, SYSTEM.name)
    assert (new.id != old.id, new.state) == (True, "proposed")


def test_an_alias_that_came_since_hides_no_response(bench: Bench) -> None:
    run(bench)
    older, newer = of(bench, LATE), of(bench, PERSON)
    with bench.database.write() as connection:
        connection.execute(public_alias.insert(), {"other": LATE, "primary": PERSON})
    responses = bench.own.responses
    for subject in (LATE, PERSON):
        assert of(bench, subject).id == newer.id
        found = responses.listed(AUDITOR, subject=subject, limit=9)
        assert [(one.id, one.state) for one in found] == [(newer.id, "proposed"), (older.id, "proposed")]
    run(bench)
    # What waits under the other id gives way, whether or not what the two come to is new.
    waiting = [one.id for one in responses.listed(AUDITOR, state="proposed", limit=9)]
    assert waiting == [of(bench, LATE).id]
    assert responses.one(AUDITOR, older.id).outcome == SUPERSEDED
    assert run(bench) == []


@pytest.mark.parametrize("actor", [ANALYST, COMPLIANCE, ADMIN, AUDITOR, SYSTEM])
def test_only_the_roles_of_the_policys_step_decide(bench: Bench, actor: Actor) -> None:
    bench.bill((LATE, "BIG", "2026-01-02", "2026-02-01", None, 10**9))
    run(bench)
    late = of(bench, LATE)
    assert tuple(late.roles) == ("approver",)
    for decide in (
        bench.own.responses.approve,
        lambda who, what: bench.own.responses.reject(who, what, reason="x"),
    ):
        with pytest.raises(NotPermittedError):
            decide(actor, late.id)
    assert of(bench, LATE).state == "proposed"


def test_a_response_takes_no_step_twice(bench: Bench) -> None:
    run(bench)
    late = of(bench, LATE)
    with pytest.raises(ResponseStateError):
        bench.own.responses.finish(ANALYST, late.id, outcome="x")
    bench.own.responses.approve(APPROVER, late.id)
    with pytest.raises(ResponseStateError):
        bench.own.responses.reject(APPROVER, late.id, reason="x")
    bench.own.responses.finish(ANALYST, late.id, outcome="x")
    with pytest.raises(ResponseStateError):
        bench.own.responses.finish(ANALYST, late.id, outcome="y")
    with pytest.raises(NotFoundError):
        bench.own.responses.approve(APPROVER, "0" * 32)


@pytest.mark.parametrize("text", ["", " ", "x" * 1_001, "a terminal\x1b[2J"])
def test_a_text_is_refused_rather_than_cut(bench: Bench, text: str) -> None:
    run(bench)
    late = of(bench, LATE)
    with pytest.raises(MalformedError):
        bench.own.responses.reject(APPROVER, late.id, reason=text)
    bench.own.responses.approve(APPROVER, late.id)
    with pytest.raises(MalformedError):
        bench.own.responses.finish(ANALYST, late.id, outcome=text)


def test_responses_are_found_by_state_subject_and_due_day(bench: Bench) -> None:
    run(bench)
    late = of(bench, LATE)

    def found(**more: Any) -> set[str]:
        return {one.subject for one in bench.own.responses.listed(AUDITOR, limit=10, **more)}

    states: dict[State, set[str]] = {state: found(state=state) for state in ("proposed", "approved", "done")}
    assert states["proposed"] | states["approved"] == {GOOD, LATE, PERSON}
    assert states["done"] == set()
    assert found(subject=LATE) == {LATE}
    assert LATE not in found(due_by=late.due_on - timedelta(days=1))
    assert LATE in found(due_by=late.due_on)
    assert bench.own.responses.find(AUDITOR, late.id[:8]).id == late.id
    for beginning in ("", "x", "%"):
        with pytest.raises(NotFoundError):
            bench.own.responses.find(AUDITOR, beginning)
    first, *_ = bench.own.responses.listed(AUDITOR, limit=1)
    rest = bench.own.responses.listed(AUDITOR, before=first.number, limit=10)
    assert len(rest) == 2


def test_one_customer_is_assessed_and_the_look_is_audited(bench: Bench) -> None:
    found = bench.own.risk.assess(AUDITOR, LATE)
    assert (len(found.assessments), found.proposed) == (1, ())
    (row,) = bench.own.audit.rows(limit=10, subject=LATE)
    assert (row.action, row.actor) == ("assessment.viewed", AUDITOR)
    assert len(bench.own.risk.assess(ANALYST, LATE, respond=True).proposed) == 1
    with pytest.raises(NotPermittedError):
        bench.own.risk.assess(AUDITOR, LATE, respond=True)
    with pytest.raises(NotPermittedError):
        bench.own.risk.assess_all(ADMIN)


def test_a_run_is_in_the_audit_chain_with_every_response(bench: Bench) -> None:
    run(bench)
    viewed, proposed = bench.own.audit.rows(limit=10)
    assert (viewed.action, viewed.content) == ("portfolio.assessed", {"policy": 0, "customers": 3})
    assert proposed.action == "response.proposed"
    assert {entry[1] for entry in proposed.content["responses"]} == {GOOD, LATE, PERSON}
    bench.own.audit.verify()


def test_a_preview_says_what_would_change_and_changes_nothing(bench: Bench) -> None:
    stricter = default_raw().replace(b"known_weight_least = 30", b"known_weight_least = 99")
    preview = bench.own.risk.preview(ANALYST, stricter)
    assert (preview.version, preview.customers, preview.changed_grade) == (0, 3, 3)
    assert preview.migration[("B", "U")] == 2
    described = preview.describe(1)
    assert described["changed"]["any"] == 3
    assert described["migration"]["B"]["U"] == 2
    assert len(described["changes"]) == 1
    assert bench.own.policy.in_force()[0].number == 0
    assert bench.own.responses.listed(AUDITOR, limit=5) == []
    same = bench.own.risk.preview(ANALYST, default_raw())
    assert (same.changes, same.changed_grade, same.changed_response) == ((), 0, 0)
    with pytest.raises(PolicyError):
        bench.own.risk.preview(ANALYST, b"")


def test_who_falls_furthest_comes_first(bench: Bench) -> None:
    kinder = default_raw().replace(b"A = 85, B = 70, C = 55, D = 35", b"A = 70, B = 4, C = 3, D = 2")
    capped = b'when = ["own.past_due_91_share >= 0.25"]\ngrade = '
    bench.own.policy.adopt(APPROVER, kinder.replace(capped + b'"D"', capped + b'"B"'), note="")
    preview = bench.own.risk.preview(ANALYST, default_raw())
    falls = [ord(one.after.grade) - ord(one.before.grade) for one in preview.changes]
    assert falls == sorted(falls, reverse=True)
    assert falls[0] > falls[-1]


def test_a_notice_gives_reasons_in_both_languages_and_no_source(bench: Bench) -> None:
    run(bench)
    late = bench.own.responses.approve(APPROVER, of(bench, LATE).id)
    notice = notice_of(late, default_policy())
    assert "Invoices were paid later than agreed." in notice["en"]
    assert "付款晚于约定期限。" in notice["zh-CN"]
    for text in notice.values():
        for word in (LATE, "network", "member", "stewards", "联盟", "全网", "score", "policy"):
            assert word not in text
    assert notice["en"].count("\n1. ") == 1


def test_a_notice_without_reasons_says_that_too_little_is_known(bench: Bench) -> None:
    nobody = SubjectId("ref:DEMO:NOBODY")
    bench.own.risk.assess(ANALYST, nobody, respond=True)
    notice = notice_of(of(bench, nobody), default_policy())
    assert "Too little is known of how payments were made." in notice["en"]


def test_many_at_once_on_every_database(places: Places) -> None:
    with closing(Database(places("own"))) as database:
        clock, audit = StillClock(NOON), AuditChain(database)
        entropy = random.Random(1).randbytes
        responses = Responses(database, clock=clock, entropy=entropy, audit=audit)
        subjects = [SubjectId(f"ref:DEMO:S{number}") for number in range(20)]
        assessments = [_assessed(subject) for subject in subjects]
        made = responses.propose(ANALYST, assessments, policy=0)
        assert len(set(made)) == 20
        assert responses.propose(ANALYST, assessments, policy=0) == []
        found = responses.listed(AUDITOR, limit=50)
        assert {one.subject for one in found} == set(subjects)
        assert [one.number for one in found] == sorted((one.number for one in found), reverse=True)
        assert responses.approve(APPROVER, made[3]).state == "approved"
        policies = Policies(database, clock, audit)
        stricter = default_raw().replace(b"C = 55", b"C = 60")
        assert policies.adopt(APPROVER, stricter, note="").number == 1
        assert policies.in_force()[0].raw == stricter
        audit.verify()


def _assessed(subject: SubjectId) -> Assessment:
    names: tuple[SignalName, ...] = get_args(SignalName)
    signals = {name: unknown(name, "not_asked") for name in names}
    known = Known(subject=subject, personal=False, signals=signals)
    return assess(known, default_policy(), firm_open_minor=None, on=NOON.date())
