"""Attacks on tokens, inquiries, answers and answer files (docs/threat-model.md)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Update, delete, select
from support_attacks import CUSTOMER, FIRST, LIAR, LIAR_X, MEMBERS, Scene, policy
from support_verdict import table_of

from hanse_ledger.answer_file import verify_answer_file
from hanse_ledger.codec import decode, encode
from hanse_ledger.cose import open_message, sign
from hanse_ledger.errors import LedgerError, MalformedError, UnavailableError, VerificationError
from hanse_ledger.ids import Month, PartyId, StewardX, SubjectId
from hanse_ledger.privacy import voprf
from hanse_ledger.privacy.answer import Answer, hash_request, parse_answer, parse_request
from hanse_ledger.privacy.group import scalar_bytes
from hanse_ledger.privacy.sealing import answer_info, seal
from node.roles.inquirer import Outcome
from node.storage.schema import window

ASKER = MEMBERS[0]
HONEST = (StewardX(1), StewardX(3), StewardX(4))


def test_steward_lies_in_an_answer(closed_scene: Scene) -> None:
    scene = closed_scene
    (row,) = table_of(
        scene.folder, LIAR, select(window).where(window.c.token == scene.token_of(scene.subject))
    )
    value = (int.from_bytes(row.share[:4], "little") + 1) % (2**31 - 1)
    changed = value.to_bytes(4, "little") + row.share[4:]
    mine = window.update().where(window.c.token == row.token)
    lies: list[Update] = [
        mine.values(share=changed),  # one more row in one cell
        mine.values(groups=20),  # many more contributors than there are
        mine.values(groups=3),
        mine.values(withheld_at=0),
    ]
    for number, lie in enumerate(lies, start=1):
        assert scene.store_at(LIAR, lie) == 1
        outcome = _ask(scene)
        _assert_checked(scene, outcome, agreeing=HONEST, deviating=(LIAR_X,))
        kept = scene.evidence(ASKER)
        assert [(kind, party) for kind, party, _ in kept] == [("answer", LIAR)] * number
        said = _signed_answer(scene, kept[-1][2])
        # What is kept is the liar's own word on this very request.
        assert said.request_hash not in {_signed_answer(scene, each[2]).request_hash for each in kept[:-1]}
        restored = {name: getattr(row, name) for name in ("share", "groups", "withheld_at")}
        scene.store_at(LIAR, mine.values(**restored))
    scene.store_at(LIAR, delete(window).where(window.c.token == row.token))
    _assert_checked(scene, _ask(scene), agreeing=HONEST, deviating=(LIAR_X,))
    assert _signed_answer(scene, scene.evidence(ASKER)[-1][2]).windows == ()


def test_steward_lies_about_its_position_or_signs_with_another_key(closed_scene: Scene) -> None:
    scene = closed_scene

    def earlier(answer: Answer) -> list[Any]:
        fields = answer.fields()
        return [*fields[:2], answer.log_size - 1, *fields[3:]]

    cases: list[tuple[Callable[[Answer], list[Any]], str]] = [
        (earlier, LIAR),
        (lambda answer: answer.fields(), "steward-1"),
    ]
    for lie, signer in cases:
        scene.replying(LIAR, "answers", _answering(scene, lie, signer))
        outcome = _ask(scene)
        _assert_checked(scene, outcome, agreeing=HONEST, deviating=())
        assert scene.evidence(ASKER)[-1][:2] == ("answer", LIAR)
    scene.replying(LIAR, "answers", lambda _caller, _body, _reply: encode(["no such code"]))
    _assert_checked(scene, _ask(scene), agreeing=HONEST, deviating=())


def test_two_stewards_lie_and_there_are_no_figures(closed_scene: Scene) -> None:
    scene = closed_scene
    for liar in (LIAR, PartyId("steward-3")):
        scene.store_at(liar, window.update().values(share=bytes(224)))
    outcome = _ask(scene)
    assert outcome.status == "disagreement"
    assert outcome.figures is None
    assert {party for _, party, _ in scene.evidence(ASKER)} == set(scene.stewards)


def test_steward_is_silent(closed_scene: Scene) -> None:
    scene = closed_scene
    scene.silence(LIAR)
    _assert_checked(scene, _ask(scene), agreeing=HONEST, deviating=())
    # A token that nobody has yet comes from the other three.
    assert len(scene.member(ASKER).tokens.tokens([_another(scene, 99)])) == 1
    # New reports wait: there is no key to seal the silent steward's share to.
    with pytest.raises(UnavailableError):
        scene.report("birch")
    scene.honest(LIAR)
    assert scene.report() == [False] * 4
    scene.silence(LIAR)
    scene.work()
    reports = [entry for entry in scene.state.reports.values() if entry.log_month == FIRST + 1]
    assert [sorted(entry.published) for entry in reports] == [list(HONEST)] * 4
    assert all((entry.counts_at, entry.failed_at) == (None, None) for entry in reports)
    # Two in all that agree: nothing that a rule may use.
    scene.silence("steward-4")
    unchecked = _ask(scene)
    assert unchecked.status == "unchecked"
    assert unchecked.figures is not None
    assert (unchecked.figures.checked, unchecked.figures.stewards) == (False, (1, 3))
    scene.silence("steward-3")
    assert (_ask(scene).figures, _ask(scene).code) == (None, "unavailable")
    for steward in (LIAR, "steward-3", "steward-4"):
        scene.honest(steward)
    scene.work()
    assert scene.report() == [True] * 4
    assert scene.evidence(ASKER) == []


def test_deviating_token_evaluation(scene: Scene) -> None:
    keys, party = scene.keys(LIAR), scene.consortium.parties[LIAR]
    earlier: list[bytes] = []

    def with_another_key(_caller: PartyId, body: bytes, _reply: bytes) -> bytes:
        request = voprf.parse_evaluation_request(body)
        wrong = scalar_bytes(424_242)
        elements, proof = voprf.evaluate(
            key_share=wrong,
            public_share=voprf.public_share(wrong),
            elements=request.elements,
            nonce=scalar_bytes(77),
        )
        said = voprf.Evaluation(request_hash=request.hash, x=LIAR_X, elements=elements, proof=proof)
        return sign(
            key=keys.statement,
            party=LIAR,
            consortium=scene.consortium.id,
            name="evaluation",
            payload=encode(voprf.encode_evaluation(said)),
        )

    def the_same_again(_caller: PartyId, _body: bytes, reply: bytes) -> bytes:
        earlier.append(reply)
        return earlier[0]

    subjects = [_another(scene, number) for number in range(10, 14)]
    honest = scene.member("birch").tokens.tokens(subjects)
    lies = [with_another_key, the_same_again, lambda *_: b"no evaluation at all"]
    source = scene.member(ASKER).tokens
    for number, lie in enumerate(lies):
        scene.replying(LIAR, "evaluate", lie)
        if lie is the_same_again:
            source.tokens([subjects[3]])
        subject = subjects[number]
        taken = source.tokens([subject])
        assert taken == {subject: honest[subject]}
        kind, who, content = scene.evidence(ASKER)[-1]
        assert (kind, who, len(scene.evidence(ASKER))) == ("evaluation", LIAR, number + 1)
        if lie is with_another_key:
            # The liar's own signature stands under it.
            open_message(
                content,
                name="evaluation",
                consortium=scene.consortium.id,
                party=LIAR,
                public=party.statement_key,
                limit=1 << 17,
            )
    # With two others silent there are not two left to believe.
    scene.silence("steward-3")
    scene.silence("steward-4")
    with pytest.raises(LedgerError):
        source.tokens([_another(scene, 20)])


def test_inquiry_never_logged(closed_scene: Scene) -> None:
    scene = closed_scene
    request, other = scene.request(ASKER), scene.request(ASKER)
    index = scene.log_requests(ASKER, other)
    assert scene.codes(ASKER, index, request) == ["not-logged"] * 4
    # Nor does another party's inquiry log it, nor can that party present it.
    elsewhere = scene.log_requests("birch", request)
    assert scene.codes(ASKER, elsewhere, request) == ["not-logged"] * 4
    assert scene.codes("birch", elsewhere, request) == ["not-party"] * 4
    # Under a place that the log does not have yet, or another than its own.
    assert scene.codes(ASKER, 10_000, request) == ["behind"] * 4
    assert scene.codes(ASKER, index - 1, other) == ["not-logged"] * 4
    assert scene.codes(ASKER, index, other) == ["answered"] * 4


def test_inquiry_expired(closed_scene: Scene) -> None:
    scene = closed_scene
    early, late, asked = (scene.request(ASKER) for _ in range(3))
    index = scene.log_requests(ASKER, early, late, asked)
    before = [scene.present(steward, ASKER, index, asked) for steward in scene.stewards]
    scene.close_month()
    # The month after the inquiry's is open still.
    assert scene.codes(ASKER, index, early) == ["answered"] * 4
    scene.close_month()
    assert scene.codes(ASKER, index, late) == ["expired"] * 4
    # What was presented in time is answered for good, with the same bytes.
    assert [scene.present(steward, ASKER, index, asked) for steward in scene.stewards] == before


def test_inquiry_over_budget(tmp_path: Path) -> None:
    scene = Scene.founded(tmp_path / "few", policy(inquiries_base=3, inquiries_per_subject=0))
    requests = [scene.request(ASKER) for _ in range(5)]
    first = scene.log_requests(ASKER, *requests[:2])
    second = scene.log_requests(ASKER, *requests[2:])
    # The order of the log decides, not that of asking; logging one again costs nothing.
    again = scene.log_requests(ASKER, *requests[:2])
    assert again > second
    for steward in scene.stewards:
        replies = scene.present(steward, ASKER, second, *reversed(requests[2:]))
        assert [reply if isinstance(reply, str) else "" for reply in replies] == ["budget", "budget", ""]
        assert all(isinstance(reply, bytes) for reply in scene.present(steward, ASKER, first, *requests[:2]))
    # Another party has its own, and the next month brings new ones.
    theirs = scene.request("birch")
    assert scene.codes("birch", scene.log_requests("birch", theirs), theirs) == ["answered"] * 4
    scene.close_month()
    fresh = scene.request(ASKER)
    assert scene.codes(ASKER, scene.log_requests(ASKER, fresh), fresh) == ["answered"] * 4
    assert scene.codes(ASKER, second, requests[4]) == ["budget"] * 4


def test_inquiry_over_budget_that_grows_with_own_windows(tmp_path: Path) -> None:
    scene = Scene.founded(tmp_path / "own", policy(inquiries_base=1, inquiries_per_subject=1))
    scene.report()
    scene.work()
    assert scene.report() == [True] * 4
    scene.close_month()
    # Two subjects with a window that holds a row of the asker's: one and two make three.
    requests = [scene.request(ASKER) for _ in range(4)]
    index = scene.log_requests(ASKER, *requests)
    for request in requests[:3]:
        assert scene.codes(ASKER, index, request) == ["answered"] * 4
    assert scene.codes(ASKER, index, requests[3]) == ["budget"] * 4


def test_file_with_answers_taken(closed_scene: Scene) -> None:
    scene = closed_scene
    member = scene.member(ASKER)
    (outcome,) = member.inquire([scene.subject], "credit-review")
    raw = member.answer_file(outcome)
    whole = verify_answer_file(raw, scene.consortium)
    assert (whole["status"], len(json.loads(raw)["proof"]["answers"])) == ("checked", 4)

    def verified(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        content = json.loads(raw)
        change(content)
        return verify_answer_file(json.dumps(content).encode(), scene.consortium)

    def without(*xs: str, **fields: str) -> Callable[[dict[str, Any]], object]:
        def change(content: dict[str, Any]) -> None:
            for x in xs:
                del content["proof"]["answers"][x]
            content.update(fields)

        return change

    for x in "1234":
        assert verified(without(x)) == whole
    with pytest.raises(VerificationError, match="status"):
        verified(without("1", "3"))
    assert verified(without("1", "3", status="unchecked")) == {**whole, "status": "unchecked"}
    with pytest.raises(MalformedError):
        verified(without("1", "2", "3", status="unchecked"))
    with pytest.raises(VerificationError, match="status"):
        verified(lambda content: content.update(status="nothing"))
    for path, value in _leaves(whole):
        with pytest.raises(LedgerError):
            verified(lambda content, path=path, value=value: _put(content, path, _other(value)))  # type: ignore[misc]


def _another(scene: Scene, number: int) -> SubjectId:
    """Return a subject that nobody has asked about."""
    return SubjectId(scene.subject.replace(CUSTOMER, f"C{number}"))


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for name, item in value.items() for leaf in _leaves(item, (*path, name))]
    if isinstance(value, list):
        return [leaf for place, item in enumerate(value) for leaf in _leaves(item, (*path, place))]
    return [(path, value)]


def _put(content: Any, path: tuple[Any, ...], value: object) -> None:
    for step in path[:-1]:
        content = content[step]
    content[path[-1]] = value


def _other(value: Any) -> object:
    if isinstance(value, bool) or value is None:
        return value is not True
    return value + 1 if isinstance(value, int) else f"{value}0"


def _ask(scene: Scene) -> Outcome:
    (outcome,) = scene.member(ASKER).inquire([scene.subject], "credit-review")
    return outcome


def _assert_checked(
    scene: Scene, outcome: Outcome, *, agreeing: tuple[StewardX, ...], deviating: tuple[StewardX, ...]
) -> None:
    """Hold an outcome against the sums in the clear."""
    (want,) = scene.clear()[CUSTOMER]
    assert outcome.status == "checked"
    assert outcome.figures is not None
    (got,) = outcome.figures.windows
    assert (outcome.figures.stewards, outcome.figures.deviating) == (agreeing, deviating)
    assert (got.months, got.condition, got.exposure, got.delay) == (
        want.months,
        want.condition,
        want.exposure,
        want.delay,
    )


def _signed_answer(scene: Scene, raw: bytes) -> Answer:
    """Open a kept answer with the liar's public key."""
    payload = open_message(
        raw,
        name="answer",
        consortium=scene.consortium.id,
        party=LIAR,
        public=scene.consortium.parties[LIAR].statement_key,
        limit=1 << 20,
    )
    return parse_answer(payload)


def _answering(
    scene: Scene, lie: Callable[[Answer], list[Any]], signer: str
) -> Callable[[PartyId, bytes, bytes], bytes]:
    """Answer every request with what a liar makes up, signed with a party's key and sealed to the asker."""
    key, replica = scene.keys(signer).statement, scene.member(ASKER).standing.replica

    def change(_caller: PartyId, body: bytes, _reply: bytes) -> bytes:
        ((raw, index),) = decode(body, limit=1 << 20)
        request_hash = hash_request(raw)
        answer = Answer(
            request_hash=request_hash,
            last_closed=Month(FIRST),
            log_size=index + 1,
            root=replica.root(index + 1),
            windows=(),
            level=0,
            disputed=False,
        )
        signed = sign(
            key=key, party=LIAR, consortium=scene.consortium.id, name="answer", payload=encode(lie(answer))
        )
        info = answer_info(scene.consortium.id, LIAR_X, request_hash)
        return encode([seal(public_key=parse_request(raw).answer_key, info=info, plaintext=signed)])

    return change
