"""A desk's disputes: opened for a subject, whom only the stewards learn, and resolved (section 9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, select

from hanse_ledger.bodies import SealedFor
from hanse_ledger.errors import MalformedError
from hanse_ledger.filings import Dispute, DisputeOutcome, Resolution
from hanse_ledger.ids import Month, StewardX, SubjectId, month_text
from hanse_ledger.privacy.bulletin import SALT_BYTES, encode_dispute
from hanse_ledger.privacy.sealing import dispute_info, seal
from hanse_ledger.registers import SealedEntry
from hanse_ledger.signing import key_id_of
from node.errors import NotFoundError, ReferenceTakenError, ResolvedError
from node.roles.disputed import term_end
from node.roles.outbox import Outbox
from node.roles.party import Standing
from node.roles.recipients import Recipients
from node.roles.tokens import TokenSource
from node.storage.contest_schema import desk_dispute

REFERENCE_BYTES_MOST: Final = 64
CaseState: TypeAlias = Literal["filed", "open", "void", "resolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A dispute of this desk's.

    `filed` until its bulletin period closes, then `open`, or `void` where a steward could not open it: it has
    no effect and is opened anew. `respond_by` is the month with whose close the contributors' term ends.
    """

    index: int
    reference: str
    subject: SubjectId = field(repr=False)
    opened_at: str
    state: CaseState
    respond_by: Month | None
    outcome: DisputeOutcome | None

    def describe(self) -> dict[str, Any]:
        """Return the dispute as it is shown."""
        return {
            "index": self.index,
            "reference": self.reference,
            "subject": self.subject,
            "opened_at": self.opened_at,
            "state": self.state,
            "respond_by": None if self.respond_by is None else month_text(self.respond_by),
            "outcome": None if self.outcome is None else self.outcome.name.lower(),
        }


class Cases:
    """One desk's disputes. Opening one that stands opens nothing: a request may come twice."""

    def __init__(
        self, *, standing: Standing, outbox: Outbox, tokens: TokenSource, recipients: Recipients
    ) -> None:
        self._standing, self._outbox = standing, outbox
        self._tokens, self._recipients = tokens, recipients

    def open(self, subject: SubjectId, reference: str) -> Case:
        """Open a dispute for a subject under the desk's own reference, which everybody can read.

        Raises MalformedError for a reference that says nothing or names the subject, ReferenceTakenError for
        one that stands for another subject, UnavailableError where too few stewards are in reach.
        """
        self._catch_up()
        primary = self._standing.state.primary_of(subject)
        _check_reference(reference, primary)
        for case in self.listed():
            if case.reference == reference and case.state != "void":
                if case.subject != primary:
                    raise ReferenceTakenError("the reference stands for another dispute")
                return case
        token, keys = self._tokens.tokens([primary])[primary], self._recipients.keys_known()
        text, text_hash = encode_dispute(salt=self._standing.entropy(SALT_BYTES), token=token)

        def make(connection: Connection, seq: int) -> Dispute:
            values = {"reference": reference, "subject": primary, "hash": text_hash}
            now = self._standing.clock.now().isoformat()
            # A statement that lost its place in the chain leaves its seq to another one.
            connection.execute(desk_dispute.delete().where(desk_dispute.c.seq == seq))
            connection.execute(desk_dispute.insert(), {"seq": seq, **values, "opened_at": now})
            return Dispute(dispute_hash=text_hash, sealed=self._sealed(text, keys, seq), reference=reference)

        return self._one(self._outbox.log(make))

    def resolve(self, index: int, outcome: DisputeOutcome) -> Case:
        """Resolve an own dispute; raises NotFoundError, or ResolvedError where it ended otherwise before."""
        self._catch_up()
        case = self._one(index)
        if case.outcome not in {None, outcome}:
            raise ResolvedError("the dispute was resolved before")
        if case.outcome is None:
            self._outbox.log(lambda *_: Resolution(dispute=index, outcome=int(outcome)))
        return self._one(index)

    def listed(self) -> list[Case]:
        """Return this desk's disputes, the newest first, by its copy of the log."""
        with self._standing.database.read() as connection:
            known = {(row.seq, row.hash): row for row in connection.execute(select(desk_dispute))}
        state = self._standing.state
        entries = [state.bulletins.entries[index] for index in state.disputes.of_desk(self._standing.id)]
        return [
            self._case(entry, known[entry.seq, entry.hash])
            for entry in reversed(entries)
            if (entry.seq, entry.hash) in known
        ]

    def _catch_up(self) -> None:
        """Know what this desk has said last, also what was on its way when the node stopped."""
        self._standing.catch_up()
        self._outbox.flush()

    def _one(self, index: int) -> Case:
        found = next((case for case in self.listed() if case.index == index), None)
        if found is None:
            raise NotFoundError("this desk has opened no dispute there")
        return found

    def _sealed(self, text: bytes, keys: Mapping[StewardX, bytes], seq: int) -> tuple[SealedFor, ...]:
        consortium = self._standing.consortium.id
        return tuple(
            SealedFor(
                x=x,
                sealing_key_id=key_id_of(key),
                sealed=seal(
                    public_key=key,
                    info=dispute_info(consortium, x, self._standing.id, seq),
                    plaintext=text,
                ),
            )
            for x, key in sorted(keys.items())
        )

    def _case(self, entry: SealedEntry, row: Any) -> Case:
        state = self._standing.state
        took_effect = state.bulletins.took_effect(entry)
        outcome = state.disputes.outcome(entry.index)
        return Case(
            index=entry.index,
            reference=row.reference,
            subject=SubjectId(row.subject),
            opened_at=row.opened_at,
            state=_state_of(
                is_over=state.periods.position(entry.period) is not None,
                has_effect=took_effect is not None,
                is_resolved=outcome is not None,
            ),
            respond_by=None if took_effect is None else term_end(state, took_effect),
            outcome=outcome,
        )


def _state_of(*, is_over: bool, has_effect: bool, is_resolved: bool) -> CaseState:
    if is_resolved:
        return "resolved"
    if has_effect:
        return "open"
    return "void" if is_over else "filed"


def _check_reference(reference: str, subject: SubjectId) -> None:
    if not reference.strip() or not reference.isprintable():
        raise MalformedError("reference: one line of text")
    if len(reference.encode(errors="surrogatepass")) > REFERENCE_BYTES_MOST:
        raise MalformedError(f"reference: text of at most {REFERENCE_BYTES_MOST} bytes")
    if subject.rsplit(":", 1)[1] in reference.upper():
        raise MalformedError("reference: everybody reads it, so it must not name the subject")
