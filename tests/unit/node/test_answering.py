"""What a steward answers, refuses with which code first, and as of which position."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support_node import FIRST, MEMBERS, Bench, invoice, subject, take_book

from consortium_config.sample import DESK_ID
from hanse_ledger.bodies import Close, Inquiry
from hanse_ledger.codec import decode
from hanse_ledger.cose import open_message
from hanse_ledger.errors import MalformedError
from hanse_ledger.ids import ConsortiumId, Month, PartyId, StewardX, Token
from hanse_ledger.privacy.answer import Answer, Request, hash_request, parse_answer
from hanse_ledger.privacy.sealing import SealingPrivateKey, answer_info
from node.roles.answering import batch_of

ALDER, BIRCH = MEMBERS[:2]
OCTOBER, NOVEMBER = FIRST, Month(FIRST + 1)
BASE = 3
NOBODY = Token(b"n" * 32)


def low_budget(document: dict[str, Any]) -> None:
    document["policy"].update(inquiries_base=BASE, inquiries_per_subject=2)


class Asking:
    """A bench, and the keys of the requests that a test has made."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._keys: dict[bytes, SealingPrivateKey] = {}

    def request(
        self,
        party: PartyId = ALDER,
        token: bytes = NOBODY,
        purpose: str = "credit-review",
        consortium: str | None = None,
    ) -> bytes:
        key = SealingPrivateKey.generate(self.bench.entropy(96))
        raw = Request(
            consortium=ConsortiumId(consortium or self.bench.consortium.id),
            party=party,
            token=Token(token),
            purpose=purpose,
            request_id=self.bench.entropy(16),
            answer_key=key.public_key,
        ).encode()
        self._keys[raw] = key
        return raw

    def log(self, *raws: bytes, by: PartyId = ALDER) -> int:
        return self.bench.log(by, Inquiry(request_hashes=tuple(hash_request(raw) for raw in raws)))

    def logged(self, party: PartyId = ALDER, **fields: Any) -> tuple[bytes, int]:
        raw = self.request(party, **fields)
        return raw, self.log(raw, by=party)

    def ask(self, *asked: tuple[bytes, int], x: int = 1, caller: PartyId = ALDER) -> list[bytes | str]:
        reply: list[bytes | str] = decode(
            self.bench.steward(x).handle(caller, "answers", batch_of(asked)), limit=1 << 22
        )
        return reply

    def answer(self, raw: bytes, index: int, x: int = 1, caller: PartyId = ALDER) -> Answer:
        (sealed,) = self.ask((raw, index), x=x, caller=caller)
        assert isinstance(sealed, bytes), sealed
        info = answer_info(self.bench.consortium.id, StewardX(x), hash_request(raw))
        steward = self.bench.consortium.stewards[StewardX(x)]
        payload = open_message(
            self._keys[raw].open(info=info, sealed=sealed),
            name="answer",
            consortium=self.bench.consortium.id,
            party=steward.id,
            public=steward.statement_key,
            limit=1 << 20,
        )
        return parse_answer(payload)

    def close(self, *months: Month) -> None:
        """Close months by two stewards' word alone; steward 1 hears of it."""
        for month in months:
            for steward in ("steward-1", "steward-2"):
                self.bench.log(PartyId(steward), Close(month=month))
        self.bench.standing(PartyId("steward-1")).catch_up()


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    bench = Bench(tmp_path, members=MEMBERS[:4], change=low_budget)
    yield Asking(bench)
    bench.close()


def report_october(asking: Asking, *customers: str) -> dict[str, Token]:
    """All four report on these customers, alder also on one that nobody else has; October closes."""
    bench = asking.bench
    for member in bench.members:
        own = [*customers, "ALONE"] if member == ALDER else customers
        book = {name: [invoice(f"R-{name}", "2024-10-02", "2024-10-20")] for name in own}
        take_book(bench.member(member), book)
    bench.work()
    bench.end_month(OCTOBER)
    named = [*customers, "ALONE"]
    found = bench.member(ALDER).tokens.tokens(subject(name) for name in named)
    return {name: found[subject(name)] for name in named}


