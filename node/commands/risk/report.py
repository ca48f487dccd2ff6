"""`hanse risk report`: one customer's risk report, in the terminal and as files for the credit file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from hanse_ledger.consortium import DESK, MEMBER
from hanse_ledger.ids import SubjectId
from hanse_ledger.subjects import parse_subject
from node.commands.nodes import consortium_in, pick_party
from node.commands.options import Dir, Json, Party
from node.commands.output import new_console, print_json, say
from node.commands.own_node import As, NodeConfig, acting, own_node
from node.commands.tree import Command, new_app
from node.files import OWNER_ONLY, write_whole
from node.risk.report.newest import newest_report
from node.texts import mark, tr

PURPOSE: Final = "credit-review"

app: Final = new_app()

Document: TypeAlias = Mapping[str, Any]


@app.command(cls=Command, help=mark("One customer's risk report: figures, grade, reasons, response."))
def report(  # noqa: PLR0913 - one for each option
    *,
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help=mark("The customer's subject id."))],
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help=mark("Write it as a page that stands alone.")),
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option(metavar="FILE", show_default=False, help=mark("Write it as PDF."))
    ] = None,
    purpose: Annotated[
        str, typer.Option(metavar="PURPOSE", help=mark("What the network is asked for, where it is asked."))
    ] = PURPOSE,
    ask: Annotated[
        bool,
        typer.Option(
            "--ask/--no-ask", help=mark("Whether to inquire where the answer is older than the last close.")
        ),
    ] = True,
    person: As = None,
    directory: Dir = None,
    party: Party = None,
    config: NodeConfig = None,
    as_json: Json = False,
) -> None:
    """Make the report. In a DIR the network is asked first where what it said is older than the last close.

    With a configuration the node may be running, and the report is made from what it has stored. The answer
    file that `hanse verify` checks is in each form, and is written beside a page or PDF.
    """
    wanted = parse_subject(subject).id
    if config is not None:
        with own_node(None, None, config) as own:
            document = own.reports.report(acting(own, person), wanted, last_closed=None)
    else:
        document = _report_in(directory, party, wanted, person, purpose if ask else None)
    _write(document, html, pdf)
    if as_json:
        print_json(document)
    elif html is None and pdf is None:
        print_report(document)


def print_report(document: Document) -> None:
    """Print a report in the current language."""
    from node.rendering.terminal import print_layout  # noqa: PLC0415 - `--json` runs do without Rich
    from node.risk.report.view.whole import layout_of  # noqa: PLC0415

    print_layout(new_console(), layout_of(document))


def _report_in(
    directory: Path | None, party: str | None, wanted: SubjectId, person: str | None, purpose: str | None
) -> dict[str, Any]:
    with consortium_in(directory) as embedded:
        named = pick_party(embedded.consortium, party, MEMBER, DESK)
        with own_node(directory, named, None) as own:
            node, actor = embedded.member(named), acting(own, person)
            return newest_report(node, own, actor, wanted, purpose=purpose)


def _write(document: Document, html: Path | None, pdf: Path | None) -> None:
    """Write the files that are asked for, and the answer file beside each, for their owner's eyes alone."""
    from node.risk.report import files  # noqa: PLC0415 - loads what draws pages

    if html is not None:
        _write_one(html, files.as_html(document).encode())
    if pdf is not None:
        _write_one(pdf, files.as_pdf(document))
    answer = files.answer_file_of(document)
    if answer is not None:
        for folder in dict.fromkeys(path.parent for path in (html, pdf) if path is not None):
            _write_one(folder / files.proof_name(document), answer)


def _write_one(path: Path, content: bytes) -> None:
    write_whole(path, content, mode=OWNER_ONLY)
    say(tr("Written: {path}", path=path))
