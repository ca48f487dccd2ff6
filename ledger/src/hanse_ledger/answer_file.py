"""The answer file: an answer with everything that a stranger needs to check it offline (interfaces.md).

Every field outside `proof` follows from `proof` and the consortium document; a verifier computes them anew
and compares, so none can be changed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from hanse_ledger.bodies import STATEMENT_LIMIT, Inquiry
from hanse_ledger.checkpoint import Checkpoint, parse_checkpoint
from hanse_ledger.consortium import Consortium, Party
from hanse_ledger.cose import open_message
from hanse_ledger.errors import MalformedError, VerificationError
from hanse_ledger.ids import NodeHash, StewardX, SubjectId, Token, month_text
from hanse_ledger.merkle import leaf_hash, verify_consistency, verify_inclusion
from hanse_ledger.note import parse_note
from hanse_ledger.privacy import voprf
from hanse_ledger.privacy.answer import (
    ANSWER_LIMIT,
    Figures,
    Request,
    WindowFigures,
    combine_answers,
    hash_request,
    parse_answer,
    parse_request,
)
from hanse_ledger.statements import parse_statement
from hanse_ledger.subjects import check_logged_id
from hanse_ledger.windows import BAND_TEXT
from hanse_ledger.witnessing import answer_checkpoint

FORMAT: Final = "hanse-answer/1"
MEDIA_TYPE: Final = "application/vnd.hanse.answer+json"
FILE_SUFFIX: Final = ".hanse.json"
FILE_LIMIT: Final = 16 << 20
_X_DIGITS: Final = 3
_PROOF_FIELDS: Final = frozenset(
    {"request", "blind", "evaluation_request", "evaluations", "inquiry", "index", "inclusion", "answers"}
    | {"consistency", "checkpoint"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerProof:
    """What an answer follows from; the messages are the exact bytes that were sent and signed."""

    request: bytes = field(repr=False)
    blind: bytes = field(repr=False)
    evaluation_request: bytes = field(repr=False)
    evaluations: Mapping[StewardX, bytes] = field(repr=False)
    inquiry: bytes = field(repr=False)
    index: int
    inclusion: tuple[NodeHash, ...]
    answers: Mapping[StewardX, bytes] = field(repr=False)
    consistency: tuple[NodeHash, ...]
    checkpoint: str


def describe(*, request: Request, subject: SubjectId, figures: Figures) -> dict[str, Any]:
    """Return the fields of an answer object but for `proof`, as `hanse inquire --json` prints them."""
    return {
        **_asked(request, subject),
        "status": _status(figures),
        "last_closed_month": None if figures.last_closed is None else month_text(figures.last_closed),
        "windows": [_window(window) for window in figures.windows],
        "warning_level": figures.level,
        "disputed": figures.disputed,
    }


def describe_without_figures(
    *, request: Request, subject: SubjectId, status: str, code: str | None = None
) -> dict[str, Any]:
    """Return the object for `disagreement`, or for `refused` with the stewards' code."""
    return {**_asked(request, subject), "status": status, **({} if code is None else {"code": code})}


def encode_answer_file(*, subject: SubjectId, figures: Figures, proof: AnswerProof) -> bytes:
    """Return the bytes of an answer file."""
    request = parse_request(proof.request)
    content = {
        **describe(request=request, subject=subject, figures=figures),
        "proof": {
            "request": proof.request.hex(),
            "blind": proof.blind.hex(),
            "evaluation_request": proof.evaluation_request.hex(),
            "evaluations": {str(x): raw.hex() for x, raw in sorted(proof.evaluations.items())},
            "inquiry": proof.inquiry.hex(),
            "index": proof.index,
            "inclusion": [node.hex() for node in proof.inclusion],
            "answers": {str(x): raw.hex() for x, raw in sorted(proof.answers.items())},
            "consistency": [node.hex() for node in proof.consistency],
            "checkpoint": proof.checkpoint,
        },
    }
    return encode_content(content)


