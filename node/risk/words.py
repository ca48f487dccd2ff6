"""The words for codes of risk management. Each is given to `tr` where it is shown."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from node.texts import formats, mark, tr

ROLES: Final[Mapping[str, str]] = {
    "analyst": mark("analyst"),
    "approver": mark("approver"),
    "compliance": mark("compliance"),
    "admin": mark("admin"),
    "auditor": mark("auditor"),
    "system": mark("the node itself"),
}
GRADES: Final[Mapping[str, str]] = {
    "A": mark("A: very good"),
    "B": mark("B: good"),
    "C": mark("C: fair"),
    "D": mark("D: weak"),
    "E": mark("E: bad"),
    "U": mark("U: too little is known"),
}
DIRECTIONS: Final[Mapping[str, str]] = {
    "for": mark("for the customer"),
    "against": mark("against the customer"),
    "neither": mark("neither way"),
}
STRATEGIES: Final[Mapping[str, str]] = {
    "avoid": mark("avoid the risk"),
    "mitigate": mark("mitigate the risk"),
    "transfer": mark("transfer the risk"),
    "accept": mark("accept the risk"),
}
MEASURES: Final[Mapping[str, str]] = {
    "prepayment": mark("prepayment"),
    "shorter_terms": mark("shorter terms"),
    "lower_limit": mark("a lower limit"),
    "guarantee": mark("a guarantee"),
    "retention_of_title": mark("retention of title"),
    "credit_insurance": mark("credit insurance"),
    "factoring": mark("factoring"),
    "outsourcing": mark("outsourcing"),
    "stop_deliveries": mark("stop of deliveries"),
    "closer_contact": mark("closer contact"),
}
DECISIONS: Final[Mapping[str, str]] = {
    "proceed": mark("proceed"),
    "proceed_with_conditions": mark("proceed with conditions"),
    "refer": mark("refer to a person"),
    "decline": mark("decline"),
}

RESPONSE_STATES: Final[Mapping[str, str]] = {
    "proposed": mark("proposed"),
    "approved": mark("approved"),
    "done": mark("done"),
    "rejected": mark("rejected"),
}
EXPERT_STATES: Final[Mapping[str, str]] = {
    "pending": mark("waits for a second person"),
    "in_force": mark("in force"),
    "lapsed": mark("lapsed: the score has got worse since"),
    "replaced": mark("replaced by a later one"),
    "expired": mark("expired"),
    "withdrawn": mark("taken back"),
}


def said(texts: Mapping[Any, str], code: str) -> str:
    """Return a code in words; as it is, where a later version has written it."""
    return tr(texts[code]) if code in texts else code


def listed(texts: Mapping[Any, str], codes: Iterable[str]) -> str:
    """Return codes in words, one after the other."""
    return formats.listed(said(texts, code) for code in codes)
