"""What signals are called, where they come from, and why one may be unknown: closed and stable lists."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from node.texts import mark

SignalName: TypeAlias = Literal[
    "network.days_beyond_terms",
    "network.late_share",
    "network.past_due_share",
    "network.past_due_61_share",
    "network.past_due_91_share",
    "network.lost_share",
    "network.trend",
    "network.exposure_band",
    "network.exposure_0",
    "network.exposure_1",
    "network.exposure_2",
    "network.exposure_3",
    "network.exposure_4",
    "network.exposure_5",
    "network.breadth",
    "network.warning_level",
    "network.disputed",
    "own.delay_mean_days",
    "own.delay_median_days",
    "own.delay_p90_days",
    "own.days_beyond_terms",
    "own.past_due_share",
    "own.past_due_61_share",
    "own.past_due_91_share",
    "own.open_minor",
    "own.ageing_current_minor",
    "own.ageing_1_30_minor",
    "own.ageing_31_60_minor",
    "own.ageing_61_90_minor",
    "own.ageing_91_minor",
    "own.contested_minor",
    "own.lost_minor",
    "own.limit_minor",
    "own.utilisation",
    "own.orders_90d",
    "own.order_change",
    "own.terms_days",
    "own.invoices",
    "versus.others_days",
    "versus.delay_days",
    "versus.others_late_share",
    "versus.late_share",
    "fact.insolvency",
    "fact.judgment",
    "fact.dishonoured",
    "fact.struck_off",
    "estimate.late10",
    "estimate.late30",
    "local.altman",
    "local.industry",
]
"""Names are stable: policies, stored assessments and other programs rely on them."""

Unit: TypeAlias = Literal["days", "share", "minor", "count", "firms", "class", "level", "flag", "index"]
"""`minor` is the reporting currency's minor unit, `share` and `index` are numbers of 1, `flag` is 0 or 1."""
Source: TypeAlias = Literal["network", "warning", "own", "versus", "fact", "estimate", "local", "expert"]
Worse: TypeAlias = Literal["higher", "lower"]

Unknown: TypeAlias = Literal[
    "not_asked",
    "unanswered",
    "unchecked",
    "disagreement",
    "refused",
    "no_window",
    "withheld",
    "no_recent_window",
    "no_earlier_window",
    "too_few_firms",
    "nothing_due",
    "own_row_missing",
    "own_row_unsettled",
    "no_book",
    "no_invoice",
    "no_recent_invoice",
    "no_earlier_invoice",
    "nothing_open",
    "no_rate",
    "no_limit",
    "no_estimate",
    "not_given",
]
"""Why a signal is not known: stable codes, put into words by `REASONS`."""

REASONS: Final[Mapping[Unknown, str]] = MappingProxyType(
    {
        "not_asked": mark("Nobody has inquired on the subject."),
        "unanswered": mark("The inquiry is not answered yet."),
        "unchecked": mark("Only two answers agree; no rule may use them."),
        "disagreement": mark("The stewards' answers do not agree."),
        "refused": mark("The stewards refused the inquiry."),
        "no_window": mark("The subject is unknown, or too few firms report on it."),
        "withheld": mark("Every window of the time is withheld: a row was withdrawn or is contested."),
        "no_recent_window": mark("No window lies in the months that are looked at."),
        "no_earlier_window": mark("There is nothing earlier to compare with."),
        "too_few_firms": mark("Without your own row fewer firms would remain than the consortium's minimum."),
        "nothing_due": mark("Nothing fell due in these months."),
        "own_row_unsettled": mark("Your node has not noted yet whether your own rows are in the windows."),
        "own_row_missing": mark("None of your own rows is in the windows that are looked at."),
        "no_book": mark("Your firm has imported no receivables."),
        "no_invoice": mark("Your book has no invoice of the subject."),
        "no_recent_invoice": mark("Your book has no such invoice in the time that is looked at."),
        "no_earlier_invoice": mark("Your book has no earlier invoice to compare with."),
        "nothing_open": mark("Nothing is open."),
        "no_rate": mark("A currency has no rate for the month."),
        "no_limit": mark("Your firm has set no limit."),
        "no_estimate": mark("No estimate has been made."),
        "not_given": mark("Your firm has entered nothing."),
    }
)
"""Why a signal is not known, in words."""
