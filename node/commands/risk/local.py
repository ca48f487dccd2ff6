"""`hanse risk local`: what the firm knows of a customer's statements and industry, entered by its people."""

from typing import Annotated, Any, Final, TypeAlias

import typer

from node.commands.options import Json, Subject, parse_day
from node.commands.output import new_console, print_json, print_line
from node.commands.own_node import on_own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.risk.local import Entry, describe_altman, describe_entry
from node.risk.roles import Actor
from node.texts import mark, tr

app: Final = new_app(help=mark("Enter what the firm knows of a customer's statements and industry."))

AsOf: TypeAlias = Annotated[
    str, typer.Option("--as-of", metavar="YYYY-MM-DD", help=mark("The day that the figures stand for."))
]
Expires: TypeAlias = Annotated[
    str, typer.Option("--expires", metavar="YYYY-MM-DD", help=mark("The last day on which they count."))
]


@app.command(cls=Command, help=mark("Enter the figures of a financial statement, for Altman's Z' or Z''."))
@on_own_node
def altman(  # noqa: PLR0913 - one for each figure
    own: OwnService,
    actor: Actor,
    subject: Subject,
    *,
    as_of: AsOf,
    expires: Expires,
    model: Annotated[
        str, typer.Option(metavar="MODEL", help=mark("z1 for private manufacturers, z2 for other firms."))
    ],
    total_assets: Annotated[str, typer.Option(metavar="AMOUNT", help=mark("Total assets."))],
    total_liabilities: Annotated[str, typer.Option(metavar="AMOUNT", help=mark("Total liabilities."))],
    working_capital: Annotated[str, typer.Option(metavar="AMOUNT", help=mark("Working capital."))],
    retained_earnings: Annotated[str, typer.Option(metavar="AMOUNT", help=mark("Retained earnings."))],
    ebit: Annotated[str, typer.Option(metavar="AMOUNT", help=mark("Earnings before interest and taxes."))],
    book_equity: Annotated[str, typer.Option(metavar="AMOUNT", help=mark("Book value of equity."))],
    sales: Annotated[
        str | None, typer.Option(metavar="AMOUNT", show_default=False, help=mark("Sales, for z1."))
    ] = None,
    as_json: Json = False,
) -> None:
    """All amounts in the same unit of money; the figures stay at the node."""
    figures = {
        "total_assets": total_assets,
        "total_liabilities": total_liabilities,
        "working_capital": working_capital,
        "retained_earnings": retained_earnings,
        "ebit": ebit,
        "book_equity": book_equity,
        **({} if sales is None else {"sales": sales}),
    }
    entered = own.local.enter(
        actor,
        own.subject(subject),
        "altman",
        {"model": model, **figures},
        as_of=parse_day(as_of),
        expires_on=parse_day(expires),
    )
    _show(entered, as_json=as_json)


@app.command(cls=Command, help=mark("Enter the outlook of a customer's industry."))
@on_own_node
def industry(
    own: OwnService,
    actor: Actor,
    subject: Subject,
    *,
    outlook: Annotated[
        int, typer.Option(min=-2, max=2, metavar="NUMBER", help=mark("From -2 (bad) to 2 (good)."))
    ],
    as_of: AsOf,
    expires: Expires,
    as_json: Json = False,
) -> None:
    """Enter it; an earlier one counts no more."""
    entered = own.local.enter(
        actor,
        own.subject(subject),
        "industry",
        {"outlook": outlook},
        as_of=parse_day(as_of),
        expires_on=parse_day(expires),
    )
    _show(entered, as_json=as_json)


@app.command("list", cls=Command, help=mark("List what was entered about a customer, the newest first."))
@on_own_node
def list_entries(own: OwnService, actor: Actor, subject: Subject, *, as_json: Json = False) -> None:
    """Show all entries, those that have expired too."""
    found = own.local.listed(actor, own.subject(subject))
    if as_json:
        print_json([describe_entry(entry) for entry in found])
        return
    from rich.table import Table  # noqa: PLC0415 - `--json` runs do without Rich

    from node.texts import formats  # noqa: PLC0415

    table: Any = Table(tr("Kind"), tr("Value"), tr("As of"), tr("Counts until"), tr("By"))
    for entry in found:
        days = (formats.day(entry.as_of), formats.day(entry.expires_on))
        table.add_row(_kind(entry), _value(entry), *days, entry.person)
    new_console().print(table)


def _show(entry: Entry, *, as_json: bool) -> None:
    if as_json:
        print_json(describe_entry(entry))
    else:
        print_line(f"{_kind(entry)}: {_value(entry)}")


_ZONES: Final = {
    "distress": mark("zone of distress"),
    "grey": mark("grey zone"),
    "safe": mark("zone of safety"),
}


def _kind(entry: Entry) -> str:
    return tr("Altman Z") if entry.kind == "altman" else tr("Industry outlook")


def _value(entry: Entry) -> str:
    if entry.kind == "industry":
        return f"{entry.content['outlook']:+d}"
    found = describe_altman(entry.content)
    return f"{found['z']} ({tr(_ZONES[found['zone']])})"
