"""`hanse month`: the stewards' statements that a month is closed."""

from typing import Annotated, Final

import typer

from hanse_ledger.codec import decode, encode
from hanse_ledger.consortium import STEWARD
from hanse_ledger.errors import RejectedError
from hanse_ledger.fields import as_uint
from hanse_ledger.ids import Month, PartyId, month_end, month_text
from node.bootstrap import Embedded
from node.commands.nodes import consortium_in, pick_party
from node.commands.options import Dir, Json, Party, read_month
from node.commands.output import print_json, print_line
from node.commands.tree import Command, new_app
from node.roles.party import Standing
from node.texts import mark, tr
from node.wire import reply_of

_ROUNDS: Final = 20

app: Final = new_app(help=mark("Close months, as a steward."))


class NotDueError(RejectedError):
    """A month that cannot be closed yet, or not in this order."""

    code = "not_due"


@app.callback()
def _months() -> None:
    """Keep `close` a command of a group, as others may join it."""


@app.command(cls=Command, help=mark("File the stewards' statements that a month is closed."))
def close(
    month: Annotated[
        str | None,
        typer.Argument(metavar="MONTH", show_default=False, help=mark("YYYY-MM; the next one without it.")),
    ] = None,
    *,
    directory: Dir = None,
    party: Party = None,
    as_json: Json = False,
) -> None:
    """Let all stewards of an embedded consortium close, or the one that --party names."""
    asked = None if month is None else read_month(month)
    with consortium_in(directory) as embedded:
        steward = None if party is None else pick_party(embedded.consortium, party, STEWARD)
        standing = embedded.member(embedded.consortium.ordering[0]).standing
        standing.catch_up()
        chosen = standing.state.log_month if asked is None else asked
        filed = _close(embedded, standing, chosen, steward)
        standing.catch_up()
        is_closed = standing.state.closed_at(chosen) is not None
    if as_json:
        print_json({"month": month_text(chosen), "closed": is_closed, "stewards": filed})
        return
    from node.texts import formats  # noqa: PLC0415 - `--json` runs do without Babel

    if is_closed:
        print_line(tr("{month} is closed.", month=formats.month(chosen)))
    else:
        print_line(tr("The statement for {month} is filed; two close a month.", month=formats.month(chosen)))


def _close(embedded: Embedded, standing: Standing, month: Month, steward: PartyId | None) -> int:
    """Return how many stewards have filed their statement; raise NotDueError when none may."""
    state = standing.state
    if month < state.consortium.first_month:
        raise NotDueError(tr("{month} is before the ledger's first month.", month=month_text(month)))
    if month > state.log_month:
        following = month_text(state.log_month)
        raise NotDueError(tr("Months close in order, and the next is {month}.", month=following))
    if state.closed_at(month) is None and standing.clock.now().date() <= month_end(month):
        raise NotDueError(tr("{month} has not ended.", month=month_text(month)))
    for _ in range(_ROUNDS):
        if not embedded.work():
            break
    filed = embedded.close_month(month) if steward is None else _close_as(embedded, steward, month)
    if not filed:
        raise NotDueError(tr("A report waits for the stewards' word: its shares have not all come."))
    return filed


def _close_as(embedded: Embedded, steward: PartyId, month: Month) -> int:
    reply = reply_of(embedded.door(steward).post(steward, "close", encode(month)))
    return as_uint(decode(reply, limit=16), "count")
