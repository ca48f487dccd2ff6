"""A member's reporting: from its book to reports that count (protocol sections 3 and 4).

Three durable steps, each a transaction: rows and drafts; an attempt (sealed shares and the signed
statement, in one); the result. What happens between them can be repeated: delivery is idempotent at the
stewards, and the sequencer answers known bytes with their index.
"""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, select

from hanse_ledger.bodies import Report, ShareRef
from hanse_ledger.ids import Month, StewardX, SubjectId, month_end
from hanse_ledger.privacy.sealing import seal, share_info
from hanse_ledger.privacy.shares import SharePlaintext, draw_masks, encode_share, rows_hash, split
from hanse_ledger.signing import key_id_of
from hanse_ledger.state import ReportEntry
from node.ports import StewardLinks
from node.roles.drafts import Draft, DueRow, cut_drafts, due_rows, first_open_month
from node.roles.outbox import Outbox
from node.roles.party import Standing
from node.roles.recipients import Recipients
from node.roles.tokens import TokenSource
from node.storage.book import encode_evidence, load_invoices, months_made
from node.storage.bulk import bulk_insert
from node.storage.database import inserted_id
from node.storage.schema import draft as draft_table
from node.storage.schema import own_row, share_out

_SALT_BYTES: Final = 32
_MASK_KEY_BYTES: Final = 32
_DELIVERY_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """How far a member's reporting is: the log month, its reports, and how many of them count."""

    month: Month
    due: bool
    reports: int
    counting: int
    rows: int


