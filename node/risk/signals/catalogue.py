"""What each signal is: its title, unit, formula and source, and which way it gets worse."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from node.risk.signals.names import SignalName, Source, Unit, Worse
from node.texts import mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a signal of the catalogue is. `worse` says which way it gets worse, where one way always does."""

    title: str
    unit: Unit
    formula: str
    source: Source
    worse: Worse | None = None


def _network(
    title: str, unit: Unit, formula: str, worse: Worse | None = None, source: Source = "network"
) -> Kind:
    return Kind(title=title, unit=unit, formula=formula, source=source, worse=worse)


def _own(title: str, unit: Unit, formula: str, worse: Worse | None = None) -> Kind:
    return Kind(title=title, unit=unit, formula=formula, source="own", worse=worse)


def _versus(title: str, unit: Unit, formula: str) -> Kind:
    return Kind(title=title, unit=unit, formula=formula, source="versus", worse="higher")


def _flag(title: str, formula: str, source: Source = "fact") -> Kind:
    return Kind(title=title, unit="flag", formula=formula, source=source, worse="higher")


_EXPOSURE: Final = mark(
    "Rows whose highest balance of the month lies in this class, of all rows; windows of the last 12 months."
)

KINDS: Final[Mapping[SignalName, Kind]] = MappingProxyType(
    {
        "network.days_beyond_terms": _network(
            mark("Days beyond terms, network"),
            "days",
            mark(
                "Mean over the rows in which something fell due of each delay class's middle (0, 3, 8, 15.5,"
                " 25.5, 45.5, 75.5, 105 days); the interval takes each class's ends. Windows of 12 months."
            ),
            "higher",
        ),
        "network.late_share": _network(
            mark("Late"),
            "share",
            mark("Rows paid late, open past due or lost, of those in which something fell due; 12 months."),
            "higher",
        ),
        "network.past_due_share": _network(
            mark("Open past due"),
            "share",
            mark("Rows open past due or lost, of those in which something fell due; 12 months."),
            "higher",
        ),
        "network.past_due_61_share": _network(
            mark("Open 61 days and more past due"),
            "share",
            mark("Rows open 61 days or more or lost, of those in which something fell due; 12 months."),
            "higher",
        ),
        "network.past_due_91_share": _network(
            mark("Open 91 days and more past due, or lost"),
            "share",
            mark("Rows open 91 days or more or lost, of those in which something fell due; 12 months."),
            "higher",
        ),
        "network.lost_share": _network(
            mark("Lost"),
            "share",
            mark("Rows in collection, charged off or insolvent, of those in which something fell due."),
            "higher",
        ),
        "network.trend": _network(
            mark("Trend of days beyond terms"),
            "days",
            mark("Days beyond terms in windows of the last 3 months, less that in the 9 months before."),
            "higher",
        ),
        "network.exposure_band": _network(
            mark("Usual exposure of a firm"),
            "class",
            mark("The middle exposure class (0 to 5) of all rows, the lower of two; windows of 12 months."),
        ),
        "network.exposure_0": _network(mark("Exposure in class 0"), "share", _EXPOSURE),
        "network.exposure_1": _network(mark("Exposure in class 1"), "share", _EXPOSURE),
        "network.exposure_2": _network(mark("Exposure in class 2"), "share", _EXPOSURE),
        "network.exposure_3": _network(mark("Exposure in class 3"), "share", _EXPOSURE),
        "network.exposure_4": _network(mark("Exposure in class 4"), "share", _EXPOSURE),
        "network.exposure_5": _network(mark("Exposure in class 5"), "share", _EXPOSURE),
        "network.breadth": _network(
            mark("Firms that report"),
            "firms",
            mark("The lower end of the newest window's band of contributors; the interval is the band."),
        ),
        "network.warning_level": _network(
            mark("Warning level"),
            "level",
            mark("0, 1 or 2, as the stewards answer: from how many other groups' warnings hold."),
            "higher",
            source="warning",
        ),
        "network.disputed": _flag(
            mark("Disputed"), mark("1 while the subject contests what is reported on it, else 0."), "warning"
        ),
        "own.delay_mean_days": _own(
            mark("Your mean delay"),
            "days",
            mark(
                "Mean of days beyond terms weighted by amount, early as 0, over invoices paid in the last 12"
                " months or open past due; what is open counts as late so far, so the interval is open above."
            ),
            "higher",
        ),
        "own.delay_median_days": _own(
            mark("Your median delay"),
            "days",
            mark("The days by which half the amount was paid; same invoices as the mean."),
            "higher",
        ),
        "own.delay_p90_days": _own(
            mark("Your 90th percentile of delay"),
            "days",
            mark("The days by which nine tenths of the amount were paid; same invoices as the mean."),
            "higher",
        ),
        "own.days_beyond_terms": _own(
            mark("Your open balance's days beyond terms"),
            "days",
            mark("(15 x open 1-30 + 45 x open 31-60 + 75 x open 61-90 + 105 x open 91+) / open balance."),
            "higher",
        ),
        "own.past_due_share": _own(
            mark("Your past due share"), "share", mark("Open past due, of the open balance."), "higher"
        ),
        "own.past_due_61_share": _own(
            mark("Your share 61 days and more past due"),
            "share",
            mark("Open 61 days or more past due, of the open balance."),
            "higher",
        ),
        "own.past_due_91_share": _own(
            mark("Your share 91 days and more past due"),
            "share",
            mark("Open 91 days or more past due, of the open balance."),
            "higher",
        ),
        "own.open_minor": _own(
            mark("Your open balance"), "minor", mark("All that is unpaid on the day of the last import.")
        ),
        "own.ageing_current_minor": _own(
            mark("Not yet due"), "minor", mark("Open and not past due on the day of the last import.")
        ),
        "own.ageing_1_30_minor": _own(mark("Open 1-30"), "minor", mark("Open 1 to 30 days past due.")),
        "own.ageing_31_60_minor": _own(mark("Open 31-60"), "minor", mark("Open 31 to 60 days past due.")),
        "own.ageing_61_90_minor": _own(mark("Open 61-90"), "minor", mark("Open 61 to 90 days past due.")),
        "own.ageing_91_minor": _own(mark("Open 91+"), "minor", mark("Open 91 days or more past due.")),
        "own.contested_minor": _own(
            mark("Contested"),
            "minor",
            mark("Open invoices that the customer contests; they are in the open balance, never past due."),
        ),
        "own.lost_minor": _own(
            mark("Your losses"),
            "minor",
            mark("Open invoices placed for collection, charged off or insolvent."),
            "higher",
        ),
        "own.limit_minor": _own(mark("Your limit"), "minor", mark("The limit that your firm has set.")),
        "own.utilisation": _own(
            mark("Utilisation"), "share", mark("Your open balance / your limit."), "higher"
        ),
        "own.orders_90d": _own(
            mark("Orders in 90 days"), "count", mark("Invoices dated in the 90 days up to the last import.")
        ),
        "own.order_change": _own(
            mark("Change of orders"),
            "share",
            mark("Invoices of the last 90 days against those of the 90 days before, less 1."),
        ),
        "own.terms_days": _own(
            mark("Your average terms"),
            "days",
            mark("Mean of days from invoice to due date weighted by amount; invoices dated in 12 months."),
        ),
        "own.invoices": _own(mark("Your invoices"), "count", mark("Invoices in your book, of all time.")),
        "versus.others_days": _versus(
            mark("Days beyond terms, others alone"),
            "days",
            mark("Days beyond terms of the windows' rows without yours, where enough firms remain."),
        ),
        "versus.delay_days": _versus(
            mark("You against the others, days"),
            "days",
            mark("Days beyond terms of your own rows less that of the others', in the same windows."),
        ),
        "versus.others_late_share": _versus(
            mark("Late, others alone"),
            "share",
            mark("The late share of the windows' rows without yours, where enough firms remain."),
        ),
        "versus.late_share": _versus(
            mark("You against the others, late"),
            "share",
            mark("The late share of your own rows less that of the others', in the same windows."),
        ),
        "fact.insolvency": _flag(
            mark("Insolvency"), mark("1 while the newest insolvency fact in force says opened, else 0.")
        ),
        "fact.judgment": _flag(mark("Judgment"), mark("1 while a judgment fact is in force, else 0.")),
        "fact.dishonoured": _flag(
            mark("Dishonoured bill"), mark("1 while a fact of a dishonoured bill is in force, else 0.")
        ),
        "fact.struck_off": _flag(
            mark("Struck off"), mark("1 while a fact of being struck off is in force, else 0.")
        ),
        "estimate.late10": Kind(
            title=mark("Estimate of paying more than 10 days late"),
            unit="share",
            formula=mark(
                "Shrunken life table of your invoices and the windows: the chance of passing 10 days."
            ),
            source="estimate",
            worse="higher",
        ),
        "estimate.late30": Kind(
            title=mark("Estimate of paying more than 30 days late"),
            unit="share",
            formula=mark(
                "Shrunken life table of your invoices and the windows: the chance of passing 30 days."
            ),
            source="estimate",
            worse="higher",
        ),
        "local.altman": Kind(
            title=mark("Altman Z"),
            unit="index",
            formula=mark(
                "Z' or Z'' from the customer's financial statements, as your firm has entered them: 0 where"
                " distress ends, 1 where safety begins."
            ),
            source="local",
            worse="lower",
        ),
        "local.industry": Kind(
            title=mark("Industry outlook"),
            unit="index",
            formula=mark("From -2 (bad) to 2 (good), as your firm has entered it."),
            source="local",
            worse="lower",
        ),
    }
)
