"""One answer as a report that a credit manager reads: facts, what is missing and why, and no advice."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from hanse_ledger.ids import parse_month
from node.rendering.figures import (
    FELL_DUE,
    Frame,
    Own,
    Window,
    is_year_open,
    mean_delay,
    missing_months,
    total,
    windows_of,
    without_own,
)
from node.rendering.words import (
    CONDITIONS,
    DEMO_LABEL,
    LEVELS,
    REFUSALS,
    STATUSES,
    days_between,
    exposure_words,
)
from node.texts import formats, mark, tr

DECIDES_ALONE: Final = mark(
    "The network shares facts; each firm decides alone. Nothing here recommends a decision."
)
_ON_TERMS, _LATE, _LOST = 1, 2, 7
_OPEN: Final = (3, 4, 5, 6)


def print_answer(
    console: Console, answer: Mapping[str, Any], frame: Frame, own: Sequence[Own] | None = None
) -> None:
    """Print a whole answer; `own` are the reader's own parts by window, None where they are not known."""
    _print_header(console, answer, frame)
    windows = windows_of(answer)
    shown = without_own(windows, own)
    if any(window.condition is not None for window in windows):
        _print_payment(console, shown, is_others=own is not None)
        _print_exposure(console, shown, frame, is_others=own is not None)
    if own is not None and any(part.rows for part in own):
        _print_own(console, shown, own, frame)
    _print_missing(console, answer, windows, frame)
    console.print()
    console.print(tr(DECIDES_ALONE))


def status_words(answer: Mapping[str, Any]) -> str:
    """Return the status in words, with the reason where there is one."""
    words = tr(STATUSES[answer["status"]])
    code = answer.get("code")
    return words if code is None else f"{words}: {tr(REFUSALS.get(code, code))} [{code}]"


def own_groups_note(frame: Frame) -> str:
    """Return what a window needs."""
    return tr(
        "A month is answered once at least {least} firms of different groups have reported on the subject.",
        least=formats.number(frame.contributors_min),
    )


def _print_header(console: Console, answer: Mapping[str, Any], frame: Frame) -> None:
    console.print()
    console.print(tr("Report on {subject}", subject=answer["subject"]), style="bold")
    if frame.demo:
        console.print(tr(DEMO_LABEL), style="yellow")
    lines = [
        (tr("Asked by"), tr("{party}, for {purpose}", party=answer["party"], purpose=answer["purpose"])),
        (tr("Status"), status_words(answer)),
    ]
    if answer.get("last_closed_month") is not None:
        lines.append((tr("As of"), formats.month(parse_month(answer["last_closed_month"]))))
    windows = windows_of(answer)
    if windows:
        lines.append((tr("Firms"), _firms(windows)))
    if "warning_level" in answer:
        lines.append((tr("Warning level"), tr(LEVELS[answer["warning_level"]])))
        lines.append((tr("Disputed"), tr("yes: the subject contests it") if answer["disputed"] else tr("no")))
    lines.append((tr("Request"), answer["request_id"]))
    table = Table.grid(padding=(0, 2))
    for name, value in lines:
        table.add_row(name, value)
    console.print(table)


def _firms(windows: Sequence[Window]) -> str:
    return tr(
        "{band} reported in {months}",
        band=windows[-1].contributors,
        months=formats.months(windows[-1].months),
    )


def _print_payment(console: Console, windows: Sequence[Window], *, is_others: bool) -> None:
    title = tr("How the subject pays the others") if is_others else tr("How the subject pays")
    console.print()
    console.print(title, style="bold")
    console.print(tr("Shares of the rows in which something fell due; a row is one firm's month."))
    table = _table(
        [tr("Months"), tr("Firms")],
        [
            tr("Rows"),
            tr("On terms"),
            tr("Late"),
            tr("Open 1-30"),
            "31-60",
            "61-90",
            "91+",
            tr("Lost"),
            tr("Mean delay, days"),
        ],
    )
    for window in windows:
        table.add_row(formats.months(window.months), window.contributors, *_payment_cells(window))
    whole = total(windows)
    if whole is not None and len(windows) > 1:
        table.add_section()
        table.add_row(tr("All"), "", *_payment_cells(whole), style="bold")
    console.print(table)


