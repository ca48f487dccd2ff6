"""`hanse risk signals`: what is known of one customer, from whom, how old it is, or why it is not."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from hanse_ledger.consortium import Consortium
from hanse_ledger.subjects import parse_subject
from node.commands.options import Json
from node.commands.output import new_console, print_json
from node.commands.own_node import on_own_node
from node.commands.tree import Command, new_app
from node.own.service import OwnService
from node.risk.roles import Actor
from node.texts import mark, tr

app: Final = new_app()


@app.command(cls=Command, help=mark("Show what is known of a customer, or why it is not."))
@on_own_node
def signals(
    own: OwnService,
    actor: Actor,
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help=mark("A subject id, such as uscc:91350100M000100Y43."))
    ],
    *,
    formulas: Annotated[
        bool, typer.Option("--formulas", help=mark("Say how each figure is computed too."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask nobody: all follows from answers, books and facts that the node has."""
    asked = parse_subject(subject).id
    found = own.signals.view(actor, asked)
    consortium = own.consortium
    if as_json:
        print_json(found)
    else:
        _print(found, consortium, is_explained=formulas)


def _print(found: Mapping[str, Any], consortium: Consortium, *, is_explained: bool) -> None:
    from node.rendering.figures import frame_of  # noqa: PLC0415 - `--json` runs do without Rich
    from node.rendering.terminal import print_sections  # noqa: PLC0415
    from node.risk.report.view.known import formula_section, signal_sections  # noqa: PLC0415

    console = new_console()
    console.print()
    console.print(tr("What is known of {subject}", subject=found["subject"]), style="bold")
    print_sections(console, signal_sections(found["signals"], frame_of(consortium)))
    if is_explained:
        print_sections(console, [formula_section(found["signals"])])
