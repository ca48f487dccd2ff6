"""Seeds among stewards: used only when all holders say the same, whoever stops in the middle."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from support_node import FIRST, MEMBERS, Bench, month

from consortium_config.sample import STEWARDS
from hanse_ledger.codec import encode
from hanse_ledger.cose import sign
from hanse_ledger.errors import LedgerError, NotPermittedError, RejectedError, VerificationError
from hanse_ledger.ids import Month, PartyId, StewardX, quarter_of
from hanse_ledger.privacy.sealing import seal, seed_info
from hanse_ledger.privacy.validity import seed_hash
from hanse_ledger.signing import key_id_of
from node.roles.messages import read_sealing_key
from node.roles.seeds import Seeds
from node.storage.schema import evidence
from node.storage.schema import seed as seed_table

ALDER = MEMBERS[0]
XS = tuple(STEWARDS)
QUARTER = quarter_of(FIRST)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, members=MEMBERS[:1])
    yield made
    made.close()


def seeds(bench: Bench, x: int) -> Seeds:
    return bench.steward(x)._seeds


def usable(bench: Bench, x: int) -> dict[StewardX, bytes] | None:
    return seeds(bench, x).usable(XS, FIRST)


def signed(bench: Bench, x: int, name: str, payload: list[object]) -> bytes:
    party = STEWARDS[StewardX(x)]
    return sign(
        key=bench.key(party), party=party, consortium=bench.consortium.id, name=name, payload=encode(payload)
    )


def tell(bench: Bench, to: int, verb: str, message: bytes, by: int) -> None:
    bench.steward(to).handle(STEWARDS[StewardX(by)], verb, message)


def word(bench: Bench, x: int, y: int, said: bytes, quarter: int = QUARTER) -> bytes:
    return signed(bench, x, "seed-hash", [list(XS), y, quarter, said])


def drawn(
    bench: Bench, drawer: int, y: int, value: bytes, *, said: bytes | None = None, quarter: int = QUARTER
) -> bytes:
    """A seed message as its drawer makes it, saying the hash of another seed if `said` is given."""
    parts: list[object] = []
    for x in [x for x in XS if x not in (y, drawer)]:
        reply = bench.steward(x).handle(STEWARDS[StewardX(drawer)], "sealing-keys", b"")
        steward = bench.consortium.stewards[x]
        key = read_sealing_key(reply, consortium=bench.consortium, steward=steward, month=FIRST)
        info = seed_info(bench.consortium.id, stewards=XS, y=StewardX(y), receiver=x, quarter=Month(quarter))
        parts.append([x, key_id_of(key), seal(public_key=key, info=info, plaintext=value)])
    hashed = seed_hash(value) if said is None else said
    return signed(bench, drawer, "seed", [list(XS), y, quarter, hashed, parts])


def kept_evidence(bench: Bench, x: int) -> list[tuple[str, str]]:
    with bench.standing(STEWARDS[StewardX(x)]).database.read() as connection:
        return [(row.kind, row.party) for row in connection.execute(select(evidence))]


def check_agreement(bench: Bench) -> None:
    """Each seed_y is the same at its three holders, y does not hold it, and all four differ."""
    held = {x: usable(bench, x) for x in XS}
    values = set()
    for y in XS:
        of_y = {found[y] for x, found in held.items() if found is not None and x != y}
        assert len(of_y) == 1
        values |= of_y
        assert y not in (held[y] or {})
        with bench.standing(STEWARDS[y]).database.read() as connection:
            stored = connection.execute(select(seed_table.c.y).where(seed_table.c.y == y)).all()
        assert stored == []
    assert all(found is not None for found in held.values())
    assert len(values) == len(XS)


def test_all_holders_come_to_the_same_seeds(bench: Bench) -> None:
    bench.work()
    check_agreement(bench)


def test_nothing_is_usable_before_all_have_spoken(bench: Bench) -> None:
    bench.silent.add(STEWARDS[StewardX(4)])
    bench.work()
    # The seed of y = 4 is with all its holders, those that 4 holds are not.
    assert [usable(bench, x) for x in (1, 2, 3)] == [None] * 3
    bench.silent.clear()
    bench.work()
    check_agreement(bench)


def test_a_restart_at_every_step_changes_nothing(bench: Bench) -> None:
    before: dict[tuple[int, int], bytes] = {}
    for _ in range(4):
        for x in XS:
            bench.steward(x).work()
            with bench.standing(STEWARDS[x]).database.read() as connection:
                rows = connection.execute(select(seed_table)).all()
            for row in rows:
                assert before.setdefault((x, row.y), row.seed) == row.seed
            bench.reopen(STEWARDS[x])
    check_agreement(bench)


def work_two(bench: Bench) -> None:
    for _ in range(4):
        bench.steward(1).work()
        bench.steward(2).work()


@pytest.mark.parametrize("moment", ["in", "after"])
def test_a_write_that_fails_is_made_up_for(bench: Bench, moment: str) -> None:
    party = STEWARDS[StewardX(1)]
    for number in range(3):
        seen = [0]

        def fail(now: str, seen: list[int] = seen, number: int = number) -> None:
            seen[0] += now == moment
            if now == moment and seen[0] == number + 1:
                raise OSError("the disk says no")

        bench.probes[party] = fail
        with pytest.raises(OSError, match="disk"):
            work_two(bench)
        bench.probes.clear()
        bench.reopen(party)
    bench.work()
    check_agreement(bench)


def test_a_disagreeing_hash_is_never_used(bench: Bench) -> None:
    """Steward 3 says another hash of seed 4 to steward 1, before its true word: the first one stands."""
    tell(bench, 1, "seed-hash", word(bench, 3, 4, bytes(32)), by=3)
    bench.member(ALDER).report()
    assert bench.work() > 0
    assert usable(bench, 1) is None
    bench.reopen()
    assert bench.work() > 0
    assert usable(bench, 1) is None
    # So steward 1 has not published, and the report does not count: one steward can stop that, no more.
    (entry,) = bench.state.reports.values()
    assert 1 not in entry.published
    assert (entry.counts_at, entry.failed_at) == (None, None)
    assert bench.steward(1).close_month() is None


def test_a_seed_without_its_hash_is_kept_as_evidence(bench: Bench) -> None:
    message = drawn(bench, 1, 4, bytes(32), said=seed_hash(b"1" * 32))
    with pytest.raises(VerificationError):
        tell(bench, 2, "seed", message, by=1)
    short = drawn(bench, 1, 4, bytes(31))
    with pytest.raises(VerificationError):
        tell(bench, 2, "seed", short, by=1)
    assert kept_evidence(bench, 2) == [("seed", "steward-1")] * 2


def test_a_second_seed_for_the_same_place_is_kept_as_evidence(bench: Bench) -> None:
    first = drawn(bench, 1, 4, b"1" * 32)
    for _ in range(2):
        tell(bench, 2, "seed", first, by=1)
    with pytest.raises(VerificationError):
        tell(bench, 2, "seed", drawn(bench, 1, 4, b"2" * 32), by=1)
    assert kept_evidence(bench, 2) == [("seed", "steward-1")]
    with bench.standing(STEWARDS[StewardX(2)]).database.read() as connection:
        assert connection.execute(select(seed_table.c.seed)).scalars().all() == [b"1" * 32]


def test_who_may_say_what(bench: Bench) -> None:
    seed_of_4 = drawn(bench, 1, 4, bytes(32))
    wrong: list[tuple[int, str, bytes, int]] = [
        # drawn by one that is not the lowest of the holders, or for a seed that it must not know
        (3, "seed", drawn(bench, 2, 4, bytes(32)), 2),
        (3, "seed", drawn(bench, 1, 1, bytes(32)), 1),
        # brought by another than its signer
        (2, "seed", seed_of_4, 3),
        # a word on a seed that its speaker does not hold, and another steward's word
        (1, "seed-hash", word(bench, 4, 4, bytes(32)), 4),
        (1, "seed-hash", word(bench, 3, 4, bytes(32)), 2),
        # no quarter begins there
        (2, "seed", drawn(bench, 1, 4, bytes(32), quarter=QUARTER + 1), 1),
        (1, "seed-hash", word(bench, 3, 4, bytes(32), quarter=QUARTER + 2), 3),
        (1, "seed-hash", b"\x80", 3),
    ]
    for to, verb, message, by in wrong:
        with pytest.raises(LedgerError):
            tell(bench, to, verb, message, by)
    # To a steward for whom there is no part.
    with pytest.raises(RejectedError):
        tell(bench, 4, "seed", seed_of_4, 1)
    for verb in ("seed", "seed-hash"):
        with pytest.raises(NotPermittedError):
            bench.steward(1).handle(ALDER, verb, seed_of_4)
    for x in XS:
        with bench.standing(STEWARDS[x]).database.read() as connection:
            assert connection.execute(select(seed_table)).all() == []


def test_seeds_are_destroyed_when_their_quarter_s_entries_have_their_results(bench: Bench) -> None:
    for at in ("2024-10", "2024-11", "2024-12"):
        bench.end_month(month(at))
    with bench.standing(PartyId("steward-2")).database.read() as connection:
        first = set(connection.execute(select(seed_table.c.seed, seed_table.c.quarter)).all())
    bench.work()
    with bench.standing(PartyId("steward-2")).database.read() as connection:
        rows = connection.execute(select(seed_table.c.seed, seed_table.c.quarter)).all()
    assert {row.quarter for row in rows} == {month("2025-01")}
    assert len(rows) == 3
    destroyed = {row.seed for row in first if row.quarter == QUARTER}
    assert len(destroyed) == 3
    files = b"".join(path.read_bytes() for path in bench.folder.glob("steward-2.sqlite*"))
    assert [seed for seed in destroyed if seed in files] == []
    assert rows[0].seed in files
    # With the message that was sealed to others, by its drawer too.
    with bench.standing(PartyId("steward-1")).database.read() as connection:
        quarters = set(connection.execute(select(seed_table.c.quarter)).scalars())
    assert quarters == {month("2025-01")}
    assert seeds(bench, 1).usable(XS, FIRST) is None


def test_the_messages_say_nothing_of_a_seed_to_who_must_not_know_it(bench: Bench) -> None:
    bench.work()
    with bench.standing(PartyId("steward-1")).database.read() as connection:
        rows = connection.execute(select(seed_table).where(seed_table.c.message.is_not(None))).all()
    assert {row.y for row in rows} == {2, 3, 4}
    for row in rows:
        assert row.seed not in row.message
