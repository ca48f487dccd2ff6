"""What a node finds wrong with a log that another orders."""

from typing import Literal, TypeAlias

from hanse_ledger.errors import CorruptionError
from hanse_ledger.misbehaviour import Misbehaviour

FaultCode: TypeAlias = Literal["fork", "tiles", "refused", "log_signature"]


class SequencerFaultError(CorruptionError):
    """What is shown cannot be the log that this node follows; nothing of it was stored.

    `index` is the first statement that differs or is refused, None where none can be named: the message says
    so too. `evidence` is what a third person can verify, None where no signature proves the fault.
    """

    def __init__(
        self,
        message: str,
        *,
        code: FaultCode,
        index: int | None = None,
        evidence: Misbehaviour | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.index, self.evidence = code, index, evidence
