"""One suite for the client in both its forms, against the fake and against a real node over HTTP."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from support_client import (
    ASH,
    FORMS,
    MONTHS,
    PURPOSE,
    SHARED,
    THIN,
    UNKNOWN,
    WINDOWS,
    Desk,
    Place,
    fake_node,
    fake_place,
    real_place,
)

from hanse_client import HanseError, Limits, Progress, Unanswered
from hanse_client.errors import (
    AccessError,
    AliasError,
    ConflictError,
    LimitError,
    NodeUnavailableError,
    NotFoundError,
    RedirectError,
    RefusedError,
    ReplayError,
    StaleAnswerError,
    SubjectIdError,
    TrustOutdatedError,
    VerificationError,
)
from hanse_ledger.answer_file import verify_answer_file
from hanse_ledger.consortium import parse_document


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Place]]:
    with fake_place() as fake, real_place(tmp_path_factory.mktemp("node")) as real:
        yield {"fake": fake, "real": real}


@pytest.fixture(params=[f"{node} {form}" for node in ("fake", "real") for form in FORMS])
def desk(request: pytest.FixtureRequest, places: dict[str, Place]) -> Iterator[Desk]:
    node, form = request.param.split()
    made = Desk(places[node], FORMS[form])
    with made.opened:
        yield made


def test_a_known_subject_has_verified_figures(desk: Desk) -> None:
    report = desk.connect().check(SHARED, purpose=PURPOSE)
    assert (report.status, report.coverage, report.as_of) == ("checked", "checked", MONTHS[-1])
    assert [(one.months, one.contributors, one.rows) for one in report.windows] == WINDOWS
    assert (report.subject, report.purpose, report.party) == (SHARED, PURPOSE, ASH)
    assert (report.warning_level, report.disputed) == (0, False)


def test_the_nodes_own_assessment_comes_beside_the_figures(desk: Desk) -> None:
    report = desk.connect().check(SHARED, purpose=PURPOSE)
    found = report.assessment
    assert found is not None
    assert report.unassessed is None
    assert (report.grade, report.score) == (found.grade, found.score)
    assert report.grade == "A"
    assert sum(reason.points for reason in found.reasons) == report.score
    assert report.reasons == tuple(reason.code for reason in found.reasons)
    lost = [reason.points - reason.most for reason in found.reasons]
    assert lost == sorted(lost)
    assert report.response == found.response == "accept"
    assert report.onboarding is not None
    assert (report.onboarding.decision, report.onboarding.conditions) == ("proceed", ())
    assert report.onboarding.rule
    assert len(found.policy) == 64


def test_of_whom_too_little_is_known_a_person_decides(desk: Desk) -> None:
    report = desk.connect().check(UNKNOWN, purpose=PURPOSE)
    assert (report.grade, report.score, report.response) == ("U", None, "mitigate")
    assert report.onboarding is not None
    assert report.onboarding.decision == "refer"


def test_a_key_that_is_given_no_assessment_still_gets_verified_figures(desk: Desk) -> None:
    def refuse(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if not request.url.path.endswith("/assessment"):
            return response
        return httpx.Response(403, json={"code": "not_permitted", "status": 403, "detail": "no"})

    desk.between.edits.append(refuse)
    hanse = desk.connect()
    for report in (
        hanse.check(SHARED, purpose=PURPOSE),
        *hanse.check_many([SHARED, UNKNOWN], purpose=PURPOSE),
    ):
        assert (report.assessment, report.unassessed) == (None, "not_permitted")
        assert (report.grade, report.score, report.response, report.reasons) == (None, None, None, ())
        assert report.onboarding is None


@pytest.mark.parametrize(
    "change",
    [
        {"grade": "F"},
        {"score": "74"},
        {"onboarding": {"rule": "x", "decision": "perhaps", "conditions": []}},
        {"reasons": [{"code": "x", "direction": "up", "points": 1, "most": 2}]},
    ],
)
def test_an_assessment_of_another_form_is_not_believed(desk: Desk, change: dict[str, Any]) -> None:
    def edit(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if not request.url.path.endswith("/assessment"):
            return response
        content = response.json()
        content["assessment"] |= change
        return httpx.Response(200, json=content)

    desk.between.edits.append(edit)
    with pytest.raises(NodeUnavailableError):
        desk.connect().check(SHARED, purpose=PURPOSE)


@pytest.mark.parametrize("subject", [THIN, UNKNOWN])
def test_a_subject_without_data_raises_nothing(desk: Desk, subject: str) -> None:
    report = desk.connect().check(subject, purpose=PURPOSE)
    assert (report.coverage, report.status, report.windows) == ("none", "nothing", ())


def test_an_id_is_taken_as_people_write_it(desk: Desk) -> None:
    assert desk.connect().check(" REF:demo: shared", purpose=PURPOSE).subject == SHARED


def test_many_are_one_inquiry_in_the_order_asked(desk: Desk) -> None:
    outcomes = desk.connect().check_many([UNKNOWN, SHARED, UNKNOWN], purpose=PURPOSE)
    assert [one.subject for one in outcomes] == [UNKNOWN, SHARED, UNKNOWN]
    assert [one.coverage for one in outcomes] == ["none", "checked", "none"]
    assert len({one.log_index for one in outcomes}) == 1
    assert outcomes[0] == outcomes[2]
    assert len(desk.between.inquiries) == 1


def test_what_is_saved_is_an_answer_file(desk: Desk, tmp_path: Path) -> None:
    report = desk.connect().check(SHARED, purpose=PURPOSE)
    path = report.save(tmp_path)
    assert path.name == f"{report.request_id}.hanse.json"
    verified = verify_answer_file(path.read_bytes(), parse_document(desk.place.trust))
    assert (verified["subject"], verified["status"]) == (SHARED, "checked")
    assert report.save(tmp_path / "other.json").read_bytes() == path.read_bytes() == report.answer_file
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([path.name, "other.json"])


def test_a_purpose_that_the_document_does_not_know_is_refused(desk: Desk) -> None:
    hanse = desk.connect()
    with pytest.raises(RefusedError) as refused:
        hanse.check(SHARED, purpose="curiosity")
    assert refused.value.problem.code == "purpose"
    (outcome,) = hanse.check_many([SHARED], purpose="curiosity")
    assert isinstance(outcome, Unanswered)
    assert isinstance(outcome.error, RefusedError)


def test_a_bad_id_is_not_sent(desk: Desk) -> None:
    hanse = desk.connect()
    for subjects in (["uscc:91350100M000100Y44"], [SHARED, "nothing"], ["lei:"]):
        with pytest.raises(SubjectIdError):
            hanse.check_many(subjects, purpose=PURPOSE)
    assert not desk.between.sent


def test_another_key_is_refused_once(desk: Desk) -> None:
    with pytest.raises(AccessError) as refused:
        desk.connect(api_key="another-key").check(SHARED, purpose=PURPOSE)
    assert refused.value.problem.status == 401
    assert "another-key" not in f"{refused.value!r} {refused.value}"
    assert len(desk.between.inquiries) == 1


def test_another_consortium_is_not_trusted(desk: Desk) -> None:
    with pytest.raises(TrustOutdatedError) as refused:
        desk.connect(trust=fake_node().trust).check(SHARED, purpose=PURPOSE)
    assert refused.value.served == parse_document(desk.place.trust).hash.hex()


def test_the_pinned_document_can_be_compared(desk: Desk) -> None:
    hanse = desk.connect()
    assert hanse.trust.hash == parse_document(desk.place.trust).hash.hex()
    assert hanse.consortium().is_current
    assert not desk.connect(trust=fake_node().trust).consortium().is_current


def test_the_log_grows_with_what_is_asked(desk: Desk) -> None:
    hanse = desk.connect()
    report = hanse.check(SHARED, purpose=PURPOSE)
    assert hanse.log().size > report.log_index


def test_another_party_s_node_is_refused(desk: Desk) -> None:
    with pytest.raises(VerificationError):
        desk.connect(party="birch").check(SHARED, purpose=PURPOSE)
    assert desk.connect(party=ASH).check(SHARED, purpose=PURPOSE).party == ASH


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a figure": lambda answer: answer["windows"][0]["condition"].__setitem__(0, 9),
    "a window less": lambda answer: answer["windows"].pop(),
    "the status": lambda answer: answer.update(status="unchecked"),
    "the month": lambda answer: answer.update(last_closed_month="2024-02"),
    "the level": lambda answer: answer.update(warning_level=1),
    "the party": lambda answer: answer.update(party="birch"),
    "the subject": lambda answer: answer.update(subject=UNKNOWN),
    "the purpose": lambda answer: answer.update(purpose="monitoring"),
    "a field more": lambda answer: answer.update(more=1),
    "the index": lambda answer: answer["proof"].update(index=0),
    "no proof in it": lambda answer: answer.update(proof={}),
    "no object": lambda answer: answer.clear(),
}


def test_a_changed_answer_is_no_report(desk: Desk) -> None:
    honest = answered(desk, SHARED, PURPOSE)
    for name, change in CHANGES.items():
        content = honest.json()
        change(content["answers"][0])
        desk.between.instead.append(httpx.Response(200, content=json.dumps(content).encode()))
        with pytest.raises(VerificationError) as refused:
            desk.connect().check(SHARED, purpose=PURPOSE)
        assert not isinstance(refused.value, TrustOutdatedError), name


def answered(desk: Desk, subject: str, purpose: str) -> httpx.Response:
    """What the node answers to somebody else's client about this."""
    caught: list[httpx.Response] = []

    def catch(_request: httpx.Request, response: httpx.Response) -> httpx.Response:
        caught.append(response)
        return response

    desk.between.edits.append(catch)
    desk.connect().check(subject, purpose=purpose)
    desk.between.edits.clear()
    return httpx.Response(200, content=caught[0].content)


