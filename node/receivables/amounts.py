"""Amounts of a column, whose decimal sign is settled for the whole column, as exact numbers.

A text such as "1,234" is a thousand or a little more than one: a column in which nothing decides
is refused, even where one reading would have more decimals than its currency.
"""

import re
import unicodedata
from collections.abc import Mapping as Table
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from node.receivables.cells import Cell
from node.receivables.errors import DecimalSignError
from node.receivables.mapping import SIGNS, DecimalSign
from node.receivables.words import CURRENCY_MARKS, CURRENCY_NAMES

MAX_MINOR: Final = 10**15

# ISO 4217:2015 table A.1 as of amendment 176. Babel's figures are CLDR's habits of display, which
# differ (none for RSD, IQD, LBP) and change with its releases.
_DIGITS: Final = {
    code: digits
    for digits, codes in (
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    )
    for code in codes.split()
}
_USUAL_DIGITS: Final = 2

_LONGEST: Final = 40
_CODE: Final = re.compile(r"[A-Z]{3}")
_MARK: Final = r"[A-Z]{3}|[A-Z]{2}\$|[^0-9A-Z\s.,'’()+-]"
_AMOUNT: Final = re.compile(
    rf"(\()?\s*([+-])?\s*(?P<before>{_MARK})?\s*([+-])?\s*(?P<body>[0-9.,](?:[0-9.,'’ ]*[0-9.,])?)"
    rf"\s*(-)?\s*(?P<after>{_MARK})?\s*(-)?\s*(\))?"
)
_OPENING, _SIGNS, _CLOSING = 1, (2, 4, 6, 8), 9


def _pattern(sign: DecimalSign) -> re.Pattern[str]:
    """Match a number with this decimal sign, in groups of three (or as India writes) or in none."""
    point, others = (r"\.", ",") if sign == "." else (",", r"\.")
    threes = rf"(?P<group>[{others} '’])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*"
    twos = r"|(?:,[0-9]{2})+,[0-9]{3}" if sign == "." else ""
    return re.compile(rf"(?:[1-9][0-9]{{0,2}}(?:{threes}{twos})|[0-9]+)(?:{point}[0-9]*)?|{point}[0-9]+")


_NUMBER: Final = {sign: _pattern(sign) for sign in SIGNS}


class Amount(NamedTuple):
    """An exact amount and the currency mark or code beside it, "" without one."""

    value: Decimal
    mark: str


Readings: TypeAlias = Table[DecimalSign, Amount]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountColumn:
    """A column whose decimal sign is settled; `sign` is None where its amounts need none."""

    sign: DecimalSign | None
    amounts: Table[str, Amount]

    def read(self, cell: Cell) -> Amount:
        """Return the amount in a cell; raise ValueError for what is none."""
        if isinstance(cell, Decimal):
            return Amount(cell, "")
        found = self.amounts.get(amount_text(cell))
        if found is None:
            raise ValueError("no amount with the decimal sign of its column")
        return found


def amount_text(cell: Cell) -> str:
    """Return the text of an amount cell that is text, "" for a number or a day."""
    return cell.strip() if isinstance(cell, str) else ""


def readings(text: str) -> Readings:
    """Return the meanings of an amount's text, by the decimal sign it is read with."""
    if len(text) > _LONGEST:
        return {}
    plain = unicodedata.normalize("NFKC", text).strip().upper().replace("\N{MINUS SIGN}", "-")
    found = _AMOUNT.fullmatch(plain)
    if (
        found is None
        or (found["before"] and found["after"])
        or (found[_OPENING] is None) != (found[_CLOSING] is None)
    ):
        return {}
    written = [found[place] for place in _SIGNS if found[place]] + (["-"] if found[_OPENING] else [])
    if len(written) > 1:
        return {}
    mark, body = found["before"] or found["after"] or "", found["body"]
    factor = -1 if written == ["-"] else 1
    return {
        sign: Amount(factor * _number(body, sign), CURRENCY_NAMES.get(mark, mark))
        for sign in SIGNS
        if _NUMBER[sign].fullmatch(body)
    }


def settle(first_lines: Table[str, int], *, header: str, given: DecimalSign | None) -> AmountColumn:
    """Settle the decimal sign of a column of amount texts (with the line each first stands on).

    Raises DecimalSignError where several signs would do and it matters, and where none does.
    """
    meanings = {text: readings(text) for text in first_lines}
    signs = (
        [given] if given else [s for s in SIGNS if all(s in found for found in meanings.values() if found)]
    )
    if not signs:
        lines = sorted(
            min(first_lines[text] for text, found in meanings.items() if found and sign not in found)
            for sign in SIGNS
        )
        raise DecimalSignError(
            f"column {header}: the amounts have different decimal signs, as in the lines"
            f" {', '.join(map(str, lines))}; export them with one or say which holds in the mapping: decimal",
            column=header,
        )
    if len(signs) > 1 and any(len(set(found.values())) > 1 for found in meanings.values()):
        raise DecimalSignError(
            f"column {header}: the amounts can be read with a point or a comma as the decimal sign;"
            ' say in the mapping decimal = "." or ","',
            column=header,
        )
    return AmountColumn(
        sign=signs[0] if len(signs) == 1 else None,
        amounts={text: found[signs[0]] for text, found in meanings.items() if signs[0] in found},
    )


def minor_digits(currency: str) -> int:
    """Return how many decimals a currency has by ISO 4217."""
    return _DIGITS.get(currency, _USUAL_DIGITS)


def to_minor(value: Decimal, *, digits: int) -> int:
    """Return an amount in minor units; raise ValueError where it has more decimals than `digits`."""
    scaled = value.scaleb(digits)
    if scaled != scaled.to_integral_value():
        raise ValueError("more decimals than the currency has")
    return int(scaled)


def currency_code(text: str) -> str | None:
    """Return the ISO 4217 code that a cell's text means, None if it looks like none."""
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    code = CURRENCY_NAMES.get(plain, plain)
    return code if _CODE.fullmatch(code) else None


def may_be(mark: str, currency: str) -> bool:
    """Say whether the mark beside an amount agrees with the currency of its line."""
    return not mark or mark == currency or currency in CURRENCY_MARKS.get(mark, ())


def _number(body: str, sign: DecimalSign) -> Decimal:
    whole, _, fraction = body.partition(sign)
    digits = "".join(c for c in whole if c.isdecimal())
    return Decimal(f"{digits or 0}.{fraction or 0}")
