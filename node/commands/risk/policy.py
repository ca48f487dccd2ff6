"""`hanse risk policy`: the firm's own risk policy, in force, proposed and as it was."""

from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from node.commands.options import Json
from node.commands.output import new_console, print_json, print_line, refuse
from node.commands.own_node import on_own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.risk.policy import PolicyError, parse_policy
from node.risk.policy.versions import Version
from node.risk.roles import Actor, require
from node.texts import mark, tr

app: Final = new_app(help=mark("Show, check, preview and adopt the firm's risk policy."))

_HISTORY_MOST: Final = 1_000
_CHANGES_SHOWN: Final = 20

PolicyFile: TypeAlias = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help=mark("A policy file (TOML)."))
]


@app.command(cls=Command, help=mark("Print the policy file that is in force."))
@on_own_node
def show(
    own: OwnService,
    actor: Actor,
    *,
    version: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="NUMBER", show_default=False, help=mark("An earlier version; 0 is the default.")
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the file as it was adopted, to the byte."""
    require(actor, "policy.view")
    found = own.policy.in_force()[0] if version is None else own.policy.one(version)
    if as_json:
        print_json({**found.describe(), "policy": found.raw.decode()})
    else:
        print_line(found.raw.decode().removesuffix("\n"))


@app.command(cls=Command, help=mark("Say line by line what is wrong with a policy file."))
def check(file: PolicyFile, *, as_json: Json = False) -> None:
    """Read the file and change nothing."""
    faults = []
    try:
        parse_policy(file.read_bytes())
    except PolicyError as error:
        faults = [fault.describe() for fault in error.faults]
    if as_json:
        print_json({"valid": not faults, "faults": faults})
    elif faults:
        for fault in faults:
            print_line(tr("line {line}: {reason}", **fault))
    else:
        print_line(tr("The policy can be adopted."))
    if faults:
        refuse()


@app.command(
    cls=Command, help=mark("Say what a policy file would change, for how many customers and for whom.")
)
@on_own_node
def preview(own: OwnService, actor: Actor, file: PolicyFile, *, as_json: Json = False) -> None:
    """Assess everybody by both policies and change nothing."""
    found = own.risk.preview(actor, file.read_bytes())
    if as_json:
        print_json(found.describe())
        return
    from node.rendering.assessment import preview_blocks  # noqa: PLC0415 - `--json` runs do without Rich
    from node.rendering.terminal import print_blocks  # noqa: PLC0415

    print_blocks(new_console(), preview_blocks(found, _CHANGES_SHOWN))


@app.command(cls=Command, help=mark("Let a policy file be in force from now on."))
@on_own_node
def adopt(
    own: OwnService,
    actor: Actor,
    file: PolicyFile,
    *,
    note: Annotated[str, typer.Option(metavar="TEXT", help=mark("Why, for the history."))] = "",
    replaces: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="NUMBER",
            show_default=False,
            help=mark("Only in the place of this version, which `preview` has compared it with."),
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Adopt; what is wrong with the file leaves the old policy in force."""
    adopted = own.policy.adopt(actor, file.read_bytes(), note=note, replaces=replaces)
    if as_json:
        print_json(adopted.describe())
    else:
        print_line(tr("Version {number} of the risk policy is in force.", number=adopted.number))


@app.command(cls=Command, help=mark("List the versions: who adopted which, and when."))
@on_own_node
def history(own: OwnService, actor: Actor, *, as_json: Json = False) -> None:
    """Show the newest first."""
    require(actor, "policy.view")
    found = own.policy.listed(limit=_HISTORY_MOST)
    if as_json:
        print_json([version.describe() for version in found])
    else:
        _print_history(found)


def _print_history(found: list[Version]) -> None:
    from node.rendering.assessment import history_blocks  # noqa: PLC0415 - `--json` runs do without Rich
    from node.rendering.terminal import print_blocks  # noqa: PLC0415

    print_blocks(new_console(), history_blocks(found))
