"""Attacks on warnings and bulletins (docs/threat-model.md; protocol section 8)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support_attacks import MEMBERS, Scene
from support_simulation import PURPOSE

from hanse_ledger.bodies import Bulletin, ClosePeriod, SealedFor
from hanse_ledger.codec import encode
from hanse_ledger.errors import RuleError
from hanse_ledger.ids import PartyId, StewardX
from hanse_ledger.privacy.bulletin import Warned, encode_bulletin
from hanse_ledger.privacy.sealing import bulletin_info, seal
from hanse_ledger.signing import key_id_of
from hanse_ledger.statements import parse_statement
from node.roles.messages import read_sealing_key
from node.storage.bulletins import queue_warning

ALDER, BIRCH, CEDAR, ELM = map(PartyId, MEMBERS)
_ALL = 1 << 20


def warn(scene: Scene, member: PartyId, *, is_raised: bool = True) -> None:
    with scene.member(member).standing.database.write() as connection:
        queue_warning(connection, scene.subject, is_raised=is_raised)


def level(scene: Scene, member: PartyId) -> int:
    (outcome,) = scene.member(member).inquire([scene.subject], PURPOSE)
    assert outcome.figures is not None
    assert len(outcome.figures.stewards) == 4
    return outcome.figures.level


def send(scene: Scene, *members: PartyId) -> None:
    for member in members or scene.members:
        scene.member(member).send_bulletin(at_once=True)


def close(scene: Scene, *xs: int) -> None:
    """Let stewards close the running period, in this order, and all of them work on."""
    period = scene.state.next_period
    for x in xs or (1, 2, 3, 4):
        scene.survive(scene._close_period(PartyId(f"steward-{x}"), period))
    assert scene.state.next_period == period + 1
    for _ in range(2):
        scene.work()


def test_probing_with_ones_own_warning(begun_folder: Path, tmp_path: Path) -> None:
    """Whether nobody else warns or one other does, a prober sees 0: its own group never counts."""
    seen = []
    for number, others in enumerate([(), (BIRCH,)]):
        scene = Scene.copied(begun_folder, tmp_path / str(number))
        for member in others:
            warn(scene, member)
        send(scene)
        close(scene)
        levels = [level(scene, ALDER)]
        for is_raised in (True, True, False):
            warn(scene, ALDER, is_raised=is_raised)
            send(scene)
            close(scene)
            levels.append(level(scene, ALDER))
        seen.append(levels)
        scene.close()
    assert seen == [[0, 0, 0, 0]] * 2


def observed(scene: Scene, *warners: PartyId) -> tuple[list[int], list[tuple[PartyId, str, int]]]:
    """What an inquirer sees that asks after every bulletin and every close, and what the log shows of all."""
    for member in warners:
        warn(scene, member)
    levels = [level(scene, ELM)]
    for member in scene.members:
        send(scene, member)
        levels.append(level(scene, ELM))
    period = scene.state.next_period
    for steward in scene.stewards:
        scene.survive(scene._close_period(steward, period))
        levels.append(level(scene, ELM))
    log = scene.member(ELM).standing.replica.log.entries(0, _ALL)
    shown = [(parse_statement(raw).party, parse_statement(raw).kind, len(raw)) for raw in log]
    scene.close()
    return levels, shown


def test_comparing_before_and_after_a_bulletin(begun_folder: Path, tmp_path: Path) -> None:
    """All warnings of a period take effect at once: which bulletins brought them cannot be told."""
    pairs = [(ALDER, BIRCH), (ALDER, CEDAR), (BIRCH, CEDAR)]
    runs = [
        observed(Scene.copied(begun_folder, tmp_path / str(number)), *pair)
        for number, pair in enumerate(pairs)
    ]
    levels, shown = runs[0]
    assert levels == [0] * 6 + [1] * 3
    assert runs == [(levels, shown)] * 3


def test_bulletins_with_and_without_a_warning_look_alike(begun_folder: Path, tmp_path: Path) -> None:
    silent = observed(Scene.copied(begun_folder, tmp_path / "silent"))
    warned = observed(Scene.copied(begun_folder, tmp_path / "warned"), ALDER)
    assert silent == warned


def keys_of(scene: Scene) -> dict[StewardX, bytes]:
    month = scene.state.log_month
    return {
        x: read_sealing_key(
            scene.ask(steward.id, ALDER, "sealing-keys", b""),
            consortium=scene.consortium,
            steward=steward,
            month=month,
        )
        for x, steward in scene.consortium.stewards.items()
    }


def forged(scene: Scene, member: PartyId, spoil: Callable[[StewardX, bytes], bytes]) -> Bulletin:
    """A member's bulletin that warns of the subject, with what each steward is sealed changed."""
    tokens = scene.member(ALDER).tokens.tokens([scene.subject])
    text, digest = encode_bulletin(
        salt=bytes(32), fill=bytes(512), warnings=[Warned(token=tokens[scene.subject], is_raised=True)]
    )
    seq = scene.state.head(member).seq
    sealed = tuple(
        SealedFor(
            x=x,
            sealing_key_id=key_id_of(key),
            sealed=seal(
                public_key=key,
                info=bulletin_info(scene.consortium.id, x, member, seq),
                plaintext=spoil(x, text),
            ),
        )
        for x, key in keys_of(scene).items()
    )
    return Bulletin(period=scene.state.next_period, bulletin_hash=digest, sealed=sealed)


