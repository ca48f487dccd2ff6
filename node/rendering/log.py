"""The log in words: an audit's result, one statement."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hanse_ledger.ids import Month, parse_month
from node.commands.output import print_line
from node.logs import AuditResult
from node.rendering.words import DEMO_LABEL
from node.texts import formats, mark, tr

_KINDS: Final[Mapping[str, str]] = {
    "genesis": mark("genesis: the consortium document, signed by everybody in it"),
    "report": mark("report: rows were shared among the stewards"),
    "validity": mark("validity: a steward's check of reports"),
    "close": mark("close: a month or a bulletin period has ended"),
    "inquiry": mark("inquiry: hashes of requests that may be answered"),
    "bulletin": mark("bulletin: a member's sealed warnings and withdrawals"),
    "fact": mark("fact: something public on a subject"),
    "alias": mark("alias: two ids of one subject"),
    "dispute": mark("dispute: a subject contests what is said of it"),
    "resolution": mark("resolution: a dispute has ended"),
    "propose": mark("propose: the next consortium document"),
    "vote": mark("vote: for a consortium document"),
}


def print_audit(result: AuditResult, copies: int) -> None:
    """Print what an audit found true, of the log and of so many stored copies."""
    if result.consortium.demo:
        print_line(tr(DEMO_LABEL))
    print_line(
        tr(
            "The log holds: {size} statements, every one accepted anew, every tree node compared.",
            size=formats.number(result.checkpoint.size),
        )
    )
    if copies:
        print_line(tr("Stored copies that are the same log: {count}", count=formats.number(copies)))
    print_line(tr("Consortium: {id}", id=result.consortium.id))
    print_line(tr("Root: {root}", root=result.checkpoint.root.hex()))
    print_line(
        tr("The checkpoint carries the cosignatures that the policy asks for.")
        if result.is_cosigned
        else tr("The checkpoint lacks cosignatures: this log was seen, but not by the stewards' word.")
    )
    if result.last_closed is not None:
        print_line(tr("Last closed month: {month}", month=formats.month(parse_month(result.last_closed))))
    print_line(tr("Reports that count: {count}", count=formats.number(result.counting_reports)))
    print_line()
    for kind, count in sorted(result.kinds.items()):
        print_line(f"{formats.number(count):>8}  {tr(_KINDS.get(kind, kind))}")


def print_statement(statement: Mapping[str, Any]) -> None:
    """Print one statement: who says what, and its fields."""
    print_line(tr("Statement {index}: {words}", index=statement["index"], words=_words(statement)))
    print_line(tr("By {party}, its statement {seq}.", party=statement["party"], seq=statement["seq"]))
    print_line(tr("Bytes: {size}. Leaf hash: {hash}", size=statement["size"], hash=statement["leaf_hash"]))
    for place, value in enumerate(statement["body"]):
        print_line(f"  [{place}] {value}")


def _words(statement: Mapping[str, Any]) -> str:
    say = _SENTENCES.get(statement["kind"])
    kind: str = statement["kind"]
    return tr(_KINDS.get(kind, kind)) if say is None else say(statement["body"])


def _close_words(body: list[Any]) -> str:
    if body[0] == 0:
        return tr("a steward's word that {month} has ended", month=formats.month(Month(body[1])))
    return tr("a steward's word that bulletin period {period} has ended", period=formats.number(body[1]))


def _report_words(body: list[Any]) -> str:
    return tr("a report of {rows} rows, padding included; nobody can read them here", rows=_length(body[0]))


def _inquiry_words(body: list[Any]) -> str:
    return tr("an inquiry with {count} requests, of which only hashes stand here", count=_length(body[0]))


def _validity_words(body: list[Any]) -> str:
    return tr("a steward's check of {count} reports that it holds shares of", count=_length(body[0]))


def _length(value: list[Any] | str) -> str:
    """Return how many items there are, of a list or of what stands for a long one ("20 items")."""
    return formats.number(len(value) if isinstance(value, list) else int(value.split()[0]))


_SENTENCES: Final[Mapping[str, Callable[[list[Any]], str]]] = {
    "close": _close_words,
    "report": _report_words,
    "inquiry": _inquiry_words,
    "validity": _validity_words,
}