def test_an_older_answer_is_refused(desk: Desk) -> None:
    hanse = desk.connect()
    old = answered(desk, SHARED, PURPOSE)
    assert hanse.check(SHARED, purpose=PURPOSE).coverage == "checked"
    desk.between.instead.append(old)
    with pytest.raises(ReplayError):
        hanse.check(SHARED, purpose=PURPOSE)


def test_an_answer_about_another_subject_is_refused(desk: Desk) -> None:
    desk.between.instead.append(answered(desk, UNKNOWN, PURPOSE))
    with pytest.raises(AliasError) as refused:
        desk.connect().check(SHARED, purpose=PURPOSE)
    assert refused.value.answered == UNKNOWN
    assert UNKNOWN not in str(refused.value)


def test_an_answer_for_another_purpose_is_refused(desk: Desk) -> None:
    desk.between.instead.append(answered(desk, SHARED, "monitoring"))
    with pytest.raises(VerificationError):
        desk.connect().check(SHARED, purpose=PURPOSE)


def test_one_answer_does_not_stand_for_two(desk: Desk) -> None:
    desk.between.instead.append(answered(desk, SHARED, PURPOSE))
    with pytest.raises(VerificationError):
        desk.connect().check_many([SHARED, SHARED], purpose=PURPOSE)


