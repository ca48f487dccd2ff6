"""What a test can set of the fake, and what its users' code then sees."""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, repeat

import httpx
import pytest

from hanse_client import AsyncHanse, Hanse, Report, Unanswered
from hanse_client.config import Surroundings
from hanse_client.errors import (
    AccessError,
    AliasError,
    ConflictError,
    DisagreementError,
    LimitError,
    NodeUnavailableError,
    RefusedError,
    ReplayError,
    StaleAnswerError,
    TrustOutdatedError,
    UnavailableError,
    VerificationError,
)
from hanse_client.testing import FakeHanse, window
from hanse_ledger.consortium import parse_document
from hanse_ledger.state import LedgerState

SUBJECT, OTHER = "uscc:91350100M000100Y43", "lei:5493001KJTIIGC8Y1R12"
ROWS = [(condition, 2, 3) for condition in range(8)] * 2


@pytest.fixture
def fake() -> FakeHanse:
    made = FakeHanse()
    made.add(SUBJECT, window("2026-09", rows=ROWS[:5]))
    return made


def check(fake: FakeHanse, subject: str = SUBJECT) -> Report:
    with fake.client() as hanse:
        return hanse.check(subject, purpose="onboarding")


def test_figures_are_the_rows_that_were_set(fake: FakeHanse) -> None:
    fake.add(
        SUBJECT,
        window("2026-09", rows=ROWS),
        window("2026-04", "2026-06", rows=ROWS[:6], contributors=3),
        warning_level=2,
        disputed=True,
    )
    report = check(fake)
    quarter, month = report.windows
    assert (quarter.months, quarter.frozen_at, quarter.contributors) == (
        ("2026-04", "2026-06"),
        "2026-06",
        "3",
    )
    assert (quarter.condition, quarter.cells) == ((1, 1, 1, 1, 1, 1, 0, 0), None)
    assert (month.contributors, month.condition) == ("10-19", (2,) * 8)
    assert (month.exposure, month.delay) == ((0, 0, 16, 0, 0, 0), (0, 0, 0, 16, 0, 0, 0, 0))
    assert month.cells is not None
    assert (len(month.cells), sum(month.cells)) == (56, 32)
    assert (report.warning_level, report.disputed) == (2, True)


def test_a_window_is_one_that_can_be() -> None:
    bad: list[Callable[[], object]] = [
        lambda: window(rows=ROWS),
        lambda: window("2026-13", rows=ROWS),
        lambda: window("2026-09", rows=[]),
        lambda: window("2026-09", rows=[(8, 0, 0)] * 4),
        lambda: window("2026-09", rows=ROWS[:2]),
        lambda: window("2026-09", rows=ROWS[:4], contributors=5),
    ]
    for make in bad:
        with pytest.raises(ValueError, match=r"."):
            make()


def test_withheld_windows(fake: FakeHanse) -> None:
    fake.add(SUBJECT, window("2026-09", rows=ROWS, withheld=True))
    report = check(fake)
    assert (report.coverage, report.status) == ("withheld", "checked")
    assert report.windows[0].is_withheld
    assert report.windows[0].rows is None
    fake.add(SUBJECT, window("2026-08", rows=ROWS), window("2026-09", rows=ROWS, withheld=True))
    assert check(fake).coverage == "checked"


@pytest.mark.parametrize(("stewards", "coverage"), [(4, "checked"), (3, "checked"), (2, "unchecked")])
def test_two_stewards_make_it_unchecked(fake: FakeHanse, stewards: int, coverage: str) -> None:
    fake.let_answer(stewards)
    assert check(fake).coverage == coverage
    assert check(fake, OTHER).coverage == ("none" if stewards > 2 else "unchecked")
    with pytest.raises(ValueError, match="answer"):
        fake.let_answer(1)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("budget", LimitError),
        ("purpose", RefusedError),
        ("expired", RefusedError),
        ("not-party", AccessError),
        ("unavailable", UnavailableError),
        ("behind", UnavailableError),
    ],
)
def test_a_refused_subject(fake: FakeHanse, code: str, error: type[Exception]) -> None:
    fake.refuse(OTHER, code)
    with pytest.raises(error):
        check(fake, OTHER)
    with fake.client() as hanse:
        refused, answered = hanse.check_many([OTHER, SUBJECT], purpose="onboarding")
    assert isinstance(refused, Unanswered)
    assert isinstance(refused.error, error)
    assert isinstance(answered, Report)
    fake.add(OTHER)
    assert check(fake, OTHER).coverage == "none"


