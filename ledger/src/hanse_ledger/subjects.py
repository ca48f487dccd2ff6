"""Canonical subject ids (protocol section 2): one text for each firm in each register.

Two sets of rules meet here. `canonical` and `parse_subject` are for what a person or a file says: they
clean it up and apply every check that a register publishes. `check_logged_id` is for what stands on
the log: it must give the same verdict on every node for ever, so it uses nothing but this file.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from stdnum import get_cc_module
from stdnum.exceptions import ValidationError

from hanse_ledger.countries import ALPHA_2
from hanse_ledger.errors import RuleError, SubjectIdError
from hanse_ledger.ids import SubjectId

_PARTS: Final = {"uscc": 1, "crn": 2, "lei": 1, "vat": 2, "duns": 1, "ref": 2}
"""How many parts follow each kind. In the order in which a primary id is chosen."""
_KINDS: Final = tuple(_PARTS)

_PART: Final = re.compile(r"[A-Z0-9]{1,64}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_DUNS: Final = re.compile(r"[0-9]{9}")
_LEI: Final = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
_USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC: Final = re.compile(rf"[{_USCC_ALPHABET}]{{18}}")
_NATURAL_PERSON: Final = "uscc:92"

_VAT_PREFIX: Final = {"GR": "EL", "MC": "FR", "IM": "GB", "CH": "", "MX": ""}
"""Where the prefix of a vat number is not the country: Greece has its own, Monaco and the Isle of Man
use a neighbour's, and Swiss and Mexican numbers have none but may begin with these letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A checked canonical id; `personal` says that it names a natural person's firm."""

    id: SubjectId
    personal: bool


def parse_subject(text: str) -> Subject:
    """Read `kind:part` or `kind:part:part` as a person types it.

    Case, full-width forms and punctuation inside a part do not matter. Raises SubjectIdError.
    """
    kind, *parts = unicodedata.normalize("NFKC", text).split(":")
    return canonical(kind.strip().lower(), *parts)


def canonical(kind: str, *parts: str) -> Subject:
    """Return the canonical id of what the parts name, after every check that its register publishes.

    The result is its own canonical form and passes `check_logged_id`. Raises SubjectIdError.
    """
    if kind not in _PARTS:
        raise SubjectIdError("a subject id begins with one of " + ", ".join(_KINDS))
    if len(parts) != _PARTS[kind]:
        raise SubjectIdError(f"a {kind} id has {_PARTS[kind]} part(s) after its kind, not {len(parts)}")
    cleaned = [_clean(part) for part in parts]
    if kind in ("vat", "crn") and cleaned[0] not in ALPHA_2:
        raise SubjectIdError("the country is not one of ISO 3166 alpha-2")
    if kind == "vat":
        cleaned[1] = _vat_number(*cleaned)
    subject_id = SubjectId(":".join((kind, *cleaned)))
    problem = _problem(kind, cleaned)
    if problem is not None:
        raise SubjectIdError(problem)
    return Subject(id=subject_id, personal=is_personal(subject_id))


def is_personal(subject: SubjectId) -> bool:
    """Say whether a canonical id names a natural person's firm."""
    return subject.startswith(_NATURAL_PERSON)


def check_logged_id(text: str) -> None:
    """Raise RuleError unless the log accepts `text` as a subject id.

    Part of acceptance, so it never changes within a protocol version: no country list, no vat rule and
    no library decides here.
    """
    kind, *parts = text.split(":")
    if kind not in _PARTS or len(parts) != _PARTS[kind]:
        raise RuleError("not a subject id: unknown kind or number of parts")
    problem = _problem(kind, parts)
    if problem is not None:
        raise RuleError(problem)


def kind_rank(subject_id: SubjectId) -> int:
    """Return the place of a checked id's kind in the order uscc, crn, lei, vat, duns, ref; 0 comes first."""
    return _KINDS.index(subject_id.partition(":")[0])


def _clean(part: str) -> str:
    upper = unicodedata.normalize("NFKC", part).upper()
    kept = []
    for character in upper:
        if character.isascii() and character.isalnum():
            kept.append(character)
        elif unicodedata.category(character)[0] in "LNM":
            # Dropping it could make one firm's id into another's.
            raise SubjectIdError("a letter, digit or mark outside A-Z and 0-9")
    if not kept:
        raise SubjectIdError("an empty part")
    return "".join(kept)


def _vat_number(country: str, written: str) -> str:
    """Return a vat number without its prefix, checked where stdnum knows the country's rule."""
    prefix = _VAT_PREFIX.get(country, country)
    number = written.removeprefix(prefix)
    # stdnum drops a prefix by itself: without this, one firm would have two ids.
    if prefix and number.startswith((prefix, country)):
        raise SubjectIdError("the vat number begins with its prefix twice or with another prefix")
    rule = get_cc_module(country, "vat")
    if rule is not None:
        try:
            rule.validate(number)
        except ValidationError:
            raise SubjectIdError("the vat number breaks its country's rule") from None
    return number


def _problem(kind: str, parts: list[str]) -> str | None:
    """Say what the log has against an id of a known kind with the right number of parts."""
    if not all(_PART.fullmatch(part) for part in parts):
        return "a part is not 1 to 64 of A-Z and 0-9"
    if kind in ("vat", "crn") and not _COUNTRY.fullmatch(parts[0]):
        return "a country is two letters"
    if kind == "duns" and not _DUNS.fullmatch(parts[0]):
        return "a duns number has nine digits"
    if kind == "uscc" and not _is_uscc(parts[0]):
        return "no valid unified social credit code"
    if kind == "lei" and not _is_lei(parts[0]):
        return "no valid legal entity identifier"
    return None


def _is_uscc(code: str) -> bool:
    """GB 32100-2015: 17 characters weighted with the powers of 3, and the check character, give 0 mod 31."""
    if not _USCC.fullmatch(code):
        return False
    *body, check = (_USCC_ALPHABET.index(character) for character in code)
    return (sum(value * pow(3, place, 31) for place, value in enumerate(body)) + check) % 31 == 0


def _is_lei(code: str) -> bool:
    """ISO 17442: 18 letters and digits, then two check digits by ISO 7064 mod 97-10."""
    return bool(_LEI.fullmatch(code)) and int("".join(str(int(c, 36)) for c in code)) % 97 == 1
