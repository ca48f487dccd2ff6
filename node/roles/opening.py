"""A steward's bulletins and disputes: opening them, closing their periods, letting them take effect.

Everything on the log is opened when it is first seen, and what was found is stored before a `close` says so.
What took effect and this steward could not open it has from the others (protocol section 8); until it has
asked them once, it answers nothing.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

from sqlalchemy import Connection

from hanse_ledger.bodies import Bulletin, ClosePeriod
from hanse_ledger.codec import decode, encode
from hanse_ledger.consortium import MEMBER
from hanse_ledger.errors import LedgerError
from hanse_ledger.fields import as_list, as_uint
from hanse_ledger.filings import Dispute
from hanse_ledger.ids import Month, StewardX
from hanse_ledger.privacy.bulletin import parse_bulletin, parse_dispute
from hanse_ledger.privacy.sealing import bulletin_info, dispute_info
from hanse_ledger.registers import SealedEntry
from hanse_ledger.statements import parse_statement
from node.ports import StewardLinks
from node.roles.contested import put_dispute, put_withdrawals
from node.roles.outbox import Outbox
from node.roles.party import Standing
from node.roles.rhythm import Rhythm
from node.roles.sealing_keys import SealingKeys
from node.roles.warned import KEPT_MONTHS, Effective, put_warnings
from node.storage import opened
from node.storage.opened import OpenedText

TEXTS_LIMIT: Final = 64
_REQUEST_LIMIT: Final = 1 << 10
_REPLY_LIMIT: Final = 1 << 17
_KEPT_TEXTS_MONTHS: Final = 15
"""As long as the sealing keys: 13 months after their quarter (section 10)."""


class Opening:
    """One steward's bulletins and disputes. Never waits for another steward."""

    def __init__(
        self, *, standing: Standing, x: StewardX, keys: SealingKeys, outbox: Outbox, links: StewardLinks
    ) -> None:
        self._standing, self._x, self._keys = standing, x, keys
        self._outbox, self._links = outbox, links
        self._rhythm = Rhythm(standing)
        # Up to where the log was looked at, and the period that was running then.
        self._looked = 0
        self.applied = 0
        """How much has taken effect here since this was made: it grows when there is something new."""
        self._settled: int | None = None
        # What took effect and was not opened here; what of it others are still to be asked for, are being
        # asked for, and were asked for.
        self._lacking: list[SealedEntry] = []
        self._unasked: set[int] = set()
        self._asked: dict[StewardX, Future[bytes]] = {}
        self._asked_for: frozenset[int] = frozenset()
        self._heard_of: frozenset[int] = frozenset()

    @property
    def is_whole(self) -> bool:
        """Whether all that took effect is here, or nobody gave it when asked."""
        return {entry.index for entry in self._lacking} <= self._heard_of

    def work(self) -> None:
        """Open what is new, close the period when it has lasted long enough, ask for what is lacking."""
        self.take_effect()
        if self._is_due():
            self.close_period(self._standing.state.next_period)
        self._fetch()

    def close_period(self, period: int) -> bool:
        """File this steward's close of a period, if it is the running one and was not closed by it before."""
        self.take_effect()
        state = self._standing.state
        if state.next_period != period or state.periods.has_voted(period, self._standing.id):
            return False
        with self._standing.database.write() as connection:
            texts = opened.unsettled(connection)
            unopened = [one.entry for one in texts if one.text is None and self._entry(one).period == period]
            self._outbox.put(connection, ClosePeriod(period=period, unopened=tuple(unopened)))
        self._outbox.flush()
        self.take_effect()
        return True

    def take_effect(self) -> None:
        """Open what is new on the log, and let take effect what was opened of periods that have closed."""
        self._open_new()
        if self._settled != self._standing.state.next_period:
            self._settle()

    def give(self, body: bytes) -> bytes:
        """Answer another steward's CBOR [index, ...] up to 64 with [plaintext or null, ...]."""
        indexes = as_list(decode(body, limit=_REQUEST_LIMIT), 1, TEXTS_LIMIT, "indexes")
        wanted = [as_uint(index, "index") for index in indexes]
        with self._standing.database.read() as connection:
            held = opened.texts_of(connection, wanted)
        return encode([held.get(index) for index in wanted])

    def _is_due(self) -> bool:
        """Return whether the period has lasted `bulletin_hours`; with 0, whether every member has spoken."""
        state = self._standing.state
        if self._x not in state.consortium.stewards or not self._rhythm.has_lasted(1.0):
            return False
        if state.periods.has_voted(state.next_period, self._standing.id):
            return False
        members = [p.id for p in state.consortium.parties.values() if p.active and MEMBER in p.roles]
        is_timed = state.consortium.policy.bulletin_hours > 0
        return is_timed or all(state.bulletins.of_member(member, state.next_period) for member in members)

    def _open_new(self) -> None:
        state = self._standing.state
        if self._looked == 0:
            with self._standing.database.read() as connection:
                self._looked = max(opened.next_unopened(connection), self._first_since(_KEPT_TEXTS_MONTHS))
        new = state.bulletins.since(self._looked)
        if new:
            texts = {entry.index: (entry.party, self._open(entry)) for entry in new}
            with self._standing.database.write() as connection:
                opened.put_opened(connection, texts)
        self._looked = state.size

    def _open(self, entry: SealedEntry) -> bytes | None:
        """Return the plaintext if it gives the entry's hash, else None."""
        body = parse_statement(self._standing.replica.log.entries(entry.index, 1)[0]).body
        parts = body.sealed if isinstance(body, Bulletin | Dispute) else ()
        sealed = next((part for part in parts if part.x == self._x), None)
        key = None if sealed is None else self._keys.private(sealed.sealing_key_id)
        if sealed is None or key is None:
            return None
        info = (dispute_info if entry.is_dispute else bulletin_info)(
            self._standing.consortium.id, self._x, entry.party, entry.seq
        )
        try:
            return _checked(entry, key.open(info=info, sealed=sealed.sealed))
        except LedgerError:
            return None

    def _settle(self) -> None:
        """Let the texts of closed periods take effect, forget those that never will, note what is lacking."""
        state = self._standing.state
        with self._standing.database.read() as connection:
            texts = opened.unsettled(connection)
        over = [one for one in texts if state.periods.position(self._entry(one).period) is not None]
        effective = [one for one in over if state.bulletins.took_effect(self._entry(one)) is not None]
        self._lacking = [self._entry(one) for one in effective if one.text is None]
        if self._settled != state.next_period:
            self._unasked = {entry.index for entry in self._lacking}
        if over:
            void = {one.entry for one in over} - {one.entry for one in effective}
            held = [one for one in effective if one.text is not None]
            with self._standing.database.write() as connection:
                self._apply(connection, held)
                opened.forget(connection, void, before=self._first_since(_KEPT_TEXTS_MONTHS))
        self._settled = state.next_period

    def _apply(self, connection: Connection, texts: Sequence[OpenedText]) -> None:
        bulletins = self._standing.state.bulletins
        members = set()
        for one in texts:
            entry = self._entry(one)
            took_effect = bulletins.took_effect(entry)
            if one.text is None or took_effect is None:
                raise AssertionError("what is applied was opened and has taken effect")
            self.applied += 1
            opened.settle(connection, entry.index, took_effect)
            if entry.is_dispute:
                put_dispute(connection, entry, parse_dispute(one.text, expected_hash=entry.hash), took_effect)
            else:
                text = parse_bulletin(one.text, expected_hash=entry.hash)
                put_withdrawals(connection, entry, text.withdrawals, took_effect)
                members.add(entry.party)
        since = self._first_since(KEPT_MONTHS)
        for member in sorted(members):
            # All anew: a text that others gave late stands before those that came after it.
            put_warnings(
                connection,
                member,
                [self._effective(one) for one in opened.effective_of(connection, member, since)],
            )

    def _fetch(self) -> None:
        """Take what others gave, and ask for what is lacking: once, and again after each close."""
        for x, future in list(self._asked.items()):
            if future.done():
                del self._asked[x]
                self._take_given(future)
        if self._asked and self._lacking:
            return
        self._heard_of |= self._asked_for
        missing = [entry.index for entry in self._lacking if entry.index in self._unasked][:TEXTS_LIMIT]
        self._unasked -= set(missing)
        self._asked_for = frozenset(missing)
        self._asked = (
            {x: link.ask("bulletins", encode(missing)) for x, link in self._links().items()}
            if missing
            else {}
        )

    def _take_given(self, future: Future[bytes]) -> None:
        """Store the plaintexts of a reply that give their entries' hashes, whoever gave them."""
        try:
            given = as_list(decode(future.result(), limit=_REPLY_LIMIT), 0, TEXTS_LIMIT, "texts")
        except LedgerError:
            return
        lacking = {entry.index: entry for entry in self._lacking}
        found = {
            index: text
            for index, text in zip(sorted(self._asked_for), given, strict=False)
            if index in lacking and _is_text_of(lacking[index], text)
        }
        if found:
            with self._standing.database.write() as connection:
                for index, text in found.items():
                    opened.put_given(connection, index, text)
            self._settle()

    def _effective(self, one: OpenedText) -> Effective:
        entry = self._entry(one)
        if one.text is None or one.took_effect is None:
            raise AssertionError("only what was opened takes effect")
        text = parse_bulletin(one.text, expected_hash=entry.hash)
        return Effective(entry=entry, took_effect=one.took_effect, warnings=text.warnings)

    def _entry(self, one: OpenedText) -> SealedEntry:
        return self._standing.state.bulletins.entries[one.entry]

    def _first_since(self, months: int) -> int:
        state = self._standing.state
        return state.bulletins.first_since(Month(state.log_month - months))


def _checked(entry: SealedEntry, text: bytes) -> bytes:
    """Return a plaintext that gives its entry's hash; raises LedgerError for another."""
    if entry.is_dispute:
        parse_dispute(text, expected_hash=entry.hash)
    else:
        parse_bulletin(text, expected_hash=entry.hash)
    return text


def _is_text_of(entry: SealedEntry, text: object) -> bool:
    try:
        return isinstance(text, bytes) and bool(_checked(entry, text))
    except LedgerError:
        return False
