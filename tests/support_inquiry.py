"""A whole inquiry in memory: logged, tokened, answered by four stewards over real shares, and cosigned."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from support_consortium import (
    ALDER,
    AUDITOR,
    BIRCH,
    CHAMBER,
    CONSORTIUM,
    DESK,
    LEI,
    STEWARDS,
    TOKEN_SHARES,
    XS,
    consortium,
    cosign_key,
    founded,
    log_key,
    report,
    statement_key,
)
from support_tlog import Tree

from hanse_ledger import cose
from hanse_ledger.answer_file import AnswerProof, encode_answer_file, verify_answer_file
from hanse_ledger.bodies import Body, Close, Inquiry
from hanse_ledger.checkpoint import Checkpoint, cosign, sign_checkpoint
from hanse_ledger.codec import encode
from hanse_ledger.errors import LedgerError
from hanse_ledger.ids import Month, PartyId, StewardX, SubjectId, Token, month_of
from hanse_ledger.merkle import prove_consistency, prove_inclusion
from hanse_ledger.privacy import voprf
from hanse_ledger.privacy.answer import Answer, Figures, Request, WindowAnswer, combine_answers, hash_request
from hanse_ledger.privacy.group import scalar_bytes
from hanse_ledger.privacy.shares import draw_masks, reduced, split
from hanse_ledger.rows import encode_cells
from hanse_ledger.windows import BAND_LOWER, CELLS_BAND, fold_cells
from hanse_ledger.witnessing import answer_checkpoint, cosigner_name

File = dict[str, Any]
Path = tuple[str | int, ...]
SUBJECT = SubjectId(LEI)
BLIND = scalar_bytes(31_337)
TIME_S = 1_795_219_200
JANUARY = month_of(2026, 1)
CLOSE = Close(month=JANUARY)


def window(
    x: StewardX, months: Sequence[int], band: int, *, withheld: bool = False, rows: int | None = None
) -> WindowAnswer:
    """Steward x's share of a window over `rows` one-hot rows (default: as many as the band begins with)."""
    share = None
    if not withheld:
        n = BAND_LOWER[band] if rows is None else rows
        cells = encode_cells(*(np.arange(n) * (k + 1) % classes for k, classes in enumerate((8, 6, 8))))
        key = hashlib.sha256(b"masks of %d" % band).digest()
        mine = split(cells, draw_masks(key, n), XS)[x].astype(np.uint64)
        # Frozen: the sum over the rows first, then folded where there are fewer than ten groups.
        total = reduced(mine.sum(axis=0)).astype(np.uint64).reshape(1, -1)
        values = total if band >= CELLS_BAND else fold_cells(total)
        share = reduced(values)[0].astype("<u4").tobytes()
    return WindowAnswer(
        months=tuple(Month(month) for month in months), frozen_at=Month(months[-1]), band=band, share=share
    )


def windows(x: StewardX) -> tuple[WindowAnswer, ...]:
    """One of 22 values, one withheld, one of 56 values."""
    return (
        window(x, [JANUARY - 12], 1),
        window(x, [JANUARY - 8, JANUARY - 7], 2, withheld=True),
        window(x, [JANUARY], 3, rows=17),
    )


@dataclass(frozen=True)
class Inquired:
    """The log after the inquiry and a little more, and everything that an answer file is made of."""

    entries: tuple[bytes, ...]
    request: Request
    index: int
    proof: AnswerProof
    answers: Mapping[StewardX, Answer]

    def figures(self, xs: Iterable[StewardX] = XS) -> Figures:
        return combine_answers({x: self.answers[x] for x in xs})

    def proof_of(self, xs: Iterable[StewardX]) -> AnswerProof:
        return replace(self.proof, answers={x: self.proof.answers[x] for x in xs})

    def file(self, xs: Iterable[StewardX] = XS) -> bytes:
        return encode_answer_file(
            subject=SUBJECT, figures=self.figures(tuple(xs)), proof=self.proof_of(tuple(xs))
        )


def message(x: StewardX, name: str, payload: object) -> bytes:
    """Sign a steward's message beside the log."""
    party = STEWARDS[x]
    return cose.sign(
        key=statement_key(party), party=party, consortium=CONSORTIUM, name=name, payload=encode(payload)
    )


