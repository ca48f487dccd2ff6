"""`hanse risk limits`: the firm's own credit limits, by file or one by one."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hanse_ledger.subjects import parse_subject
from node.commands.options import Json, Subject, WrongUsageError
from node.commands.output import new_console, print_json, print_line, refuse
from node.commands.own_node import on_own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.receivables.amounts import to_minor
from node.receivables.limits import Money
from node.risk.limits import Limit, Taken
from node.risk.roles import Actor
from node.texts import current, formats, mark, tr

app: Final = new_app(help=mark("The firm's own credit limits."))

_SHOWN: Final = 20
_LANGUAGES: Final = {"en": "en", "zh-CN": "zh"}


@app.command("import", cls=Command, help=mark("Set the limits of a CSV file or .xlsx workbook."))
@on_own_node
def import_limits(
    own: OwnService,
    actor: Actor,
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help=mark("With the columns customer or subject, limit, and perhaps currency."),
        ),
    ],
    *,
    skip_refused: Annotated[
        bool, typer.Option("--skip-refused", help=mark("Take the good lines where others are refused."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Set all lines or none; limits that the file does not name stay."""
    taken = own.limits.take(actor, file.read_bytes(), skip_refused=skip_refused)
    if as_json:
        print_json(taken.describe())
    else:
        _print_taken(taken, is_taken=skip_refused or not taken.refused)
    if taken.refused and not skip_refused:
        refuse()


@app.command("set", cls=Command, help=mark("Set one customer's limit, or take it away."))
@on_own_node
def set_limit(
    own: OwnService,
    actor: Actor,
    subject: Subject,
    limit: Annotated[
        str | None,
        typer.Argument(
            metavar="AMOUNT",
            show_default=False,
            help=mark("In the reporting currency, such as 50000.00; 0 for no credit at all."),
        ),
    ] = None,
    *,
    remove: Annotated[
        bool, typer.Option("--remove", help=mark("Take the limit away: it is unknown then."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Give either an amount or --remove."""
    if (limit is None) != remove:
        raise WrongUsageError(tr("Give either an AMOUNT or --remove."))
    asked = parse_subject(subject).id
    money = own.limits.money()
    if limit is None:
        own.limits.remove(actor, asked)
        shown = None
    else:
        shown = own.limits.set(actor, asked, _minor(limit, money))
    if as_json:
        print_json(None if shown is None else shown.describe())
    elif shown is None:
        print_line(tr("{subject} has no limit any more.", subject=asked))
    else:
        amount = _money(shown.limit_minor, money)
        print_line(tr("The limit of {subject} is {amount}.", subject=shown.subject, amount=amount))


@app.command("list", cls=Command, help=mark("List the limits, and who has set them."))
@on_own_node
def list_limits(own: OwnService, actor: Actor, *, as_json: Json = False) -> None:
    """Show all in the order of their subjects."""
    found, money = own.limits.listed(actor), own.limits.money()
    if as_json:
        print_json([one.describe() for one in found])
    else:
        _print(found, money)


def _minor(text: str, money: Money) -> int:
    try:
        return to_minor(Decimal(text), digits=money.digits)
    except (InvalidOperation, OverflowError, ValueError):
        raise WrongUsageError(tr("An AMOUNT is a number such as 50000.00, without a currency.")) from None


def _print_taken(taken: Taken, *, is_taken: bool) -> None:
    counts = {name: formats.number(getattr(taken, name)) for name in ("new", "changed", "unchanged")}
    if is_taken:
        print_line(tr("Limits: new {new}, changed {changed}, unchanged {unchanged}.", **counts))
    else:
        print_line(tr("No limit was set. Correct the refused lines, or give --skip-refused."))
    if taken.refused:
        print_line(tr("Refused:"))
    for one in taken.refused[:_SHOWN]:
        print_line(f"  {one.text(_LANGUAGES[current()])}")
    if len(taken.refused) > _SHOWN:
        count = formats.number(len(taken.refused) - _SHOWN)
        print_line(tr("  and {count} more; --json lists all.", count=count))


def _print(found: list[Limit], money: Money) -> None:
    from rich.table import Table  # noqa: PLC0415 - `--json` runs do without Rich

    table: Any = Table(tr("Subject"))
    table.add_column(tr("Limit"), justify="right")
    table.add_column(tr("Set by"))
    table.add_column(tr("Set on"))
    for one in found:
        day = formats.day(one.set_at.date())
        table.add_row(one.subject, _money(one.limit_minor, money), one.set_by, day)
    new_console().print(table)


def _money(minor: int, money: Money) -> str:
    return formats.money(minor, money.currency, money.digits)
