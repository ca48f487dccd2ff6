"""`hanse alerts`: what monitoring has found, and what people do with it."""

from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from node.clocks import system_entropy
from node.commands.options import Dir, Json, Party, WrongUsageError, parse_day
from node.commands.output import new_console, print_json, print_line, say
from node.commands.own_node import As, NodeConfig, acting, own_node
from node.commands.tree import Command, new_app
from node.risk.alerts import OUTCOMES, Outcome, Which
from node.risk.delivery.letters import SEVERITIES
from node.risk.delivery.secrets import new_secret_file
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
def list_alerts(
    *,
    every: Annotated[bool, typer.Option("--all", help=mark("Closed ones too."))] = False,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Show those that are not closed, or all."""
    with own_node(directory, party, config) as own:
        found = [one for _, one in own.alerts.listed(acting(own, person), Which(), limit=_LISTED_MOST)]
    found = [one for one in found if every or one["state"] != "closed"]
    if as_json:
        print_json(found)
    else:
        _print(found)


@app.command(cls=Command, help=mark("Show an alert with all that was done with it."))
def show(
    alert_id: AlertId,
    *,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Put the look into the audit chain."""
    with own_node(directory, party, config) as own:
        found = own.alerts.one(acting(own, person), alert_id)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Say that you have seen it and take care of it."))
def ack(
    alert_id: AlertId,
    *,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Acknowledge; again changes nothing."""
    with own_node(directory, party, config) as own:
        found = own.alerts.acknowledge(acting(own, person), alert_id)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Give an alert to a person."))
def assign(
    alert_id: AlertId,
    *,
    to: Annotated[str, typer.Option(metavar="PERSON", help=mark("Who takes care of it."))],
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Assign."""
    with own_node(directory, party, config) as own:
        found = own.alerts.assign(acting(own, person), alert_id, to=to)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Let an alert rest until a day; then it is told anew."))
def snooze(
    alert_id: AlertId,
    *,
    until: Annotated[str, typer.Option(metavar="DAY", help=mark("YYYY-MM-DD; from its first minute, UTC."))],
    reason: Reason,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Snooze."""
    ends = datetime.combine(parse_day(until), time(), UTC)
    with own_node(directory, party, config) as own:
        found = own.alerts.snooze(acting(own, person), alert_id, until=ends, reason=reason)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Add a comment."))
def comment(
    alert_id: AlertId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help=mark("What is to be said."))],
    *,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Comment."""
    with own_node(directory, party, config) as own:
        found = own.alerts.comment(acting(own, person), alert_id, text=text)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Close an alert with what came of it."))
def close(
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
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Close for good."""
    asked = _outcome(outcome)
    with own_node(directory, party, config) as own:
        found = own.alerts.close(acting(own, person), alert_id, outcome=asked, text=reason)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("List the attempts to deliver notices, the newest first."))
def deliveries(
    *,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Show the log of deliveries."""
    with own_node(directory, party, config) as own:
        found = own.deliveries.listed(acting(own, person), limit=_LISTED_MOST)
    if as_json:
        print_json(found)
        return
    from rich.table import Table  # noqa: PLC0415 - `--json` runs do without Rich

    table: Any = Table(tr("Time"), tr("Channel"), tr("Notice"), tr("Attempt"), tr("Outcome"))
    for one in found:
        outcome = " ".join(filter(None, (one["outcome"], one["detail"])))
        table.add_row(_minute(one["begun_at"]), one["channel"], one["kind"], str(one["attempt"]), outcome)
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


def _outcome(asked: str) -> Outcome:
    for outcome in OUTCOMES:
        if outcome == asked:
            return outcome
    raise WrongUsageError(tr("--outcome is one of: {names}", names=", ".join(OUTCOMES)))


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    _print([found])
    for step in found["steps"]:
        said = " ".join(str(step[name]) for name in ("to", "until", "outcome", "text") if name in step)
        print_line(f"{_minute(step['at'])} {step['person']}: {step['action']} {said}".rstrip())


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
            _minute(one["raised_at"]),
        )
    new_console().print(table)


def _minute(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M}"
