"""A member's bulletins: one in every period, whether there is anything to say or not (protocol section 8).

Its bytes and what they carry are stored together before they leave. What a bulletin did not bring into
effect, because it never stood on the log or a steward could not open it, goes with the next one.
"""

import logging
from typing import Final

from hanse_ledger.bodies import Bulletin, SealedFor
from hanse_ledger.errors import LedgerError
from hanse_ledger.ids import Month, SubjectId, Token
from hanse_ledger.privacy.bulletin import SALT_BYTES, SLOTS, Warned, encode_bulletin
from hanse_ledger.privacy.sealing import bulletin_info, seal
from hanse_ledger.registers import SealedEntry
from hanse_ledger.signing import key_id_of
from node.risk.events import record_event
from node.roles.outbox import Outbox
from node.roles.party import Standing
from node.roles.recipients import Recipients
from node.roles.rhythm import Rhythm
from node.roles.tokens import TokenSource
from node.storage.bulletins import (
    OwnBulletin,
    WarningItem,
    WithdrawalItem,
    note_log_month,
    own_bulletins,
    put_own,
    settle_own,
    waiting_warnings,
    waiting_withdrawals,
)

_log = logging.getLogger(__name__)

_FILL_BYTES: Final = SLOTS * 32
_MIDDLE: Final = 0.5
"""When in a period a bulletin leaves: what was said before goes along, and half is left to send."""


class Bulletins:
    """One member's bulletins. `work` goes on where the last call, or a crash, ended."""

    def __init__(
        self, *, standing: Standing, outbox: Outbox, tokens: TokenSource, recipients: Recipients
    ) -> None:
        self._standing, self._outbox, self._tokens = standing, outbox, tokens
        self._recipients, self._rhythm = recipients, Rhythm(standing)
        # The period and the log month that were running when this was last looked at.
        self._settled: tuple[int, Month] | None = None

    def work(self, *, at_once: bool = False) -> None:
        """Send this period's bulletin when it is due, or `at_once`, unless it was sent.

        Raises UnavailableError when the sequencer, or a steward whose key is not known, is out of reach.
        """
        self._standing.catch_up()
        self._outbox.flush()
        self._settle()
        if not self._is_made() and (at_once or self._rhythm.has_lasted(_MIDDLE)):
            self._make()
            self._outbox.flush()

    def _is_made(self) -> bool:
        """Return whether this period's bulletin stands on the log or in the outbox: there is one at most."""
        state = self._standing.state
        if state.bulletins.of_member(self._standing.id, state.next_period) is not None:
            return True
        with self._standing.database.read() as connection:
            return any(own.period == state.next_period for own in own_bulletins(connection))

    def _settle(self) -> None:
        """Note what became of bulletins that were made before, which period has closed, and the log month."""
        state = self._standing.state
        running = state.next_period, state.log_month
        with self._standing.database.read() as connection:
            ended = [own for own in own_bulletins(connection) if self._is_over(own)]
        if not ended and self._settled == running:
            return
        with self._standing.database.write() as connection:
            for own in ended:
                settle_own(connection, own.period, self._effect(own))
            note_log_month(connection, state.log_month)
            if state.next_period:
                key, now = str(state.next_period - 1), self._standing.clock.now()
                record_event(connection, kind="bulletin_closed", key=key, subject=None, at=now)
        self._settled = running

    def _is_over(self, own: OwnBulletin) -> bool:
        """Return whether a bulletin's period has closed, or another statement took its place in the chain."""
        if self._entry(own) is not None:
            return self._standing.state.periods.position(own.period) is not None
        return not self._outbox.is_pending(own.seq)

    def _entry(self, own: OwnBulletin) -> SealedEntry | None:
        entry = self._standing.state.bulletins.of_member(self._standing.id, own.period)
        return entry if entry is not None and entry.hash == own.hash else None

    def _effect(self, own: OwnBulletin) -> tuple[int, Month] | None:
        """Return with which statement a bulletin took effect, and its log month; None where it did not."""
        entry = self._entry(own)
        took_effect = None if entry is None else self._standing.state.bulletins.took_effect(entry)
        return None if entry is None or took_effect is None else (took_effect, entry.log_month)

    def _make(self) -> None:
        """Seal what waits, or nothing, and store it with what it carries before any of it leaves."""
        keys = self._recipients.keys_known()
        with self._standing.database.read() as connection:
            waiting, withdrawals = waiting_warnings(connection), waiting_withdrawals(connection)
        taken, slots = self._slots(waiting)
        entropy = self._standing.entropy
        text, text_hash = encode_bulletin(
            salt=entropy(SALT_BYTES),
            fill=entropy(_FILL_BYTES),
            warnings=slots,
            withdrawals=[item.withdrawn for item in withdrawals],
        )
        consortium, period = self._standing.consortium.id, self._standing.state.next_period
        with self._standing.database.write() as connection:
            seq = self._outbox.next_seq(connection)
            sealed = tuple(
                SealedFor(
                    x=x,
                    sealing_key_id=key_id_of(key),
                    sealed=seal(
                        public_key=key,
                        info=bulletin_info(consortium, x, self._standing.id, seq),
                        plaintext=text,
                    ),
                )
                for x, key in sorted(keys.items())
            )
            self._outbox.put(connection, Bulletin(period=period, bulletin_hash=text_hash, sealed=sealed))
            items: list[WarningItem | WithdrawalItem] = [*taken, *withdrawals]
            own = OwnBulletin(period=period, seq=seq, hash=text_hash)
            put_own(connection, own, [item.id for item in items])

    def _slots(self, waiting: list[WarningItem]) -> tuple[list[WarningItem], list[Warned]]:
        """Return the items that have room and a token, in their order, and their slots.

        A warning that was raised before its subject's alias stands under the other id's token: both end.
        """
        primary_of = self._standing.state.primary_of
        named = {
            item.id: {primary_of(item.subject)} | (set() if item.is_raised else {item.subject})
            for item in waiting
        }
        tokens = self._known_tokens(sorted(set().union(*named.values())))
        taken, slots = list[WarningItem](), list[Warned]()
        for item in waiting:
            found = [tokens[subject] for subject in sorted(named[item.id]) if subject in tokens]
            if len(found) < len(named[item.id]):
                continue
            if len(slots) + len(found) > SLOTS:
                break
            taken.append(item)
            slots += [Warned(token=token, is_raised=item.is_raised) for token in found]
        return taken, slots

    def _known_tokens(self, subjects: list[SubjectId]) -> dict[SubjectId, Token]:
        """Return what tokens can be had: a bulletin leaves in its period with what it can carry."""
        try:
            return self._tokens.tokens(subjects)
        except LedgerError as error:
            _log.warning("a bulletin leaves without some of its warnings: %s", error.code)
            missing = set(self._tokens.missing(subjects))
            return self._tokens.tokens(subject for subject in subjects if subject not in missing)
