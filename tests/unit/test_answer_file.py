"""Answer files: a real one is accepted; what its proof must be. Single changes: test_answer_file_changes."""

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from support_consortium import (
    ALDER,
    BIRCH,
    CONSORTIUM,
    DESK,
    DUNS,
    REGULATOR,
    UNION,
    XS,
    canonical,
    changed,
    cosign_key,
    founded,
    party_in,
    statement_key,
)
from support_inquiry import (
    SUBJECT,
    TIME_S,
    File,
    Inquired,
    answered_at,
    edited,
    evaluations,
    inquired,
    inquiry,
    message,
    refused,
    verify,
)
from support_tlog import Tree

from hanse_ledger.answer_file import (
    describe,
    describe_without_figures,
    encode_answer_file,
    verify_answer_file,
)
from hanse_ledger.bodies import Body, Inquiry, Vote
from hanse_ledger.checkpoint import cosign
from hanse_ledger.codec import decode
from hanse_ledger.consortium import parse_document
from hanse_ledger.cose import parse
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.merkle import prove_inclusion
from hanse_ledger.note import Note, parse_note
from hanse_ledger.privacy.answer import Answer, combine_answers
from hanse_ledger.privacy.group import scalar_bytes
from hanse_ledger.witnessing import cosigner_name

RAW = inquired().file()
FILE: File = json.loads(RAW)


def without_proof(file: File) -> File:
    return {name: value for name, value in file.items() if name != "proof"}


def test_a_real_file_is_accepted_and_says_what_was_answered() -> None:
    found = verify(RAW)
    assert found == without_proof(FILE)
    assert (found["format"], found["status"]) == ("hanse-answer/1", "checked")
    assert (found["consortium"], found["party"], found["subject"]) == (CONSORTIUM, ALDER, SUBJECT)
    assert (found["purpose"], found["request_id"]) == ("credit-review", bytes(range(16)).hex())
    assert found["last_closed_month"] == "2026-01"
    assert (found["warning_level"], found["disputed"]) == (1, True)
    small, withheld, large = found["windows"]
    # Four rows of the classes 0 to 3, by 1, 2 and 3 steps.
    assert small == {
        "months": ["2025-01"],
        "frozen_at": "2025-01",
        "contributors": "4-5",
        "condition": [1, 1, 1, 1, 0, 0, 0, 0],
        "exposure": [2, 0, 1, 0, 1, 0],
        "delay": [1, 1, 0, 1, 0, 0, 1, 0],
        "cells": None,
    }
    assert withheld == {
        "months": ["2025-05", "2025-06"],
        "frozen_at": "2025-06",
        "contributors": "6-9",
        "condition": None,
        "exposure": None,
        "delay": None,
        "cells": None,
    }
    assert (large["contributors"], len(large["cells"]), sum(large["cells"])) == ("10-19", 56, 34)
    assert [sum(large[name]) for name in ("condition", "exposure", "delay")] == [17, 17, 17]
    assert large["delay"] == large["cells"][48:]


def test_what_is_printed_is_what_is_verified() -> None:
    asked = inquired()
    printed = describe(request=asked.request, subject=SUBJECT, figures=asked.figures())
    assert verify(RAW) == printed
    assert describe_without_figures(
        request=asked.request, subject=SUBJECT, status="refused", code="budget"
    ) == {
        **{name: printed[name] for name in ("format", "consortium", "party", "subject", "purpose")},
        "request_id": printed["request_id"],
        "status": "refused",
        "code": "budget",
    }


@pytest.mark.parametrize("after", [0, 1, 2, 5])
def test_a_checkpoint_may_be_as_old_as_the_answers_or_younger(after: int) -> None:
    raw = inquired(after=after).file()
    assert verify(raw)["status"] == "checked"
    assert (json.loads(raw)["proof"]["consistency"] == []) == (after == 0)


def test_an_answer_without_windows_is_nothing() -> None:
    found = verify(inquired(empty=True).file())
    assert (found["status"], found["windows"]) == ("nothing", [])
    pair = verify(inquired(empty=True).file(XS[:2]))
    assert (pair["status"], pair["windows"]) == ("unchecked", [])


