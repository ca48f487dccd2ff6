"""Steps from one set of validators to another, held against the rules by which CometBFT stops for good."""

import random
from collections.abc import Sequence

import pytest
from support_consortium import AUDITOR, CHAMBER, DESK, GONE, canonical, document, log_key, party_in, seed

from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import DocumentError
from hanse_ledger.signing import SigningKey
from node.sequencing.cometbft.validators import POWER, check_change, updates, validators_of

KEYS = [SigningKey(seed("validator key", str(number))).public for number in range(12)]
FOUR = KEYS[:4]


def applied(current: dict[bytes, int], changes: Sequence[tuple[bytes, int]]) -> dict[bytes, int]:
    """What CometBFT makes of updates (types/validator_set.go); what it panics at is an assertion."""
    following = dict(current)
    assert len({key for key, _ in changes}) == len(changes), "a duplicate key"
    for key, power in changes:
        assert power >= 0, "a negative power"
        assert power or key in current, "removes one that is not there"
        following[key] = power
    following = {key: power for key, power in following.items() if power}
    assert following, "an empty set"
    return following


def test_validators_are_the_parties_that_order_by_their_log_keys() -> None:
    doc = document()
    for party in (AUDITOR, CHAMBER):
        party_in(doc, party)["log_key"] = log_key(party).public.hex()
    doc["ordering"] = [CHAMBER, DESK]
    found = validators_of(parse_document(canonical(doc)))
    assert list(found.items()) == [(CHAMBER, log_key(CHAMBER).public), (DESK, log_key(DESK).public)]
    assert GONE not in found


@pytest.mark.parametrize(
    ("current", "wanted"),
    [
        (FOUR, KEYS[:5]),
        (FOUR, KEYS[:3]),
        (KEYS[:3], FOUR),
        (FOUR, [*KEYS[:3], KEYS[4]]),
        (KEYS[:7], [*KEYS[:5], *KEYS[7:9]]),
        (FOUR, FOUR[::-1]),
        (KEYS[:1], KEYS[:1]),
    ],
)
def test_what_agreement_goes_on_with_is_reached_in_one_step(
    current: list[bytes], wanted: list[bytes]
) -> None:
    check_change(current, wanted)
    assert applied(dict.fromkeys(current, POWER), updates(current, wanted)) == dict.fromkeys(wanted, POWER)


@pytest.mark.parametrize(
    ("current", "wanted", "reason"),
    [
        (FOUR, [], "fewer than 3"),
        (FOUR, KEYS[:2], "fewer than 3"),
        (KEYS[:1], KEYS[:2], "fewer than 3"),
        (FOUR, KEYS[:6], "of 6 .* at most 1 "),
        (FOUR, [*KEYS[:2], *KEYS[4:6]], "of 4 .* at most 1 "),
        (KEYS[:3], [*KEYS[:2], KEYS[3]], "of 3 .* at most 0 "),
        (FOUR, KEYS[4:8], "at most 1 "),
        ([], FOUR, "at most 1 "),
        (FOUR, [*FOUR, b"\xff" * 32], "nobody can sign"),
        (FOUR, [*FOUR, bytes(31) + b"\x80"], "nobody can sign"),
    ],
)
def test_a_set_that_agreement_might_not_go_on_with_is_refused(
    current: list[bytes], wanted: list[bytes], reason: str
) -> None:
    with pytest.raises(DocumentError, match=reason) as refused:
        check_change(current, wanted)
    assert refused.value.field == "ordering"


def test_no_sequence_of_documents_leads_to_an_update_that_halts() -> None:
    """Sets drawn by chance, some impossible: those that are refused leave the set as it is."""
    drawn = random.Random(6)
    current, refused = dict.fromkeys(FOUR, POWER), 0
    for _ in range(2_000):
        wanted = drawn.sample(KEYS, drawn.randrange(len(KEYS)))
        if drawn.random() < 0.7:  # near the one there is
            wanted = [key for key in KEYS if (key in current) != (drawn.random() < 0.1)]
        try:
            check_change(current, wanted)
        except DocumentError:
            refused += 1
            continue
        before, current = current, applied(current, updates(current, wanted))
        assert set(current) == set(wanted)
        assert 3 * len(set(before) & set(current)) > 2 * len(current)
    assert 200 < refused < 1_800


def test_the_order_of_updates_is_that_of_the_keys_alone() -> None:
    wanted = [KEYS[7], *KEYS[1:4]]
    changes = updates(FOUR, wanted)
    assert changes == updates(FOUR[::-1], wanted[::-1])
    assert [key for key, _ in changes] == sorted([KEYS[0], KEYS[7]])
    assert dict(changes) == {KEYS[0]: 0, KEYS[7]: POWER}