def test_what_nobody_reported_and_what_is_thin_get_the_same_answer(asking: Asking) -> None:
    tokens = report_october(asking, "C1")
    thin, unknown = asking.logged(token=tokens["ALONE"]), asking.logged(token=NOBODY)
    assert [asking.answer(*one).windows for one in (thin, unknown)] == [(), ()]
    sizes = {len(sealed) for sealed in asking.ask(thin, unknown)}
    assert len(sizes) == 1


def test_an_answer_is_as_of_the_position_of_its_inquiry(asking: Asking) -> None:
    before = asking.logged()
    tokens = report_october(asking, "C1")
    bench = asking.bench
    early = asking.request(token=tokens["C1"])
    late = asking.logged(token=tokens["C1"])
    answer = asking.answer(*before)
    assert (answer.last_closed, answer.log_size, answer.windows) == (None, before[1] + 1, ())
    assert answer.root == bench.replica.root(before[1] + 1)
    answer = asking.answer(*late)
    assert (answer.last_closed, answer.log_size) == (OCTOBER, late[1] + 1)
    ((window,),) = (answer.windows,)
    assert (window.months, window.frozen_at, window.band) == ((OCTOBER,), OCTOBER, 1)
    assert (answer.request_hash, answer.level, answer.disputed) == (hash_request(late[0]), 0, False)
    # The same question before the next close and after it: only the position decides.
    index = asking.log(early)
    asking.close(NOVEMBER)
    assert asking.answer(early, index).last_closed == OCTOBER


def test_bytes_that_are_no_request(asking: Asking) -> None:
    fine, index = asking.logged()
    elsewhere = asking.request(consortium="hanse.example/other")
    assert asking.ask((b"\x80", index), (fine[:-1], index), (elsewhere, index)) == ["malformed"] * 3
    with pytest.raises(MalformedError):
        asking.bench.steward(1).handle(ALDER, "answers", batch_of([]))
    with pytest.raises(MalformedError):
        asking.bench.steward(1).handle(ALDER, "answers", batch_of([(fine, index)] * 65))
    assert len(set(asking.ask(*[(fine, index)] * 64))) == 1


def test_another_party_s_request(asking: Asking) -> None:
    raw, index = asking.logged(BIRCH)
    assert asking.ask((raw, index), caller=ALDER) == ["not-party"]
    assert isinstance(asking.ask((raw, index), caller=BIRCH)[0], bytes)
    # Not even when it has been answered.
    assert asking.ask((raw, index), caller=ALDER) == ["not-party"]


def test_only_what_the_party_itself_has_logged_is_answered(asking: Asking) -> None:
    raw = asking.request()
    assert asking.ask((raw, 0)) == ["not-logged"]
    by_birch = asking.log(raw, by=BIRCH)
    assert asking.ask((raw, by_birch)) == ["not-logged"]
    index = asking.log(raw)
    assert asking.ask((raw, by_birch), (raw, index + 1)) == ["not-logged", "behind"]
    again = asking.log(raw, asking.request())
    assert asking.ask((raw, again)) == ["not-logged"]
    assert asking.answer(raw, index).log_size == index + 1


def test_a_purpose_that_the_document_does_not_name(asking: Asking) -> None:
    assert asking.ask(asking.logged(purpose="curiosity")) == ["purpose"]


def test_a_desk_asks_for_subject_access_and_a_member_for_anything(asking: Asking) -> None:
    for purpose, is_answered in (("credit-review", False), ("monitoring", False), ("subject-access", True)):
        (reply,) = asking.ask(asking.logged(DESK_ID, purpose=purpose), caller=DESK_ID)
        assert (reply != "purpose") is is_answered
    assert isinstance(asking.ask(asking.logged(purpose="subject-access"))[0], bytes)


def test_a_steward_may_not_ask(asking: Asking) -> None:
    raw = asking.request(PartyId("steward-2"))
    assert asking.ask((raw, 0), caller=PartyId("steward-2")) == ["not-logged"]


def test_an_inquiry_expires_with_the_close_of_the_month_after_its_own(asking: Asking) -> None:
    first, other = asking.logged(), asking.logged()
    asking.close(OCTOBER)
    assert isinstance(asking.ask(first)[0], bytes)
    asking.close(NOVEMBER)
    # What was presented in time is answered for good, with the same bytes.
    assert asking.ask(first, other) == [asking.ask(first)[0], "expired"]
    assert isinstance(asking.ask(first)[0], bytes)


