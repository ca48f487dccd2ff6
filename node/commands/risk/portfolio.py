"""`hanse risk portfolio`: all customers in one run."""

from pathlib import Path
from typing import Annotated, Final

import typer

from hanse_ledger.consortium import DESK, MEMBER
from hanse_ledger.ids import Month, PartyId
from node.bootstrap import Embedded
from node.commands.nodes import consortium_in, pick_party
from node.commands.options import Dir, Json, Party
from node.commands.output import new_console, print_json, say
from node.commands.own_node import As, NodeConfig, acting, own_node
from node.commands.tree import Command, new_app
from node.files import OWNER_ONLY, write_whole
from node.risk.portfolio.document import Overview, document_of
from node.texts import mark, tr

app: Final = new_app()


@app.command(cls=Command, help=mark("All customers in one run: grades, concentration, who has moved."))
def portfolio(
    *,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help=mark("Write a line for each customer as CSV.")),
    ] = None,
    xlsx: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help=mark("Write the same as a workbook.")),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep/--no-keep", help=mark("Keep the run, to say later who has moved since."))
    ] = True,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Assess everybody by what the node has stored; nobody is asked anything.

    In a DIR the run is kept for its closed month. With a configuration it is not: the running node knows
    which month that is, and `PUT /v1/portfolio-risk` keeps one.
    """
    if config is None:
        overview = _overview_in(directory, party, person, is_kept=keep)
    else:
        with own_node(None, None, config) as own:
            overview = own.portfolio_risk.overview(acting(own, person), last_closed=None)
    _write(overview, csv, xlsx)
    if as_json:
        print_json(document_of(overview, with_positions=True))
    elif csv is None and xlsx is None:
        _print(overview)


def _overview_in(directory: Path | None, party: str | None, person: str | None, *, is_kept: bool) -> Overview:
    with consortium_in(directory) as embedded:
        named = pick_party(embedded.consortium, party, MEMBER, DESK)
        closed = _last_closed(embedded, named)
        with own_node(directory, named, None) as own:
            actor = acting(own, person)
            overview = own.portfolio_risk.overview(actor, last_closed=closed)
            if is_kept:
                own.portfolio_risk.keep(actor, overview)
            return overview


def _last_closed(embedded: Embedded, party: PartyId) -> Month | None:
    node = embedded.member(party)
    node.standing.catch_up()
    return node.standing.state.last_closed()


def _print(overview: Overview) -> None:
    from node.rendering.terminal import print_layout  # noqa: PLC0415 - `--json` runs do without Rich
    from node.risk.portfolio.view import layout_of  # noqa: PLC0415

    print_layout(new_console(), layout_of(overview))


def _write(overview: Overview, csv: Path | None, xlsx: Path | None) -> None:
    from node.risk.portfolio.sheet import to_xlsx  # noqa: PLC0415 - loads openpyxl
    from node.risk.portfolio.tables import rows_of, to_csv  # noqa: PLC0415

    rows = rows_of(overview.positions, currency=overview.currency, exponent=overview.exponent)
    for path, content in ((csv, to_csv), (xlsx, to_xlsx)):
        if path is not None:
            write_whole(path, content(rows), mode=OWNER_ONLY)
            say(tr("Written: {path}", path=path))
