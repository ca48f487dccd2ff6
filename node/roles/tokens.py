"""Getting tokens from the stewards: blinded, proved, and taken only if enough of them agree (section 2)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sqlalchemy import bindparam, select

from hanse_ledger.answer_file import open_evaluation
from hanse_ledger.errors import LedgerError, RejectedError, UnavailableError, VerificationError
from hanse_ledger.ids import StewardX, SubjectId, Token
from hanse_ledger.privacy import voprf
from hanse_ledger.privacy.group import THRESHOLD, WIDE_BYTES, Element, scalar_from_entropy
from node.ports import StewardLink, StewardLinks
from node.roles.evidence import keep_evidence
from node.roles.gathering import arriving
from node.roles.party import Standing
from node.storage.bulk import bulk_insert
from node.storage.schema import token as token_table
from node.wire import WAIT_S, reply_of

_Asked: TypeAlias = Mapping[StewardX, Future[bytes]]
HEDGE_S: Final = 1.0
"""How long three stewards have before the others are asked too."""
_READ_LIMIT: Final = 500
_KNOWN: Final = select(token_table.c.subject, token_table.c.token).where(
    token_table.c.subject.in_(bindparam("subjects", expanding=True))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenProof:
    """An evaluation of one subject alone, as an answer file shows it."""

    blind: bytes = field(repr=False)
    request: bytes = field(repr=False)
    evaluations: Mapping[StewardX, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evaluated:
    """What stewards answered to one request: their signed bytes, and the elements that held."""

    raw: dict[StewardX, bytes]
    elements: dict[StewardX, tuple[Element, ...]]


class TokenSource:
    """A party's tokens, cached for good in its own database."""

    def __init__(self, standing: Standing, links: StewardLinks) -> None:
        self._standing, self._links = standing, links

    def tokens(self, subjects: Iterable[SubjectId]) -> dict[SubjectId, Token]:
        """Return the token of each primary id; fetches what is not cached.

        Raises UnavailableError when too few stewards are in reach, VerificationError when they disagree,
        RejectedError when the day's budget is spent.
        """
        wanted = list(dict.fromkeys(subjects))
        known = self._cached(wanted)
        missing = [subject for subject in wanted if subject not in known]
        start, size = 0, voprf.ELEMENTS_LIMIT
        while start < len(missing):
            part = missing[start : start + size]
            taken = self._fetch(part)
            if len(taken) < len(part):
                # Two stewards are in reach: to ask them for more than they may answer would spend the budget.
                size = voprf.PAIR_ELEMENTS_LIMIT
            known.update(taken)
            start += len(taken)
        return known

    def missing(self, subjects: Sequence[SubjectId]) -> list[SubjectId]:
        """Return those of some primary ids whose tokens would have to be fetched."""
        known = self._cached(subjects)
        return [subject for subject in subjects if subject not in known]

    def prove(self, subject: SubjectId) -> TokenProof:
        """Ask for one subject alone, so that the evaluations can be shown to a stranger."""
        blinds, request, evaluated = self._evaluate([subject])
        raw = dict(sorted(evaluated.raw.items())[: voprf.AGREEING_STEWARDS])
        return TokenProof(blind=blinds[0], request=request, evaluations=raw)

    def _cached(self, subjects: Sequence[SubjectId]) -> dict[SubjectId, Token]:
        known: dict[SubjectId, Token] = {}
        with self._standing.database.read() as connection:
            for part in chunks(subjects, _READ_LIMIT):
                rows = connection.execute(_KNOWN, {"subjects": list(part)})
                known.update({SubjectId(subject): Token(token) for subject, token in rows})
        return known

    def _fetch(self, subjects: Sequence[SubjectId]) -> dict[SubjectId, Token]:
        """Fetch and store tokens for the first of `subjects`: for all, or as many as two stewards do."""
        blinds, _, evaluated = self._evaluate(subjects)
        if len(evaluated.elements) >= voprf.AGREEING_STEWARDS:
            agreement = voprf.agreed_elements(evaluated.elements)
            for x in agreement.deviating:
                self._keep(x, evaluated.raw[x])
            elements = agreement.elements
        elif len(subjects) > voprf.PAIR_ELEMENTS_LIMIT:
            return self._fetch(subjects[: voprf.PAIR_ELEMENTS_LIMIT])
        else:
            elements = voprf.combine(evaluated.elements)
        tokens = {
            subject: voprf.finalize(subject.encode(), blind, element)
            for subject, blind, element in zip(subjects, blinds, elements, strict=True)
        }
        with self._standing.database.write() as connection:
            rows = [{"subject": subject, "token": token} for subject, token in tokens.items()]
            bulk_insert(connection, token_table, rows)
        return tokens

    def _evaluate(self, subjects: Sequence[SubjectId]) -> tuple[list[bytes], bytes, _Evaluated]:
        blinds = [bytes(scalar_from_entropy(self._standing.entropy(WIDE_BYTES))) for _ in subjects]
        request = voprf.EvaluationRequest(
            consortium=self._standing.consortium.id,
            party=self._standing.id,
            nonce=self._standing.entropy(voprf.NONCE_BYTES),
            elements=tuple(
                voprf.blind(subject.encode(), blind) for subject, blind in zip(subjects, blinds, strict=True)
            ),
        )
        raw = voprf.encode_evaluation_request(request)
        evaluated = self._ask(request, raw)
        if len(evaluated.elements) == voprf.AGREEING_STEWARDS and not self._agree(evaluated):
            # Three that differ name nobody; the fourth steward, where there is one, tells.
            self._take(request, evaluated, self._send(raw, evaluated, self._links()))
        return blinds, raw, evaluated

    def _ask(self, request: voprf.EvaluationRequest, raw: bytes) -> _Evaluated:
        """Ask three stewards at once, and the others when one of those fails or is slow."""
        evaluated = _Evaluated(raw={}, elements={})
        links = self._links()
        asked = self._send(raw, evaluated, dict(list(links.items())[: voprf.AGREEING_STEWARDS]))
        refusal = self._take(request, evaluated, asked, HEDGE_S)
        if len(evaluated.elements) < voprf.AGREEING_STEWARDS:
            slow = {x: future for x, future in asked.items() if not future.done()}
            rest = {x: link for x, link in links.items() if x not in asked}
            more = {**slow, **self._send(raw, evaluated, rest)}
            refusal = self._take(request, evaluated, more) or refusal
        if len(evaluated.elements) < THRESHOLD:
            raise refusal or UnavailableError("fewer than two stewards are in reach")
        return evaluated

    @staticmethod
    def _send(raw: bytes, evaluated: _Evaluated, links: Mapping[StewardX, StewardLink]) -> _Asked:
        return {x: link.ask("evaluate", raw) for x, link in links.items() if x not in evaluated.elements}

    def _take(
        self,
        request: voprf.EvaluationRequest,
        evaluated: _Evaluated,
        asked: _Asked,
        wait_s: float = WAIT_S,
    ) -> RejectedError | None:
        """Add what comes until three have evaluated; return a refusal if a steward refused."""
        refusal = None
        for x, future in arriving(
            asked, lambda: len(evaluated.elements) >= voprf.AGREEING_STEWARDS, wait_s=wait_s
        ):
            try:
                reply = reply_of(future)
            except RejectedError as error:
                refusal = error
                continue
            except UnavailableError:
                continue
            try:
                evaluation = open_evaluation(reply, request=request, x=x, consortium=self._standing.in_force)
            except LedgerError:
                self._keep(x, reply)
                continue
            evaluated.raw[x], evaluated.elements[x] = reply, evaluation.elements
        return refusal

    @staticmethod
    def _agree(evaluated: _Evaluated) -> bool:
        try:
            voprf.agreed_elements(evaluated.elements)
        except VerificationError:
            return False
        return True

    def _keep(self, x: StewardX, reply: bytes) -> None:
        party = self._standing.in_force.stewards[x].id
        keep_evidence(self._standing.database, kind="evaluation", party=party, content=reply)


def chunks(items: Sequence[SubjectId], size: int) -> Iterator[Sequence[SubjectId]]:
    """Cut a sequence into parts of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