def test_leaving_out_an_answer_leaves_a_true_file_until_the_status_changes() -> None:
    for x in XS:
        three = copy.deepcopy(FILE)
        del three["proof"]["answers"][str(x)]
        levels = [inquired().answers[y].level for y in XS if y != x]
        level, disputed = sorted(levels)[1], sum(inquired().answers[y].disputed for y in XS if y != x) > 1
        if (level, disputed) == (FILE["warning_level"], FILE["disputed"]):
            assert verify(three) == verify(RAW)
        else:
            # The level and the mark are of the answers that are there.
            assert isinstance(refused(three), VerificationError)
            three.update(warning_level=level, disputed=disputed)
            assert verify(three)["status"] == "checked"
    two = copy.deepcopy(FILE)
    for x in XS[2:]:
        del two["proof"]["answers"][str(x)]
    assert "status" in str(refused({**two, "warning_level": 0, "disputed": False}))
    two.update(status="unchecked", warning_level=0, disputed=False)
    assert verify(two)["status"] == "unchecked"
    assert verify(two) == verify(inquired().file(XS[:2]))
    one = copy.deepcopy(two)
    del one["proof"]["answers"][str(XS[0])]
    refused(one)


def test_two_evaluations_bear_a_token_as_three_do() -> None:
    for x in XS[:3]:
        two = copy.deepcopy(FILE)
        del two["proof"]["evaluations"][str(x)]
        assert verify(two) == verify(RAW)
        for y in XS[:3]:
            if y != x:
                one = copy.deepcopy(two)
                del one["proof"]["evaluations"][str(y)]
                refused(one)


def answered(asked: Inquired, changes: dict[StewardX, dict[str, Any]]) -> bytes:
    """A file over answers of which some say something else, signed again."""
    answers = {x: replace(answer, **changes.get(x, {})) for x, answer in asked.answers.items()}
    proof = replace(
        asked.proof, answers={x: message(x, "answer", answer.fields()) for x, answer in answers.items()}
    )
    return encode_answer_file(subject=SUBJECT, figures=combine_answers(answers), proof=proof)


def test_a_deviating_answer_has_no_place_in_a_file() -> None:
    raw = answered(inquired(), {XS[1]: {"last_closed": None}})
    assert "agree" in str(refused(raw))


def all_of(**values: Any) -> dict[StewardX, dict[str, Any]]:
    return dict.fromkeys(XS, values)


@pytest.mark.parametrize(
    "changes",
    [
        all_of(log_size=inquired().index),
        all_of(log_size=inquired().index + 2),
        all_of(log_size=len(inquired().entries)),
        all_of(root=bytes(32)),
        all_of(request_hash=bytes(32)),
    ],
    ids=["before the inquiry", "one too late", "the checkpoint's size", "another root", "another request"],
)
def test_answers_are_bound_to_the_inquiry_and_its_log(changes: dict[StewardX, dict[str, Any]]) -> None:
    assert isinstance(refused(answered(inquired(), changes)), VerificationError)


def with_proof(**values: Any) -> bytes:
    asked = inquired()
    return encode_answer_file(subject=SUBJECT, figures=asked.figures(), proof=replace(asked.proof, **values))


def inclusion_of(index: int) -> dict[str, Any]:
    entries = inquired().entries
    path = prove_inclusion(index=index, tree_size=len(entries), read=Tree(list(entries)).read)
    return {"inquiry": entries[index], "index": index, "inclusion": tuple(path)}


def test_the_inquiry_is_the_entry_at_its_index() -> None:
    asked = inquired()
    assert verify(with_proof(**inclusion_of(asked.index)))["status"] == "checked"
    for index in range(len(asked.entries)):
        if index != asked.index:
            refused(with_proof(**inclusion_of(index)))


def signed(party: PartyId, body: Body) -> bytes:
    return founded().sign(party, body)


INQUIRY = inquiry()
NO_INQUIRIES = {
    "another party's": signed(BIRCH, INQUIRY),
    "another party's by this one's key": founded().sign(BIRCH, INQUIRY, key=statement_key(ALDER)),
    "one of other requests": signed(ALDER, Inquiry(request_hashes=(bytes(32),))),
    "a vote": signed(ALDER, Vote(document_hash=INQUIRY.request_hashes[1])),
    "one for another consortium": founded().sign(ALDER, INQUIRY, consortium="other"),
    "one by another key": founded().sign(ALDER, INQUIRY, key=statement_key(BIRCH)),
    "one with a false signature": signed(ALDER, INQUIRY)[:-1] + b"\0",
    "no statement": b"",
}


@pytest.mark.parametrize("name", NO_INQUIRIES)
def test_only_the_partys_own_inquiry_that_logs_the_request_is_one(name: str) -> None:
    # Everything else fits: the entry stands in a cosigned log, and the answers are as of its place.
    entries = [*inquired().entries, NO_INQUIRIES[name], b"more"]
    refused(answered_at(entries, len(entries) - 2).file())
    entries[-2] = signed(ALDER, INQUIRY)
    assert verify(answered_at(entries, len(entries) - 2).file())["status"] == "checked"


def test_answers_of_a_later_place_do_not_stand_for_the_inquirys() -> None:
    asked = inquired()
    later = answered_at(asked.entries, asked.index + 1)
    moved = replace(later.proof, **inclusion_of(asked.index))
    refused(encode_answer_file(subject=SUBJECT, figures=later.figures(), proof=moved))


