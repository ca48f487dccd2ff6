"""What the fake keeps of the firm's own: customers, and imports that it counts line by line."""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hanse_ledger.errors import SubjectIdError
from hanse_ledger.subjects import parse_subject

Line = dict[str, str]

PREVIEWED: Final = "previewed"
TAKEN: Final = "taken"
DISCARDED: Final = "discarded"
_SHOWN: Final = 20
_LIKELY: Final = 0.9


class Refusal(Exception):  # noqa: N818 - what a node answers, no fault
    """A refusal with its status and code.

    Not one of the core's errors: a node in the same process tells those apart by their codes.
    """

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


@dataclass(slots=True, kw_only=True)
class Book:
    """Every line of an export is an invoice; one whose customer has no subject is refused.

    A real node reads lines more closely than that.
    """

    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    imports: dict[str, dict[str, Any]] = field(default_factory=dict)
    _refused: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _unmatched: dict[str, list[str]] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def preview(self, raw: bytes, as_of: str) -> dict[str, Any]:
        """Show what would be taken."""
        lines = _lines(raw)
        good = [line for line in lines if self.subject_of(line["customer"])]
        refused = [
            {"line": number, "reason": "no_subject", "column": "customer", "text": f"line {number}"}
            for number, line in enumerate(lines, 2)
            if not self.subject_of(line["customer"])
        ]
        known = {line["customer"] for line in good}
        unmatched = list(dict.fromkeys(line["customer"] for line in lines if line["customer"] not in known))
        sha256, import_id = hashlib.sha256(raw).hexdigest(), f"{len(self.imports) + 1:032x}"
        seen = sha256 in self._taken
        self._refused[import_id], self._unmatched[import_id] = refused, unmatched
        self.imports[import_id] = {
            "id": import_id,
            "state": PREVIEWED,
            "sha256": sha256,
            "as_of": as_of,
            "seen_before": seen,
            "lines": len(lines),
            "taken": len(good),
            "left_out": 0,
            "refused": len(refused),
            "refused_lines": refused[:_SHOWN],
            "unmatched": len(unmatched),
            "unmatched_customers": unmatched[:_SHOWN],
            **self._counts(good, seen=seen),
        }
        return self.imports[import_id]

    def one(self, import_id: str) -> dict[str, Any]:
        """Return an import; raises Refusal."""
        if import_id not in self.imports:
            raise Refusal(404, "not_found", "no import has this id")
        return self.imports[import_id]

    def confirm(self, import_id: str, *, skip_refused: bool) -> dict[str, Any]:
        """Take a preview; raises Refusal where lines are refused, or it was discarded."""
        found = self.one(import_id)
        if found["state"] == DISCARDED:
            raise Refusal(409, "import_state", "this import was discarded")
        if found["refused"] and not skip_refused:
            raise Refusal(422, "refused_lines", f"{found['refused']} lines are refused; nothing was taken")
        self._taken.add(found["sha256"])
        found["state"] = TAKEN
        return found

    def discard(self, import_id: str) -> dict[str, Any]:
        """Throw a preview away; raises Refusal once it is taken."""
        found = self.one(import_id)
        if found["state"] == TAKEN:
            raise Refusal(409, "import_state", "this import has been taken")
        found["state"] = DISCARDED
        return found

    def refused(self, import_id: str) -> list[dict[str, Any]]:
        """Return the lines that an import refuses."""
        return self._refused[self.one(import_id)["id"]]

    def unmatched(self, import_id: str) -> list[str]:
        """Return an import's customers without a subject."""
        return self._unmatched[self.one(import_id)["id"]]

    def say(self, customer: str, name: str, subject: str | None) -> dict[str, Any]:
        """Set a customer; raises SubjectIdError."""
        canonical = None if subject is None else parse_subject(subject).id
        self.customers[customer] = {"customer": customer, "name": name, "subject": canonical}
        return self.customers[customer]

    def upload(self, raw: bytes) -> dict[str, Any]:
        """Add and update customers."""
        counts = {"new": 0, "changed": 0, "unchanged": 0}
        for line in _lines(raw):
            before = self.customers.get(line["customer"])
            after = self.say(line["customer"], line.get("name", ""), line.get("subject") or None)
            counts["new" if before is None else "unchanged" if before == after else "changed"] += 1
        return {**counts, "refused": 0, "refused_lines": []}

    def listed(self, *, without_subject: bool) -> list[dict[str, Any]]:
        """Return the customers by their numbers."""
        found = (self.customers[number] for number in sorted(self.customers))
        return [one for one in found if one["subject"] is None or not without_subject]

    def of_subject(self, subject: str) -> list[dict[str, Any]]:
        """Return the customers that are a subject, each certain."""
        return [_match(one, 1.0) for one in self.listed(without_subject=False) if one["subject"] == subject]

    def of_name(self, name: str) -> list[dict[str, Any]]:
        """Return the customers whose name is this one, then those whose name begins with it."""
        wanted = name.casefold()
        named = [one for one in self.customers.values() if one["name"].casefold().startswith(wanted)]
        scored = [_match(one, 1.0 if one["name"].casefold() == wanted else _LIKELY) for one in named]
        return sorted(scored, key=lambda match: -match["confidence"])

    def subject_of(self, customer: str) -> str | None:
        """Return a customer's subject, by the list or else as an id."""
        if customer in self.customers:
            subject: str | None = self.customers[customer]["subject"]
            return subject
        try:
            return parse_subject(customer).id
        except SubjectIdError:
            return None

    def _counts(self, good: Sequence[Line], *, seen: bool) -> dict[str, int]:
        return {
            "new": 0 if seen else len(good),
            "changed": 0,
            "unchanged": len(good) if seen else 0,
            "customers": len({line["customer"] for line in good}),
            "subjects": len({self.subject_of(line["customer"]) for line in good}),
            "differences": 0,
        }


def _lines(raw: bytes) -> list[Line]:
    lines = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig", "replace"))))
    if not lines or any(not isinstance(line.get("customer"), str) for line in lines):
        raise Refusal(422, "table", "no table with a column of customers")
    return lines


def _match(customer: dict[str, Any], confidence: float) -> dict[str, Any]:
    return {"customer": customer, "confidence": confidence}
