"""Numbers, percents, money, days and months as the current language writes them."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from babel.dates import format_date, format_skeleton
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

from hanse_ledger.ids import Month, month_start
from node.texts.catalogue import current, tr

_LOCALES: Final = {"en": "en", "zh-CN": "zh_Hans_CN"}


def number(value: int) -> str:
    """Write a whole number."""
    return format_decimal(value, locale=_locale())


def decimal(value: float, digits: int = 1) -> str:
    """Write a number with at most so many decimals."""
    return format_decimal(value, format=f"#,##0.{'#' * digits}", locale=_locale())


def share(value: float) -> str:
    """Write a share of 1 in percents with at most one decimal."""
    return format_percent(value, format="#,##0.#%", locale=_locale())


def percent(part: int, whole: int) -> str:
    """Write `part` of `whole` in whole percents; a dash for a part of nothing."""
    return format_percent(part / whole, locale=_locale()) if whole else "-"


def money(amount_minor: int, currency: str, exponent: int | None = None) -> str:
    """Write an exact amount given in minor units."""
    digits = get_currency_precision(currency) if exponent is None else exponent
    pattern = "¤#,##0" + ("." + "0" * digits if digits else "")
    value = Decimal(amount_minor).scaleb(-digits)
    return format_currency(value, currency, format=pattern, locale=_locale(), currency_digits=False)


def month(value: Month) -> str:
    """Write a month with its year."""
    return format_skeleton("yMMM", month_start(value), locale=_locale())


def day(value: date) -> str:
    """Write a day with its year."""
    return format_date(value, "medium", locale=_locale())


def moment(value: datetime) -> str:
    """Write a time of day in UTC."""
    return f"{day(value.date())} {value:%H:%M} UTC"


def months(values: Iterable[Month]) -> str:
    """Write ascending months, those in a row as a range."""
    runs: list[list[Month]] = []
    for value in values:
        if runs and runs[-1][-1] + 1 == value:
            runs[-1].append(value)
        else:
            runs.append([value])
    return listed(_run(run) for run in runs)


def listed(items: Iterable[str]) -> str:
    """Write items one after the other."""
    return ("、" if current() == "zh-CN" else ", ").join(items)


def _run(run: list[Month]) -> str:
    if len(run) == 1:
        return month(run[0])
    return tr("{first} to {last}", first=month(run[0]), last=month(run[-1]))


def _locale() -> str:
    return _LOCALES[current()]