def test_stewards_that_do_not_agree(fake: FakeHanse) -> None:
    fake.disagree(SUBJECT)
    with pytest.raises(DisagreementError):
        check(fake)


def test_an_answer_that_could_not_be_proved(fake: FakeHanse) -> None:
    fake.leave_unproven(SUBJECT)
    with pytest.raises(NodeUnavailableError):
        check(fake)


def test_an_alias_is_asked_for_by_its_primary_id(fake: FakeHanse) -> None:
    fake.alias(OTHER, SUBJECT)
    with pytest.raises(AliasError) as refused:
        check(fake, OTHER)
    assert check(fake, refused.value.answered).subject == SUBJECT


def test_failures_come_in_their_order(fake: FakeHanse) -> None:
    fake.fail_next(429, code="budget", retry_after_s=30)
    fake.fail_next(403, code="scope")
    fake.answer_next(httpx.Response(409))
    with pytest.raises(LimitError) as limited:
        check(fake)
    assert (limited.value.retry_after_s, limited.value.problem.code) == (30, "budget")
    with pytest.raises(AccessError) as denied:
        check(fake)
    assert denied.value.problem.code == "scope"
    with pytest.raises(ConflictError):
        check(fake)
    assert check(fake).coverage == "checked"
    assert [one.path for one in fake.received if one.method == "POST"] == ["/v1/inquiries"] * 4


def test_a_cut_connection_is_tried_again_under_one_key(fake: FakeHanse) -> None:
    waits: list[float] = []
    fake.cut_next(times=2)
    with fake.client(surroundings=Surroundings(sleep=waits.append)) as hanse:
        hanse.check(SUBJECT, purpose="onboarding")
    assert len(waits) == 2
    assert len({one.idempotency_key for one in fake.received if one.method == "POST"}) == 1


def test_what_came_through_is_not_done_twice(fake: FakeHanse) -> None:
    lost: list[httpx.Response] = []

    def respond(request: httpx.Request) -> httpx.Response:
        response = fake.respond(request)
        if lost:
            return response
        lost.append(response)
        raise httpx.ReadError("the answer was lost")

    around = Surroundings(sleep=lambda _seconds: None)
    with fake.client(transport=httpx.MockTransport(respond), surroundings=around) as hanse:
        first = hanse.check(SUBJECT, purpose="onboarding")
        assert hanse.check(SUBJECT, purpose="onboarding").log_index == first.log_index + 1


def test_tampering_and_replays_are_seen(fake: FakeHanse) -> None:
    fake.tamper_next(lambda answer: answer["windows"].clear())
    with fake.client() as hanse:
        with pytest.raises(VerificationError):
            hanse.check(SUBJECT, purpose="onboarding")
        assert hanse.check(SUBJECT, purpose="onboarding").coverage == "checked"
        fake.replay_next()
        with pytest.raises(ReplayError):
            hanse.check(SUBJECT, purpose="onboarding")
        assert hanse.check(SUBJECT, purpose="onboarding").coverage == "checked"


def test_a_replaced_document_is_to_be_pinned_anew(fake: FakeHanse) -> None:
    with fake.client() as hanse:
        hanse.check(SUBJECT, purpose="onboarding")
        fake.replace_document()
        with pytest.raises(TrustOutdatedError) as refused:
            hanse.check(SUBJECT, purpose="onboarding")
        assert refused.value.pinned == hanse.trust.hash
        assert not hanse.consortium().is_current
    with fake.client() as hanse:
        assert hanse.trust.hash == refused.value.served
        assert hanse.check(SUBJECT, purpose="onboarding").coverage == "checked"


def test_a_clock_that_stands_elsewhere() -> None:
    times = [1_790_000_000.0]
    old = FakeHanse(now_s=lambda: times[0])
    around = Surroundings(now_s=lambda: 1_790_000_000.0)
    with old.client(surroundings=around) as hanse:
        assert hanse.check(SUBJECT, purpose="onboarding").coverage == "none"
        times[0] -= 3_601
        with pytest.raises(StaleAnswerError):
            hanse.check(SUBJECT, purpose="onboarding")