def test_the_same_bytes_again_also_after_a_restart(asking: Asking) -> None:
    asked = asking.logged()
    first = asking.ask(asked, asked)
    assert first[0] == first[1]
    asking.bench.reopen()
    assert asking.ask(asked) == [first[0]]
    # Each steward has its own.
    assert asking.ask(asked, x=2) != [first[0]]


def test_an_answer_that_could_not_be_stored_does_not_leave(asking: Asking) -> None:
    asked = asking.logged()
    asking.bench.steward(1)._standing.catch_up()

    def fail(moment: str) -> None:
        if moment == "in":
            raise OSError("the disk says no")

    asking.bench.probes[PartyId("steward-1")] = fail
    with pytest.raises(OSError, match="disk"):
        asking.ask(asked)
    asking.bench.probes.clear()
    first = asking.ask(asked)
    assert asking.ask(asked) == first


def test_the_budget_is_spent_in_log_order(asking: Asking) -> None:
    raws = [asking.request() for _ in range(BASE + 2)]
    index = asking.log(*raws)
    replies = asking.ask(*[(raw, index) for raw in raws])
    assert [reply if isinstance(reply, str) else "" for reply in replies] == [""] * BASE + ["budget"] * 2
    # A hash that was logged before is charged once; the others have budgets of their own; so has a month.
    assert isinstance(asking.ask(asking.logged(BIRCH), caller=BIRCH)[0], bytes)
    asking.close(OCTOBER)
    assert isinstance(asking.ask(asking.logged())[0], bytes)


def test_subjects_with_windows_that_hold_an_own_row_raise_the_budget_from_their_close_on(
    asking: Asking,
) -> None:
    early = [asking.request() for _ in range(BASE + 1)]
    at = asking.log(*early)
    report_october(asking, "C1", "C2")
    # As of its position: what was frozen since does not help.
    assert asking.ask((early[-1], at)) == ["budget"]
    raws = [asking.request() for _ in range(BASE + 2 * 2 + 1)]
    index = asking.log(*raws)
    replies = [asking.ask((raw, index))[0] for raw in raws]
    assert [reply == "budget" for reply in replies] == [False] * (BASE + 4) + [True]
    # The desk has no rows.
    desk = [asking.request(DESK_ID, purpose="subject-access") for _ in range(BASE + 1)]
    index = asking.log(*desk, by=DESK_ID)
    replies = [asking.ask((raw, index), caller=DESK_ID)[0] for raw in desk]
    assert [reply == "budget" for reply in replies] == [False] * BASE + [True]


def test_windows_of_the_last_three_closes_raise_the_budget(asking: Asking) -> None:
    report_october(asking, "C1")
    for months, allowed in ((2, BASE + 2), (1, BASE)):
        start = asking.bench.state.log_month
        asking.close(*(Month(start + i) for i in range(months)))
        raws = [asking.request() for _ in range(allowed + 1)]
        index = asking.log(*raws)
        replies = [asking.ask((raw, index))[0] for raw in raws]
        assert [reply == "budget" for reply in replies] == [False] * allowed + [True]


def test_which_refusal_comes_first(asking: Asking) -> None:
    """Not logged, purpose, expired, budget: in this order whatever else is wrong."""
    spent = [asking.request() for _ in range(BASE)]
    asking.log(*spent)
    all_wrong, too_late = asking.logged(purpose="curiosity"), asking.logged()
    assert asking.ask(too_late) == ["budget"]
    asking.close(OCTOBER, NOVEMBER)
    assert asking.ask(all_wrong, too_late) == ["purpose", "expired"]
    assert asking.ask((asking.request(purpose="curiosity"), 0)) == ["not-logged"]


def test_a_steward_that_is_behind_catches_up_before_it_answers(asking: Asking) -> None:
    asking.bench.steward(1)._standing.catch_up()
    asked = asking.logged()
    assert asking.bench.steward(1)._standing.state.size <= asked[1]
    assert asking.answer(*asked).log_size == asked[1] + 1
