"""`hanse plan`: emergency plans and drills."""

from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

import typer

from node.commands.options import Dir, Json, Party
from node.commands.output import new_console, print_json, print_line
from node.commands.own_node import As, NodeConfig, acting, own_node
from node.commands.tree import Command, new_app
from node.risk.words import ROLES
from node.texts import current, mark, tr

app: Final = new_app(help=mark("Emergency plans: open, tick, close; drills."))

PlanId: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help=mark("The plan's id."))]
Template: TypeAlias = Annotated[
    str, typer.Argument(metavar="TEMPLATE", help=mark("A template's id, as `templates` lists them."))
]
About: TypeAlias = Annotated[
    str | None,
    typer.Option("--subject", metavar="SUBJECT", show_default=False, help=mark("Whom it is about.")),
]
_LISTED_MOST: Final = 10_000


@app.command(cls=Command, help=mark("List the templates of the policy in force."))
def templates(
    *,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Show what plans are kept ready."""
    with own_node(directory, party, config) as own:
        found = own.plans.templates(acting(own, person))
    if as_json:
        print_json(found)
        return
    for one in found:
        print_line(f"{one['id']}: {_said(one['title'])}. {_said(one['trigger'])}")


@app.command("open", cls=Command, help=mark("Open a plan."))
def open_plan(
    template: Template,
    *,
    subject: About = None,
    alert: Annotated[
        str | None,
        typer.Option(metavar="ID", show_default=False, help=mark("The alert that calls for it.")),
    ] = None,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Open by hand; an alert has one plan."""
    with own_node(directory, party, config) as own:
        plan_id = own.calls.new_effect()
        found = own.plans.open(acting(own, person), template, plan_id=plan_id, subject=subject, alert=alert)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Open a drill of a plan: it changes nothing else."))
def drill(
    template: Template,
    *,
    subject: About = None,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Open a drill."""
    with own_node(directory, party, config) as own:
        plan_id = own.calls.new_effect()
        found = own.plans.open(acting(own, person), template, plan_id=plan_id, subject=subject, drill=True)
    _show(found, as_json=as_json)


@app.command("list", cls=Command, help=mark("List plans and drills, the newest first."))
def list_plans(
    *,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Show them without their steps."""
    with own_node(directory, party, config) as own:
        found = [one for _, one in own.plans.listed(acting(own, person), limit=_LISTED_MOST)]
    if as_json:
        print_json(found)
        return
    for one in found:
        print_line(_line(one))


@app.command(cls=Command, help=mark("Show a plan with its steps, and its report once it is closed."))
def show(
    plan_id: PlanId,
    *,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Put the look into the audit chain."""
    with own_node(directory, party, config) as own:
        found = own.plans.one(acting(own, person), plan_id)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Say that a step is done; name and time are kept."))
def tick(
    plan_id: PlanId,
    number: Annotated[int, typer.Argument(metavar="STEP", min=1, help=mark("The step's number."))],
    *,
    note: Annotated[str, typer.Option(metavar="TEXT", help=mark("What was done."))],
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Tick a step; again changes nothing."""
    with own_node(directory, party, config) as own:
        found = own.plans.tick(acting(own, person), plan_id, number, note=note)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("End a plan with a report."))
def close(
    plan_id: PlanId,
    *,
    summary: Annotated[str, typer.Option(metavar="TEXT", help=mark("How it ended."))],
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Close for good."""
    with own_node(directory, party, config) as own:
        found = own.plans.close(acting(own, person), plan_id, summary=summary)
    _show(found, as_json=as_json)


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    from rich.table import Table  # noqa: PLC0415 - `--json` runs do without Rich

    print_line(_line(found))
    table: Any = Table(tr("Step"), tr("What"), tr("Owner"), tr("Due"), tr("Done"), tr("Note"))
    for step in found["steps"]:
        done = "" if step["done_at"] is None else f"{_minute(step['done_at'])} {step['done_by']}"
        due = _minute(step["due_at"]) + (f" ({tr('late')})" if step["late"] else "")
        table.add_row(
            str(step["number"]),
            _said(step["text"]),
            tr(ROLES[step["owner"]]),
            due,
            done,
            step["note"] or "",
        )
    new_console().print(table)
    if found["report"] is not None:
        report = found["report"]
        values = {name: ", ".join(map(str, report[name])) or "-" for name in ("late", "left")}
        print_line(tr("Report: {summary}", summary=report["summary"]))
        print_line(tr("Steps done: {done}; late: {late}; left: {left}.", done=report["done"], **values))


def _line(one: dict[str, Any]) -> str:
    marked = f"[{tr('DRILL')}] " if one["drill"] else ""
    state = tr("open") if one["state"] == "open" else tr("closed")
    about = one["subject"] or "-"
    return f"{marked}{one['id']} {_said(one['title'])}: {about}, {state}, {_minute(one['opened_at'])}"


def _said(words: dict[str, str]) -> str:
    return words["zh" if current() == "zh-CN" else "en"]


def _minute(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M}"
