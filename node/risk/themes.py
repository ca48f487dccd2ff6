"""What a signal is about, in words for the customer, which do not say who has told or seen it."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

from node.risk.policy.conditions import predicates_in
from node.risk.policy.whole import RiskPolicy
from node.risk.signals.names import SignalName
from node.texts import mark

Theme: TypeAlias = Literal[
    "delay", "past_due", "severe", "balance", "orders", "insolvency", "struck_off", "judgment",
    "dishonoured", "statements", "industry", "little_known",
]  # fmt: skip

THEMES: Final[Mapping[SignalName, Theme]] = {
    "network.days_beyond_terms": "delay",
    "network.late_share": "delay",
    "network.past_due_share": "past_due",
    "network.past_due_61_share": "severe",
    "network.past_due_91_share": "severe",
    "network.lost_share": "severe",
    "network.trend": "delay",
    "network.exposure_band": "balance",
    "network.exposure_0": "balance",
    "network.exposure_1": "balance",
    "network.exposure_2": "balance",
    "network.exposure_3": "balance",
    "network.exposure_4": "balance",
    "network.exposure_5": "balance",
    "network.breadth": "little_known",
    "network.warning_level": "severe",
    "network.disputed": "past_due",
    "own.delay_mean_days": "delay",
    "own.delay_median_days": "delay",
    "own.delay_p90_days": "delay",
    "own.days_beyond_terms": "past_due",
    "own.past_due_share": "past_due",
    "own.past_due_61_share": "severe",
    "own.past_due_91_share": "severe",
    "own.open_minor": "balance",
    "own.ageing_current_minor": "balance",
    "own.ageing_1_30_minor": "past_due",
    "own.ageing_31_60_minor": "past_due",
    "own.ageing_61_90_minor": "severe",
    "own.ageing_91_minor": "severe",
    "own.contested_minor": "past_due",
    "own.lost_minor": "severe",
    "own.limit_minor": "balance",
    "own.utilisation": "balance",
    "own.orders_90d": "orders",
    "own.order_change": "orders",
    "own.terms_days": "orders",
    "own.invoices": "little_known",
    "versus.others_days": "delay",
    "versus.delay_days": "delay",
    "versus.others_late_share": "delay",
    "versus.late_share": "delay",
    "fact.insolvency": "insolvency",
    "fact.judgment": "judgment",
    "fact.dishonoured": "dishonoured",
    "fact.struck_off": "struck_off",
    "estimate.late10": "delay",
    "estimate.late30": "delay",
    "local.altman": "statements",
    "local.industry": "industry",
}
"""The theme of each signal. One theme covers what the firm and what others have seen."""

SENTENCES: Final[Mapping[Theme, str]] = {
    "delay": mark("Invoices were paid later than agreed."),
    "past_due": mark("Invoices are open past their due date."),
    "severe": mark("There are signs of serious difficulties with payment."),
    "balance": mark("The open balance is high beside the agreed limit."),
    "orders": mark("The volume of business has changed strongly."),
    "insolvency": mark("Insolvency proceedings were opened."),
    "struck_off": mark("The firm was struck off its register."),
    "judgment": mark("There is a judgment on a claim for payment."),
    "dishonoured": mark("A bill or payment was dishonoured."),
    "statements": mark("The figures of the financial statements are weak."),
    "industry": mark("The outlook of the industry is poor."),
    "little_known": mark("Too little is known of how payments were made."),
}

_CAP: Final = "cap:"


def themes_of(codes: Iterable[str], policy: RiskPolicy) -> list[Theme]:
    """Return what reason codes of a policy are about, each theme once, in the order of the codes."""
    signals = (signal for code in codes for signal in _signals_of(code, policy))
    by_name: Mapping[str, Theme] = {str(name): theme for name, theme in THEMES.items()}
    return list(dict.fromkeys(by_name[signal] for signal in signals if signal in by_name))


def _signals_of(code: str, policy: RiskPolicy) -> list[str]:
    if not code.startswith(_CAP):
        return [code.rpartition(":")[0]]
    name = code.removeprefix(_CAP)
    caps = (cap for cap in policy.caps if cap.name == name)
    return [test.about for cap in caps for test in predicates_in(cap.when, policy.conditions)]
