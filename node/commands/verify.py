"""`hanse verify`: an answer file against a consortium document; no node, no network, no private key."""

from pathlib import Path
from typing import Annotated, Final

import typer

from hanse_ledger.answer_file import verify_answer_file
from hanse_ledger.consortium import parse_document
from node.commands.options import Json, file_option
from node.commands.output import new_console, print_json
from node.commands.tree import Command, new_app
from node.texts import mark, tr

app: Final = new_app()


@app.command(cls=Command, help=mark("Check an answer file offline."))
def verify(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, metavar="FILE", help=mark("An answer file, *.hanse.json.")
        ),
    ],
    *,
    consortium: Annotated[
        Path,
        file_option(mark("The consortium document that you trust, consortium.json.")),
    ],
    as_json: Json = False,
) -> None:
    """Print what was verified; a file that does not hold raises."""
    document = parse_document(consortium.read_bytes())
    answer = verify_answer_file(file.read_bytes(), document)
    if as_json:
        print_json(answer)
        return
    from node.rendering.answers import print_answer  # noqa: PLC0415 - `--json` runs do without Rich
    from node.rendering.figures import frame_of  # noqa: PLC0415

    console = new_console()
    console.print(tr("Verified: every figure below follows from the proof in the file."), style="green")
    print_answer(console, answer, frame_of(document))
