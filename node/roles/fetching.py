"""Getting units from pairs of other stewards: a masked part from the first, then one from the second."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import LedgerError, MalformedError, UnavailableError, VerificationError
from hanse_ledger.fields import as_array, as_bytes
from hanse_ledger.ids import StewardX
from hanse_ledger.privacy.group import SCALAR_BYTES, Scalar, parse_scalar
from hanse_ledger.privacy.shares import parse_residues
from hanse_ledger.privacy.transfer import Pair, join_key_parts, join_parts
from hanse_ledger.transfers import Kind, Unit, others_of
from node.ports import StewardLink, StewardLinks
from node.roles.party import Standing
from node.roles.sealing_keys import SealingKeys
from node.roles.transfer_messages import (
    ATTEMPT_BYTES,
    LARGE,
    PART,
    REQUEST,
    Request,
    decode_pair,
    read_sealed,
    sealed_info,
)
from node.storage.transfers import Held, Received, check_held

_log = logging.getLogger(__name__)

_UNDER_WAY: Final = 16


@dataclass(slots=True, kw_only=True)
class _Asked:
    """A unit under way; `future` is the reply of the first, and of the second once `part` is there."""

    pair: Pair
    log_size: int
    request: bytes
    future: Future[bytes]
    part: tuple[bytes, bytes] | None = field(default=None, repr=False)


class Fetching:
    """What is under way, in memory alone: after a restart every unit is asked for anew, with fresh masks."""

    def __init__(
        self,
        *,
        standing: Standing,
        x: StewardX,
        keys: SealingKeys,
        links: StewardLinks,
        take: Callable[[Received], None],
        take_key: Callable[[Scalar], None],
        refuse: Callable[[Unit, Pair], None],
    ) -> None:
        """`take` and `take_key` store what has come, `refuse` that a pair's parts did not fit together."""
        self._standing, self._x, self._keys, self._links = standing, x, keys, links
        self._take, self._take_key, self._refuse = take, take_key, refuse
        self._asked: dict[Unit, _Asked] = {}
        self._served: dict[StewardX, Future[bytes]] = {}
        self._tries: dict[Unit, int] = {}
        self._given_up: set[Unit] = set()

    def begin_round(self) -> None:
        """Let what failed be asked for again."""
        self._given_up.clear()
        for x, future in list(self._served.items()):
            if future.done() and future.exception() is not None:
                del self._served[x]

    def try_another(self, unit: Unit) -> None:
        """Ask another pair when the unit is asked for the next time."""
        self._tries[unit] = self._tries.get(unit, 0) + 1

    def step(self, units: Sequence[Unit]) -> bool:
        """Bring units a step further; say whether one was."""
        for unit in self._asked.keys() - set(units):
            del self._asked[unit]
        wanted = [unit for unit in units if unit not in self._given_up][:_UNDER_WAY]
        return self._bring_all(wanted)

    def _bring_all(self, units: Sequence[Unit]) -> bool:
        went = [self._bring(unit) for unit in units]
        return any(went)

    def _bring(self, unit: Unit) -> bool:
        asked = self._asked.get(unit)
        try:
            if asked is None:
                return self._ask(unit)
            if not asked.future.done():
                return False
            self._take_reply(unit, asked)
        except LedgerError as error:
            self._give_up(unit, asked, error)
        return True

    def _give_up(self, unit: Unit, asked: _Asked | None, error: LedgerError) -> None:
        _log.info("a unit of this steward's values did not come: %s", error.code)
        self._asked.pop(unit, None)
        self._given_up.add(unit)
        self.try_another(unit)
        if asked is None:
            return
        self._served.pop(asked.pair.second, None)
        if isinstance(error, VerificationError | MalformedError):
            self._refuse(unit, asked.pair)

    def _ask(self, unit: Unit) -> bool:
        """Ask the first of a pair, once it is known what keys the second has."""
        state = self._standing.state
        pairs = list(combinations(others_of(state, self._x), 2))
        first, second = pairs[self._tries.get(unit, 0) % len(pairs)]
        if second not in self._served:
            self._served[second] = self._link(second).ask("sealing-keys", b"")
        served = self._served[second]
        if not served.done():
            return False
        request = Request(
            attempt=self._standing.entropy(ATTEMPT_BYTES),
            pair=Pair(receiver=self._x, first=first, second=second),
            log_size=state.size,
            unit=unit,
            own_keys=self._keys.serve(),
            second_keys=served.result(),
        )
        raw = self._standing.sign_message(REQUEST, request.fields())
        future = self._link(first).ask("transfer", encode([raw, None]))
        self._asked[unit] = _Asked(pair=request.pair, log_size=state.size, request=raw, future=future)
        return True

    def _take_reply(self, unit: Unit, asked: _Asked) -> None:
        raw, masks = decode_pair(_reply(asked.future))
        pair = asked.pair
        if asked.part is None:
            asked.part = self._open(raw, asked, pair.first)
            asked.future = self._link(pair.second).ask("transfer", encode([asked.request, masks]))
            return
        content, share = self._open(raw, asked, pair.second)
        of_first, share_of_first = asked.part
        if content != of_first:
            raise VerificationError("the two hold other tokens, months or windows")
        if unit.kind is Kind.KEY:
            self._take_key(join_key_parts(_scalar(share_of_first), _scalar(share)))
        else:
            joined = join_parts(parse_residues(share_of_first), parse_residues(share))
            self._take(self._received(unit, asked, Held(content=content, share=joined)))
        del self._asked[unit]

    def _received(self, unit: Unit, asked: _Asked, held: Held) -> Received:
        state, pair = self._standing.state, asked.pair
        check_held(unit, state, held)
        return Received(
            unit=unit,
            first=pair.first,
            second=pair.second,
            asked_at=asked.log_size,
            come_at=state.size,
            held=held,
        )

    def _open(self, raw: bytes, asked: _Asked, sender: StewardX) -> tuple[bytes, bytes]:
        """Return a part's content and masked share; raises LedgerError."""
        consortium = self._standing.in_force
        party = consortium.stewards.get(sender)
        if party is None:
            raise UnavailableError("no active steward any more")
        sealed = read_sealed(raw, PART, asked.request, consortium=consortium, sender=party)
        key = self._keys.private(sealed.key_id)
        if key is None:
            raise UnavailableError("sealed to a key that this steward does not have any more")
        info = sealed_info(PART, consortium, asked.request, sender, self._x)
        content, share = as_array(decode(key.open(info=info, sealed=sealed.sealed), limit=LARGE), 2, "a part")
        if not isinstance(content, bytes) or not isinstance(share, bytes):
            raise MalformedError("a part is two byte strings")
        return content, share

    def _link(self, x: StewardX) -> StewardLink:
        link = self._links().get(x)
        if link is None:
            raise UnavailableError("there is no way to that steward")
        return link


def _reply(future: Future[bytes]) -> bytes:
    """Return a reply; whatever another steward refuses with, it has given nothing that could be wrong."""
    try:
        return future.result()
    except LedgerError as error:
        raise UnavailableError(f"another steward does not give its part: {error.code}") from error


def _scalar(raw: bytes) -> int:
    return parse_scalar(as_bytes(raw, "a part", size=SCALAR_BYTES))