def to_some(scene: Scene, *honest: int) -> None:
    """Let alder seal its warning to some stewards only, and something else of the same size to the others."""

    def spoil(x: StewardX, text: bytes) -> bytes:
        return text if x in honest else text[:-1] + bytes([text[-1] ^ 1])

    warn(scene, BIRCH)
    scene.submit(scene.sign(ALDER, forged(scene, ALDER, spoil)))
    send(scene, BIRCH, CEDAR, ELM)


@pytest.mark.parametrize(("closers", "expected"), [((1, 2), 1), ((1, 3), 0), ((4, 3), 0)])
def test_member_seals_stewards_different_bulletins(
    scene: Scene, closers: tuple[int, int], expected: int
) -> None:
    """It takes effect for all stewards or for none: those who lack it have it from the two that closed."""
    to_some(scene, 1, 2)
    close(scene, *closers)
    assert level(scene, ELM) == expected
    scene.close()


def test_member_seals_a_bulletin_to_nobody_but_a_dishonest_closer(scene: Scene) -> None:
    """A closer that keeps to itself what only it could open keeps the others from nothing for long."""
    to_some(scene, 2)
    scene.replying("steward-2", "bulletins", lambda _caller, _body, _reply: encode([None]))
    period = scene.state.next_period
    honest = scene.sign("steward-1", ClosePeriod(period=period, unopened=()))
    scene.submit(honest)
    scene.survive(scene._close_period(PartyId("steward-2"), period))
    for _ in range(3):
        scene.work()
    # The three without it agree; the level is their median.
    assert level(scene, ELM) == 0
    scene.close()


def test_bulletin_copied_from_another_member(scene: Scene) -> None:
    """Sealed bytes are bound to their sender and its place in its chain: a copy opens for nobody."""
    warn(scene, BIRCH)
    send(scene, BIRCH)
    log = scene.member(BIRCH).standing.replica.log.entries(0, _ALL)
    (original,) = [
        statement.body for statement in map(parse_statement, log) if isinstance(statement.body, Bulletin)
    ]
    copied = scene.submit(scene.sign(ALDER, original))
    send(scene, CEDAR, ELM)
    close(scene)
    assert level(scene, ELM) == 0
    assert scene.state.bulletins.took_effect(scene.state.bulletins.entries[copied]) is None
    scene.close()


def test_steward_lists_every_bulletin_as_unopened(scene: Scene) -> None:
    """One that closes early stops a period's bulletins, by name on the log; they come again with the next."""
    warn(scene, ALDER)
    warn(scene, BIRCH)
    send(scene)
    period = scene.state.next_period
    listed = tuple(scene.state.bulletins.entries)
    scene.submit(scene.sign("steward-2", ClosePeriod(period=period, unopened=listed)))
    scene.survive(scene._close_period(PartyId("steward-1"), period))
    assert level(scene, ELM) == 0
    send(scene)
    close(scene, 1, 3, 4)
    assert level(scene, ELM) == 1
    scene.close()


def test_steward_gives_another_text_than_was_sealed(scene: Scene) -> None:
    to_some(scene, 1, 2)
    false, _ = encode_bulletin(salt=bytes(32), fill=bytes(512))
    scene.replying("steward-2", "bulletins", lambda _caller, _body, _reply: encode([false]))
    close(scene, 1, 2)
    assert level(scene, ELM) == 1
    scene.close()


def test_second_bulletin_in_a_period(scene: Scene) -> None:
    """One period has room for 16 warnings of a member, whatever it signs."""
    scene.submit(scene.sign(ALDER, forged(scene, ALDER, lambda _x, text: text)))
    with pytest.raises(RuleError):
        scene.submit(scene.sign(ALDER, forged(scene, ALDER, lambda _x, text: text)))
    scene.close()
