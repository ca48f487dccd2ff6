"""Refusals that only nodes which are apart have."""

from hanse_ledger.errors import RejectedError, UnavailableError, VerificationError
from hanse_ledger.ids import PartyId


class NotFoundError(RejectedError):
    """What is asked for is not here: a tile that no checkpoint covers, a role that this node has not."""

    code = "not_found"


class RequestSignatureError(RejectedError):
    """A request without a fresh, fitting signature of an active party, or one that was seen before."""

    code = "request_signature"


class ApiKeyError(RejectedError):
    """A request without a live API key of this node's party."""

    code = "api_key"


class ScopeError(RejectedError):
    """A live API key, which lacks the scope that is needed."""

    code = "scope"


class TooManyKeysError(RejectedError):
    """Two keys of a name are live: the one in use and the one that replaces it."""

    code = "too_many_keys"


class ReplySignatureError(UnavailableError):
    """A reply that its party has not signed, or not for this request: for us, that party is out of reach."""

    code = "reply_signature"


class IdempotencyMismatchError(RejectedError):
    """An `Idempotency-Key` that came with another request before."""

    code = "idempotency_mismatch"


class InFlightError(RejectedError):
    """A request with the same `Idempotency-Key` is being answered."""

    code = "in_flight"


class ImportStateError(RejectedError):
    """An import that was taken or discarded already."""

    code = "import_state"


class PortfolioStateError(RejectedError):
    """A portfolio that is in no state for this."""

    code = "portfolio_state"


class AlertStateError(RejectedError):
    """An alert that is in no state for this."""

    code = "alert_state"


class PlanStateError(RejectedError):
    """An emergency plan that is in no state for this."""

    code = "plan_state"


class WithdrawnError(RejectedError):
    """What has been withdrawn already."""

    code = "withdrawn"


class ReferenceTakenError(RejectedError):
    """A desk's reference that stands for another dispute."""

    code = "reference_taken"


class ResolvedError(RejectedError):
    """A dispute that ended otherwise before."""

    code = "resolved"


class TermOverError(RejectedError):
    """What came after the term in which it could be said."""

    code = "term_over"


class UnknownMediaTypeError(RejectedError):
    """A body of a media type that is not taken here."""

    code = "media_type"


class RateError(RejectedError):
    """Somebody asks too often."""

    code = "rate"

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(f"too many requests; the next one is taken in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class TooLargeError(RejectedError):
    """A body above the limit of its route."""

    code = "too_large"


class LogSignatureError(VerificationError):
    """A checkpoint that no key which may order this consortium's log has signed."""

    code = "log_signature"


class ForkError(UnavailableError):
    """This log was forked: the node says nothing that rests on it until an operator has decided."""

    code = "fork"

    def __init__(self) -> None:
        super().__init__("the log was forked; an operator decides how it goes on")


class OtherLogError(UnavailableError):
    """The validators have decided on another log than this node's copy: nothing that rests on it is said."""

    code = "application_hash"

    def __init__(self) -> None:
        super().__init__(
            "the validators have agreed on another log than this node's; its copy has to be made anew"
        )


class RefusedLinesError(RejectedError):
    """An export has lines that cannot be taken; nothing of it was."""

    code = "refused_lines"


class LockedError(RejectedError):
    """Another process has this node's folder open."""

    code = "locked"


class SettingsError(RejectedError):
    """A configuration that no node can be run with; the message names the field and repeats no value."""

    code = "settings"


class KeyFileError(RejectedError):
    """A key file that is none, that others may read, or that this node may not use."""

    code = "key_file"


class PassphraseError(RejectedError):
    """A passphrase that does not open the key file, or a key file that was changed: which, is not said."""

    code = "passphrase"


class NoPassphraseError(RejectedError):
    """There is no passphrase to be had, or none that may be used."""

    code = "no_passphrase"


class KeyRotationError(RejectedError):
    """The step of a change of keys that is asked for cannot be taken."""

    code = "key_rotation"


class KeyMissingError(UnavailableError):
    """The document in force names a key of this party that its node does not have: it signs nothing."""

    code = "key_missing"


class FoundingError(RejectedError):
    """A step of the founding that is wrong, missing or done already; names the party, the field, the file."""

    code = "founding"

    def __init__(self, reason: str, *, party: PartyId | None = None, field: str = "", file: str = "") -> None:
        named = [text for text in (party or "", field, reason) if text]
        super().__init__(": ".join(named) + (f" ({file})" if file else ""))
        self.party, self.field, self.file, self.reason = party, field, file, reason


class PersonStateError(RejectedError):
    """A person of the registry who is in no state for this: known already, retired, or in that role."""

    code = "person_state"


class ModelExtraError(RejectedError):
    """Fitting a model needs scikit-learn, which only `hanse[model]` installs."""

    code = "model_extra"


class ExpertStateError(RejectedError):
    """An expert's assessment that is in no state for this."""

    code = "expert_state"


class WarningStateError(RejectedError):
    """A subject that the firm warns of already, where a warning was to be raised."""

    code = "warning_state"


class RiskStateError(RejectedError):
    """A risk of the register on whose state the one that is asked for does not follow."""

    code = "risk_state"


class AuditChainError(VerificationError):
    """A row of the audit chain that does not hold; `number` is its place, from 0 on."""

    code = "audit_chain"

    def __init__(self, *, number: int, reason: str) -> None:
        super().__init__(f"row {number} {reason}")
        self.number, self.reason = number, reason
