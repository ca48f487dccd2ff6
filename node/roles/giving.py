"""A steward's parts of what another active one lacks: masked, sealed, and only what the log lets it have.

Nothing is stored here: whoever asks again gets a part with fresh masks, and a part alone says nothing. The
first of a pair draws the masks and seals them to the second; the receiver carries them and cannot open them.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from hanse_ledger.codec import encode
from hanse_ledger.errors import NotPermittedError, UnavailableError, VerificationError
from hanse_ledger.ids import StewardX
from hanse_ledger.privacy.group import WIDE_BYTES, parse_nonzero_scalar, parse_scalar, scalar_from_entropy
from hanse_ledger.privacy.sealing import seal
from hanse_ledger.privacy.shares import draw_masks, encode_residues
from hanse_ledger.privacy.transfer import mask_key_share, mask_share
from hanse_ledger.signing import key_id_of
from hanse_ledger.transfers import Kind, Unit, may_have
from node.roles.messages import read_sealing_key
from node.roles.party import Standing
from node.roles.sealing_keys import SealingKeys
from node.roles.seeds import Seeds
from node.roles.token_key import TokenKey
from node.roles.transfer_messages import (
    MASKS,
    PART,
    VALUES,
    Checked,
    CheckedUnit,
    Request,
    Sealed,
    decode_pair,
    read_check,
    read_request,
    read_sealed,
    request_hash,
    sealed_fields,
    sealed_info,
)
from node.storage.transfers import Held, held_unit

MASK_BYTES: Final = 32
"""A key from which the masks of a unit are drawn, or the mask of a share of the token key."""


class Giving:
    """One steward's side of what it gives. Never asks anybody."""

    def __init__(
        self,
        *,
        standing: Standing,
        x: StewardX,
        keys: SealingKeys,
        seeds: Seeds,
        token_key: TokenKey,
        is_whole: Callable[[], bool],
        bring_up: Callable[[], None],
    ) -> None:
        """`is_whole` says whether this steward lacks nothing itself; `bring_up` freezes and withholds."""
        self._standing, self._x, self._keys = standing, x, keys
        self._seeds, self._token_key = seeds, token_key
        self._is_whole, self._bring_up = is_whole, bring_up

    def give(self, receiver: StewardX, body: bytes) -> bytes:
        """Answer CBOR [request, null] with [part, masks], and [request, masks] with [part, null]."""
        raw, masks = decode_pair(body)
        consortium = self._standing.in_force
        request = read_request(raw, consortium=consortium, receiver=consortium.stewards[receiver])
        self._check(request)
        if request.pair.first == self._x and masks is None:
            mask = self._draw(request)
            sealed = self._seal(MASKS, raw, request, request.pair.second, mask)
            given: bytes | None = self._standing.sign_message(MASKS, sealed_fields(raw, sealed))
        elif request.pair.second == self._x and masks is not None:
            mask, given = self._open_masks(request, raw, masks), None
        else:
            raise VerificationError("the first of a pair draws the masks, the second is given them")
        part = self._seal(PART, raw, request, receiver, self._part(request, mask))
        return encode([self._standing.sign_message(PART, sealed_fields(raw, part)), given])

    def check(self, receiver: StewardX, body: bytes) -> bytes:
        """Answer a check with masked values of each unit, null where this steward holds another content."""
        consortium = self._standing.in_force
        asked = read_check(body, consortium=consortium, receiver=consortium.stewards[receiver])
        self._reach(asked.line.size)
        state = self._standing.state
        if asked.line.stewards != tuple(state.consortium.stewards):
            raise UnavailableError("the active stewards are others by this node's copy of the log")
        if asked.line.root != self._standing.replica.root(asked.line.size):
            raise VerificationError("another root than that of this node's copy of the log")
        for one in asked.units:
            self._check_right(receiver, one.unit)
        seeds = self._seeds.usable(asked.line.stewards, asked.quarter)
        if seeds is None:
            raise UnavailableError("the stewards' seeds of the quarter are not agreed on yet")
        values = [self._values(asked, one, seeds) for one in asked.units]
        return self._standing.sign_message(VALUES, [request_hash(body), values])

    def _check(self, request: Request) -> None:
        """Refuse what the log does not let the receiver have, and what this steward cannot give."""
        self._reach(request.log_size)
        pair = request.pair
        if not {pair.receiver, pair.first, pair.second} <= set(self._standing.in_force.stewards):
            raise NotPermittedError("active stewards give, to one of them")
        self._check_right(request.pair.receiver, request.unit)

    def _check_right(self, receiver: StewardX, unit: Unit) -> None:
        """Refuse values to compare with too: of many one could work out a share that one may not have."""
        steward = self._standing.in_force.stewards[receiver]
        if not may_have(self._standing.state, steward.id, unit):
            raise NotPermittedError("by the log that is not for this steward, or not without a vote")

    def _reach(self, size: int) -> None:
        if self._standing.state.size < size:
            self._standing.catch_up()
        if self._standing.state.size < size:
            raise UnavailableError("this node's copy of the log does not reach there yet")

    def _draw(self, request: Request) -> bytes:
        """Draw r: for rows and sums as a fresh key of a stream (section 4), for the token key itself."""
        if request.unit.kind is Kind.KEY:
            return scalar_from_entropy(self._standing.entropy(WIDE_BYTES))
        return self._standing.entropy(MASK_BYTES)

    def _open_masks(self, request: Request, raw: bytes, masks: bytes) -> bytes:
        consortium = self._standing.in_force
        sender = consortium.stewards[request.pair.first]
        sealed = read_sealed(masks, MASKS, raw, consortium=consortium, sender=sender)
        key = self._keys.private(sealed.key_id)
        if key is None:
            raise UnavailableError("sealed to a key that this steward does not have")
        info = sealed_info(MASKS, consortium, raw, request.pair.first, self._x)
        mask = key.open(info=info, sealed=sealed.sealed)
        if len(mask) != MASK_BYTES:
            raise VerificationError("masks of another size")
        return mask

    def _part(self, request: Request, mask: bytes) -> bytes:
        """Return CBOR [what all hold alike, this steward's masked share]."""
        if request.unit.kind is Kind.KEY:
            share = parse_nonzero_scalar(self._token_key.share())
            return encode([b"", mask_key_share(request.pair, self._x, share, parse_scalar(mask))])
        held = self._held(request.unit, request.log_size)
        masked = mask_share(request.pair, self._x, held.share, draw_masks(mask, len(held.share)))
        return encode([held.content, encode_residues(masked)])

    def _held(self, unit: Unit, log_size: int) -> Held:
        if unit.kind is Kind.WINDOWS and self._is_whole():
            self._bring_up()
        # Asked anew: what has taken effect with that may have to be got first.
        if not self._is_whole():
            raise UnavailableError("this steward lacks values or bulletins itself")
        with self._standing.database.read() as connection:
            held = held_unit(connection, unit, log_size)
        if held is None:
            raise UnavailableError("this steward does not hold that")
        return held

    def _seal(self, name: str, raw: bytes, request: Request, to: StewardX, plaintext: bytes) -> Sealed:
        consortium, month = self._standing.in_force, self._standing.state.log_month
        served = request.own_keys if to == request.pair.receiver else request.second_keys
        key = read_sealing_key(served, consortium=consortium, steward=consortium.stewards[to], month=month)
        info = sealed_info(name, consortium, raw, self._x, to)
        return Sealed(key_id=key_id_of(key), sealed=seal(public_key=key, info=info, plaintext=plaintext))

    def _values(self, asked: Checked, one: CheckedUnit, seeds: Mapping[StewardX, bytes]) -> list[int] | None:
        held = self._held(one.unit, one.asked_at)
        if hashlib.sha256(held.content).digest() != one.content_hash:
            return None
        place = asked.line.place(one.fields())
        return asked.line.values(self._x, place, held.share, seeds)