def test_one_steward_s_clock_decides_nothing() -> None:
    # Of the three cosignatures that an answer carries one is two days off, whichever way.
    for off_s in (-172_800, 172_800):
        ticks = iter([off_s, 0, 0, 0] * 99)
        fake = FakeHanse(now_s=lambda: 1_790_000_000.0 + next(ticks))  # noqa: B023 - used at once
        with fake.client(surroundings=Surroundings(now_s=lambda: 1_790_000_000.0)) as hanse:
            assert hanse.check(SUBJECT, purpose="onboarding").coverage == "none"


def test_two_logs_of_one_size_are_seen() -> None:
    one, other = (FakeHanse(entropy=random.Random(7).randbytes) for _ in range(2))
    assert one.trust == other.trust
    other.add(SUBJECT, window("2026-09", rows=ROWS))
    with other.client() as hanse:
        hanse.check(OTHER, purpose="monitoring")
    turn = chain([one], repeat(other))
    with one.client(
        api_key=one.api_key, transport=httpx.MockTransport(lambda request: next(turn).respond(request))
    ) as hanse:
        hanse.check(SUBJECT, purpose="onboarding")
        with pytest.raises(VerificationError):
            hanse.log()


def test_the_same_seed_gives_the_same_node() -> None:
    made = [FakeHanse(entropy=random.Random(7).randbytes, now_s=lambda: 1e9) for _ in range(2)]
    around = Surroundings(now_s=lambda: 1e9)
    files = []
    for fake in made:
        with fake.client(surroundings=around) as hanse:
            files.append(hanse.check(SUBJECT, purpose="onboarding").answer_file)
    assert files[0] == files[1]


def test_its_log_is_one_that_others_accept(fake: FakeHanse) -> None:
    check(fake)
    fake.replace_document()
    check(fake)
    state = LedgerState()
    for raw in fake._log.entries:
        state.apply(raw)
    assert state.consortium.hash == parse_document(fake.trust).hash


def test_a_key_used_for_another_request_is_refused(fake: FakeHanse) -> None:
    headers = {"authorization": f"Bearer {fake.api_key}", "idempotency-key": "00"}
    url = f"{fake.url}/v1/inquiries"
    for purpose, status in (("onboarding", 200), ("onboarding", 200), ("monitoring", 422)):
        asked = {"subjects": [SUBJECT], "purpose": purpose, "proof": True}
        request = httpx.Request("POST", url, headers=headers, json=asked)
        assert fake.respond(request).status_code == status
    assert fake.respond(httpx.Request("GET", f"{fake.url}/v1/nothing", headers=headers)).status_code == 404


def test_a_call_that_is_still_being_answered_is_waited_for(fake: FakeHanse) -> None:
    around = Surroundings(sleep=lambda _seconds: None)
    fake.cut_next()
    fake.fail_next(409, code="in_flight", times=2)
    with fake.client(surroundings=around) as hanse:
        assert hanse.check(SUBJECT, purpose="onboarding").coverage == "checked"
        assert len({one.idempotency_key for one in fake.received if one.method == "POST"}) == 1
        # Without an earlier attempt it is somebody else's call that has this key.
        fake.fail_next(409, code="in_flight")
        with pytest.raises(ConflictError):
            hanse.check(SUBJECT, purpose="onboarding")


def test_many_threads_share_a_client(fake: FakeHanse) -> None:
    with fake.serve() as url, Hanse(url, api_key=fake.api_key, trust=fake.trust) as hanse:
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(hanse.check, SUBJECT, purpose="onboarding") for _ in range(40)]
        assert len({one.result().log_index for one in asked}) == 40


def test_many_tasks_share_a_client(fake: FakeHanse) -> None:
    async def ask() -> list[Report]:
        with fake.serve() as url:
            async with AsyncHanse(url, api_key=fake.api_key, trust=fake.trust) as hanse:
                asked = (hanse.check(SUBJECT, purpose="onboarding") for _ in range(20))
                return await asyncio.gather(*asked)

    assert len({report.log_index for report in asyncio.run(ask())}) == 20
