"""What bulletins and disputes hold, against bytes that another implementation sealed (sections 8, 9, 12)."""

import json
from pathlib import Path
from typing import Any

import pytest

from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import Token
from hanse_ledger.privacy.bulletin import (
    SLOTS,
    Code,
    Warned,
    Withdrawn,
    encode_bulletin,
    encode_dispute,
    parse_bulletin,
    parse_dispute,
    warning_level,
)
from hanse_ledger.privacy.sealing import bulletin_hash

VECTORS = Path(__file__).parents[2] / "vectors" / "sealing.json"
SALT, FILL = bytes(range(32)), bytes(range(256)) * 2


def vector(field: str) -> dict[str, Any]:
    (found,) = (case for case in json.loads(VECTORS.read_text()) if field in case)
    return {name: bytes.fromhex(found[name]) for name in ("plaintext", field)}


def test_the_bulletin_of_the_vectors() -> None:
    case = vector("bulletin_hash")
    text = parse_bulletin(case["plaintext"], expected_hash=case["bulletin_hash"])
    assert [one.is_raised for one in text.warnings] == [place == 2 for place in range(SLOTS)]
    assert text.withdrawals == (Withdrawn(dispute=41, seq=7, row=513, code=Code.CORRECTED),)
    salt = case["plaintext"][3:35]
    tokens = b"".join(one.token for one in text.warnings)
    assert encode_bulletin(salt=salt, fill=tokens, warnings=text.warnings, withdrawals=text.withdrawals) == (
        case["plaintext"],
        case["bulletin_hash"],
    )


def test_the_dispute_of_the_vectors() -> None:
    case = vector("dispute_hash")
    token = parse_dispute(case["plaintext"], expected_hash=case["dispute_hash"])
    assert encode_dispute(salt=case["plaintext"][3:35], token=token) == (
        case["plaintext"],
        case["dispute_hash"],
    )


def test_all_bulletins_are_of_one_size_and_unused_slots_clear_random_tokens() -> None:
    empty, digest = encode_bulletin(salt=SALT, fill=FILL)
    text = parse_bulletin(empty, expected_hash=digest)
    assert [one.token for one in text.warnings] == [FILL[32 * n : 32 * n + 32] for n in range(SLOTS)]
    assert not any(one.is_raised for one in text.warnings)
    assert text.withdrawals == ()
    warned = [Warned(token=Token(bytes([n]) * 32), is_raised=True) for n in range(SLOTS)]
    withdrawn = [Withdrawn(seq=n, row=n, code=Code.ERROR) for n in range(SLOTS)]
    full, digest = encode_bulletin(salt=SALT, fill=FILL, warnings=warned, withdrawals=withdrawn)
    assert len(full) == len(empty)
    text = parse_bulletin(full, expected_hash=digest)
    assert (text.warnings, text.withdrawals) == (tuple(warned), tuple(withdrawn))


@pytest.mark.parametrize(
    "slots",
    [
        {"warnings": [Warned(token=Token(bytes(32)), is_raised=True)] * (SLOTS + 1)},
        {"withdrawals": [Withdrawn(seq=0, row=0, code=Code.ERROR)] * (SLOTS + 1)},
        {"withdrawals": [Withdrawn(seq=1 << 32, row=0, code=Code.ERROR)]},
        {"withdrawals": [Withdrawn(seq=0, row=1 << 16, code=Code.ERROR)]},
        {"withdrawals": [Withdrawn(dispute=-1, seq=0, row=0, code=Code.ERROR)]},
        {"salt": bytes(31)},
        {"fill": bytes(511)},
    ],
    ids=lambda slots: next(iter(slots)),
)
def test_what_has_no_room_is_refused(slots: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        encode_bulletin(**{"salt": SALT, "fill": FILL, **slots})


@pytest.mark.parametrize("place", [4, 40, 70, 600, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    plaintext, digest = encode_bulletin(salt=SALT, fill=FILL)
    changed = bytearray(plaintext)
    changed[place] ^= 1
    with pytest.raises(VerificationError):
        parse_bulletin(bytes(changed), expected_hash=digest)


def test_slots_that_nobody_writes_spoil_no_others() -> None:
    warned = [Warned(token=Token(bytes([n]) * 32), is_raised=True) for n in range(SLOTS)]
    withdrawn = [Withdrawn(seq=n, row=0, code=Code.ERROR) for n in range(SLOTS)]
    plaintext, _ = encode_bulletin(salt=SALT, fill=FILL, warnings=warned, withdrawals=withdrawn)
    changed = bytearray(plaintext)
    # The first warning's last byte, and the last withdrawal's code.
    changed[3 + 32 + 3 + 32] = 2
    changed[-1] = 6
    digest = bulletin_hash(SALT, bytes(changed[38:566]), bytes(changed[-176:]))
    text = parse_bulletin(bytes(changed), expected_hash=digest)
    assert (text.warnings, text.withdrawals) == (tuple(warned[1:]), tuple(withdrawn[:-1]))


def test_another_dispute_than_the_hash_names_is_noticed() -> None:
    plaintext, _ = encode_dispute(salt=SALT, token=Token(bytes(32)))
    _, other = encode_dispute(salt=SALT, token=Token(bytes([1]) * 32))
    with pytest.raises(VerificationError):
        parse_dispute(plaintext, expected_hash=other)


@pytest.mark.parametrize("raw", [b"", b"\x80", b"\x82\x00\x00", b"\x83\x40\x40\x40"])
def test_what_is_no_bulletin_or_dispute_is_refused(raw: bytes) -> None:
    for parse in (parse_bulletin, parse_dispute):
        with pytest.raises(MalformedError):
            parse(raw, expected_hash=bytes(32))


@pytest.mark.parametrize(
    ("groups", "level"),
    [
        ([], 0),
        (["a", "a"], 0),
        (["a", "own"], 0),
        (["a", "b"], 1),
        (["a", "b", "c", "own"], 1),
        (["a", "b", "c", "d"], 2),
    ],
)
def test_levels_count_groups_but_the_inquirers_own(groups: list[str], level: int) -> None:
    assert warning_level(groups, inquirer="own", warnings_min=2) == level