def encode_content(content: Mapping[str, Any]) -> bytes:
    """Return the bytes of an answer file of this content."""
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def verify_answer_file(raw: bytes, consortium: Consortium) -> dict[str, Any]:
    """Check an answer file against the consortium document in force at the answers' log size.

    Returns the verified object, without `proof`. Raises RejectedError for a file of another form and
    VerificationError for one that does not follow from its proof.
    """
    content = _parse_json(raw)
    proof = _parse_proof(content.pop("proof", None))
    subject = content.get("subject")
    if not isinstance(subject, str):
        raise MalformedError("subject: must be a text")
    check_logged_id(subject)
    request = parse_request(proof.request)
    party = consortium.party(request.party)
    if request.consortium != consortium.id or party is None:
        raise VerificationError("the request is not by an active party of this consortium")
    _verify_token(proof, SubjectId(subject), request.token, consortium)
    figures = _verify_answers(proof, consortium)
    _verify_log(proof, figures, party, consortium)
    expected = describe(request=request, subject=SubjectId(subject), figures=figures)
    for name in content.keys() | expected.keys():
        # As JSON text, so that 1, 1.0 and true stay three things.
        if name not in content or name not in expected or _text(content[name]) != _text(expected[name]):
            raise VerificationError(f"{name}: does not follow from the proof")
    return expected


def open_evaluation(
    raw: bytes, *, request: voprf.EvaluationRequest, x: StewardX, consortium: Consortium
) -> voprf.Evaluation:
    """Read a steward's signed evaluation, checked to answer `request` with its proof against K_x."""
    steward = _steward(consortium, x)
    payload = open_message(
        raw,
        name="evaluation",
        consortium=consortium.id,
        party=steward.id,
        public=steward.statement_key,
        limit=1 << 17,
    )
    evaluation = voprf.parse_evaluation(payload)
    if evaluation.request_hash != request.hash or evaluation.x != x:
        raise VerificationError("an evaluation of another request")
    voprf.verify_evaluation(
        public_share=steward.token_key or b"",
        elements=request.elements,
        evaluations=evaluation.elements,
        proof=evaluation.proof,
    )
    return evaluation


def _verify_token(proof: AnswerProof, subject: SubjectId, token: Token, consortium: Consortium) -> None:
    """Check that the request's token is the subject's, by two stewards' evaluations or three that agree."""
    request = voprf.parse_evaluation_request(proof.evaluation_request)
    blinded = voprf.blind(subject.encode(), proof.blind)
    if (request.consortium, request.elements) != (consortium.id, (blinded,)):
        raise VerificationError("evaluation_request: does not ask for this subject alone")
    if request.party != parse_request(proof.request).party:
        raise VerificationError("evaluation_request: is another party's")
    evaluations = {
        x: open_evaluation(raw, request=request, x=x, consortium=consortium).elements
        for x, raw in proof.evaluations.items()
    }
    if len(evaluations) == voprf.AGREEING_STEWARDS:
        combined = voprf.agreed_elements(evaluations).elements
    else:
        combined = voprf.combine(evaluations)
    if voprf.finalize(subject.encode(), proof.blind, combined[0]) != token:
        raise VerificationError("subject: the request's token is not this subject's")


def _verify_answers(proof: AnswerProof, consortium: Consortium) -> Figures:
    answers = {}
    for x, raw in proof.answers.items():
        steward = _steward(consortium, x)
        payload = open_message(
            raw,
            name="answer",
            consortium=consortium.id,
            party=steward.id,
            public=steward.statement_key,
            limit=ANSWER_LIMIT,
        )
        answers[x] = parse_answer(payload)
        if answers[x].request_hash != hash_request(proof.request):
            raise VerificationError("an answer to another request")
    figures = combine_answers(answers)
    if figures.deviating:
        raise VerificationError("answers: one of them does not agree with the others")
    if figures.log_size != proof.index + 1:
        raise VerificationError("answers: not as of the inquiry's position")
    return figures


def _verify_log(proof: AnswerProof, figures: Figures, party: Party, consortium: Consortium) -> None:
    """Check that the inquiry stands in the log that the answers speak of, and that it is the cosigned one."""
    statement = parse_statement(proof.inquiry)
    if statement.party != party.id or statement.signed.consortium != consortium.id:
        raise VerificationError("inquiry: is another party's")
    statement.signed.verify(party.statement_key)
    if not isinstance(statement.body, Inquiry):
        raise VerificationError("inquiry: is a statement of another kind")
    if hash_request(proof.request) not in statement.body.request_hashes:
        raise VerificationError("inquiry: does not log the request")
    checkpoint = _verify_checkpoint(proof.checkpoint, consortium)
    verify_inclusion(
        leaf=leaf_hash(proof.inquiry),
        index=proof.index,
        tree_size=checkpoint.size,
        root=checkpoint.root,
        path=proof.inclusion,
    )
    verify_consistency(
        size1=figures.log_size,
        size2=checkpoint.size,
        root1=figures.root,
        root2=checkpoint.root,
        path=proof.consistency,
    )


