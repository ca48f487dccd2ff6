"""`hanse demo`: a whole consortium in one folder, from exports to a verified report."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hanse_ledger.ids import month_text
from node.bootstrap import CONSORTIUM_FILE
from node.commands.nodes import alone_in
from node.commands.options import Json
from node.commands.output import print_json, progress
from node.commands.tree import Command, new_app
from node.demo import DemoResult, run_demo
from node.texts import mark, tr

app: Final = new_app()

_STEPS: Final = {
    "import": mark("Importing receivables"),
    "months": mark("Reporting and closing months"),
    "inquiries": mark("Making inquiries"),
    "risk": mark("Making risk reports"),
}


@app.command(cls=Command, help=mark("Run a whole consortium in a folder, on sample data or yours."))
def demo(
    *,
    directory: Annotated[
        Path,
        typer.Option(
            "--dir",
            envvar="HANSE_DIR",
            file_okay=False,
            metavar="DIR",
            help=mark("Where the demo is made, and goes on after an interruption."),
        ),
    ],
    receivables: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            metavar="FOLDER",
            show_default=False,
            help=mark("One <member>.csv for each member; made-up data without it."),
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make or finish the demo and print a report from it."""
    with alone_in(directory), progress(lambda step: tr(_STEPS.get(step, step))) as step:
        result = run_demo(directory, receivables, progress=step)
    if as_json:
        print_json(_document(directory, result))
        return
    from node.rendering.demo import print_demo  # noqa: PLC0415 - `--json` runs do without Rich

    print_demo(directory, result)


def _document(directory: Path, result: DemoResult) -> dict[str, Any]:
    return {
        "dir": str(directory),
        "fresh": result.fresh,
        "made_up": result.made_up,
        "consortium": str(directory / CONSORTIUM_FILE),
        "members": list(result.members),
        "months": [month_text(month) for month in result.months],
        "customers": result.customers,
        "invoices": result.invoices,
        "refused": [
            {"member": member, "line": remark.line, "column": remark.column, "reason": remark.reason}
            for member, remark in result.refused
        ],
        "statuses": dict(Counter(answer["status"] for answer in result.answers)),
        "answers": result.answers,
        "report": result.report["answer"],
        "risk": result.risk,
        "files": [str(path) for path in result.files],
    }
