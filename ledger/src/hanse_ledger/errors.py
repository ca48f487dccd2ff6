"""Every error the core raises, in one place.

Below `LedgerError` they are sorted by what the caller should do: change the request, stop because
someone is wrong, or try again. No subject id, name, amount, key or token is ever in a message.
"""

from typing import ClassVar

from hanse_ledger.ids import PartyId, StewardX


class LedgerError(Exception):
    """Base of all errors that a caller may reasonably catch.

    `code` goes on the wire and into audit reports. Never rename one; retire it.
    """

    code: ClassVar[str] = "ledger_error"


class RejectedError(LedgerError):
    """The request cannot be taken as it is; change it."""

    code = "rejected"


class MalformedError(RejectedError):
    """Bytes or text that are not in the one form which the format allows."""

    code = "malformed"


class SubjectIdError(RejectedError):
    """A subject id that no register could have given out. The message never repeats the id."""

    code = "subject_id"


class MissingRateError(RejectedError):
    """An invoice's currency has no rate into the reporting currency for the month."""

    code = "missing_rate"

    def __init__(self, *, currency: str) -> None:
        super().__init__("no rate for the invoice's currency in this month")
        self.currency = currency


class DocumentError(RejectedError):
    """A consortium document that breaks a limit; `field` names the place."""

    code = "consortium_document"

    def __init__(self, *, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class NotAdmittedError(RejectedError):
    """The statement's party is unknown, no longer active, or signs with a key that is not its own."""

    code = "not_admitted"


class NotPermittedError(RejectedError):
    """The roles of whoever asks do not allow this: a party's, for a kind of statement, or a person's."""

    code = "not_permitted"


class SignatureRefusedError(RejectedError):
    """The signature on a statement does not hold."""

    code = "bad_signature"


class StaleHeadError(RejectedError):
    """A statement does not extend its party's current head.

    Usually two writers of one firm raced: fetch the head, sign again, submit again.
    """

    code = "stale_head"

    def __init__(self, *, party: PartyId, expected: int, got: int) -> None:
        super().__init__(f"{party}: statement {got} does not extend the chain; next is {expected}")
        self.party, self.expected, self.got = party, expected, got


class RuleError(RejectedError):
    """A well-formed statement whose body breaks a rule of its kind (protocol sections 5 and 12)."""

    code = "rule"


class VerificationError(LedgerError):
    """A proof, signature or figure does not hold: stop, someone is wrong."""

    code = "verification"


class DisagreementError(VerificationError):
    """The stewards' answers do not agree, so there are no figures."""

    code = "disagreement"


class UnavailableError(LedgerError):
    """Something needed is out of reach for now; try again later."""

    code = "unavailable"


class CorruptionError(Exception):
    """Stored state contradicts itself. No handler swallows it: the node stops."""


class BudgetError(RejectedError):
    """The party has asked for as much as the policy allows it for now."""

    code = "budget"


class CheckpointConflictError(RejectedError):
    """A cosigner has cosigned another size than the one named; the message is that size (C2SP: 409)."""

    code = "checkpoint_conflict"


class KeyGenerationError(VerificationError):
    """A founder's part in the key generation does not hold; `field` names it (privacy.dkg lists them)."""

    code = "key_generation"

    def __init__(self, *, x: StewardX, field: str, reason: str = "does not hold") -> None:
        super().__init__(f"steward {x}: {field} {reason}")
        self.x, self.field, self.reason = x, field, reason
