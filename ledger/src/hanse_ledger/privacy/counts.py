"""How many inquiries named a subject, by purpose and closed log month: what its desk learns (section 9)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from hanse_ledger.codec import encode
from hanse_ledger.errors import MalformedError
from hanse_ledger.fields import as_array, as_bytes, as_list, as_text, as_uint
from hanse_ledger.ids import ConsortiumId, Month, RequestHash, StewardX
from hanse_ledger.privacy.group import THRESHOLD

NAME: Final = "inquiry-counts"
COUNTS_LIMIT: Final = 1 << 20
_COUNTS_MOST: Final = 10_000

Counts: TypeAlias = Mapping[tuple[Month, str], int]
"""How many inquiries, by log month and purpose; those that are none are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryCounts:
    """One steward's counts, for a request of the purpose subject-access, as of its inquiry's position."""

    request_hash: RequestHash
    log_size: int
    counts: Counts

    def fields(self) -> list[Any]:
        """[request hash, log size, [[month, purpose, count], ...] by month and purpose]."""
        rows = [[month, purpose, count] for (month, purpose), count in sorted(self.counts.items())]
        return [self.request_hash, self.log_size, rows]


def parse_counts(payload: Any) -> InquiryCounts:
    """Read the payload of a signed message; raises MalformedError."""
    request_hash, log_size, rows = as_array(payload, 3, NAME)
    counts: dict[tuple[Month, str], int] = {}
    for row in as_list(rows, 0, _COUNTS_MOST, "counts"):
        month, purpose, count = as_array(row, 3, "a count")
        key = Month(as_uint(month, "month")), as_text(purpose, "purpose", most=64)
        if counts and key <= max(counts):
            raise MalformedError("counts stand in order, each once")
        counts[key] = as_uint(count, "count", least=1)
    return InquiryCounts(
        request_hash=RequestHash(as_bytes(request_hash, "request hash")),
        log_size=as_uint(log_size, "log size"),
        counts=counts,
    )


def counts_info(consortium: ConsortiumId, x: StewardX, request_hash: RequestHash) -> bytes:
    """Bind counts to the steward that gives them and to their request."""
    return encode([f"hanse/v1/{NAME}", consortium, x, request_hash])


def agreed_counts(given: Mapping[StewardX, Counts]) -> Counts:
    """Return the second largest count of each month and purpose.

    A steward counts what it has answered, so one that was down has fewer; one that lies adds nothing, as two
    must say at least as much.
    """
    values: dict[tuple[Month, str], list[int]] = defaultdict(list)
    for counts in given.values():
        for key, count in counts.items():
            values[key].append(count)
    return {
        key: sorted(found, reverse=True)[THRESHOLD - 1]
        for key, found in values.items()
        if len(found) >= THRESHOLD
    }
