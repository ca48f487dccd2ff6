"""One answer as a report that a credit manager reads: facts, what is missing and why, and no advice."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console

from hanse_ledger.ids import parse_month
from node.rendering.blocks import Block, Column, Fields, Grid, Paragraph, Row, Section, figures, grid, texts
from node.rendering.facts import fact_sections
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
from node.rendering.terminal import print_blocks, print_sections
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
    console: Console,
    answer: Mapping[str, Any],
    frame: Frame,
    own: Sequence[Own] | None = None,
    facts: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Print a whole answer; `own` are the reader's own parts by window, None where they are not known.

    `facts` are the public facts that stand on the subject.
    """
    console.print()
    console.print(tr("Report on {subject}", subject=answer["subject"]), style="bold")
    if frame.demo:
        console.print(tr(DEMO_LABEL), style="yellow")
    print_blocks(console, [answer_fields(answer)])
    print_sections(console, [*fact_sections(facts), *answer_sections(answer, frame, own)])
    console.print()
    console.print(tr(DECIDES_ALONE))


def answer_sections(
    answer: Mapping[str, Any], frame: Frame, own: Sequence[Own] | None = None
) -> Iterator[Section]:
    """Yield what an answer says: how others are paid, what is open, one's own rows, what is missing."""
    windows = windows_of(answer)
    shown = without_own(windows, own)
    if any(window.condition is not None for window in windows):
        yield _payment(shown, is_others=own is not None)
        yield _exposure(shown, frame, is_others=own is not None)
    if own is not None and any(part.rows for part in own):
        yield _own(shown, own, frame)
    missing = [*_missing(answer, windows, frame)]
    if missing:
        blocks: tuple[Block, ...] = tuple(Paragraph(text=f"- {line}") for line in missing)
        yield Section(title=tr("What is missing, and why"), blocks=blocks)


def answer_fields(answer: Mapping[str, Any]) -> Fields:
    """Return who asked for what, and how the answer stands."""
    entries = [
        (tr("Asked by"), tr("{party}, for {purpose}", party=answer["party"], purpose=answer["purpose"])),
        (tr("Status"), status_words(answer)),
    ]
    if answer.get("last_closed_month") is not None:
        entries.append((tr("As of"), formats.month(parse_month(answer["last_closed_month"]))))
    windows = windows_of(answer)
    if windows:
        entries.append((tr("Firms"), _firms(windows)))
    if "warning_level" in answer:
        entries.append((tr("Warning level"), tr(LEVELS[answer["warning_level"]])))
        entries.append(
            (tr("Disputed"), tr("yes: the subject contests it") if answer["disputed"] else tr("no"))
        )
    entries.append((tr("Request"), answer["request_id"]))
    return Fields(entries=tuple(entries))


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


def _firms(windows: Sequence[Window]) -> str:
    return tr(
        "{band} reported in {months}",
        band=windows[-1].contributors,
        months=formats.months(windows[-1].months),
    )


def _payment(windows: Sequence[Window], *, is_others: bool) -> Section:
    columns = [
        *texts(tr("Months"), tr("Firms")),
        *figures(tr("Rows"), tr("On terms"), tr("Late"), tr("Open 1-30"), "31-60", "61-90", "91+"),
        *figures(tr("Lost"), tr("Mean delay, days")),
    ]
    rows = [
        Row(cells=(formats.months(window.months), window.contributors, *_payment_cells(window)))
        for window in windows
    ]
    whole = total(windows)
    if whole is not None and len(windows) > 1:
        rows.append(Row(cells=(tr("All"), "", *_payment_cells(whole)), tone="strong"))
    return Section(
        title=tr("How the subject pays the others") if is_others else tr("How the subject pays"),
        blocks=(
            Grid(
                caption=tr("Shares of the rows in which something fell due; a row is one firm's month."),
                columns=tuple(columns),
                rows=tuple(rows),
            ),
        ),
    )


def _payment_cells(window: Window) -> list[str]:
    if window.condition is None or window.delay is None:
        return [tr("withheld"), *[""] * 8]
    condition = window.condition
    due = sum(condition[FELL_DUE])
    shares = [_share(condition[place], due) for place in (_ON_TERMS, _LATE, *_OPEN, _LOST)]
    return [formats.number(sum(condition)), *shares, days_between(mean_delay(window.delay))]


def _exposure(windows: Sequence[Window], frame: Frame, *, is_others: bool) -> Section:
    names = [exposure_words(place, frame.bounds) for place in range(len(frame.bounds) + 1)]
    rows = [
        Row(cells=(formats.months(window.months), *map(_count, window.exposure)))
        for window in windows
        if window.exposure is not None
    ]
    whole = total(windows)
    if whole is not None and whole.exposure is not None and len(windows) > 1:
        rows.append(Row(cells=(tr("All"), *map(_count, whole.exposure)), tone="strong"))
    return Section(
        title=tr("What the others have open") if is_others else tr("What is open"),
        blocks=(
            Grid(
                caption=tr(
                    "Rows by the highest balance of the month, in {currency}.", currency=frame.currency
                ),
                columns=(Column(name=tr("Months")), *figures(*names)),
                rows=tuple(rows),
            ),
        ),
    )


def _own(others: Sequence[Window], own: Sequence[Own], frame: Frame) -> Section:
    columns = [
        *texts(tr("Month"), tr("Your condition"), tr("Your highest balance")),
        *figures(tr("Your mean delay, days"), tr("The others'")),
    ]
    rows = [
        _own_cells(window, part, row, frame)
        for window, part in zip(others, own, strict=True)
        for row in part.rows
    ]
    caption = tr("What you reported of each month, and the others' mean delay in its window.")
    return Section(title=tr("Your own rows beside the others'"), blocks=(grid(caption, columns, rows),))


def _own_cells(window: Window, part: Own, row: tuple[Any, int, int], frame: Frame) -> list[str]:
    month, peak_minor, delay_days = row
    words = formats.listed(tr(CONDITIONS[place]) for place, n in enumerate(part.condition) if n)
    balance = formats.money(peak_minor, frame.currency, frame.exponent)
    theirs = "" if window.delay is None else days_between(mean_delay(window.delay))
    return [formats.month(month), words, balance, formats.number(delay_days), theirs]


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


def _share(part: int, whole: int) -> str:
    return formats.percent(part, whole) if part else "-"


def _count(value: int) -> str:
    return formats.number(value) if value else "-"
