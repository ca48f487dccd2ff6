"""Many answers, one line a subject."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from hanse_ledger.ids import SubjectId
from node.rendering.answers import DECIDES_ALONE
from node.rendering.facts import fact_words
from node.rendering.figures import FELL_DUE, Frame, Own, mean_delay, total, windows_of, without_own
from node.rendering.words import DEMO_LABEL, days_between
from node.texts import formats, mark, tr

_SHORT: Final[Mapping[str, str]] = {
    "checked": mark("checked"),
    "unchecked": mark("unchecked"),
    "nothing": mark("nothing"),
    "disagreement": mark("disagreement"),
    "refused": mark("refused"),
}


def print_portfolio(
    console: Console,
    answers: Sequence[Mapping[str, Any]],
    frame: Frame,
    own: Mapping[SubjectId, Sequence[Own]] | None = None,
    facts: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Print a table of answers in their order; `own` are the reader's own parts by subject.

    `facts` are the public facts that stand on any of the subjects.
    """
    console.print()
    if frame.demo:
        console.print(tr(DEMO_LABEL), style="yellow")
    console.print(
        tr("What the others report, over all windows of a subject.")
        if own is not None
        else tr("What is reported, over all windows of a subject.")
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in (tr("Subject"), tr("Status"), tr("Months"), tr("Firms")):
        table.add_column(name, overflow="fold")
    for name in (
        tr("Rows"),
        tr("On terms"),
        tr("Late"),
        tr("Past due"),
        tr("Lost"),
        tr("Mean delay, days"),
        tr("Warning"),
    ):
        table.add_column(name, justify="right", overflow="fold")
    for answer in answers:
        table.add_row(*_cells(answer, None if own is None else own.get(answer["subject"])))
    console.print(table)
    if facts:
        console.print(tr("Public facts"), style="bold")
    for fact in facts:
        console.print(f"- {fact['subject']}  {fact_words(fact)}")
    console.print(tr("--full prints a whole report for each subject."))
    console.print(tr(DECIDES_ALONE))


def _cells(answer: Mapping[str, Any], own: Sequence[Own] | None) -> list[str]:
    status = tr(_SHORT[answer["status"]])
    if "code" in answer:
        status = f"{status} [{answer['code']}]"
    windows = windows_of(answer)
    whole = total(without_own(windows, own))
    level = "" if not answer.get("warning_level") else formats.number(answer["warning_level"])
    if whole is None or whole.condition is None or whole.delay is None:
        return [answer["subject"], status, *[""] * 8, level]
    due = sum(whole.condition[FELL_DUE])
    return [
        answer["subject"],
        status,
        formats.number(len(whole.months)),
        windows[-1].contributors,
        formats.number(sum(whole.condition)),
        formats.percent(whole.condition[1], due),
        formats.percent(whole.condition[2], due),
        formats.percent(sum(whole.condition[3:7]), due),
        formats.percent(whole.condition[7], due),
        days_between(mean_delay(whole.delay)),
        level,
    ]