def _verify_checkpoint(text: str, consortium: Consortium) -> Checkpoint:
    # One spelling only: else lines that are valid could be added, left out or moved.
    raw = text.encode(errors="surrogatepass")
    if answer_checkpoint(raw, consortium) != text:
        raise VerificationError("checkpoint: carries other signatures than it needs, or in another order")
    return parse_checkpoint(parse_note(raw).text)


def _asked(request: Request, subject: SubjectId) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "consortium": request.consortium,
        "party": request.party,
        "subject": subject,
        "purpose": request.purpose,
        "request_id": request.request_id.hex(),
    }


def _status(figures: Figures) -> str:
    if not figures.checked:
        return "unchecked"
    return "checked" if figures.windows else "nothing"


def _window(window: WindowFigures) -> dict[str, Any]:
    return {
        "months": [month_text(month) for month in window.months],
        "frozen_at": month_text(window.frozen_at),
        "contributors": BAND_TEXT[window.band],
        "condition": _list(window.condition),
        "exposure": _list(window.exposure),
        "delay": _list(window.delay),
        "cells": _list(window.cells),
    }


def _list(values: tuple[int, ...] | None) -> list[int] | None:
    return None if values is None else list(values)


def _steward(consortium: Consortium, x: StewardX) -> Party:
    steward = consortium.stewards.get(x)
    if steward is None:
        raise VerificationError("no active steward of that x")
    return steward


def _parse_json(raw: bytes) -> dict[str, Any]:
    if len(raw) > FILE_LIMIT:
        raise MalformedError("the file is larger than an answer file can be")
    try:
        content = json.loads(raw.decode("utf-8"), object_pairs_hook=_no_repeats, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise MalformedError("not a UTF-8 JSON file") from error
    if not isinstance(content, dict):
        raise MalformedError("an answer file is one JSON object")
    return content


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise MalformedError("a field stands twice")
    return fields


def _no_number(_: str) -> NoReturn:
    raise MalformedError("JSON has no such number")


def _parse_proof(value: Any) -> AnswerProof:
    if not isinstance(value, dict) or set(value) != _PROOF_FIELDS:
        raise MalformedError(f"proof: has the fields {', '.join(sorted(_PROOF_FIELDS))}")
    index, checkpoint = value["index"], value["checkpoint"]
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise MalformedError("proof.index: must be an integer")
    if not isinstance(checkpoint, str):
        raise MalformedError("proof.checkpoint: must be a text")
    return AnswerProof(
        request=_hex(value["request"], "request"),
        blind=_hex(value["blind"], "blind"),
        evaluation_request=_hex(value["evaluation_request"], "evaluation_request"),
        evaluations=_by_x(value["evaluations"], "evaluations", 2, 3),
        inquiry=_hex(value["inquiry"], "inquiry", STATEMENT_LIMIT),
        index=index,
        inclusion=_path(value["inclusion"], "inclusion"),
        answers=_by_x(value["answers"], "answers", 2, 4),
        consistency=_path(value["consistency"], "consistency"),
        checkpoint=checkpoint,
    )


def _by_x(value: Any, name: str, least: int, most: int) -> dict[StewardX, bytes]:
    if not isinstance(value, dict) or not least <= len(value) <= most:
        raise MalformedError(f"proof.{name}: is an object of {least} to {most}")
    result = {}
    for x, raw in value.items():
        if not (x.isascii() and x.isdecimal() and len(x) <= _X_DIGITS and str(int(x)) == x):
            raise MalformedError(f"proof.{name}: x is a decimal number")
        result[StewardX(int(x))] = _hex(raw, name)
    return result


def _path(value: Any, name: str) -> tuple[NodeHash, ...]:
    if not isinstance(value, list):
        raise MalformedError(f"proof.{name}: is a list of hashes")
    return tuple(NodeHash(_hex(node, name)) for node in value)


def _hex(value: Any, name: str, limit: int = FILE_LIMIT) -> bytes:
    try:
        raw = bytes.fromhex(value)
    except (TypeError, ValueError):
        _refuse_hex(name)
    if raw.hex() != value or len(raw) > limit:
        _refuse_hex(name)
    return raw


def _refuse_hex(name: str) -> NoReturn:
    raise MalformedError(f"proof.{name}: must be lower-case hex")


def _text(value: object) -> str:
    try:
        return json.dumps(value, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise MalformedError("a value that JSON cannot hold") from error
