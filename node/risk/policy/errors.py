"""What is wrong with a policy file, each fault with its line."""

from collections.abc import Sequence
from dataclasses import dataclass

from hanse_ledger.errors import RejectedError


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One thing that is wrong, and the line that has to change."""

    line: int
    reason: str

    def describe(self) -> dict[str, int | str]:
        """Return the fault as it is shown."""
        return {"line": self.line, "reason": self.reason}


class PolicyError(RejectedError):
    """A policy file that cannot be in force; `faults` are what was found, in the order of lines."""

    code = "risk_policy"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("; ".join(f"line {fault.line}: {fault.reason}" for fault in self.faults))
