"""The policy that a document implies, and the one spelling of a checkpoint in an answer file."""

from collections.abc import Callable

import pytest
from support_consortium import (
    ALDER,
    AUDITOR,
    BIRCH,
    CHAMBER,
    CONSORTIUM,
    DESK,
    GONE,
    REGULATOR,
    UNION,
    Document,
    canonical,
    changed,
    consortium,
    cosign_key,
    log_key,
    party_in,
)

from hanse_ledger.checkpoint import Checkpoint, cosign, sign_checkpoint
from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.errors import LedgerError, MalformedError, VerificationError
from hanse_ledger.ids import NodeHash, PartyId
from hanse_ledger.note import Note, SignatureLine, parse_note
from hanse_ledger.policy import parse_policy, select_signatures, verify_checkpoint
from hanse_ledger.witnessing import answer_checkpoint, cosigner_name, policy_of

CHECKPOINT = Checkpoint(origin=CONSORTIUM, size=7, root=NodeHash(bytes(range(32))))
BY_ID = (AUDITOR, CHAMBER, REGULATOR, UNION)


def made(change: Callable[[Document], object]) -> Consortium:
    return parse_document(canonical(changed(change)))


def line(party: PartyId, *, time_s: int = 1_795_219_200, of: Checkpoint = CHECKPOINT) -> SignatureLine:
    return cosign(
        sign_checkpoint(of, log_key(DESK)),
        name=cosigner_name(CONSORTIUM, party),
        key=cosign_key(party),
        timestamp_s=time_s,
    )


def log_line(party: PartyId = DESK) -> SignatureLine:
    return parse_note(sign_checkpoint(CHECKPOINT, log_key(party))).signatures[0]


def note(*lines: SignatureLine) -> bytes:
    return Note(text=CHECKPOINT.encode(), signatures=lines).encode()


def test_the_policy_file_is_the_documents() -> None:
    policy = policy_of(consortium())
    lines = [text.split(" ") for text in policy.encode().decode().splitlines()]
    active = sorted(set(consortium().parties) - {GONE})
    assert [words[:1] for words in lines] == [["log"], *[["witness"]] * len(active), ["group"], ["quorum"]]
    assert lines[0][1].startswith(f"{CONSORTIUM}+")
    assert len(lines[0]) == 2
    for words, party in zip(lines[1:-2], active, strict=True):
        assert words[1] == party
        assert words[2].startswith(f"{CONSORTIUM}/{party}+")
        assert words[3:] == [f"http://{party}.invalid/"]
    assert lines[-2] == ["group", "stewards", "3", *BY_ID]
    assert lines[-1] == ["quorum", "stewards"]
    assert parse_policy(policy.encode()).encode() == policy.encode()


def test_of_three_stewards_two_are_needed() -> None:
    policy = policy_of(made(lambda d: party_in(d, CHAMBER).update(active=False)))
    assert [(one.threshold, one.members) for one in policy.groups] == [(2, (AUDITOR, REGULATOR, UNION))]
    assert CHAMBER not in [witness.name for witness in policy.witnesses]


def test_every_key_that_may_order_is_a_log_of_this_origin() -> None:
    def two(d: Document) -> None:
        party_in(d, ALDER)["log_key"] = log_key(ALDER).public.hex()
        d["ordering"] = [DESK, ALDER]

    logs = policy_of(made(two)).logs
    assert [(log.key.name, log.key.public) for log in logs] == [
        (CONSORTIUM, log_key(DESK).public),
        (CONSORTIUM, log_key(ALDER).public),
    ]


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://alder.example/log", "https://alder.example/log"),
        ("", "http://alder.invalid/"),
        ("https://alder.example/#log", "http://alder.invalid/"),
        ("https://alder.example/ log", "http://alder.invalid/"),
        ("https://alder.example/\nquorum none", "http://alder.invalid/"),
        ("https://\u94a2.example/", "http://alder.invalid/"),
    ],
)
def test_a_url_cannot_change_the_policy(url: str, written: str) -> None:
    policy = policy_of(made(lambda d: party_in(d, ALDER).update(url=url)))
    witness = next(one for one in policy.witnesses if one.name == ALDER)
    assert witness.url == written
    assert parse_policy(policy.encode()).encode() == policy.encode()


