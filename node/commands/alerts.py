"""`hanse alerts`: what monitoring has found, and what people do with it."""

from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from node.clocks import system_entropy
from node.commands.options import Json, one_of, parse_day
from node.commands.output import minute_words, new_console, print_json, print_line, say
from node.commands.own_node import on_own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.risk.alerts import OUTCOMES, Which
from node.risk.delivery.letters import SEVERITIES
from node.risk.delivery.secrets import new_secret_file
from node.risk.roles import Actor
from node.texts import current, mark, tr

app: Final = new_app(help=mark("Alerts of monitoring: look, acknowledge, assign, snooze, comment, close."))

AlertId: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help=mark("The alert's id."))]
Reason: TypeAlias = Annotated[str, typer.Option(metavar="TEXT", help=mark("Why; the audit chain keeps it."))]
_LISTED_MOST: Final = 10_000
_ID_CHARS: Final = 32
STATES: Final = {
    "open": mark("open"),
    "acknowledged": mark("acknowledged"),
    "snoozed": mark("snoozed"),
    "closed": mark("closed"),
}


@app.command("list", cls=Command, help=mark("List alerts, the newest first."))
@on_own_node
def list_alerts(
    own: OwnService,
    actor: Actor,
    *,
    every: Annotated[bool, typer.Option("--all", help=mark("Closed ones too."))] = False,
    as_json: Json = False,
) -> None:
    """Show those that are not closed, or all."""
    found = [one for _, one in own.alerts.listed(actor, Which(), limit=_LISTED_MOST)]
    found = [one for one in found if every or one["state"] != "closed"]
    if as_json:
        print_json(found)
    else:
        _print(found)


@app.command(cls=Command, help=mark("Show an alert with all that was done with it."))
@on_own_node
def show(own: OwnService, actor: Actor, alert_id: AlertId, *, as_json: Json = False) -> None:
    """Put the look into the audit chain."""
    found = own.alerts.one(actor, alert_id)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Say that you have seen it and take care of it."))
@on_own_node
def ack(own: OwnService, actor: Actor, alert_id: AlertId, *, as_json: Json = False) -> None:
    """Acknowledge; again changes nothing."""
    found = own.alerts.acknowledge(actor, alert_id)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Give an alert to a person."))
@on_own_node
def assign(
    own: OwnService,
    actor: Actor,
    alert_id: AlertId,
    *,
    to: Annotated[str, typer.Option(metavar="PERSON", help=mark("Who takes care of it."))],
    as_json: Json = False,
) -> None:
    """Assign."""
    found = own.alerts.assign(actor, alert_id, to=to)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Let an alert rest until a day; then it is told anew."))
@on_own_node
def snooze(
    own: OwnService,
    actor: Actor,
    alert_id: AlertId,
    *,
    until: Annotated[str, typer.Option(metavar="DAY", help=mark("YYYY-MM-DD; from its first minute, UTC."))],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Snooze."""
    ends = datetime.combine(parse_day(until), time(), UTC)
    found = own.alerts.snooze(actor, alert_id, until=ends, reason=reason)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Add a comment."))
@on_own_node
def comment(
    own: OwnService,
    actor: Actor,
    alert_id: AlertId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help=mark("What is to be said."))],
    *,
    as_json: Json = False,
) -> None:
    """Comment."""
    found = own.alerts.comment(actor, alert_id, text=text)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Close an alert with what came of it."))
@on_own_node
def close(
    own: OwnService,
    actor: Actor,
    alert_id: AlertId,
    *,
    outcome: Annotated[
        str,
        typer.Option(
            metavar="OUTCOME",
            help=mark("acted: something was done; watched: looked on; unfounded: there was nothing to it."),
        ),
    ],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Close for good."""
    asked = one_of(OUTCOMES, outcome, "--outcome")
    found = own.alerts.close(actor, alert_id, outcome=asked, text=reason)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("List the attempts to deliver notices, the newest first."))
@on_own_node
def deliveries(own: OwnService, actor: Actor, *, as_json: Json = False) -> None:
    """Show the log of deliveries."""
    found = own.deliveries.listed(actor, limit=_LISTED_MOST)
    if as_json:
        print_json(found)
        return
    from rich.table import Table  # noqa: PLC0415 - `--json` runs do without Rich

    table: Any = Table(tr("Time"), tr("Channel"), tr("Notice"), tr("Attempt"), tr("Outcome"))
    for one in found:
        outcome = " ".join(filter(None, (one["outcome"], one["detail"])))
        table.add_row(
            minute_words(one["begun_at"]), one["channel"], one["kind"], str(one["attempt"]), outcome
        )
    new_console().print(table)


@app.command(cls=Command, help=mark("Write a new secret for a webhook into a file of its owner's alone."))
def secret(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=mark("A file that is not there yet."))],
    *,
    as_json: Json = False,
) -> None:
    """Print it this once: the receiver needs it too."""
    made = new_secret_file(file, system_entropy)
    if as_json:
        print_json({"secret": made})
    else:
        say(tr("Give the secret to the receiver; whoever has it can make messages that look like ours."))
        print_line(made)


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    _print([found])
    for step in found["steps"]:
        said = " ".join(str(step[name]) for name in ("to", "until", "outcome", "text") if name in step)
        print_line(f"{minute_words(step['at'])} {step['person']}: {step['action']} {said}".rstrip())


def _print(found: list[dict[str, Any]]) -> None:
    from rich.table import Column, Table  # noqa: PLC0415 - `--json` runs do without Rich

    # Ids are whole: the other commands take them.
    key = Column(tr("Id"), no_wrap=True, min_width=_ID_CHARS)
    table: Any = Table(
        key, tr("Severity"), tr("State"), tr("Subject"), tr("Reason"), tr("Assigned to"), tr("Raised")
    )
    for one in found:
        table.add_row(
            one["id"],
            tr(SEVERITIES[one["severity"]]),
            tr(STATES[one["state"]]),
            one["subject"] or "-",
            one["reason"][current()],
            one["assignee"] or "-",
            minute_words(one["raised_at"]),
        )
    new_console().print(table)