def _payment_cells(window: Window) -> list[str]:
    if window.condition is None or window.delay is None:
        return [tr("withheld"), *[""] * 7]
    condition = window.condition
    due = sum(condition[FELL_DUE])
    shares = [_share(condition[place], due) for place in (_ON_TERMS, _LATE, *_OPEN, _LOST)]
    return [formats.number(sum(condition)), *shares, days_between(mean_delay(window.delay))]


def _print_exposure(console: Console, windows: Sequence[Window], frame: Frame, *, is_others: bool) -> None:
    console.print(tr("What the others have open") if is_others else tr("What is open"), style="bold")
    console.print(tr("Rows by the highest balance of the month, in {currency}.", currency=frame.currency))
    places = range(len(frame.bounds) + 1)
    table = _table([tr("Months")], [exposure_words(place, frame.bounds) for place in places])
    for window in windows:
        if window.exposure is not None:
            table.add_row(formats.months(window.months), *map(_count, window.exposure))
    whole = total(windows)
    if whole is not None and whole.exposure is not None and len(windows) > 1:
        table.add_section()
        table.add_row(tr("All"), *map(_count, whole.exposure), style="bold")
    console.print(table)


def _print_own(console: Console, others: Sequence[Window], own: Sequence[Own], frame: Frame) -> None:
    console.print(tr("Your own rows beside the others'"), style="bold")
    names = [tr("Month"), tr("Your condition"), tr("Your highest balance")]
    table = _table(names, [tr("Your mean delay, days"), tr("The others'")])
    for window, part in zip(others, own, strict=True):
        words = formats.listed(tr(CONDITIONS[place]) for place, n in enumerate(part.condition) if n)
        theirs = "" if window.delay is None else days_between(mean_delay(window.delay))
        for month, peak_minor, delay_days in part.rows:
            balance = formats.money(peak_minor, frame.currency, frame.exponent)
            table.add_row(formats.month(month), words, balance, formats.number(delay_days), theirs)
    console.print(table)


def _print_missing(
    console: Console, answer: Mapping[str, Any], windows: Sequence[Window], frame: Frame
) -> None:
    lines = [*_missing(answer, windows, frame)]
    if not lines:
        return
    console.print()
    console.print(tr("What is missing, and why"), style="bold")
    for line in lines:
        console.print(f"- {line}")


def _missing(answer: Mapping[str, Any], windows: Sequence[Window], frame: Frame) -> list[str]:
    status, lines = answer["status"], list[str]()
    if status == "unchecked":
        lines.append(
            tr("Two answers that agree cannot show that one of them is false: no rule may use these figures.")
        )
    if status == "disagreement":
        lines.append(tr("The signed answers are kept as evidence; ask again later, and tell the stewards."))
    if status in {"checked", "unchecked", "nothing"} and not windows:
        lines.append(tr("An unknown subject and one that few firms know get the same answer, on purpose."))
        lines.append(own_groups_note(frame))
    elif windows:
        gaps = missing_months(answer, frame)
        if gaps:
            lines.append(tr("No figures for {months}: too few firms.", months=formats.months(gaps)))
            lines.append(own_groups_note(frame))
            if any(is_year_open(gap, answer) for gap in gaps):
                lines.append(tr("They may still be answered together, at a quarter's or a year's end."))
    held_back = [window for window in windows if window.condition is None]
    if held_back:
        months = formats.listed(formats.months(window.months) for window in held_back)
        lines.append(tr("Withheld: {months}. A row in them was withdrawn or is contested.", months=months))
    return lines


def _table(left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, name in enumerate(left):
        table.add_column(name, overflow="fold", no_wrap=place == 0)
    for name in right:
        table.add_column(name, justify="right", overflow="fold")
    return table


def _share(part: int, whole: int) -> str:
    return formats.percent(part, whole) if part else "-"


def _count(value: int) -> str:
    return formats.number(value) if value else "-"
