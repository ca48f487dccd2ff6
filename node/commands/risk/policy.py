"""`hanse risk policy`: the firm's own risk policy, in force, proposed and as it was."""

from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from node.commands.options import Json
from node.commands.output import print_json, print_line, refuse
from node.commands.tree import Command, new_app
from node.risk.policy import PolicyError, default_raw, parse_policy
from node.texts import mark, tr

app: Final = new_app(help=mark("Show, check, preview and adopt the firm's risk policy."))

PolicyFile: TypeAlias = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help=mark("A policy file (TOML)."))
]


@app.command(cls=Command, help=mark("Print the policy file that is in force."))
def show() -> None:
    """Print the file as it was adopted."""
    print_line(default_raw().decode().rstrip("\n"))


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
