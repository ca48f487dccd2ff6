"""`hanse risk people`: who may act in risk management, and in which role."""

from typing import Annotated, Any, Final, TypeAlias

import typer

from node.commands.options import Dir, Json, Party, one_of
from node.commands.output import new_console, print_json, print_line
from node.commands.own_node import As, NodeConfig, acting, on_own_node, own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.risk.people import Person
from node.risk.roles import PERSONS, Actor
from node.texts import mark, tr

app: Final = new_app(help=mark("Who may act in risk management, and in which role."))

Name: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help=mark("The person's name."))]
RoleAsked: TypeAlias = Annotated[
    str,
    typer.Option("--role", metavar="ROLE", help=mark("analyst, approver, compliance, admin or auditor.")),
]

ROLE_WORDS: Final = {
    "analyst": mark("analyst"),
    "approver": mark("approver"),
    "compliance": mark("compliance"),
    "admin": mark("admin"),
    "auditor": mark("auditor"),
    "system": mark("the node itself"),
}


@app.command(cls=Command, help=mark("Add a person; the first, an admin, is added without --as."))
def add(
    name: Name,
    *,
    role: RoleAsked,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Without --as the operator begins, where there is no admin yet."""
    asked = one_of(PERSONS, role, "--role")
    with own_node(directory, party, config) as own:
        if person is None and asked == "admin":
            added = own.people.begin(name)
        else:
            added = own.people.add(acting(own, person), name, asked)
    _show(added, as_json=as_json)


@app.command(cls=Command, help=mark("Give a person another role."))
@on_own_node
def change(own: OwnService, actor: Actor, name: Name, *, role: RoleAsked, as_json: Json = False) -> None:
    """Nobody changes their own."""
    asked = one_of(PERSONS, role, "--role")
    changed = own.people.change_role(actor, name, asked)
    _show(changed, as_json=as_json)


@app.command(cls=Command, help=mark("Let a person act no more; the API keys of that person end."))
@on_own_node
def retire(own: OwnService, actor: Actor, name: Name, *, as_json: Json = False) -> None:
    """Keep the name taken: the audit chain names it."""
    retired = own.people.retire(actor, name)
    _show(retired, as_json=as_json)


@app.command("list", cls=Command, help=mark("List the people, those who have retired too."))
@on_own_node
def list_people(own: OwnService, actor: Actor, *, as_json: Json = False) -> None:
    """Show everybody in the order of their names."""
    found = own.people.listed(actor)
    if as_json:
        print_json([one.describe() for one in found])
    else:
        _print(found)


def _show(one: Person, *, as_json: bool) -> None:
    if as_json:
        print_json(one.describe())
    elif one.retired_at is not None:
        print_line(tr("{name} has retired.", name=one.name))
    else:
        print_line(tr("{name} has the role: {role}", name=one.name, role=tr(ROLE_WORDS[one.role])))


def _print(found: list[Person]) -> None:
    from rich.table import Table  # noqa: PLC0415 - `--json` runs do without Rich

    table: Any = Table(tr("Name"), tr("Role"), tr("State"))
    for one in found:
        state = tr("live") if one.retired_at is None else tr("retired")
        table.add_row(one.name, tr(ROLE_WORDS[one.role]), state)
    new_console().print(table)