@pytest.mark.parametrize("hours", [-2, 2])
def test_an_answer_of_another_time_is_refused(desk: Desk, hours: int) -> None:
    now_s = desk.place.surroundings.now_s
    moved = desk.at(now_s=lambda: now_s() + hours * 3_600)
    with pytest.raises(StaleAnswerError):
        moved.connect().check(SHARED, purpose=PURPOSE)
    patient = moved.connect(limits=Limits(answer_age_s=3 * 3_600))
    assert patient.check(SHARED, purpose=PURPOSE).coverage == "checked"


def cut(response: bytes) -> httpx.Response:
    return httpx.Response(200, headers={"content-length": str(len(response) + 1)}, content=response)


@pytest.mark.parametrize(
    "instead",
    [
        httpx.Response(503, headers={"retry-after": "0"}),
        httpx.Response(502),
        httpx.Response(504, content=b"a proxy's page"),
        httpx.ReadError("cut"),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        cut(b'{"answers": []'),
    ],
    ids=["503", "502", "504", "cut", "slow", "refused", "truncated"],
)
def test_what_may_come_right_is_asked_again(desk: Desk, instead: httpx.Response) -> None:
    hanse = desk.connect()
    desk.between.instead += [instead, instead]
    assert hanse.check(SHARED, purpose=PURPOSE).coverage == "checked"
    keys = {request.headers["idempotency-key"] for request in desk.between.inquiries}
    assert (len(desk.between.inquiries), len(keys)) == (3, 1)
    assert hanse.check(SHARED, purpose=PURPOSE).coverage == "checked"
    assert desk.between.inquiries[-1].headers["idempotency-key"] not in keys


