"""From what a node sends to a report: only what follows from the proof and the pinned document is believed.

Beyond what the answer file shows of itself, an answer must be the one that was asked for: this subject, this
purpose, this node's party, logged after it was asked, and cosigned by clocks near this machine's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from hanse_client.config import Limits, Surroundings
from hanse_client.errors import (
    AccessError,
    AliasError,
    DisagreementError,
    HanseError,
    LimitError,
    NodeUnavailableError,
    Problem,
    RefusedError,
    RejectedError,
    ReplayError,
    StaleAnswerError,
    SubjectIdError,
    VerificationError,
)
from hanse_client.reports import Outcome, Report, Unanswered, coverage_of, window_of
from hanse_client.trust import Seen, Trust
from hanse_ledger.answer_file import verify_answer_file
from hanse_ledger.checkpoint import Checkpoint, parse_checkpoint
from hanse_ledger.note import Note, SignatureType, cosignature_time_s, parse_note
from hanse_ledger.policy import verify_checkpoint, verify_log_signature
from hanse_ledger.witnessing import policy_of

_REFUSALS: dict[str, type[RefusedError]] = {"budget": LimitError, "not-party": AccessError}
_UNPROVEN = ("unavailable", "behind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked, and what must hold of the answer."""

    subject: str
    purpose: str
    after_index: int
    """The inquiry stands at this index or behind."""
    is_fresh: bool = True
    """Whether the cosignatures must be of now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """The pinned document and what has been seen, against which every answer is held."""

    trust: Trust
    seen: Seen
    limits: Limits
    around: Surroundings

    def outcomes(self, answers: Any, asked: Sequence[Asked]) -> list[Outcome]:
        """Return the outcome of each answer, in the order asked; raises as `outcome` does."""
        if not isinstance(answers, list) or len(answers) != len(asked):
            raise VerificationError("another number of answers than of questions")
        return [self.outcome(answer, one) for answer, one in zip(answers, asked, strict=True)]

    def outcome(self, answer: Any, asked: Asked) -> Outcome:
        """Return the report of an answer object, or why there is none for this subject alone.

        Raises VerificationError for anything that does not hold: it is not about this subject alone.
        """
        if not isinstance(answer, dict):
            raise VerificationError("an answer that is no object")
        failure = failure_of(answer.get("status"), answer.get("code"))
        if failure is not None:
            return Unanswered(subject=asked.subject, error=failure)
        if "proof" not in answer and isinstance(answer.get("proof_code"), str):
            message = "too few stewards were in reach to prove the answer"
            return Unanswered(subject=asked.subject, error=NodeUnavailableError(message))
        return self._report(answer, asked)

    def checkpoint(self, raw: bytes) -> tuple[Checkpoint, datetime | None]:
        """Return a checkpoint that the log has signed, and when it was cosigned, if it was by the quorum."""
        policy = policy_of(self.trust.consortium)
        try:
            checkpoint = verify_log_signature(raw, policy)
        except RejectedError as error:
            raise VerificationError("what the node gives is no checkpoint") from error
        try:
            verify_checkpoint(raw, policy)
        except VerificationError:
            self.seen.verify(checkpoint=checkpoint, is_cosigned=False)
            return checkpoint, None
        self.seen.verify(checkpoint=checkpoint)
        return checkpoint, datetime.fromtimestamp(self._cosigned_at(parse_note(raw)), UTC)

    def _report(self, answer: Mapping[str, Any], asked: Asked) -> Report:
        raw = _encode_file(answer)
        verified = _verified(raw, self.trust)
        self._verify_asked(verified, answer["proof"]["index"], asked)
        note = parse_note(answer["proof"]["checkpoint"].encode())
        time_s = self._cosigned_at(note)
        if asked.is_fresh and abs(self.around.now_s() - time_s) > self.limits.answer_age_s:
            raise StaleAnswerError(
                "the answer was not cosigned now; check the clocks, or who brings old answers"
            )
        self.seen.verify(party=verified["party"], checkpoint=parse_checkpoint(note.text))
        return Report(
            subject=verified["subject"],
            purpose=verified["purpose"],
            party=verified["party"],
            request_id=verified["request_id"],
            status=verified["status"],
            coverage=coverage_of(verified),
            as_of=verified["last_closed_month"],
            windows=tuple(window_of(window) for window in verified["windows"]),
            warning_level=verified["warning_level"],
            disputed=verified["disputed"],
            log_index=answer["proof"]["index"],
            cosigned_at=datetime.fromtimestamp(time_s, UTC),
            answer_file=raw,
        )

    def _verify_asked(self, verified: Mapping[str, Any], index: int, asked: Asked) -> None:
        if verified["subject"] != asked.subject:
            raise AliasError(answered=verified["subject"])
        if verified["purpose"] != asked.purpose:
            raise VerificationError("the answer is for another purpose than was asked")
        if index < asked.after_index:
            raise ReplayError("the answer's inquiry was logged before it was asked")

    def _cosigned_at(self, note: Note) -> int:
        """Return the time by which at least half of the cosigning stewards had cosigned a verified note.

        Not the newest: one clock that is wrong, or lies, decides nothing.
        """
        policy = policy_of(self.trust.consortium)
        stewards = {name for group in policy.groups for name in group.members}
        keys = {
            (one.key.name, one.key.key_id)
            for one in policy.witnesses
            if one.name in stewards and one.key.type is SignatureType.COSIGNATURE_V1
        }
        times = sorted(
            cosignature_time_s(line.signature) for line in note.signatures if (line.name, line.key_id) in keys
        )
        return times[(len(times) - 1) // 2]


def report_of(outcome: Outcome) -> Report:
    """Return the report, or raise what stands in its place."""
    if isinstance(outcome, Unanswered):
        raise outcome.error
    return outcome


def failure_of(status: Any, code: Any) -> HanseError | None:
    """Return the error for a status that comes without figures; None for the others."""
    if status == "disagreement":
        return DisagreementError("the stewards' answers do not agree: there are no figures")
    return _refusal(code) if status == "refused" else None


def _encode_file(answer: Mapping[str, Any]) -> bytes:
    """Return an answer object as the bytes of an answer file."""
    try:
        return json.dumps(answer, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"
    except (ValueError, RecursionError) as error:
        raise VerificationError("the answer has not the form of one") from error


def _verified(raw: bytes, trust: Trust) -> dict[str, Any]:
    try:
        return verify_answer_file(raw, trust.consortium)
    except VerificationError:
        raise
    except HanseError as error:
        # Of another form, but not by the caller's doing: to them it is an answer that does not hold.
        _refuse_form(error)


def _refuse_form(error: HanseError) -> NoReturn:
    raise VerificationError(f"the answer has not the form of one: {error}") from error


def _refusal(code: Any) -> HanseError:
    code = code if isinstance(code, str) else "refused"
    if code == SubjectIdError.code:
        return SubjectIdError("an id that no register could have given out")
    if code in _UNPROVEN:
        return NodeUnavailableError("the stewards were out of reach")
    problem = Problem(status=200, code=code, detail="the stewards refuse the inquiry")
    return _REFUSALS.get(code, RefusedError)(problem)