def test_a_full_checkpoint_is_cut_to_the_log_and_three_stewards() -> None:
    full = note(
        log_line(), line(UNION), line(ALDER), line(CHAMBER), line(REGULATOR), line(AUDITOR), line(DESK)
    )
    cut = answer_checkpoint(full, consortium())
    assert cut.encode() == note(log_line(), line(AUDITOR), line(CHAMBER), line(REGULATOR))
    verify_checkpoint(cut.encode(), policy_of(consortium()), strict=True)
    assert answer_checkpoint(cut.encode(), consortium()) == cut
    # What is served keeps every steward; an answer file keeps those that are needed.
    served = select_signatures(parse_note(full), policy_of(consortium()))
    assert served.encode() == note(log_line(), *(line(party) for party in BY_ID))


def test_it_takes_the_three_that_there_are() -> None:
    three = note(line(UNION), line(REGULATOR), log_line(), line(CHAMBER))
    expected = note(log_line(), line(CHAMBER), line(REGULATOR), line(UNION))
    assert answer_checkpoint(three, consortium()).encode() == expected


def test_of_two_lines_by_one_key_the_first_stays() -> None:
    later = line(AUDITOR, time_s=1_795_219_260)
    twice = note(log_line(), later, line(AUDITOR), line(CHAMBER), line(UNION))
    expected = note(log_line(), later, line(CHAMBER), line(UNION))
    assert answer_checkpoint(twice, consortium()).encode() == expected


def test_unknown_signatures_are_dropped() -> None:
    unknown = SignatureLine(name="stranger.example", key_id=b"1234", signature=b"5")
    expected = note(log_line(), line(AUDITOR), line(CHAMBER), line(UNION))
    mixed = note(unknown, log_line(), line(AUDITOR), unknown, line(CHAMBER), line(UNION))
    assert answer_checkpoint(mixed, consortium()).encode() == expected


FORGED = SignatureLine(
    name=line(UNION).name, key_id=line(UNION).key_id, signature=line(UNION).signature[:-1] + b"\0"
)
OTHER = Checkpoint(origin=CONSORTIUM, size=8, root=NodeHash(bytes(32)))
REFUSED: dict[str, tuple[bytes, type[LedgerError]]] = {
    "no log": (note(line(AUDITOR), line(CHAMBER), line(UNION)), VerificationError),
    "another party as log": (
        note(log_line(ALDER), line(AUDITOR), line(CHAMBER), line(UNION)),
        VerificationError,
    ),
    "two stewards": (note(log_line(), line(AUDITOR), line(CHAMBER)), VerificationError),
    "two stewards and members": (
        note(log_line(), line(AUDITOR), line(CHAMBER), line(ALDER), line(BIRCH), line(DESK)),
        VerificationError,
    ),
    "one steward three times": (
        note(log_line(), *(line(AUDITOR, time_s=time_s) for time_s in (1, 2, 3))),
        VerificationError,
    ),
    "a false cosignature beside enough": (
        note(log_line(), line(AUDITOR), line(CHAMBER), line(REGULATOR), FORGED),
        VerificationError,
    ),
    "cosignatures of another checkpoint": (
        note(log_line(), *(line(party, of=OTHER) for party in BY_ID)),
        VerificationError,
    ),
    "no note": (CHECKPOINT.encode(), MalformedError),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_checkpoint_without_its_quorum_is_refused(name: str) -> None:
    raw, error = REFUSED[name]
    with pytest.raises(error):
        answer_checkpoint(raw, consortium())
