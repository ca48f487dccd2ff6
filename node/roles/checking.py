"""A steward's check of reports: open the share, compute the validity values, store both, then publish.

A steward publishes once for each entry, its eight values or null, and that is final: what it will say is
stored before it leaves (protocol section 7).
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from hanse_ledger.bodies import Validity
from hanse_ledger.codec import decode, encode
from hanse_ledger.destruction import is_settled
from hanse_ledger.errors import LedgerError
from hanse_ledger.ids import Month, StewardX, january_of
from hanse_ledger.privacy.sealing import share_info
from hanse_ledger.privacy.shares import SharePlaintext, encode_residues, parse_share, verify_share
from hanse_ledger.privacy.validity import validity_values
from hanse_ledger.state import ReportEntry
from node.roles.outbox import Outbox
from node.roles.party import Standing
from node.roles.sealing_keys import SealingKeys
from node.roles.seeds import Seeds
from node.storage.schema import opened, opened_month, seen_entry, share_in

_PUBLISHED_AT_ONCE: Final = 500
_VALUES_LIMIT: Final = 256


class Checking:
    """One steward's reports: which it has opened, and what it says of them."""

    def __init__(
        self, *, standing: Standing, x: StewardX, keys: SealingKeys, seeds: Seeds, outbox: Outbox
    ) -> None:
        self._standing, self._x, self._keys = standing, x, keys
        self._seeds, self._outbox = seeds, outbox
        # Every report before this index has been published on.
        self._settled = 0

    def unpublished(self) -> list[ReportEntry]:
        """Return the reports that wait for this steward's word, in log order."""
        reports = self._standing.state.reports
        waiting = [
            entry
            for index, entry in reports.items()
            if index >= self._settled and self._x in entry.stewards and self._x not in entry.published
        ]
        self._settled = waiting[0].index if waiting else self._standing.state.size
        return waiting

    def work(self) -> None:
        """Check what can be checked now and publish it; what lacks its share or seeds waits."""
        waiting = self.unpublished()
        if not waiting:
            return
        verdicts = self._verdicts(waiting)
        for entry in waiting:
            if entry.index not in verdicts:
                self._check(entry)
        verdicts = self._verdicts(waiting)
        entries = [(e.index, verdicts[e.index]) for e in waiting if e.index in verdicts]
        for start in range(0, len(entries), _PUBLISHED_AT_ONCE):
            with self._standing.database.write() as connection:
                self._outbox.put(
                    connection, Validity(entries=tuple(entries[start : start + _PUBLISHED_AT_ONCE]))
                )
        self._outbox.flush()

    def _verdicts(self, waiting: list[ReportEntry]) -> dict[int, tuple[int, ...] | None]:
        query = select(opened.c.entry, opened.c.validity).where(opened.c.entry >= waiting[0].index)
        with self._standing.database.read() as connection:
            rows = connection.execute(query).all()
        decoded = ((row.entry, decode(row.validity, limit=_VALUES_LIMIT)) for row in rows)
        return {entry: None if values is None else tuple(values) for entry, values in decoded}

    def _check(self, entry: ReportEntry) -> None:
        ref = next(share for share in entry.shares if share.x == self._x)
        with self._standing.database.read() as connection:
            sealed = connection.execute(
                select(share_in.c.sealed).where(share_in.c.sha256 == ref.sha256)
            ).scalar()
        if sealed is None:
            if self._has_timed_out(entry):
                self._store(entry, None, None)
            return
        plaintext = self._open(entry, sealed) if len(sealed) == ref.size else None
        if plaintext is None:
            self._store(entry, None, None)
            return
        seeds = self._seeds.usable(entry.stewards, entry.log_month)
        if seeds is None:
            return
        values = validity_values(
            x=self._x,
            stewards=entry.stewards,
            share=plaintext.share,
            seeds=seeds,
            leaf_hash=entry.leaf,
            root_before=entry.root_before,
        )
        self._store(entry, plaintext, values)

    def _open(self, entry: ReportEntry, sealed: bytes) -> SharePlaintext | None:
        """Return the share if it can be used, else None: the reasons of section 7."""
        ref = next(share for share in entry.shares if share.x == self._x)
        key = self._keys.private(ref.sealing_key_id)
        if key is None:
            return None
        info = share_info(self._standing.consortium.id, self._x, entry.member, entry.seq)
        try:
            plaintext = parse_share(key.open(info=info, sealed=sealed))
            verify_share(plaintext, rows_hash_reported=entry.rows_hash, row_count=entry.rows)
        except LedgerError:
            return None
        return plaintext

    def _has_timed_out(self, entry: ReportEntry) -> bool:
        hours = self._standing.state.consortium.policy.share_hours
        if not hours:
            return False
        now = self._standing.clock.now()
        query = select(seen_entry.c.seen_at).where(seen_entry.c.entry == entry.index)
        with self._standing.database.read() as connection:
            seen = connection.execute(query).scalar()
        if seen is None:
            with self._standing.database.write() as connection:
                values = {"entry": entry.index, "seen_at": now.isoformat()}
                connection.execute(seen_entry.insert(), values)
            return False
        return now - datetime.fromisoformat(seen) >= timedelta(hours=hours)

    def _store(self, entry: ReportEntry, plaintext: SharePlaintext | None, values: list[int] | None) -> None:
        ref = next(share for share in entry.shares if share.x == self._x)
        row = _opened_row(entry, plaintext, values)
        # The others have destroyed theirs: it is too late for every window, and nobody opens a row of it.
        if is_settled(self._standing.state, january_of(entry.log_month)):
            row["share"] = None
        with self._standing.database.write() as connection:
            connection.execute(opened.insert(), row)
            if plaintext is not None:
                _put_months(connection, entry.index, plaintext)
            connection.execute(share_in.delete().where(share_in.c.sha256 == ref.sha256))
            connection.execute(seen_entry.delete().where(seen_entry.c.entry == entry.index))


def _opened_row(
    entry: ReportEntry, plaintext: SharePlaintext | None, values: list[int] | None
) -> dict[str, object]:
    return {
        "entry": entry.index,
        "member": entry.member,
        "validity": encode(values),
        "tokens": None if plaintext is None else plaintext.rows.tokens,
        "months": None if plaintext is None else plaintext.rows.months.astype("<u2").tobytes(),
        "share": None if plaintext is None else encode_residues(plaintext.share),
    }


def _put_months(connection: Connection, index: int, plaintext: SharePlaintext) -> None:
    months = {Month(int(month)) for month in plaintext.rows.months}
    rows = [{"month": month, "entry": index} for month in sorted(months)]
    connection.execute(opened_month.insert(), rows)
