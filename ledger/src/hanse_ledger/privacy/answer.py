"""Requests and answers: what is asked, what each steward answers, and what the answers add up to.

Protocol sections 9 and 12. Every function is pure; whoever calls `combine_answers` has opened each answer and
checked its steward's signature.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hanse_ledger.codec import decode, encode
from hanse_ledger.errors import DisagreementError, MalformedError
from hanse_ledger.fields import as_array, as_bytes, as_list, as_text, as_uint, check_ascending
from hanse_ledger.ids import ConsortiumId, Month, NodeHash, PartyId, RequestHash, StewardX, Token
from hanse_ledger.privacy.shares import combine, lie_on_line
from hanse_ledger.windows import BAND_LOWER, VALUES_BELOW_TEN

REQUEST_ID_BYTES: Final = 16
SEALING_KEY_BYTES: Final = 1_216
REQUEST_LIMIT: Final = 4_096
ANSWER_LIMIT: Final = 1 << 20
CELLS: Final = 56
CONDITIONS, EXPOSURES, DELAYS = 8, 6, 8
CHECKED_LEAST: Final = 3
UNCHECKED: Final = 2
FULL_BAND: Final = 3
"""From this band on (10 groups and more) an answer has all 56 cells."""
_DISPUTED_LEAST: Final = 2
_WINDOWS_MOST: Final = 12 * 100
_MONTHS_MOST: Final = 12

REFUSALS: Final = ("not-logged", "purpose", "expired", "budget", "malformed", "not-party", "behind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question about one token, with a fresh key that the answers are sealed to."""

    consortium: ConsortiumId
    party: PartyId
    token: Token = field(repr=False)
    purpose: str
    request_id: bytes
    answer_key: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Return the bytes whose SHA-256 is logged."""
        return encode(
            [self.consortium, self.party, self.token, self.purpose, self.request_id, self.answer_key]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAnswer:
    """One frozen window as a steward answers it; `share` is None where the window is withheld."""

    months: tuple[Month, ...]
    frozen_at: Month
    band: int
    share: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one steward says, as of the first `log_size` statements."""

    request_hash: RequestHash
    last_closed: Month | None
    log_size: int
    root: NodeHash
    windows: tuple[WindowAnswer, ...]
    level: int
    disputed: bool

    def fields(self) -> list[Any]:
        """Return the payload of section 12."""
        windows = [[list(w.months), w.frozen_at, w.band, w.share] for w in self.windows]
        return [
            self.request_hash,
            self.last_closed,
            self.log_size,
            self.root,
            windows,
            self.level,
            self.disputed,
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFigures:
    """A window's sums: how many rows fell in each class; None for all four where it is withheld."""

    months: tuple[Month, ...]
    frozen_at: Month
    band: int
    condition: tuple[int, ...] | None
    exposure: tuple[int, ...] | None
    delay: tuple[int, ...] | None
    cells: tuple[int, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a quorum of answers adds up to."""

    checked: bool
    stewards: tuple[StewardX, ...]
    """Whose answers agree."""
    deviating: tuple[StewardX, ...]
    """Whose signed answers are evidence against them."""
    last_closed: Month | None
    log_size: int
    root: NodeHash
    windows: tuple[WindowFigures, ...]
    level: int
    disputed: bool


def hash_request(raw: bytes) -> RequestHash:
    """Return the SHA-256 that an inquiry logs."""
    return RequestHash(hashlib.sha256(raw).digest())


def parse_request(raw: bytes) -> Request:
    """Read a request from untrusted bytes; raises MalformedError."""
    consortium, party, token, purpose, request_id, key = as_array(
        decode(raw, limit=REQUEST_LIMIT), 6, "request"
    )
    return Request(
        consortium=ConsortiumId(as_text(consortium, "consortium")),
        party=PartyId(as_text(party, "party")),
        token=Token(as_bytes(token, "token")),
        purpose=as_text(purpose, "purpose"),
        request_id=as_bytes(request_id, "request id", size=REQUEST_ID_BYTES),
        answer_key=as_bytes(key, "answer key", size=SEALING_KEY_BYTES),
    )


def parse_answer(payload: Any) -> Answer:
    """Read the payload of a signed answer; raises MalformedError."""
    request_hash, last_closed, log_size, root, windows, level, disputed = as_array(payload, 7, "answer")
    parsed = tuple(_parse_window(window) for window in as_list(windows, 0, _WINDOWS_MOST, "windows"))
    check_ascending([window.months[0] for window in parsed], "windows")
    if not isinstance(disputed, bool):
        raise MalformedError("disputed is true or false")
    return Answer(
        request_hash=RequestHash(as_bytes(request_hash, "request hash")),
        last_closed=None if last_closed is None else Month(as_uint(last_closed, "last closed month")),
        log_size=as_uint(log_size, "log size"),
        root=NodeHash(as_bytes(root, "root")),
        windows=parsed,
        level=as_uint(level, "level", limit=3),
        disputed=disputed,
    )


def share_values(band: int) -> int:
    """Return how many values a window of this band answers: 22 below 10 groups, else all 56."""
    return CELLS if band >= FULL_BAND else VALUES_BELOW_TEN


def combine_answers(answers: Mapping[StewardX, Answer]) -> Figures:
    """Add up the largest agreeing set of answers (section 9, point 5).

    Raises DisagreementError when no three of three or four answers agree, when two answers in all do
    not, or when the sums are none that rows could give.
    """
    agreeing = _agreeing_set(answers)
    one = answers[agreeing[0]]
    levels = sorted(answers[x].level for x in agreeing)
    return Figures(
        checked=len(agreeing) >= CHECKED_LEAST,
        stewards=agreeing,
        deviating=tuple(sorted(set(answers) - set(agreeing))),
        last_closed=one.last_closed,
        log_size=one.log_size,
        root=one.root,
        windows=tuple(
            _figures({x: answers[x].windows[i] for x in agreeing}) for i in range(len(one.windows))
        ),
        level=levels[(len(levels) - 1) // 2],
        disputed=sum(answers[x].disputed for x in agreeing) >= _DISPUTED_LEAST,
    )


def _parse_window(value: Any) -> WindowAnswer:
    months, frozen_at, band, share = as_array(value, 4, "window")
    numbers = [as_uint(month, "month") for month in as_list(months, 1, _MONTHS_MOST, "months")]
    check_ascending(numbers, "months")
    frozen = as_uint(frozen_at, "freezing month", least=numbers[-1])
    checked_band = as_uint(band, "band", limit=len(BAND_LOWER))
    if share is not None:
        share = as_bytes(share, "share", size=4 * share_values(checked_band))
    return WindowAnswer(
        months=tuple(Month(month) for month in numbers),
        frozen_at=Month(frozen),
        band=checked_band,
        share=share,
    )


def _agreeing_set(answers: Mapping[StewardX, Answer]) -> tuple[StewardX, ...]:
    xs = tuple(sorted(answers))
    for size in range(len(xs), CHECKED_LEAST - 1, -1):
        for candidate in combinations(xs, size):
            if _agree([answers[x] for x in candidate], candidate):
                return candidate
    if len(xs) == UNCHECKED and _agree([answers[x] for x in xs], xs):
        return xs
    raise DisagreementError("the stewards' answers do not agree")


def _agree(answers: Sequence[Answer], xs: tuple[StewardX, ...]) -> bool:
    """Equal but for shares, level and the dispute mark, and the shares on a line."""
    if any(_core(answer) != _core(answers[0]) for answer in answers[1:]):
        return False
    windows = range(len(answers[0].windows))
    return all(
        lie_on_line({x: _values(share) for x, share in zip(xs, shares, strict=True) if share is not None})
        for shares in ([answer.windows[i].share for answer in answers] for i in windows)
        if shares[0] is not None
    )


def _core(answer: Answer) -> tuple[object, ...]:
    windows = tuple((w.months, w.frozen_at, w.band, w.share is None) for w in answer.windows)
    return (answer.request_hash, answer.last_closed, answer.log_size, answer.root, windows)


def _figures(windows: Mapping[StewardX, WindowAnswer]) -> WindowFigures:
    one = next(iter(windows.values()))
    shares = {x: _values(w.share) for x, w in windows.items() if w.share is not None}
    if not shares:
        return _window(one, None, None)
    values = [int(value) for value in combine(shares)]
    if len(values) == CELLS:
        first, second = values[:48], values[48:]
        folded = [
            *(sum(first[EXPOSURES * c : EXPOSURES * (c + 1)]) for c in range(CONDITIONS)),
            *(sum(first[e::EXPOSURES]) for e in range(EXPOSURES)),
            *second,
        ]
    else:
        folded = values
    _check_sums(folded, values, least=BAND_LOWER[one.band])
    return _window(one, folded, tuple(values) if len(values) == CELLS else None)


def _window(one: WindowAnswer, values: list[int] | None, cells: tuple[int, ...] | None) -> WindowFigures:
    cut = (CONDITIONS, CONDITIONS + EXPOSURES)
    return WindowFigures(
        months=one.months,
        frozen_at=one.frozen_at,
        band=one.band,
        condition=None if values is None else tuple(values[: cut[0]]),
        exposure=None if values is None else tuple(values[cut[0] : cut[1]]),
        delay=None if values is None else tuple(values[cut[1] :]),
        cells=cells,
    )


def _check_sums(folded: list[int], values: list[int], *, least: int) -> None:
    total = sum(folded[:CONDITIONS])
    totals = Counter(
        [sum(folded[CONDITIONS : CONDITIONS + EXPOSURES]), sum(folded[CONDITIONS + EXPOSURES :])]
    )
    if set(totals) != {total} or max(values) > total or total < least:
        raise DisagreementError("sums that no rows could give")


def _values(share: bytes | None) -> NDArray[np.uint32]:
    return np.frombuffer(share or b"", dtype="<u4")
