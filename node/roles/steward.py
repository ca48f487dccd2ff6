"""A steward's node: what it does by itself (`work`, `close_month`) and what it does when asked (`handle`)."""

import hashlib
from collections.abc import Callable
from typing import Final

from sqlalchemy import func, select

from hanse_ledger.bodies import SHARE_LIMIT, Close
from hanse_ledger.errors import (
    BudgetError,
    CorruptionError,
    MalformedError,
    NotAdmittedError,
    NotPermittedError,
)
from hanse_ledger.ids import Month, PartyId, StewardX, month_end
from hanse_ledger.privacy import voprf
from hanse_ledger.privacy.group import WIDE_BYTES, scalar_from_entropy
from node.ports import StewardLinks
from node.roles.access import Access
from node.roles.answering import Answering
from node.roles.checking import Checking
from node.roles.destroying import Destroying
from node.roles.freezing import Freezer
from node.roles.giving import Giving
from node.roles.opening import Opening
from node.roles.outbox import Outbox
from node.roles.party import Standing
from node.roles.receiving import Receiving, State, not_whole
from node.roles.sealing_keys import SealingKeys
from node.roles.seeds import Seeds
from node.roles.token_key import TokenKey
from node.roles.withholding import Withholding
from node.roles.witness import Witness
from node.storage.schema import share_in, token_use

PENDING_BYTES_MOST: Final = 64 << 20
"""Sealed shares that a steward keeps for one party until reports name them (section 4)."""