@pytest.mark.parametrize(
    ("instead", "error"),
    [
        (httpx.Response(400), RefusedError),
        (httpx.Response(404), NotFoundError),
        (httpx.Response(409), ConflictError),
        (httpx.Response(429, headers={"retry-after": "7"}), LimitError),
        (httpx.Response(302, headers={"location": "http://elsewhere.example"}), RedirectError),
        (httpx.Response(500), NodeUnavailableError),
        (httpx.Response(200, content=b"[]"), NodeUnavailableError),
        (httpx.Response(200, content=b'{"answers": [], "answers": []}'), NodeUnavailableError),
        (httpx.Response(200, content=b"{}"), VerificationError),
    ],
    ids=["400", "404", "409", "429", "302", "500", "a list", "a field twice", "no answers"],
)
def test_what_is_refused_is_not_asked_again(
    desk: Desk, instead: httpx.Response, error: type[HanseError]
) -> None:
    desk.between.instead.append(instead)
    with pytest.raises(error) as refused:
        desk.connect().check(SHARED, purpose=PURPOSE)
    assert [request.url.path for request in desk.between.sent].count("/v1/inquiries") == 1
    if isinstance(refused.value, LimitError):
        assert refused.value.retry_after_s == 7


def test_it_gives_up_after_some_attempts(desk: Desk) -> None:
    desk.between.instead += [httpx.Response(503, headers={"retry-after": "2"})] * 9
    with pytest.raises(NodeUnavailableError) as refused:
        desk.connect(limits=Limits(attempts=3)).check(SHARED, purpose=PURPOSE)
    assert (refused.value.retry_after_s, len(desk.between.inquiries)) == (2, 3)


def test_it_does_not_wait_past_the_deadline(desk: Desk) -> None:
    desk.between.instead += [httpx.Response(503, headers={"retry-after": "90"})] * 9
    with pytest.raises(NodeUnavailableError):
        desk.connect(limits=Limits(deadline_s=60)).check(SHARED, purpose=PURPOSE)
    assert len(desk.between.inquiries) == 1


HEADER = "invoice,customer,invoice_date,due_date,paid_date,amount,currency"
EXPORT = "".join(
    f"{line}\n"
    for line in (
        HEADER,
        f"X1,{SHARED},2024-03-02,2024-03-20,,1000.00,CNY",
        f"X2,{SHARED},2024-03-04,2024-03-21,,50.00,CNY",
    )
)
WITH_REFUSED = f"{HEADER}\n" + "".join(
    f"NR{number},{customer},2024-03-02,2024-03-20,,1000.00,CNY\n"
    for number, customer in enumerate([SHARED, "4711", "4712", "4713", "4714"])
)
AS_OF = date(2024, 3, 31)


