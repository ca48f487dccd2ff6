"""What a call can raise, sorted by what the caller should do; the roots are those of `hanse_ledger.errors`.

RejectedError: change the request. VerificationError: stop, someone is wrong. UnavailableError: try later.
Each has a stable `code`; what a node refused with a code of its own is in `problem`. No message holds a
subject id, a name, an amount or a key.
"""

from dataclasses import dataclass
from typing import ClassVar

from hanse_ledger.errors import (
    DisagreementError,
    DocumentError,
    LedgerError,
    RejectedError,
    SubjectIdError,
    UnavailableError,
    VerificationError,
)

__all__ = [
    "AccessError",
    "AliasError",
    "ConfigurationError",
    "ConflictError",
    "DisagreementError",
    "DocumentError",
    "HanseError",
    "LimitError",
    "NodeUnavailableError",
    "NotFoundError",
    "Problem",
    "RedirectError",
    "RefusedError",
    "RejectedError",
    "ReplayError",
    "StaleAnswerError",
    "SubjectIdError",
    "TrustOutdatedError",
    "UnavailableError",
    "VerificationError",
]

HanseError = LedgerError
"""The base of everything that a call may raise on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a node said in RFC 9457 problem+json, or what could be made of an answer without it."""

    status: int
    """The HTTP status; 200 where the stewards refused one subject of an inquiry."""
    code: str
    """Stable, such as `budget`; `http` where the node gave none."""
    detail: str
    request_id: str | None = None
    """Under which the node's log has it."""


class ConfigurationError(RejectedError):
    """A client that cannot be made so: base URL, API key, limits."""

    code = "configuration"


class RefusedError(RejectedError):
    """The node, or a quorum of stewards, refused this request: it will not do better as it is."""

    code: ClassVar[str] = "refused"

    def __init__(self, problem: Problem, retry_after_s: float | None = None) -> None:
        super().__init__(f"{problem.code} ({problem.status}): {problem.detail}")
        self.problem, self.retry_after_s = problem, retry_after_s


class AccessError(RefusedError):
    """The API key is unknown, has expired, or its scope does not cover this."""

    code = "access"


class NotFoundError(RefusedError):
    """There is nothing of this id at the node."""

    code = "unknown_id"


class ConflictError(RefusedError):
    """The request contradicts what the node has already."""

    code = "conflict"


class LimitError(RefusedError):
    """Over a budget or a rate; `retry_after_s` says how long to wait where the node knows."""

    code = "limit"


class RedirectError(RejectedError):
    """The node points elsewhere. Redirects are not followed: the API key is for the base URL alone."""

    code = "redirect"


class NodeUnavailableError(UnavailableError):
    """The node could not be reached, or could not answer, within the deadline.

    `problem` is what it said last, if it said anything; `retry_after_s` what it asked for.
    """

    code = "node_unavailable"

    def __init__(
        self, message: str, *, problem: Problem | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.problem, self.retry_after_s = problem, retry_after_s


class TrustOutdatedError(VerificationError):
    """The consortium has another document in force than the pinned one, which does not verify its answers.

    Compare the new document's hash with another party of the consortium, then pin the new one.
    """

    code = "trust_outdated"

    def __init__(self, *, pinned: str, served: str) -> None:
        super().__init__(
            f"the node's consortium document is {served}, the pinned one {pinned}:"
            " confirm the new one's hash with another party, then pin it"
        )
        self.pinned, self.served = pinned, served


class AliasError(VerificationError):
    """The answer is about another id than the one asked.

    `answered` is its subject. If the log has that one as the primary id, ask for it by name.
    """

    code = "other_subject"

    def __init__(self, *, answered: str) -> None:
        super().__init__("the answer is about another id; if that is the primary one, ask for it by name")
        self.answered = answered


class ReplayError(VerificationError):
    """The answer's inquiry stood in the log before it was asked: an older answer, brought again."""

    code = "replayed"


class StaleAnswerError(VerificationError):
    """The stewards' signatures on the answer's checkpoint are older, or further ahead, than allowed."""

    code = "stale_answer"