class Steward:
    """Owned by one thread, which alone calls it."""

    def __init__(
        self,
        *,
        standing: Standing,
        key_share: bytes | None,
        links: StewardLinks,
        keep_key: Callable[[bytes], None] = lambda _share: None,
    ) -> None:
        """Without a `key_share` others give it, and `keep_key` stores it; CorruptionError for a false one."""
        x = standing.party.x
        if x is None:
            raise CorruptionError("the party is no steward")
        self._standing, self._x = standing, x
        self._token_key = TokenKey(standing, key_share, keep_key)
        self._outbox = Outbox(standing)
        self._keys = SealingKeys(standing)
        self._seeds = Seeds(standing=standing, x=x, keys=self._keys, links=links)
        self._checking = Checking(
            standing=standing, x=x, keys=self._keys, seeds=self._seeds, outbox=self._outbox
        )
        self._freezer = Freezer(standing)
        self._destroying = Destroying(standing=standing, freezer=self._freezer)
        self._opening = Opening(standing=standing, x=x, keys=self._keys, outbox=self._outbox, links=links)
        self._withholding = Withholding(standing=standing, freezer=self._freezer, opening=self._opening)
        self._answering = Answering(
            standing=standing,
            x=x,
            freezer=self._freezer,
            opening=self._opening,
            withholding=self._withholding,
        )
        self._receiving = Receiving(
            standing=standing,
            x=x,
            keys=self._keys,
            seeds=self._seeds,
            links=links,
            token_key=self._token_key,
            freezer=self._freezer,
            look_again=self._withholding.look_again,
        )
        self._giving = Giving(
            standing=standing,
            x=x,
            keys=self._keys,
            seeds=self._seeds,
            token_key=self._token_key,
            # Without a bulletin it would not know which windows are withheld, and be taken for a liar.
            is_whole=lambda: self._receiving.is_whole and self._opening.is_whole,
            bring_up=self._withholding.work,
        )
        self._access = Access(standing=standing, x=x)
        self._witness = Witness(standing)
        self._verbs: dict[str, Callable[[PartyId, bytes], bytes]] = {
            "evaluate": self._evaluate,
            "sealing-keys": lambda _caller, _body: self._serve_keys(),
            "shares": self._take_share,
            "answers": self._if_whole(self._answering.answer),
            "add-checkpoint": lambda _caller, body: self._witness.add_checkpoint(body),
            "seed": lambda caller, body: self._from_steward(caller, body, self._seeds.take_seed),
            "bulletins": lambda caller, body: self._from_steward(
                caller, body, lambda _x, body: self._opening.give(body)
            ),
            "disputes": self._if_whole(self._withholding.show_disputes),
            "inquiry-counts": self._if_whole(self._access.counts),
            "seed-hash": lambda caller, body: self._from_steward(caller, body, self._seeds.take_hash),
            "transfer": lambda caller, body: self._from_steward(caller, body, self._giving.give),
            "transfer-check": lambda caller, body: self._from_steward(caller, body, self._giving.check),
        }

    def handle(self, caller: PartyId, verb: str, body: bytes) -> bytes:
        """Answer one message of another party; raises LedgerError."""
        if self._standing.in_force.party(caller) is None:
            raise NotAdmittedError("not an active party of this consortium")
        action = self._verbs.get(verb)
        if action is None:
            raise MalformedError("no such message")
        return action(caller, body)

    @property
    def shares(self) -> State:
        """How it stands with the values that this steward has to have before it answers."""
        return self._receiving.state

    def work(self) -> int:
        """Bring everything of this steward's a step further; return how many reports wait for its word."""
        self._standing.catch_up()
        self._outbox.flush()
        self._receiving.freeze_closed()
        self._keys.ensure()
        self._opening.work()
        self._access.forget()
        state = self._standing.state
        self._seeds.work(tuple(state.consortium.stewards), state.log_month)
        self._receiving.work()
        if self._receiving.is_whole:
            self._withholding.work()
        self._checking.work()
        unpublished = self._checking.unpublished()
        self._destroying.work()
        self._seeds.forget(min([state.log_month, *(entry.log_month for entry in unpublished)]))
        return len(unpublished)

    def close_month(self, month: Month | None = None) -> Month | None:
        """File this steward's close of the log month, or of `month`; return it, or None if it is not due.

        It is due once the month has ended and this steward has published on every report before
        (section 7). Closing twice does nothing.
        """
        self._standing.catch_up()
        state = self._standing.state
        month = state.log_month if month is None else month
        if not state.consortium.first_month <= month <= state.log_month:
            return None
        is_over = self._standing.clock.now().date() > month_end(month)
        if state.has_closed(month, self._standing.id):
            return month
        if not is_over or self._checking.unpublished():
            return None
        with self._standing.database.write() as connection:
            self._outbox.put(connection, Close(month=month))
        self._outbox.flush()
        self._receiving.freeze_closed()
        return month

    def close_period(self, period: int) -> bool:
        """File this steward's close of a bulletin period whatever its clock says; return whether it did.

        Only the running period can be closed, once.
        """
        self._standing.catch_up()
        return self._opening.close_period(period)

    def _serve_keys(self) -> bytes:
        self._standing.catch_up()
        return self._keys.serve()

    def _evaluate(self, caller: PartyId, body: bytes) -> bytes:
        request = voprf.parse_evaluation_request(body)
        if request.party != caller or request.consortium != self._standing.consortium.id:
            raise NotPermittedError("the request is another party's, or for another consortium")
        if self._receiving.is_under_way:
            raise not_whole()
        key_share = self._token_key.share()
        self._meter(caller, len(request.elements))
        evaluations, proof = voprf.evaluate(
            key_share=key_share,
            public_share=self._standing.party.token_key or b"",
            elements=request.elements,
            nonce=scalar_from_entropy(self._standing.entropy(WIDE_BYTES)),
        )
        made = voprf.Evaluation(request_hash=request.hash, x=self._x, elements=evaluations, proof=proof)
        return self._standing.sign_message("evaluation", voprf.encode_evaluation(made))

    def _meter(self, party: PartyId, elements: int) -> None:
        """Count the elements of a party's UTC day before they are evaluated."""
        day = self._standing.clock.now().date().isoformat()
        limit = self._standing.in_force.policy.tokens_per_day
        with self._standing.database.write() as connection:
            where = (token_use.c.party == party) & (token_use.c.day == day)
            used = connection.execute(select(token_use.c.elements).where(where)).scalar() or 0
            if used + elements > limit:
                raise BudgetError("the day's tokens are used up")
            connection.execute(token_use.delete().where(token_use.c.party == party))
            values = {"party": party, "day": day, "elements": used + elements}
            connection.execute(token_use.insert(), values)

    def _take_share(self, caller: PartyId, body: bytes) -> bytes:
        """Keep sealed bytes under their SHA-256 until a report names them."""
        if not 0 < len(body) <= SHARE_LIMIT:
            raise MalformedError("a sealed share has 1 to 1,048,576 bytes")
        sha256 = hashlib.sha256(body).digest()
        total = select(func.coalesce(func.sum(share_in.c.size), 0)).where(
            share_in.c.party == caller, share_in.c.sha256 != sha256
        )
        with self._standing.database.write() as connection:
            if connection.execute(total).scalar_one() + len(body) > PENDING_BYTES_MOST:
                raise BudgetError("too many shares wait for their reports")
            kept = select(share_in.c.sha256).where(share_in.c.sha256 == sha256)
            if connection.execute(kept).scalar() is None:
                values = {"sha256": sha256, "party": caller, "size": len(body), "sealed": body}
                connection.execute(share_in.insert(), values)
        return sha256

    def _if_whole(self, action: Callable[[PartyId, bytes], bytes]) -> Callable[[PartyId, bytes], bytes]:
        """Let a verb wait until every value that it rests on is there and was checked (section 10)."""

        def act(caller: PartyId, body: bytes) -> bytes:
            if not self._receiving.is_whole:
                raise not_whole()
            return action(caller, body)

        return act

    def _from_steward(
        self, caller: PartyId, body: bytes, take: Callable[[StewardX, bytes], bytes | None]
    ) -> bytes:
        party = self._standing.in_force.party(caller)
        x = None if party is None else party.x
        if x is None:
            raise NotPermittedError("a message of stewards among themselves")
        return take(x, body) or b""
