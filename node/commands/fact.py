"""`hanse fact`: public facts, which a desk files and withdraws and everybody reads."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from hanse_ledger.consortium import DESK, MEMBER
from hanse_ledger.subjects import parse_subject
from node.commands.asked_node import AskedNode, on_asked_node
from node.commands.options import Json, Subject, WrongUsageError, file_option
from node.commands.output import print_json, print_line
from node.commands.remote import RemoteNode
from node.commands.tree import Command, new_app
from node.own.facts import Facts, KindName, describe_all, filing_of
from node.texts import mark, tr

app: Final = new_app(help=mark("Public facts: file and withdraw them as a desk, list them."))

_LISTED_MOST: Final = 500
Source: TypeAlias = Annotated[
    str, typer.Option(metavar="TEXT", help=mark("Where it is published: court and case, register, gazette."))
]


@app.command(cls=Command, help=mark("File a public fact, as a desk."))
@on_asked_node
def file(
    node: AskedNode,
    subject: Subject,
    *,
    kind: Annotated[KindName, typer.Option(help=mark("What the fact is."), show_default=False)],
    day: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD", help=mark("When it happened."))],
    source: Source,
    document: Annotated[
        Path | None,
        file_option(mark("The document that proves it; only its hash leaves.")),
    ] = None,
    document_sha256: Annotated[
        str | None,
        typer.Option(metavar="HEX", show_default=False, help=mark("The document's SHA-256 in its place.")),
    ] = None,
    as_json: Json = False,
) -> None:
    """Log the fact; every node shows it as soon as its copy of the log has it."""
    sha256 = _document(document, document_sha256)
    filing = filing_of(subject=subject, kind=kind, day=day, source=source, document_sha256=sha256)
    if node.remote is not None:
        content = {"subject": filing.subject, "kind": kind, "date": day, "source": source}
        fact = node.remote.ask("POST", "/v1/facts", {**content, "document_sha256": sha256})
    else:
        with node.member(DESK) as own:
            fact = own.desk.file(filing).describe()
    _print_one(fact, as_json=as_json)


@app.command(cls=Command, help=mark("Withdraw a public fact that your desk has filed."))
@on_asked_node
def withdraw(
    node: AskedNode,
    index: Annotated[int, typer.Argument(metavar="INDEX", min=0, help=mark("The fact's place in the log."))],
    *,
    source: Annotated[
        str | None,
        typer.Option(metavar="TEXT", show_default=False, help=mark("What the withdrawal rests on.")),
    ] = None,
    as_json: Json = False,
) -> None:
    """Log a later fact that names it."""
    if node.remote is not None:
        fact = node.remote.ask("POST", f"/v1/facts/{index}/withdraw", {"source": source})
    else:
        with node.member(DESK) as own:
            fact = own.desk.withdraw(index, source=source).describe()
    _print_one(fact, as_json=as_json)


@app.command("list", cls=Command, help=mark("List public facts, of all subjects or of one."))
@on_asked_node
def list_facts(
    node: AskedNode,
    subject: Annotated[
        str | None, typer.Argument(metavar="SUBJECT", show_default=False, help=mark("Only on this subject."))
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show what stands on a subject; without one the newest facts, withdrawn ones too."""
    asked = None if subject is None else parse_subject(subject).id
    if node.remote is not None:
        facts = _remote_facts(node.remote, asked)
    else:
        with node.member(MEMBER, DESK) as own:
            standing = own.standing
            standing.catch_up()
            known = Facts(standing.database)
            found = known.listed(after=None, limit=_LISTED_MOST) if asked is None else known.facts_of(asked)
            facts = describe_all(found)
    if as_json:
        print_json(facts)
    else:
        _print(facts)


def _document(path: Path | None, sha256: str | None) -> str:
    if (path is None) == (sha256 is None):
        raise WrongUsageError(tr("--document or --document-sha256 says which document proves the fact."))
    return hashlib.sha256(path.read_bytes()).hexdigest() if path is not None else str(sha256)


def _remote_facts(node: RemoteNode, subject: str | None) -> list[dict[str, Any]]:
    query = {"limit": str(_LISTED_MOST)} if subject is None else {"subject": subject}
    found: list[dict[str, Any]] = node.ask("GET", "/v1/facts", query=query)["items"]
    return found


def _print_one(fact: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(fact)
    else:
        _print([fact])


def _print(facts: Sequence[dict[str, Any]]) -> None:
    from node.rendering.facts import fact_words  # noqa: PLC0415 - `--json` runs do without Babel

    if not facts:
        print_line(tr("No public fact is known."))
    for fact in facts:
        print_line(f"{fact['index']:>8}  {fact['subject']}  {fact_words(fact)}")
