"""`hanse watch`: who is watched, and letting monitoring look at what happened."""

from typing import Annotated, Any, Final

import typer

from node.commands.monitoring import Out, told
from node.commands.options import Dir, Json, Party, Subject
from node.commands.output import new_console, print_json, print_line
from node.commands.own_node import on_own_node, running_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.own.stepper import work_off
from node.risk.roles import Actor
from node.texts import mark, tr

app: Final = new_app(help=mark("The watch list: who is watched, and why."))

_LISTED_MOST: Final = 10_000


@app.command(cls=Command, help=mark("Put a subject on the watch list."))
@on_own_node
def add(
    own: OwnService,
    actor: Actor,
    subject: Subject,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help=mark("Why; the audit chain keeps it."))],
    as_json: Json = False,
) -> None:
    """Add by hand; again replaces the reason."""
    added = own.watch.add(actor, subject, reason=reason)
    if as_json:
        print_json(added.describe())
    else:
        print_line(tr("{subject} is watched.", subject=added.subject))


@app.command(cls=Command, help=mark("Take off the list what a person put there."))
@on_own_node
def remove(own: OwnService, actor: Actor, subject: Subject, *, as_json: Json = False) -> None:
    """Leave whom a rule or a balance keeps."""
    own.watch.remove(actor, subject)
    if as_json:
        print_json({"removed": True})
    else:
        print_line(tr("Nobody's hand keeps the subject on the list any more; a rule or a balance may."))


@app.command("list", cls=Command, help=mark("List who is watched, and why."))
@on_own_node
def list_watched(own: OwnService, actor: Actor, *, as_json: Json = False) -> None:
    """Show every reason for every subject."""
    found = [one.describe() for one in own.watch.listed(actor, limit=_LISTED_MOST)]
    if as_json:
        print_json(found)
    else:
        _print(found)


@app.command(cls=Command, help=mark("Let monitoring look now at what has happened, and tell what it finds."))
def run(
    *,
    delivery: Out = None,
    directory: Dir = None,
    party: Party = None,
    as_json: Json = False,
) -> None:
    """Run a member's node of an embedded consortium; one that runs by itself does this by itself."""
    with running_node(directory, party) as own:
        with told(own, delivery):
            work_off(own)
        raised = own.alerts.counts()
    if as_json:
        print_json({"alerts": raised})
    else:
        print_line(tr("Open alerts: {count}", count=sum(raised.values())))


def _print(found: list[dict[str, Any]]) -> None:
    from rich.table import Table  # noqa: PLC0415 - `--json` runs do without Rich

    table: Any = Table(tr("Subject"), tr("Why"), tr("Reason"), tr("Person"))
    for one in found:
        table.add_row(one["subject"], one["source"], one["reason"], one["person"])
    new_console().print(table)
