"""What the fake's stewards say: real evaluations and shares, signed, of the figures that a test has set."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hanse_client.testing.founding import STEWARDS, Entropy
from hanse_client.testing.log import Log
from hanse_ledger import cose
from hanse_ledger.answer_file import AnswerProof, describe_without_figures, encode_answer_file
from hanse_ledger.bodies import Inquiry
from hanse_ledger.codec import Value, encode
from hanse_ledger.ids import Month, PartyId, StewardX, SubjectId, Token, parse_month
from hanse_ledger.privacy import voprf
from hanse_ledger.privacy.answer import (
    REQUEST_ID_BYTES,
    Answer,
    Request,
    WindowAnswer,
    combine_answers,
    hash_request,
)
from hanse_ledger.privacy.group import WIDE_BYTES, scalar_from_entropy
from hanse_ledger.privacy.sealing import PRIVATE_KEY_BYTES, SealingPrivateKey
from hanse_ledger.privacy.shares import draw_masks, reduced, split
from hanse_ledger.rows import encode_cells
from hanse_ledger.windows import CELLS_BAND, band, fold_cells

_MASK_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeWindow:
    """One frozen window: a row (condition 0-7, exposure 0-5, delay 0-7) for each contributor and month."""

    months: tuple[str, ...]
    rows: tuple[tuple[int, int, int], ...]
    contributors: int
    """Groups of firms, three at least; answers tell a band only."""
    withheld: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the fake knows of a subject."""

    windows: tuple[FakeWindow, ...] = ()
    warning_level: int = 0
    disputed: bool = False
    status: str | None = None
    """`refused` or `disagreement`, where there are no figures."""
    code: str | None = None
    """The stewards' code for a refusal."""
    is_proven: bool = True
    """Whether enough stewards are in reach to prove what they answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One request on its way: what it asks, and how its token was come by."""

    subject: SubjectId
    request: Request
    blind: bytes
    evaluation_request: bytes
    evaluations: Mapping[StewardX, bytes]


def window(
    *months: str,
    rows: Sequence[tuple[int, int, int]],
    contributors: int | None = None,
    withheld: bool = False,
) -> FakeWindow:
    """Return a window of these months (`YYYY-MM`); as many contributors as rows if nothing else is said.

    Raises ValueError for a month, a class or a number of contributors that cannot be.
    """
    for month in months:
        parse_month(month)
    if not months or not rows:
        raise ValueError("a window has months and rows")
    encode_cells(*zip(*rows, strict=True))
    groups = len(rows) if contributors is None else contributors
    band(groups)
    if groups > len(rows):
        raise ValueError("a window has a row for each contributor at least")
    return FakeWindow(months=tuple(months), rows=tuple(rows), contributors=groups, withheld=withheld)