@pytest.mark.parametrize("index", [True, 1.0, "1", None])
def test_an_index_is_an_integer(index: object) -> None:
    file = json.loads(inquired(before=0).file())
    assert (verify(file)["status"], file["proof"]["index"]) == ("checked", 1)
    file["proof"]["index"] = index
    assert isinstance(refused(file), MalformedError)


def test_the_token_is_asked_for_by_the_same_party_about_this_subject() -> None:
    request, signed, _ = evaluations(BIRCH)
    refused(with_proof(evaluation_request=request, evaluations={x: signed[x] for x in XS[:3]}))
    request, signed, _ = evaluations(ALDER, DUNS)
    other = with_proof(evaluation_request=request, evaluations={x: signed[x] for x in XS[:3]})
    refused(other)
    refused({**json.loads(other), "subject": DUNS})
    refused(with_proof(blind=scalar_bytes(31_338)))
    refused(with_proof(evaluations={**inquired().proof.evaluations, XS[3]: signed[XS[3]]}))


def test_a_stewards_evaluation_is_its_own() -> None:
    mine = dict(inquired().proof.evaluations)
    swapped = {XS[0]: mine[XS[1]], XS[1]: mine[XS[0]], XS[2]: mine[XS[2]]}
    refused(with_proof(evaluations=swapped))
    refused(with_proof(evaluations={XS[0]: mine[XS[0]], XS[3]: mine[XS[1]]}))
    payload = decode(parse(mine[XS[0]], limit=10_000).payload, limit=10_000)
    assert verify(with_proof(evaluations={**mine, XS[0]: message(XS[0], "evaluation", payload)}))
    # Another request's, another steward's, an element and a proof of its own.
    for at, value in ((0, bytes(32)), (1, XS[1]), (2, [bytes(32)]), (3, bytes(64))):
        changed_payload = [*payload[:at], value, *payload[at + 1 :]]
        raw = message(XS[0], "evaluation", changed_payload)
        refused(with_proof(evaluations={**mine, XS[0]: raw}))


def test_a_request_is_by_an_active_party_of_this_consortium() -> None:
    for change in (
        lambda d: party_in(d, ALDER).update(active=False),
        lambda d: party_in(d, REGULATOR).update(active=False),
    ):
        document = parse_document(canonical(changed(change)))
        with pytest.raises(VerificationError):
            verify_answer_file(RAW, document)


def test_a_checkpoint_has_one_spelling() -> None:
    note = parse_note(FILE["proof"]["checkpoint"].encode())
    log, *cosigners = note.signatures
    raw = sign_checkpoint_text(note)
    more, other_time = (
        cosign(raw, name=cosigner_name(CONSORTIUM, UNION), key=cosign_key(UNION), timestamp_s=time_s)
        for time_s in (TIME_S, TIME_S + 1)
    )
    assert more.name not in [line.name for line in cosigners]
    spellings = {
        "one more steward": (log, *cosigners, more),
        "a party more": (
            log,
            *cosigners,
            cosign(raw, name=cosigner_name(CONSORTIUM, DESK), key=cosign_key(DESK), timestamp_s=TIME_S),
        ),
        "another order": (log, *cosigners[::-1]),
        "the log last": (*cosigners, log),
        "the log twice": (log, log, *cosigners),
        "a cosigner twice": (log, cosigners[0], *cosigners),
        "a cosigner at two times": (log, *cosigners, other_time, more),
        "one too few": (log, *cosigners[:-1]),
        "no log": tuple(cosigners),
        "a stranger": (log, *cosigners, replace(log, name="stranger.example")),
    }
    for name, lines in spellings.items():
        text = Note(text=note.text, signatures=lines).encode().decode()
        assert isinstance(refused(edited(("proof", "checkpoint"), text)), VerificationError), name
    # The fourth steward may stand for one of the three: that is another true file.
    instead = Note(text=note.text, signatures=(log, *cosigners[:2], more)).encode().decode()
    assert verify(edited(("proof", "checkpoint"), instead)) == verify(RAW)


def sign_checkpoint_text(note: Note) -> bytes:
    return Note(text=note.text, signatures=note.signatures[:1]).encode()


def test_an_answer_is_not_another_message() -> None:
    answer: Answer = inquired().answers[XS[0]]
    renamed = message(XS[0], "seed", answer.fields())
    refused(with_proof(answers={**inquired().proof.answers, XS[0]: renamed}))
    by_other = message(XS[1], "answer", answer.fields())
    refused(with_proof(answers={**inquired().proof.answers, XS[0]: by_other}))