def test_an_import_is_shown_and_then_taken(desk: Desk) -> None:
    hanse = desk.connect()
    export = WITH_REFUSED.replace("NR", f"{uuid4().hex}-").encode()
    shown = hanse.preview_import(export, as_of=AS_OF)
    assert (shown.state, shown.lines, shown.taken, shown.refused) == ("previewed", 5, 1, 4)
    assert [(one.line, one.reason) for one in shown.refused_lines] == [
        (n, "no_subject") for n in (3, 4, 5, 6)
    ]
    assert [one.line for one in hanse.refused_lines(shown.id)] == [3, 4, 5, 6]
    assert hanse.unmatched_customers(shown.id) == ["4711", "4712", "4713", "4714"]
    with pytest.raises(RefusedError) as refused:
        hanse.confirm_import(shown.id)
    assert refused.value.problem.code == "refused_lines"
    for _ in range(2):
        assert hanse.confirm_import(shown.id, skip_refused=True).state == "taken"
    assert hanse.import_status(shown.id).state == "taken"
    with pytest.raises(ConflictError):
        hanse.discard_import(shown.id)
    assert hanse.preview_import(export, as_of=AS_OF).seen_before


def test_a_preview_can_be_thrown_away(desk: Desk, tmp_path: Path) -> None:
    hanse = desk.connect()
    path = tmp_path / "export.csv"
    path.write_text(EXPORT)
    shown = hanse.preview_import(path, as_of=AS_OF)
    assert (shown.state, shown.as_of, shown.taken) == ("previewed", "2024-03-31", 2)
    assert hanse.discard_import(shown.id).state == "discarded"
    with pytest.raises(ConflictError):
        hanse.confirm_import(shown.id)
    assert shown.id in [one.id for one in hanse.imports()]
    with pytest.raises(NotFoundError):
        hanse.import_status("0" * 32)
    with pytest.raises(RefusedError):
        hanse.preview_import(b"nothing that is a table", as_of=AS_OF)


