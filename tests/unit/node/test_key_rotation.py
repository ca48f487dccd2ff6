"""Keys that change while nodes run: a voted document names new ones, and the nodes go on with them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import rfc8785
from support_node import MEMBERS, Bench, invoice, subject, take_book

from consortium_config.draft import admission_proof
from consortium_config.sample import STEWARDS
from hanse_ledger.answer_file import verify_answer_file
from hanse_ledger.bodies import Inquiry, Propose, Vote
from hanse_ledger.checkpoint import AddCheckpoint
from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.errors import NotAdmittedError, RejectedError
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.merkle import prove_consistency
from hanse_ledger.note import (
    Note,
    NoteVerifier,
    SignatureType,
    parse_note,
    parse_signature_lines,
    verify_note,
)
from hanse_ledger.signing import SigningKey
from hanse_ledger.statements import parse_statement
from hanse_ledger.witnessing import cosigner_name
from node.errors import KeyMissingError
from node.keyring import KeyRing
from node.keystore import PartyKeys
from node.roles.outbox import Outbox
from node.roles.witness import Witness

ALDER = MEMBERS[0]
ONE = STEWARDS[StewardX(1)]
NEXT = (SigningKey(b"next statement key".ljust(32)), SigningKey(b"next cosigner's key".ljust(32)))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, members=MEMBERS[:4])
    for party in (ALDER, ONE):
        made.keys[party] = replace(made.keys[party], following=NEXT)
    yield made
    made.close()


def following(bench: Bench, party: PartyId) -> Consortium:
    """The next document, which names the new keys of a party and changes nothing else."""
    document = json.loads(bench.state.consortium.raw)
    document["previous"] = bench.state.consortium.hash.hex()
    entry = next(one for one in document["parties"] if one["id"] == party)
    statement, cosign = NEXT
    entry["statement_key"], entry["cosign_key"] = statement.public.hex(), cosign.public.hex()
    entry["proof"] = admission_proof(statement, consortium=bench.consortium.id, party=party).hex()
    return parse_document(rfc8785.dumps(document))


def vote_in(bench: Bench, party: PartyId) -> Consortium:
    """Let the party's own node propose the document, and everybody vote."""
    document = following(bench, party)
    say(bench, party, Propose(document=document.raw))
    for voter in (*MEMBERS[:3], *STEWARDS.values()):
        if bench.state.consortium.hash != document.hash:
            say(bench, voter, Vote(document_hash=document.hash))
    assert bench.state.consortium.hash == document.hash
    return document


def say(bench: Bench, party: PartyId, body: Inquiry | Propose | Vote) -> bytes:
    """File a statement by a party's own node; return it as the log has it."""
    standing = bench.standing(party)
    standing.catch_up()
    outbox = Outbox(standing)
    with standing.database.write() as connection:
        outbox.put(connection, body)
    outbox.flush()
    return bench.replica.log.entries(bench.state.size - 1, 1)[0]


def an_inquiry(number: int) -> Inquiry:
    return Inquiry(request_hashes=(number.to_bytes(32, "big"),))


def test_a_node_signs_statements_with_the_key_that_a_vote_has_put_in_force(bench: Bench) -> None:
    old = bench.keys[ALDER].statement
    assert parse_statement(say(bench, ALDER, an_inquiry(1))).signed.key_id == old.key_id
    standing = bench.standing(ALDER)
    vote_in(bench, ALDER)
    assert parse_statement(say(bench, ALDER, an_inquiry(2))).signed.key_id == NEXT[0].key_id
    assert bench.standing(ALDER) is standing
    with pytest.raises(NotAdmittedError):
        bench.log(ALDER, an_inquiry(3))  # signed with the old key


def test_a_steward_goes_on_under_its_new_keys(bench: Bench) -> None:
    steward = bench.steward(1)
    steward.work()
    vote_in(bench, ONE)
    bench.clock.after(bench.first)
    assert steward.close_month(bench.first) == bench.first
    last = bench.replica.log.entries(bench.state.size - 1, 1)[0]
    assert parse_statement(last).signed.key_id == NEXT[0].key_id