class FakeStewards:
    """All four stewards and the inquiring member, in one hand."""

    def __init__(self, log: Log, member: PartyId, entropy: Entropy) -> None:
        self._log, self._member, self._entropy = log, member, entropy

    def ask(
        self, known: Mapping[SubjectId, Known], purpose: str, answering: int
    ) -> dict[SubjectId, dict[str, Any]]:
        """Log one inquiry about these subjects; return an answer object with its proof for each."""
        made = [self._make(subject, purpose) for subject in known]
        hashes = tuple(hash_request(one.request.encode()) for one in made)
        index = self._log.accept(self._member, Inquiry(request_hashes=hashes))
        return {one.subject: self._answer(one, known[one.subject], index, answering) for one in made}

    def _answer(self, made: Made, known: Known, index: int, answering: int) -> dict[str, Any]:
        if known.status is not None:
            return describe_without_figures(
                request=made.request, subject=made.subject, status=known.status, code=known.code
            )
        answer: dict[str, Any] = json.loads(self._file(made, known, index, answering))
        if not known.is_proven:
            del answer["proof"]
            answer["proof_code"] = "unavailable"
        return answer

    def _make(self, subject: SubjectId, purpose: str) -> Made:
        blind = scalar_from_entropy(self._entropy(WIDE_BYTES))
        asked = voprf.EvaluationRequest(
            consortium=self._log.dealt.consortium.id,
            party=self._member,
            nonce=self._entropy(voprf.NONCE_BYTES),
            elements=(voprf.blind(subject.encode(), blind),),
        )
        evaluated = {x: self._evaluate(x, asked) for x in list(STEWARDS)[: voprf.AGREEING_STEWARDS]}
        agreed = voprf.agreed_elements({x: one.elements for x, one in evaluated.items()})
        request = Request(
            consortium=asked.consortium,
            party=self._member,
            token=Token(voprf.finalize(subject.encode(), blind, agreed.elements[0])),
            purpose=purpose,
            request_id=self._entropy(REQUEST_ID_BYTES),
            answer_key=SealingPrivateKey.generate(self._entropy(PRIVATE_KEY_BYTES)).public_key,
        )
        signed = {
            x: self._sign(x, "evaluation", voprf.encode_evaluation(one)) for x, one in evaluated.items()
        }
        return Made(
            subject=subject,
            request=request,
            blind=blind,
            evaluation_request=voprf.encode_evaluation_request(asked),
            evaluations=signed,
        )

    def _evaluate(self, x: StewardX, asked: voprf.EvaluationRequest) -> voprf.Evaluation:
        key_share = self._log.dealt.key_shares[x]
        elements, proof = voprf.evaluate(
            key_share=key_share,
            public_share=voprf.public_share(key_share),
            elements=asked.elements,
            nonce=scalar_from_entropy(self._entropy(WIDE_BYTES)),
        )
        return voprf.Evaluation(request_hash=asked.hash, x=x, elements=elements, proof=proof)

    def _file(self, made: Made, known: Known, index: int, answering: int) -> bytes:
        answers = self._answers(made, known, index, list(STEWARDS)[:answering])
        proof = AnswerProof(
            request=made.request.encode(),
            blind=made.blind,
            evaluation_request=made.evaluation_request,
            evaluations=made.evaluations,
            inquiry=self._log.entries[index],
            index=index,
            inclusion=self._log.inclusion(index),
            answers={x: self._sign(x, "answer", answer.fields()) for x, answer in answers.items()},
            consistency=self._log.consistency(index + 1),
            checkpoint=self._log.checkpoint(),
        )
        return encode_answer_file(subject=made.subject, figures=combine_answers(answers), proof=proof)

    def _answers(
        self, made: Made, known: Known, index: int, xs: Sequence[StewardX]
    ) -> dict[StewardX, Answer]:
        windows = [_window_answers(one, self._entropy(_MASK_KEY_BYTES)) for one in known.windows]
        return {
            x: Answer(
                request_hash=hash_request(made.request.encode()),
                last_closed=self._log.state.last_closed(index + 1),
                log_size=index + 1,
                root=self._log.root(index + 1),
                windows=tuple(one[x] for one in windows),
                level=known.warning_level,
                disputed=known.disputed,
            )
            for x in xs
        }

    def _sign(self, x: StewardX, name: str, payload: Value) -> bytes:
        steward = STEWARDS[x]
        return cose.sign(
            key=self._log.dealt.keys[steward].statement,
            party=steward,
            consortium=self._log.dealt.consortium.id,
            name=name,
            payload=encode(payload),
        )


def _window_answers(told: FakeWindow, mask_key: bytes) -> dict[StewardX, WindowAnswer]:
    """Split a window's sums as frozen sums of split rows are split."""
    months = tuple(Month(parse_month(month)) for month in told.months)
    in_band = band(told.contributors)
    sums = encode_cells(*zip(*told.rows, strict=True)).sum(axis=0, keepdims=True, dtype="uint32")
    shares = split(sums, draw_masks(mask_key, 1), STEWARDS)
    values = {
        x: share if in_band >= CELLS_BAND else reduced(fold_cells(share.astype("uint64")))
        for x, share in shares.items()
    }
    return {
        x: WindowAnswer(
            months=months,
            frozen_at=months[-1],
            band=in_band,
            share=None if told.withheld else value.astype("<u4").tobytes(),
        )
        for x, value in values.items()
    }