def lose_two() -> Callable[..., httpx.Response]:
    """Lose the first two answers after the node has given them."""
    lost: list[httpx.Response] = []

    def edit(_request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if len(lost) == 2:
            return response
        lost.append(response)
        raise httpx.ReadError("lost")

    return edit


def test_an_import_comes_once_however_often_it_is_sent(desk: Desk) -> None:
    hanse = desk.connect()
    desk.between.edits.append(lose_two())
    before = len(desk.between.sent)
    shown = hanse.preview_import(EXPORT.encode(), as_of=AS_OF)
    assert len(desk.between.sent) - before == 3
    assert [one.id for one in hanse.imports()].count(shown.id) == 1
    assert hanse.imports()[0].id == shown.id


def test_customers_are_matched_by_people(desk: Desk) -> None:
    hanse = desk.connect()
    number = f"K/{uuid4().hex}?#%2F ä"
    lines = "".join(f"{number}-{i},Nordsee Handel {i} GmbH,\n" for i in range(4))
    uploaded = hanse.upload_customers(f"customer,name,subject\n{lines}".encode())
    assert (uploaded.new, uploaded.refused) == (4, 0)
    named = hanse.match_name("Nordsee Handel")
    assert {f"{number}-{i}" for i in range(4)} <= {one.customer.customer for one in named.matches}
    assert named.subject is None
    assert all(0 < one.confidence <= 1 for one in named.matches)
    assert number + "-1" in [one.customer for one in hanse.customers(without_subject=True)]
    said = hanse.set_customer(f"{number}-1", name="Nordsee Handel 1 GmbH", subject=f" {THIN.lower()}")
    assert (said.customer, said.subject) == (f"{number}-1", THIN)
    assert number + "-1" not in [one.customer for one in hanse.customers(without_subject=True)]
    assert {f"{number}-{i}" for i in range(4)} <= {one.customer for one in hanse.customers()}
    found = hanse.match_subject(THIN)
    assert (found.subject, {one.confidence for one in found.matches}) == (THIN, {1.0})
    assert f"{number}-1" in [one.customer.customer for one in found.matches]
    with pytest.raises(SubjectIdError):
        hanse.set_customer(f"{number}-1", subject="nothing")


def test_how_far_the_reporting_is(desk: Desk) -> None:
    reporting = desk.connect().reporting()
    assert reporting.month == "2024-04"
    assert reporting.counting <= reporting.reports


def patient(desk: Desk) -> Any:
    """A client that really sleeps."""
    return desk.at(sleep=time.sleep, sleep_async=asyncio.sleep).connect()


def test_a_portfolio_is_worked_off_by_the_node(desk: Desk) -> None:
    hanse = patient(desk)
    before = hanse.log().size
    number = f"P-{uuid4().hex}"
    hanse.set_customer(number, subject=SHARED)
    brought = [SHARED, UNKNOWN, "lei:nonsense", number, THIN]
    begun = hanse.new_portfolio(brought, name="all", purpose=PURPOSE)
    assert (begun.is_running, begun.total, begun.name, begun.purpose) == (True, 5, "all", PURPOSE)
    ended = hanse.wait_for_portfolio(begun.id, poll_s=0.05, timeout_s=120)
    assert (ended.state, ended.code) == ("done", None)
    assert ended.progress == Progress(
        done=5, failed=1, checked=2, nothing=2, unchecked=0, disagreement=0, refused=1
    )
    assert hanse.portfolio(begun.id) == ended
    pairs = hanse.portfolio_reports(begun.id, after_index=before)
    assert [answer.asked for answer, _ in pairs] == brought
    assert [answer.status for answer, _ in pairs] == ["checked", "nothing", "refused", "checked", "nothing"]
    first, unknown, bad, customer, _ = [outcome for _, outcome in pairs]
    assert [(one.months, one.contributors, one.rows) for one in first.windows] == WINDOWS
    assert (first.subject, unknown.coverage) == (SHARED, "none")
    assert (customer.request_id, customer.windows) == (first.request_id, first.windows)
    assert isinstance(bad.error, SubjectIdError)
    assert hanse.portfolio_answers(begun.id) == [answer for answer, _ in pairs]
    assert hanse.portfolios()[0].id == begun.id
    with pytest.raises(ConflictError):
        hanse.cancel_portfolio(begun.id)
    with pytest.raises(NotFoundError):
        hanse.portfolio("0" * 32)


def test_a_portfolio_s_older_answers_are_refused(desk: Desk) -> None:
    hanse = patient(desk)
    begun = hanse.new_portfolio([SHARED], name="all", purpose=PURPOSE)
    hanse.wait_for_portfolio(begun.id, poll_s=0.05, timeout_s=120)
    with pytest.raises(ReplayError):
        hanse.portfolio_reports(begun.id, after_index=hanse.log().size)


def test_what_was_asked_is_listed_and_can_be_had_again(desk: Desk) -> None:
    hanse = desk.connect()
    report = hanse.check(SHARED, purpose=PURPOSE)
    made = next(one for one in hanse.inquiries() if one.request_id == report.request_id)
    assert (made.subject, made.purpose, made.status, made.code) == (SHARED, PURPOSE, "checked", None)
    again = hanse.report(made.request_id, subject=SHARED, purpose=PURPOSE)
    assert (again.windows, again.log_index) == (report.windows, report.log_index)
    with pytest.raises(AliasError):
        hanse.report(made.request_id, subject=UNKNOWN, purpose=PURPOSE)
    with pytest.raises(VerificationError):
        hanse.report(made.request_id, subject=SHARED, purpose="monitoring")
    with pytest.raises(NotFoundError):
        hanse.report("0" * 32, subject=SHARED, purpose=PURPOSE)


def test_an_answer_file_of_another_inquiry_is_refused(desk: Desk) -> None:
    hanse = desk.connect()
    one, other = (hanse.check(SHARED, purpose=PURPOSE) for _ in range(2))
    desk.between.instead.append(httpx.Response(200, content=other.answer_file))
    with pytest.raises(VerificationError):
        hanse.report(one.request_id, subject=SHARED, purpose=PURPOSE)