def test_a_cosigner_signs_with_the_key_that_a_vote_has_put_in_force(bench: Bench) -> None:
    witness, name = Witness(bench.standing(ALDER)), cosigner_name(bench.consortium.id, ALDER)

    def cosigned(old: int, key: SigningKey) -> bool:
        note, size = bench.replica.log.checkpoint() or b"", bench.state.size
        path = tuple(prove_consistency(size1=old, size2=size, read=bench.replica.log.node)) if old else ()
        lines = parse_signature_lines(
            witness.add_checkpoint(AddCheckpoint(old_size=old, path=path, note=note).encode())
        )
        verifier = NoteVerifier(name=name, public=key.public, type=SignatureType.COSIGNATURE_V1)
        return bool(verify_note(Note(text=parse_note(note).text, signatures=tuple(lines)), [verifier]))

    assert cosigned(0, bench.keys[ALDER].cosign)
    before = bench.state.size
    vote_in(bench, ALDER)
    bench.standing(ALDER).catch_up()
    assert cosigned(before, NEXT[1])


def test_statements_that_wait_under_the_old_key_are_made_anew(bench: Bench) -> None:
    standing = bench.standing(ALDER)
    outbox = Outbox(standing)
    with standing.database.write() as connection:
        seq = outbox.put(connection, an_inquiry(1))
    document = following(bench, ALDER)
    bench.log(ONE, Propose(document=document.raw))
    for voter in (*MEMBERS[1:4], *STEWARDS.values()):
        bench.log(voter, Vote(document_hash=document.hash))
    assert bench.state.consortium.hash == document.hash
    outbox.flush()
    assert not outbox.is_pending(seq)
    assert parse_statement(say(bench, ALDER, an_inquiry(1))).signed.key_id == NEXT[0].key_id


def test_a_node_without_the_key_signs_nothing_until_it_is_in_its_file(bench: Bench) -> None:
    held = replace(bench.keys[ALDER], following=())
    file: list[PartyKeys] = []
    standing = replace(bench.standing(ALDER), keys=KeyRing(held, lambda: file.pop() if file else None))
    document = following(bench, ALDER)
    for voter in (*MEMBERS[1:4], *STEWARDS.values()):
        bench.log(voter, Vote(document_hash=document.hash))
    bench.log(ONE, Propose(document=document.raw))
    standing.catch_up()
    for key in ("key", "cosign_key"):
        with pytest.raises(KeyMissingError):
            getattr(standing, key)
    file.append(bench.keys[ALDER])
    assert (standing.key.public, standing.cosign_key.public) == (NEXT[0].public, NEXT[1].public)


def test_reports_and_inquiries_go_on_over_a_steward_s_new_keys(bench: Bench) -> None:
    """What a steward has stored under its old key it signs anew for those who read it by the new document."""
    for party in MEMBERS[:4]:
        take_book(bench.member(party), {"C1": [invoice("R1", "2024-10-02", "2024-10-20")]})
    member = bench.member(ALDER)
    bench.work()
    (before,) = member.inquire([subject("C1")], "credit-review")
    vote_in(bench, ONE)
    bench.end_month(bench.first)
    (after,) = member.inquire([subject("C1")], "credit-review")
    assert (before.status, after.status) == ("nothing", "checked")
    assert set(before.answers) == set(after.answers) == set(STEWARDS)
    verify_answer_file(member.answer_file(after), bench.state.consortium)
    with pytest.raises(RejectedError, match="keys have changed"):
        member.answer_file(before)


def test_an_answer_is_signed_by_the_key_of_its_position(bench: Bench) -> None:
    """An inquiry stands in the log, a steward's key changes, and only then the stewards are reached."""
    bench.work()
    member = bench.member(ALDER)
    bench.silent |= {(party, "answers") for party in STEWARDS.values()}
    (refused,) = member.inquire([subject("C1")], "credit-review")
    assert refused.status == "refused"
    bench.silent.clear()
    vote_in(bench, ONE)
    bench.work()
    assert bench.standing(ONE).key.key_id == NEXT[0].key_id
    (late,) = member.inquire_once([subject("C1")], "credit-review")
    assert (late.index, late.status) == (refused.index, "nothing")
    assert set(late.answers) == set(STEWARDS)
