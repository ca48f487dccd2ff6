"""`hanse plan`: emergency plans and drills."""

from typing import Annotated, Any, Final, TypeAlias

import typer

from node.commands.options import Json
from node.commands.output import minute_words, new_console, print_json, print_line
from node.commands.own_node import on_own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.risk.roles import Actor
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
@on_own_node
def templates(own: OwnService, actor: Actor, *, as_json: Json = False) -> None:
    """Show what plans are kept ready."""
    found = own.plans.templates(actor)
    if as_json:
        print_json(found)
        return
    for one in found:
        print_line(f"{one['id']}: {_said(one['title'])}. {_said(one['trigger'])}")


@app.command("open", cls=Command, help=mark("Open a plan."))
@on_own_node
def open_plan(
    own: OwnService,
    actor: Actor,
    template: Template,
    *,
    subject: About = None,
    alert: Annotated[
        str | None,
        typer.Option(metavar="ID", show_default=False, help=mark("The alert that calls for it.")),
    ] = None,
    as_json: Json = False,
) -> None:
    """Open by hand; an alert has one plan."""
    plan_id = own.calls.new_effect()
    found = own.plans.open(actor, template, plan_id=plan_id, subject=subject, alert=alert)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Open a drill of a plan: it changes nothing else."))
@on_own_node
def drill(
    own: OwnService,
    actor: Actor,
    template: Template,
    *,
    subject: About = None,
    as_json: Json = False,
) -> None:
    """Open a drill."""
    plan_id = own.calls.new_effect()
    found = own.plans.open(actor, template, plan_id=plan_id, subject=subject, drill=True)
    _show(found, as_json=as_json)


@app.command("list", cls=Command, help=mark("List plans and drills, the newest first."))
@on_own_node
def list_plans(own: OwnService, actor: Actor, *, as_json: Json = False) -> None:
    """Show them without their steps."""
    found = [one for _, one in own.plans.listed(actor, limit=_LISTED_MOST)]
    if as_json:
        print_json(found)
        return
    for one in found:
        print_line(_line(one))


@app.command(cls=Command, help=mark("Show a plan with its steps, and its report once it is closed."))
@on_own_node
def show(own: OwnService, actor: Actor, plan_id: PlanId, *, as_json: Json = False) -> None:
    """Put the look into the audit chain."""
    found = own.plans.one(actor, plan_id)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("Say that a step is done; name and time are kept."))
@on_own_node
def tick(
    own: OwnService,
    actor: Actor,
    plan_id: PlanId,
    number: Annotated[int, typer.Argument(metavar="STEP", min=1, help=mark("The step's number."))],
    *,
    note: Annotated[str, typer.Option(metavar="TEXT", help=mark("What was done."))],
    as_json: Json = False,
) -> None:
    """Tick a step; again changes nothing."""
    found = own.plans.tick(actor, plan_id, number, note=note)
    _show(found, as_json=as_json)


@app.command(cls=Command, help=mark("End a plan with a report."))
@on_own_node
def close(
    own: OwnService,
    actor: Actor,
    plan_id: PlanId,
    *,
    summary: Annotated[str, typer.Option(metavar="TEXT", help=mark("How it ended."))],
    as_json: Json = False,
) -> None:
    """Close for good."""
    found = own.plans.close(actor, plan_id, summary=summary)
    _show(found, as_json=as_json)


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    from rich.table import Table  # noqa: PLC0415 - `--json` runs do without Rich

    print_line(_line(found))
    table: Any = Table(tr("Step"), tr("What"), tr("Owner"), tr("Due"), tr("Done"), tr("Note"))
    for step in found["steps"]:
        done = "" if step["done_at"] is None else f"{minute_words(step['done_at'])} {step['done_by']}"
        due = minute_words(step["due_at"]) + (f" ({tr('late')})" if step["late"] else "")
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
    return f"{marked}{one['id']} {_said(one['title'])}: {about}, {state}, {minute_words(one['opened_at'])}"


def _said(words: dict[str, str]) -> str:
    return words["zh" if current() == "zh-CN" else "en"]
