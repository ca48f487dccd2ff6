"""What a subject learns through its desk: how often it was inquired on, by purpose and closed log month."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select

from hanse_ledger.codec import encode
from hanse_ledger.cose import open_message
from hanse_ledger.errors import LedgerError, UnavailableError, VerificationError
from hanse_ledger.ids import StewardX, SubjectId, month_text
from hanse_ledger.privacy.answer import hash_request
from hanse_ledger.privacy.counts import (
    COUNTS_LIMIT,
    NAME,
    Counts,
    agreed_counts,
    counts_info,
    parse_counts,
)
from hanse_ledger.privacy.group import THRESHOLD
from hanse_ledger.privacy.sealing import SealingPrivateKey
from node.ports import StewardLinks
from node.roles.access import SUBJECT_ACCESS
from node.roles.evidence import keep_evidence
from node.roles.gathering import arriving
from node.roles.inquirer import Inquirer, Outcome
from node.roles.party import Standing
from node.storage.schema import inquiry
from node.wire import reply_of

_CHECKED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Counts of inquiries about a subject, the stewards that gave them, and the answer to the desk's own."""

    outcome: Outcome
    stewards: tuple[StewardX, ...]
    counts: Counts = field(repr=False)

    def describe(self) -> dict[str, Any]:
        """Return what was learnt as it is shown; `checked` is what three stewards have counted."""
        return {
            "subject": self.outcome.subject,
            "checked": len(self.stewards) >= _CHECKED,
            "inquiries": [
                {"month": month_text(month), "purpose": purpose, "count": count}
                for (month, purpose), count in sorted(self.counts.items())
            ],
            "answer": self.outcome.describe(),
        }


class SubjectAccess:
    """One desk's questions for subjects."""

    def __init__(self, *, standing: Standing, inquirer: Inquirer, links: StewardLinks) -> None:
        self._standing, self._inquirer, self._links = standing, inquirer, links

    def learn(self, subject: SubjectId, call: str | None = None) -> Learned:
        """Log an inquiry for subject access, and ask the stewards how many others there were.

        Raises UnavailableError where fewer than two of them say.
        """
        self._standing.catch_up()
        primary = self._standing.state.primary_of(subject)
        (outcome,) = self._inquirer.inquire([primary], SUBJECT_ACCESS, call)
        given = self._ask(outcome) if outcome.code is None else {}
        if outcome.code is None and len(given) < THRESHOLD:
            raise UnavailableError("fewer than two stewards say how many inquiries there were")
        return Learned(outcome=outcome, stewards=tuple(given), counts=agreed_counts(given))

    def _ask(self, outcome: Outcome) -> Mapping[StewardX, Counts]:
        raw = outcome.request.encode()
        key = self._key(outcome)
        given: dict[StewardX, Counts] = {}
        asked = {x: link.ask("inquiry-counts", encode(raw)) for x, link in self._links().items()}
        for x, future in arriving(asked):
            try:
                sealed = reply_of(future)
            except LedgerError:
                continue
            try:
                given[x] = self._open(outcome, x, key, sealed)
            except LedgerError:
                party = self._standing.in_force.stewards[x].id
                keep_evidence(self._standing.database, kind="inquiry-counts", party=party, content=sealed)
        return dict(sorted(given.items()))

    def _key(self, outcome: Outcome) -> SealingPrivateKey:
        query = select(inquiry.c.answer_key).where(inquiry.c.request_id == outcome.request.request_id.hex())
        with self._standing.database.read() as connection:
            return SealingPrivateKey(connection.execute(query).scalar_one())

    def _open(self, outcome: Outcome, x: StewardX, key: SealingPrivateKey, sealed: bytes) -> Counts:
        """Return one steward's counts; raises LedgerError for what is not its word on this request."""
        steward, consortium = self._standing.in_force.stewards[x], self._standing.consortium.id
        info = counts_info(consortium, x, hash_request(outcome.request.encode()))
        payload = open_message(
            key.open(info=info, sealed=sealed),
            name=NAME,
            consortium=consortium,
            party=steward.id,
            public=steward.statement_key,
            limit=COUNTS_LIMIT,
        )
        said = parse_counts(payload)
        expected = (hash_request(outcome.request.encode()), outcome.index + 1)
        if (said.request_hash, said.log_size) != expected:
            raise VerificationError("counts for another request, or as of another position")
        return said.counts
