"""`hanse review`: which customers are to be looked at again, and what was decided when they were."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from node.commands.options import Json, Subject, parse_day
from node.commands.output import new_console, print_json, print_line, say
from node.commands.own_node import on_own_node
from node.commands.tree import Command, new_app
from node.files import OWNER_ONLY, write_whole
from node.own.service import OwnService
from node.risk.reviews.due import Due
from node.risk.reviews.service import Done, Review
from node.risk.roles import Actor
from node.texts import mark, tr

app: Final = new_app(help=mark("Reviews: which customers are to be looked at again, and what was decided."))

WHEN_WORDS: Final = {"overdue": mark("overdue"), "due": mark("due"), "later": mark("later")}


@app.command(cls=Command, help=mark("List what is overdue or due within a month."))
@on_own_node
def due(
    own: OwnService,
    actor: Actor,
    *,
    everybody: Annotated[
        bool, typer.Option("--all", help=mark("All customers, those due later too."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the most urgent first."""
    found = own.reviews.due(actor, is_all=everybody)
    today = own.reviews.today
    if as_json:
        print_json([one.describe(today) for one in found])
    else:
        _print_due(found, today)


@app.command("list", cls=Command, help=mark("List the reviews of a customer."))
@on_own_node
def list_reviews(own: OwnService, actor: Actor, subject: Subject, *, as_json: Json = False) -> None:
    """Show the newest first."""
    found = own.reviews.of(actor, own.subject(subject))
    if as_json:
        print_json([one.describe() for one in found])
    else:
        _print_reviews(found)


@app.command(cls=Command, help=mark("Write down a review, and set the next one."))
@on_own_node
def record(
    own: OwnService,
    actor: Actor,
    subject: Subject,
    *,
    looked_at: Annotated[
        list[str],
        typer.Option(metavar="TEXT", help=mark("What was looked at; once for each thing.")),
    ],
    decision: Annotated[str, typer.Option(metavar="TEXT", help=mark("What was decided."))],
    next_on: Annotated[
        str | None,
        typer.Option(
            "--next",
            metavar="YYYY-MM-DD",
            show_default=False,
            help=mark("When the next one is due; as the policy's calendar has it without it."),
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what was looked at and decided."""
    day = None if next_on is None else parse_day(next_on)
    done = Done(looked_at=tuple(looked_at), decision=decision, next_on=day)
    asked = own.subject(subject)
    made = own.reviews.record(actor, asked, done, review_id=own.calls.new_effect())
    if as_json:
        print_json(made.describe())
    else:
        print_line(tr("Written down. The next review is due on {day}.", day=made.next_on.isoformat()))


@app.command(
    cls=Command, help=mark("Write the calendar of reviews as an iCalendar file, or make its address.")
)
@on_own_node
def ics(
    own: OwnService,
    actor: Actor,
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help=mark("Where to; standard output without it.")),
    ] = None,
    feed: Annotated[
        bool,
        typer.Option(
            "--feed", help=mark("Print, this once, the address that a calendar program reads it from.")
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Give the calendar once, or the address to get it from again and again."""
    if feed:
        made = own.new_feed(actor)
        _show_feed(made.secret, made.key.id, as_json=as_json)
        return
    content = own.calendar(actor)
    if out is not None:
        write_whole(out, content, OWNER_ONLY)
    if as_json:
        print_json({"calendar": content.decode() if out is None else None})
    elif out is None:
        print_line(content.decode().rstrip())


def _show_feed(secret: str, key_id: str, *, as_json: bool) -> None:
    path = f"/v1/reviews/calendar.ics?key={secret}"
    if as_json:
        print_json({"path": path, "key_id": key_id})
        return
    say(
        tr(
            "Put this behind your node's URL. Whoever has it reads which customers are to be reviewed;"
            " `hanse keys api revoke {key}` ends it.",
            key=key_id,
        )
    )
    print_line(path)


def _print_due(found: Sequence[Due], today: date) -> None:
    from rich.table import Table  # noqa: PLC0415 - `--json` runs do without Rich

    if not found:
        print_line(tr("Nothing is due."))
        return
    table: Any = Table(
        tr("Due"), tr("State"), tr("Subject"), tr("Customer"), tr("Grade"), tr("Impact"), tr("Last review")
    )
    for one in found:
        last = "-" if one.reviewed_on is None else one.reviewed_on.isoformat()
        impact = "-" if one.impact is None else str(one.impact)
        table.add_row(
            *(one.due_on.isoformat(), tr(WHEN_WORDS[one.when(today)]), one.subject),
            *(", ".join(one.customers), one.grade, impact, last),
        )
    new_console().print(table)


def _print_reviews(found: Sequence[Review]) -> None:
    from rich.table import Table  # noqa: PLC0415 - as above

    table: Any = Table(tr("On"), tr("By"), tr("Grade"), tr("Looked at"), tr("Decided"), tr("Next"))
    for one in found:
        table.add_row(
            *(f"{one.at:%Y-%m-%d}", one.by, one.grade, "\n".join(one.looked_at), one.decision),
            one.next_on.isoformat(),
        )
    new_console().print(table)
