"""`hanse log`: audit a whole log, show a statement, prove it, write the log for others."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from hanse_ledger.consortium import DESK, MEMBER, STEWARD, Consortium, parse_document
from node import logs
from node.bootstrap import CONSORTIUM_FILE, Embedded
from node.clocks import system_entropy
from node.commands import evidence, takeover
from node.commands.copies import audit_copies, check_forks
from node.commands.nodes import alone_in, consortium_in, document_in, pick_party
from node.commands.options import Json, Party, WrongUsageError, file_option
from node.commands.output import Step, print_json, print_line, progress, say
from node.commands.tree import Command, new_app
from node.files import write_whole
from node.roles.party import Standing
from node.texts import mark, tr

app: Final = new_app(help=mark("Audit, show, prove and export the log."))

LogDir: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--dir",
        envvar="HANSE_DIR",
        metavar="DIR",
        show_default=False,
        help=mark("The folder of an embedded consortium, one of tlog-tiles, or the URL of a node or log."),
    ),
]
Index: TypeAlias = Annotated[
    int, typer.Argument(metavar="INDEX", min=0, help=mark("The statement's place in the log, from 0."))
]


@app.command(cls=Command, help=mark("Replay and verify a whole log."))
def audit(
    *,
    directory: LogDir = None,
    party: Party = None,
    consortium: Annotated[
        Path | None,
        file_option(mark("The consortium document with which the log must begin.")),
    ] = None,
    as_json: Json = False,
) -> None:
    """Accept every statement anew and compare every stored tree node; what does not hold raises."""
    trusted = None if consortium is None else parse_document(consortium.read_bytes())
    with progress(_step_words) as step:
        result, copies = _audit(directory, party, step, trusted)
    if as_json:
        print_json({**_audit_document(result), "copies": copies})
        return
    from node.rendering.log import print_audit  # noqa: PLC0415 - `--json` runs do without Babel

    print_audit(result, copies)


@app.command(cls=Command, help=mark("Show one statement in words."))
def show(index: Index, *, directory: LogDir = None, party: Party = None, as_json: Json = False) -> None:
    """Print what a statement says."""
    with _source(directory, party) as source:
        statement = logs.show(source, index)
    if as_json:
        print_json(statement)
        return
    from node.rendering.log import print_statement  # noqa: PLC0415 - `--json` runs do without Babel

    print_statement(statement)


@app.command(cls=Command, help=mark("Print a statement's .tlog-proof."))
def proof(
    index: Index,
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help=mark("Write the proof to this file.")),
    ] = None,
    directory: LogDir = None,
    party: Party = None,
    as_json: Json = False,
) -> None:
    """Print or write the proof that a statement stands in the log."""
    with _source(directory, party) as source:
        raw = logs.proof(source, index)
    if out is not None:
        write_whole(out, raw)
        say(tr("Written: {path}", path=out))
    if as_json:
        print_json({"index": index, "proof": raw.decode()})
    elif out is None:
        sys.stdout.write(raw.decode())


@app.command(cls=Command, help=mark("Write the log as a folder of tlog-tiles, for others to audit."))
def export(
    out: Annotated[Path, typer.Argument(metavar="OUT", file_okay=False, help=mark("A new or empty folder."))],
    *,
    directory: LogDir = None,
    party: Party = None,
    as_json: Json = False,
) -> None:
    """Write tiles, `policy`, `keys.json` and the checkpoint."""
    with _source(directory, party) as source, progress(_step_words) as step:
        size = logs.export(source, out, step)
    if as_json:
        print_json({"size": size, "out": str(out)})
    else:
        print_line(tr("{size} statements are written to {out}.", size=size, out=out))


app.command("evidence", cls=Command, help=mark("Check evidence against whoever orders the log, offline."))(
    evidence.run
)
app.command("take-over", cls=Command, help=mark("Order the log on this party's node from now on."))(
    takeover.run
)


def _audit(
    directory: str | None, party: str | None, step: Step, trusted: Consortium | None
) -> tuple[logs.AuditResult, int]:
    """Audit tiles; or every party's copy as stored, then that they are one cosigned log."""
    home = _home(directory)
    if home is None:
        with _source(directory, party) as source:
            return logs.audit(source, step, trusted=trusted), 0
    consortium = document_in(home)
    if party is not None:
        pick_party(consortium, party, MEMBER, DESK, STEWARD)
    with alone_in(home):
        copies = audit_copies(home, consortium, party, step)
    with consortium_in(home) as embedded:
        standing, note = _cosigned(embedded, None)
        check_forks(copies, standing.replica)
        return logs.audit(logs.replica_source(standing.replica, note), step, trusted=trusted), len(copies)


def _home(directory: str | None) -> Path | None:
    """Return the folder of an embedded consortium, or None for tiles."""
    if directory is None:
        raise WrongUsageError(tr("--dir or HANSE_DIR says in which folder or at which URL the log is."))
    return Path(directory) if (Path(directory) / CONSORTIUM_FILE).is_file() else None


@contextmanager
def _source(directory: str | None, party: str | None) -> Iterator[logs.Source]:
    """Open a node's own copy with a cosigned checkpoint, or tlog-tiles as they stand."""
    home = _home(directory)
    if home is not None:
        with consortium_in(home) as embedded:
            standing, note = _cosigned(embedded, party)
            yield logs.replica_source(standing.replica, note)
    elif directory is not None and directory.startswith(("http://", "https://")):
        from node.links.http import HttpCaller  # noqa: PLC0415 - only where there is something to fetch

        with closing(HttpCaller(base_url=directory, signer=None, entropy=system_entropy)) as caller:
            yield logs.open_url(caller.get)
    else:
        yield logs.open_source(Path(directory or ""))


def _cosigned(embedded: Embedded, party: str | None) -> tuple[Standing, bytes]:
    """Return a member's or desk's node, the ordering party's without a name, and a cosigned checkpoint."""
    chosen = embedded.consortium.ordering[0]
    if party is not None:
        chosen = pick_party(embedded.consortium, party, MEMBER, DESK)
    member = embedded.member(chosen)
    _, note = member.cosigned_checkpoint()
    return member.standing, note.encode()


def _step_words(step: str) -> str:
    return tr("Statements written") if step == "export" else tr("Statements verified")


def _audit_document(result: logs.AuditResult) -> dict[str, Any]:
    return {
        "consortium": result.consortium.id,
        "demo": result.consortium.demo,
        "size": result.checkpoint.size,
        "root": result.checkpoint.root.hex(),
        "cosigned": result.is_cosigned,
        "kinds": dict(result.kinds),
        "counting_reports": result.counting_reports,
        "last_closed_month": result.last_closed,
    }
