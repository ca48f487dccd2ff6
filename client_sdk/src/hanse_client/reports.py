"""What a check returns. Everything here but the node's own assessment follows from a verified answer file."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias

from hanse_client.assessments import Assessment, Grade, Onboarding, Response
from hanse_client.errors import HanseError
from hanse_ledger.answer_file import FILE_SUFFIX

Coverage: TypeAlias = Literal["checked", "withheld", "unchecked", "none"]
Status: TypeAlias = Literal["checked", "nothing", "unchecked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The sums of some months; None for all four where the stewards withhold the window.

    Each number counts rows: a row is one contributor's worst condition, highest exposure and mean delay with
    the subject in one month. Classes stand in the order of protocol.md, section 3.
    """

    months: tuple[str, ...]
    """`YYYY-MM`, ascending."""
    frozen_at: str
    """The month whose close fixed the sums for good."""
    contributors: str
    """A band of how many groups of firms stand behind it: `3`, `4-5`, `6-9`, `10-19`, `20+`."""
    condition: tuple[int, ...] | None
    """8 counts: nothing fell due, paid on terms, paid late, open 1-30, 31-60, 61-90, 91+ days, lost."""
    exposure: tuple[int, ...] | None
    """6 counts by the consortium's bounds in its reporting currency."""
    delay: tuple[int, ...] | None
    """8 counts of mean days beyond terms: 0 or less, 1-5, 6-10, 11-20, 21-30, 31-60, 61-90, 91+."""
    cells: tuple[int, ...] | None
    """The 56 counts behind them, from ten groups on: 48 for condition * 6 + exposure, then 8 for delay."""

    @property
    def is_withheld(self) -> bool:
        """Whether a row in it was withdrawn or successfully disputed, so that no sums are given."""
        return self.condition is None

    @property
    def rows(self) -> int | None:
        """How many rows were summed."""
        return None if self.condition is None else sum(self.condition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A verified answer about one subject."""

    subject: str
    """The canonical id."""
    purpose: str
    party: str
    """Who asked: the party whose node this is."""
    request_id: str
    """16 bytes in hex: the answer file's name."""
    status: Status
    """As in the answer file (interfaces.md)."""
    coverage: Coverage
    """What there is to go by. `checked`: sums that three or more stewards bear out. `withheld`: the same, but
    every window is withheld. `unchecked`: two stewards' word, which no rule may use. `none`: nothing is
    known, or of too few contributors."""
    as_of: str | None
    """The last closed month, `YYYY-MM`; None before the ledger has closed one."""
    windows: tuple[Window, ...]
    """In the order of their first months."""
    warning_level: int
    """0; 1 from `policy.warnings_min` groups that warn; 2 from twice that."""
    disputed: bool
    """Whether a desk's dispute about the subject is open."""
    log_index: int
    """Where the inquiry stands in the log."""
    cosigned_at: datetime
    """UTC; at least half of the stewards that the policy asks for had seen the log with it by then."""
    assessment: Assessment | None = None
    """The node's own, by the firm's policy; None where the node gave none. Unlike the figures it cannot be
    verified: each firm judges by itself."""
    unassessed: str | None = None
    """Why there is none, as the node's refusal says it: `scope`, `not_permitted`, `not_found`; None too where
    it was not asked for, as in `report` and `portfolio_reports`."""
    answer_file: bytes = field(repr=False)
    """The file that anyone can verify with `hanse verify`."""

    @property
    def grade(self) -> Grade | None:
        """A to E, or U where too little is known."""
        return None if self.assessment is None else self.assessment.grade

    @property
    def score(self) -> int | None:
        """0 to 100; None too where too little is known."""
        return None if self.assessment is None else self.assessment.score

    @property
    def response(self) -> Response | None:
        """What the firm's own policy does about it as a customer."""
        return None if self.assessment is None else self.assessment.response

    @property
    def reasons(self) -> tuple[str, ...]:
        """The codes of the reasons, in the order of what they cost."""
        return () if self.assessment is None else tuple(one.code for one in self.assessment.reasons)

    @property
    def onboarding(self) -> Onboarding | None:
        """Whether to take it on as a new customer, with the rule that says so."""
        return None if self.assessment is None else self.assessment.onboarding

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the answer file, whole or not at all; into a folder under its request id. Return where."""
        target = Path(path)
        if target.is_dir():
            target /= f"{self.request_id}{FILE_SUFFIX}"
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".hanse-")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(self.answer_file)
                out.flush()
                os.fsync(out.fileno())
            Path(name).replace(target)
        except BaseException:  # an interrupt too leaves no half file
            Path(name).unlink(missing_ok=True)
            raise
        return target


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """One of several subjects for which there is no report: the stewards refused it, or do not agree."""

    subject: str
    error: HanseError
    """What `check` would have raised."""


Outcome: TypeAlias = Report | Unanswered


def coverage_of(answer: Mapping[str, Any]) -> Coverage:
    """Return what a verified answer gives to go by."""
    if answer["status"] == "unchecked":
        return "unchecked"
    if answer["status"] == "nothing":
        return "none"
    withheld = all(window["condition"] is None for window in answer["windows"])
    return "withheld" if withheld else "checked"


def window_of(window: Mapping[str, Any]) -> Window:
    """Return a verified answer's window."""
    return Window(
        months=tuple(window["months"]),
        frozen_at=window["frozen_at"],
        contributors=window["contributors"],
        condition=_counts(window["condition"]),
        exposure=_counts(window["exposure"]),
        delay=_counts(window["delay"]),
        cells=_counts(window["cells"]),
    )


def _counts(values: list[int] | None) -> tuple[int, ...] | None:
    return None if values is None else tuple(values)
