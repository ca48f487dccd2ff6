"""`hanse risk audit`: the audit chain of risk management, checked and exported."""

import json
import sys
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from node.commands.options import Dir, Json, Party, file_option
from node.commands.output import print_json, print_line, say
from node.commands.own_node import NodeConfig, on_own_node, own_node
from node.commands.tree import Command, new_app
from node.files import OWNER_ONLY, write_whole
from node.own.service import OwnService
from node.risk.audit import Head, verify_lines
from node.risk.auditing import export_chain
from node.risk.roles import Actor
from node.texts import mark, tr

app: Final = new_app(help=mark("The audit chain of risk management: check it, export it."))

Kept: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--head",
        metavar="HEAD",
        show_default=False,
        help=mark("A head that was kept: the chain must go on from there."),
    ),
]


@app.command(cls=Command, help=mark("Check every row of the chain, and print its head."))
def verify(
    *,
    file: Annotated[
        Path | None,
        file_option(mark("An exported chain, in the place of a node's.")),
    ] = None,
    head: Kept = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Show nothing of what the rows say: anybody with the database or the file in hand may do it."""
    kept = None if head is None else Head.parse(head)
    if file is not None:
        with file.open("rb") as lines:
            found = verify_lines((line.rstrip(b"\n") for line in lines), kept)
    else:
        with own_node(directory, party, config) as own:
            found = own.audit.verify(kept)
    if as_json:
        print_json({"size": found.size, "hash": found.hash.hex(), "head": str(found)})
        return
    say(tr("The chain holds. Keep its head elsewhere: it shows a chain that was cut or made anew."))
    print_line(str(found))


@app.command(cls=Command, help=mark("Write the chain as JSON lines, and say its head."))
@on_own_node
def export(
    own: OwnService,
    actor: Actor,
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help=mark("Where to; standard output without it.")),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the export down in the chain itself, as its last row."""
    lines = list(export_chain(own.audit, actor, at=own.clock.now()))
    found = verify_lines(line.rstrip(b"\n") for line in lines)
    if out is not None:
        write_whole(out, b"".join(lines), OWNER_ONLY)
    if as_json:
        rows = [json.loads(line) for line in lines] if out is None else None
        print_json({"head": str(found), "size": found.size, "rows": rows})
        return
    if out is None:
        sys.stdout.write(b"".join(lines).decode())
    say(tr("Rows: {count}. Keep the head apart from them: {head}", count=found.size, head=found))
