"""Signals from exports in the clear: the definitions taken literally, with fractions and without our code."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from support_clear import Bill
from support_demo import Rows, text

MIDDLES: Final = [Fraction(days) for days in ("0", "3", "8", "15.5", "25.5", "45.5", "75.5", "105")]
BANDS: Final = {"3": 3, "4-5": 4, "6-9": 6, "10-19": 10, "20+": 20}
MINIMUM: Final = 4
Figures = dict[str, Fraction | None]


def network(windows: Sequence[Mapping[str, Any]], last: int) -> Figures:
    """What the windows of an answer say, of those in the last twelve months; nothing without any."""
    recent = _recent(windows, last)
    if not recent:
        return {}
    condition = _added(recent, "condition")
    due = sum(condition[1:])
    shares = {"late": 2, "past_due": 3, "past_due_61": 5, "past_due_91": 6, "lost": 7}
    newest = [one for one in recent if one["months"][-1] > text(last - 3)]
    earlier = [one for one in recent if one not in newest]
    now, before = _days(newest), _days(earlier)
    exposure = _added(recent, "exposure")
    return {
        **{
            f"network.{name}_share": Fraction(sum(condition[least:]), due) if due else None
            for name, least in shares.items()
        },
        **{f"network.exposure_{place}": Fraction(n, sum(exposure)) for place, n in enumerate(exposure)},
        "network.days_beyond_terms": _days(recent),
        "network.trend": None if now is None or before is None else now - before,
        "network.breadth": Fraction(
            BANDS[max(recent, key=lambda one: str(one["months"][-1]))["contributors"]]
        ),
    }


def versus(
    windows: Sequence[Mapping[str, Any]], own: Mapping[int, tuple[int, int, int]], last: int
) -> Figures:
    """What the others alone are, in windows in which the band shows that enough of them remain."""
    mine = {text(month): row for month, row in own.items()}
    enough = [
        one
        for one in _recent(windows, last)
        if not set(mine) & set(one["months"]) or BANDS[one["contributors"]] - 1 >= MINIMUM
    ]
    return {
        "versus.others_days": _days(enough, [mine[m] for one in enough for m in one["months"] if m in mine])
    }


def own(bills: Iterable[Bill], day: dt.date) -> Figures:
    """What one's own book says of a customer on its day; nothing where it has no invoice."""
    known = [bill for bill in bills if bill.invoiced <= day and not (bill.paid and bill.paid < bill.invoiced)]
    if not known:
        return {}
    unpaid = [bill for bill in known if bill.paid is None]
    ageing = [sum(bill.minor for bill in unpaid if _bucket(bill, day) == place) for place in range(5)]
    total = sum(ageing)
    late = sorted(_delays(known, day))
    weight = sum(minor for _, minor in late)
    orders = [(day - bill.invoiced).days for bill in known]
    recent, earlier = sum(age < 90 for age in orders), sum(90 <= age < 180 for age in orders)
    return {
        "own.open_minor": Fraction(total),
        "own.ageing_current_minor": Fraction(ageing[0]),
        "own.ageing_31_60_minor": Fraction(ageing[2]),
        "own.ageing_91_minor": Fraction(ageing[4]),
        "own.days_beyond_terms": _share(
            15 * ageing[1] + 45 * ageing[2] + 75 * ageing[3] + 105 * ageing[4], total
        ),
        "own.past_due_share": _share(sum(ageing[1:]), total),
        "own.delay_mean_days": _share(sum(days * minor for days, minor in late), weight),
        "own.delay_median_days": _quantile(late, Fraction(1, 2)),
        "own.delay_p90_days": _quantile(late, Fraction(9, 10)),
        "own.orders_90d": Fraction(recent),
        "own.order_change": None if not earlier else Fraction(recent, earlier) - 1,
        "own.invoices": Fraction(len(known)),
    }


def rows_of(rows: Rows, member: str, customer: str) -> dict[int, tuple[int, int, int]]:
    """One member's rows on a customer, by month."""
    return {month: row for (who, of, month), row in rows.items() if (who, of) == (member, customer)}


def _recent(windows: Sequence[Mapping[str, Any]], last: int) -> list[Mapping[str, Any]]:
    return [one for one in windows if one["months"][-1] > text(last - 12)]


def _added(windows: Sequence[Mapping[str, Any]], part: str) -> list[int]:
    return [sum(column) for column in zip(*(one[part] for one in windows), strict=True)]


def _days(windows: Sequence[Mapping[str, Any]], less: Iterable[tuple[int, int, int]] = ()) -> Fraction | None:
    """Mean of class middles over the rows in which something fell due, without some rows."""
    if not windows:
        return None
    delay, idle = _added(windows, "delay"), _added(windows, "condition")[0]
    for condition, _, place in less:
        delay[place] -= 1
        idle -= condition == 0
    delay[0] -= idle
    return _share(sum(n * days for n, days in zip(delay, MIDDLES, strict=True)), sum(delay))


def _delays(bills: Iterable[Bill], day: dt.date) -> Iterable[tuple[int, int]]:
    for bill in bills:
        if bill.paid is not None and (day - bill.paid).days < 365:
            yield max(0, (bill.paid - bill.due).days), bill.minor
        elif bill.paid is None and bill.due < day:
            yield (day - bill.due).days, bill.minor


def _bucket(bill: Bill, day: dt.date) -> int:
    days = (day - bill.due).days
    return 0 if days <= 0 else min(4, (days - 1) // 30 + 1)


def _quantile(late: Sequence[tuple[int, int]], part: Fraction) -> Fraction | None:
    reached, weight = 0, sum(minor for _, minor in late)
    for days, minor in late:
        reached += minor
        if reached >= part * weight:
            return Fraction(days)
    return None


def _share(part: Fraction | int, whole: int) -> Fraction | None:
    return Fraction(part) / whole if whole else None
