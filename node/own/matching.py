"""Which customers of the firm's own list a name may mean: candidates with a confidence, never a decision.

A name is compared after NFKC, case folding and without punctuation. The words that say what kind of firm it
is (`Ltd`, `GmbH`, 有限公司) tell firms hardly apart: the names without them count for nine tenths, with them
for one. The confidence is a similarity of 0 to 1, no probability; 1 means the same name in another spelling,
and even then two firms may have it. Only a person makes a candidate a subject.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from rapidfuzz import fuzz, process

CONFIDENCE_LEAST: Final = 0.6
CANDIDATES_MOST: Final = 20
_CORE_WEIGHT: Final = 0.9
_SEPARATOR: Final = "\x1f"

# Longest first: 有限责任公司 holds 公司.
_CHINESE_FORMS: Final = (
    "股份有限公司", "有限责任公司", "有限公司", "集团公司", "股份公司", "總公司", "总公司",
    "分公司", "有限責任公司", "集團", "集团", "公司", "厂", "廠",
)  # fmt: skip
_LATIN_FORMS: Final = frozenset(
    {"ab", "ag", "as", "asa", "aps", "bhd", "bv", "co", "company", "corp", "corporation", "ev", "gbr", "gmbh"}
    | {"group", "holding", "holdings", "inc", "incorporated", "jsc", "kft", "kg", "kgaa", "kk", "limited"}
    | {"llc", "llp", "ltd", "ltda", "nv", "ohg", "ooo", "oy", "oyj", "plc", "pte", "pty", "sa", "sarl", "sas"}
    | {"sdn", "se", "spa", "spol", "srl", "sro", "ug", "und", "and"}
)
_WORD: Final = re.compile(r"[^\W_]+")
_DOTTED: Final = re.compile(r"(?<=\b\w)\.(?=\w\b)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A customer that a name may mean."""

    number: str = field(repr=False)
    confidence: float


def name_key(name: str) -> str:
    """Return a name as it is compared: its core, and all of it with its legal form; "" for no name."""
    words = _words(name)
    whole = " ".join(words)
    return f"{_core(words) or whole}{_SEPARATOR}{whole}" if whole else ""


def candidates(name: str, known: Sequence[tuple[str, str]], *, limit: int) -> list[Candidate]:
    """Return who of `known`, (number, name key) pairs, a name may mean, the likeliest first."""
    core, _, whole = name_key(name).partition(_SEPARATOR)
    if not core:
        return []
    keys = [key.partition(_SEPARATOR) for _, key in known]
    likely = process.extract(
        core,
        [key[0] for key in keys],
        scorer=fuzz.token_sort_ratio,
        limit=limit * 4,
        score_cutoff=100 * (CONFIDENCE_LEAST - (1 - _CORE_WEIGHT)) / _CORE_WEIGHT,
    )
    scored = (
        Candidate(number=known[place][0], confidence=_confidence(score, whole, keys[place][2]))
        for _, score, place in likely
    )
    found = [one for one in scored if one.confidence >= CONFIDENCE_LEAST]
    return sorted(found, key=lambda one: (-one.confidence, one.number))[:limit]


def _confidence(core_score: float, whole: str, other: str) -> float:
    whole_score = fuzz.token_sort_ratio(whole, other)
    return round((_CORE_WEIGHT * core_score + (1 - _CORE_WEIGHT) * whole_score) / 100, 3)


def _words(name: str) -> list[str]:
    folded = _DOTTED.sub("", unicodedata.normalize("NFKC", name).casefold())
    plain = "".join(c for c in unicodedata.normalize("NFD", folded) if not unicodedata.combining(c))
    return _WORD.findall(plain)


def _core(words: Iterable[str]) -> str:
    kept = (_without_chinese_form(word) for word in words if word not in _LATIN_FORMS)
    return " ".join(word for word in kept if word)


def _without_chinese_form(word: str) -> str:
    for form in _CHINESE_FORMS:
        if word.endswith(form):
            return _without_chinese_form(word.removesuffix(form))
    return word