def evaluations(party: PartyId, subject: str = SUBJECT) -> tuple[bytes, dict[StewardX, bytes], Token]:
    """Ask all stewards for one token: the request, their signed evaluations, and the token."""
    request = voprf.EvaluationRequest(
        consortium=CONSORTIUM, party=party, nonce=bytes(16), elements=(voprf.blind(subject.encode(), BLIND),)
    )
    signed, elements = {}, {}
    for x, key_share in TOKEN_SHARES.items():
        elements[x], proof = voprf.evaluate(
            key_share=key_share,
            public_share=voprf.public_share(key_share),
            elements=request.elements,
            nonce=scalar_bytes(1_000 + x),
        )
        evaluation = voprf.Evaluation(request_hash=request.hash, x=x, elements=elements[x], proof=proof)
        signed[x] = message(x, "evaluation", voprf.encode_evaluation(evaluation))
    token = voprf.finalize(subject.encode(), BLIND, voprf.agreed_elements(elements).elements[0])
    return voprf.encode_evaluation_request(request), signed, token


def cosigned(entries: Sequence[bytes]) -> str:
    checkpoint = Checkpoint(origin=CONSORTIUM, size=len(entries), root=Tree(list(entries)).frontier.root())
    raw = sign_checkpoint(checkpoint, log_key(DESK))
    lines = [
        cosign(raw, name=cosigner_name(CONSORTIUM, party), key=cosign_key(party), timestamp_s=TIME_S)
        for party in STEWARDS.values()
    ]
    return answer_checkpoint(raw + b"".join(line.encode() for line in lines), consortium())


@cache
def asked() -> tuple[Request, bytes, dict[StewardX, bytes]]:
    """What Alder asks, and how it came by the token."""
    evaluation_request, signed, token = evaluations(ALDER)
    request = Request(
        consortium=CONSORTIUM,
        party=ALDER,
        token=token,
        purpose="credit-review",
        request_id=bytes(range(16)),
        answer_key=bytes(1_216),
    )
    return request, evaluation_request, signed


def inquiry() -> Inquiry:
    """Log the request, and another one before it."""
    return Inquiry(request_hashes=(bytes([7]) * 32, hash_request(asked()[0].encode())))


@cache
def inquired(*, empty: bool = False, before: int = 3, after: int = 3) -> Inquired:
    """Ask about `SUBJECT`; `empty` answers have no window, statements stand before and after the inquiry."""
    ledger = founded()
    steps: list[tuple[PartyId, Body]] = [(BIRCH, report()), (CHAMBER, CLOSE), (AUDITOR, CLOSE)]
    for party, body in steps[:before]:
        ledger.accept(party, body)
    index = ledger.accept(ALDER, inquiry()).index
    for _ in range(after):
        ledger.accept(BIRCH, report())
    return answered_at(ledger.entries, index, empty=empty)


def answered_at(entries: Sequence[bytes], index: int, *, empty: bool = False) -> Inquired:
    """Answer as if entry `index` were the inquiry; entries are taken as they are, good or not."""
    request, evaluation_request, signed = asked()
    tree, size = Tree(list(entries)), len(entries)
    answers = {
        x: Answer(
            request_hash=hash_request(request.encode()),
            last_closed=JANUARY,
            log_size=index + 1,
            root=Tree(list(entries[: index + 1])).frontier.root(),
            windows=() if empty else windows(x),
            level=level,
            disputed=disputed,
        )
        for x, level, disputed in zip(XS, (0, 1, 1, 2), (True, False, True, False), strict=True)
    }
    proof = AnswerProof(
        request=request.encode(),
        blind=BLIND,
        evaluation_request=evaluation_request,
        evaluations={x: signed[x] for x in XS[:3]},
        inquiry=entries[index],
        index=index,
        inclusion=tuple(prove_inclusion(index=index, tree_size=size, read=tree.read)),
        answers={x: message(x, "answer", answer.fields()) for x, answer in answers.items()},
        consistency=tuple(prove_consistency(size1=index + 1, size2=size, read=tree.read)),
        checkpoint=cosigned(entries),
    )
    return Inquired(entries=tuple(entries), request=request, index=index, proof=proof, answers=answers)


def verify(content: object) -> File:
    """Verify an answer file that is given as bytes or as a JSON value."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return verify_answer_file(raw, consortium())


def refused(content: object) -> LedgerError:
    with pytest.raises(LedgerError) as caught:
        verify(content)
    return caught.value


def edited(path: Path, value: object) -> object:
    """Return the real file with the value at `path` replaced."""
    if not path:
        return value
    file = json.loads(inquired().file())
    at: Any = file
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return file


FIELDS_OF_ANSWER = inquired().answers[XS[0]].fields()