class Contributor:
    """One member's reporting. `work` goes on where the last call, or a crash, ended."""

    def __init__(
        self,
        *,
        standing: Standing,
        outbox: Outbox,
        tokens: TokenSource,
        recipients: Recipients,
        links: StewardLinks,
    ) -> None:
        self._standing, self._outbox, self._tokens = standing, outbox, tokens
        self._recipients, self._links = recipients, links
        # What was sent to whom: done, or still under way when the last call did not wait any longer.
        self._sent: dict[tuple[int, StewardX], Future[bytes]] = {}

    def work(self) -> Reported:
        """Make the rows that are due, and bring every report on its way a step further.

        Raises UnavailableError when stewards or the sequencer are out of reach, MissingRateError when a
        currency has no rate for the month; nothing is lost then.
        """
        self._standing.catch_up()
        month = self._standing.state.log_month
        is_due = self._standing.clock.now().date() > month_end(month)
        if is_due and not self._is_drafted(month):
            self._make_drafts(month)
        self._settle()
        self._date()
        self._attempt_all()
        self._deliver()
        self._outbox.flush()
        return self.reported()

    def reported(self) -> Reported:
        """Return how far the reporting for the log month is."""
        month = self._standing.state.log_month
        drafts = select(func.count(), func.count().filter(draft_table.c.counted)).where(
            draft_table.c.log_month == month
        )
        rows = (
            select(func.count())
            .select_from(own_row)
            .join(draft_table)
            .where(draft_table.c.log_month == month)
        )
        with self._standing.database.read() as connection:
            reports, counting = connection.execute(drafts).one()
            row_count = connection.execute(rows).scalar_one()
        is_due = self._standing.clock.now().date() > month_end(month)
        return Reported(month=month, due=is_due, reports=reports, counting=counting, rows=row_count)

    def counts(self, month: Month) -> bool:
        """Return whether there are reports for a log month and all of them count, by the log."""
        query = select(draft_table).where(draft_table.c.log_month == month)
        with self._standing.database.read() as connection:
            drafts = list(connection.execute(query))
        return bool(drafts) and all(draft.counted or self._counts(draft) for draft in drafts)

    def _counts(self, draft: Any) -> bool:
        entry = self._entry(draft)
        return entry is not None and entry.counts_at is not None

    def _entry(self, draft: Any) -> ReportEntry | None:
        """Return what the log says of a draft's attempt, None where it has another statement in its place.

        That may be a report too, by another writer of this party: the sealed shares tell them apart.
        """
        entry = None if draft.seq is None else self._standing.state.report_of(self._standing.id, draft.seq)
        if entry is None:
            return None
        share = entry.shares[0]
        query = select(share_out.c.sealed).where(share_out.c.seq == draft.seq, share_out.c.x == share.x)
        with self._standing.database.read() as connection:
            sealed = connection.execute(query).scalar()
        return entry if sealed is not None and hashlib.sha256(sealed).digest() == share.sha256 else None

    def _is_drafted(self, month: Month) -> bool:
        query = select(draft_table.c.id).where(draft_table.c.log_month == month).limit(1)
        with self._standing.database.read() as connection:
            return connection.execute(query).scalar() is not None

    def _make_drafts(self, month: Month) -> None:
        policy = self._standing.state.consortium.policy
        first = first_open_month(self._standing.state.consortium.first_month, month)
        with self._standing.database.read() as connection:
            book = self._by_primary(load_invoices(connection))
            made = months_made(connection, first)
        # What was reported under another id of the subject is not reported again (section 2).
        made |= {(self._standing.state.primary_of(subject), month) for subject, month in made}
        entropy = self._standing.entropy
        rows = list(due_rows(book, first=first, last=month, made=made, policy=policy, entropy=entropy))
        tokens = self._tokens.tokens(due.subject for due in rows)
        drafts = cut_drafts(rows, tokens, log_month=month, entropy=entropy)
        with self._standing.database.write() as connection:
            for draft, placed in drafts:
                _put_draft(connection, month, draft, placed)

    def _by_primary(self, book: Mapping[SubjectId, list[Any]]) -> dict[SubjectId, list[Any]]:
        joined: dict[SubjectId, list[Any]] = {}
        for subject, invoices in book.items():
            joined.setdefault(self._standing.state.primary_of(subject), []).extend(invoices)
        return joined

    def _open_drafts(self) -> list[Any]:
        query = select(draft_table).where(draft_table.c.counted.is_(False)).order_by(draft_table.c.id)
        with self._standing.database.read() as connection:
            return list(connection.execute(query))

    def _settle(self) -> None:
        """Note which attempts count, and give up those that never will."""
        counted, given_up = [], []
        for draft in self._open_drafts():
            if draft.seq is None:
                continue
            entry = self._entry(draft)
            if entry is None:
                # Neither logged nor on its way: another statement took its place in the chain.
                if not self._outbox.is_pending(draft.seq):
                    given_up.append(draft)
            elif entry.counts_at is not None:
                counted.append(draft)
            elif entry.failed_at is not None:
                given_up.append(draft)
        if not counted and not given_up:
            return
        with self._standing.database.write() as connection:
            for draft in [*counted, *given_up]:
                connection.execute(share_out.delete().where(share_out.c.seq == draft.seq))
            for draft in counted:
                _update_draft(connection, draft.id, counted=True)
            for draft in given_up:
                _update_draft(connection, draft.id, seq=None)

    def _date(self) -> None:
        """Note the log month in which each counting report has begun to count."""
        undated = draft_table.c.counted & draft_table.c.counted_in.is_(None)
        with self._standing.database.read() as connection:
            drafts = list(connection.execute(select(draft_table.c.id, draft_table.c.seq).where(undated)))
        if not drafts:
            return
        with self._standing.database.write() as connection:
            for draft in drafts:
                _update_draft(connection, draft.id, counted_in=self._counted_in(draft.seq))

    def _counted_in(self, seq: int) -> Month:
        """Return the log month at the position where a report counts: windows frozen from it on have it."""
        state = self._standing.state
        entry = state.report_of(self._standing.id, seq)
        if entry is None or entry.counts_at is None:
            raise AssertionError("a report that was found counting does not count")
        last = state.last_closed(entry.counts_at + 1)
        return state.consortium.first_month if last is None else Month(last + 1)

    def _attempt_all(self) -> None:
        waiting = [draft for draft in self._open_drafts() if draft.seq is None]
        if not waiting:
            return
        keys = self._recipients.keys()
        for draft in waiting:
            self._attempt(draft.id, Draft.parse(draft.rows, draft.evidence_roots), keys)

    def _attempt(self, draft_id: int, draft: Draft, keys: Mapping[StewardX, bytes]) -> None:
        """Share, seal and sign a draft afresh, and store all of it before any of it leaves."""
        salt = self._standing.entropy(_SALT_BYTES)
        # The masks live in this frame alone: R is never kept (section 4).
        masks = draw_masks(self._standing.entropy(_MASK_KEY_BYTES), len(draft.rows))
        shares = split(draft.cells(), masks, sorted(keys))
        with self._standing.database.write() as connection:
            seq = self._outbox.next_seq(connection)
            sealed = {
                x: seal(
                    public_key=keys[x],
                    info=share_info(self._standing.consortium.id, x, self._standing.id, seq),
                    plaintext=encode_share(SharePlaintext(salt=salt, rows=draft.rows, share=share)),
                )
                for x, share in shares.items()
            }
            body = Report(
                evidence_roots=draft.evidence_roots,
                rows_hash=rows_hash(salt, draft.rows.tokens, draft.rows.months),
                shares=tuple(_share_ref(x, keys[x], raw) for x, raw in sorted(sealed.items())),
            )
            self._outbox.put(connection, body)
            rows = [{"seq": seq, "x": x, "sealed": raw} for x, raw in sealed.items()]
            connection.execute(share_out.insert(), rows)
            _update_draft(connection, draft_id, seq=seq)

    def _deliver(self) -> None:
        """Send every steward its shares until the log shows that it has published on them.

        A steward that is slow or silent is not waited for: the next call looks again.
        """
        with self._standing.database.read() as connection:
            waiting = connection.execute(select(share_out.c.seq, share_out.c.x)).all()
        keys = [(seq, StewardX(x)) for seq, x in waiting]
        self._sent = {key: self._sent[key] for key in keys if key in self._sent}
        links = self._links()
        for seq, x in keys:
            entry = self._standing.state.report_of(self._standing.id, seq)
            has_it = self._is_sent(seq, x) or (entry is not None and x in entry.published)
            if not has_it and x in links:
                where = (share_out.c.seq == seq) & (share_out.c.x == x)
                with self._standing.database.read() as connection:
                    sealed = connection.execute(select(share_out.c.sealed).where(where)).scalar_one()
                self._sent[seq, x] = links[x].ask("shares", sealed)
        wait(self._sent.values(), _DELIVERY_S)

    def _is_sent(self, seq: int, x: StewardX) -> bool:
        """Return whether a share is with its steward, or under way to it."""
        sent = self._sent.get((seq, x))
        return sent is not None and (not sent.done() or sent.exception() is None)


def _share_ref(x: StewardX, public_key: bytes, sealed: bytes) -> ShareRef:
    return ShareRef(
        x=x, sealing_key_id=key_id_of(public_key), sha256=hashlib.sha256(sealed).digest(), size=len(sealed)
    )


def _update_draft(connection: Connection, draft_id: int, **values: object) -> None:
    connection.execute(draft_table.update().where(draft_table.c.id == draft_id).values(**values))


def _put_draft(
    connection: Connection, log_month: Month, draft: Draft, placed: Sequence[DueRow | None]
) -> None:
    rows, roots = draft.encode()
    values = {"log_month": log_month, "rows": rows, "evidence_roots": roots, "counted": False}
    draft_id = inserted_id(connection.execute(draft_table.insert(), values))
    made = [
        {
            "subject": due.subject,
            "month": due.month,
            "condition": due.row.condition,
            "exposure": due.row.exposure,
            "delay": due.row.delay,
            "peak_minor": due.row.peak_minor,
            "delay_days": due.row.delay_days,
            "draft": draft_id,
            "number": number,
            "evidence": encode_evidence(due.leaves, due.salts),
        }
        for number, due in enumerate(placed)
        if due is not None
    ]
    bulk_insert(connection, own_row, made)
