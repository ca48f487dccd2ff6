"""`hanse consortium`: founding without a dealer, step by step over a mail folder."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from consortium_config.draft_file import Draft
from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import PartyId
from node.commands import changes
from node.commands.options import Home, Json, Mail, PassphraseFile, file_option
from node.commands.output import print_json, print_line
from node.commands.secrets import agree, open_home
from node.commands.tree import Command, new_app
from node.founding.cards import make_draft_file, read_draft
from node.founding.generation import take_part
from node.founding.home import Home as HomeFolder
from node.founding.letters import DOCUMENT, DRAFT, GENESIS, Letters, signature_name
from node.founding.progress import survey
from node.founding.signing import check_genesis, make_genesis, ready_to_sign
from node.founding.signing import sign as sign_founding
from node.rendering.founding import command_for, document_lines, progress_lines
from node.texts import mark, tr

app: Final = new_app(help=mark("Found a consortium, step by step; change it by votes."))


@app.command(cls=Command, help=mark("Put all cards and the policy together as the draft."))
def draft(
    *,
    mail: Mail,
    policy: Annotated[
        Path,
        file_option(mark("The policy agreed on (TOML).")),
    ],
    run: Annotated[
        int, typer.Option(metavar="N", min=1, help=mark("The number of this run of key generation."))
    ] = 1,
    as_json: Json = False,
) -> None:
    """Write draft.json."""
    made = make_draft_file(Letters(mail), policy, run)
    if as_json:
        print_json({**_run_of(made), "draft": str(mail / DRAFT), "parties": list(made.parties)})
        return
    print_line(tr("The draft is {file}, of {count} parties.", file=mail / DRAFT, count=len(made.parties)))
    print_line(
        tr(
            "The stewards compare this fingerprint by another way than mail: {hash}",
            hash=made.roster.hash.hex(),
        )
    )


@app.command(cls=Command, help=mark("Take part in making the token key, as a steward."))
def key(*, home: Home, mail: Mail, passphrase_file: PassphraseFile = None, as_json: Json = False) -> None:
    """Send what this steward can send by now."""
    letters = Letters(mail)
    drafted = read_draft(letters)
    with open_home(home, passphrase_file) as opened:
        part = take_part(opened, letters, drafted)
    if as_json:
        print_json(
            {
                **_run_of(drafted),
                "sent": list(part.sent),
                "missing": _missing_list(part.awaited),
                "done": part.is_done,
            }
        )
        return
    for name in part.sent:
        print_line(tr("Sent: {file}", file=mail / name))
    for party, name in part.awaited:
        print_line(tr("Waiting for {party}: {file}", party=party, file=name))
    if part.is_done:
        print_line(tr("The token key is made; this steward's share of it is in the key file."))


@app.command(cls=Command, help=mark("Check the consortium document and sign it."))
def sign(
    *,
    home: Home,
    mail: Mail,
    yes: Annotated[bool, typer.Option("--yes", help=mark("Sign without being asked."))] = False,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Write this party's signature, and the document with the first one."""
    letters = Letters(mail)
    with open_home(home, passphrase_file) as opened:
        made = ready_to_sign(opened, letters)
        if not as_json:
            for line in document_lines(made.consortium):
                print_line(line)
        if not yes:
            agree(tr("Sign this document? It is final once all have signed. [y/N]"))
        sign_founding(opened, letters, made)
    name = mail / signature_name(opened.party, made.draft.run)
    if as_json:
        print_json({**_document_of(made.consortium), "signature": str(name)})
        return
    print_line(tr("Signed: {file}", file=name))


@app.command(
    cls=Command, help=mark("Put the signatures together and begin the log, or check that it begins so.")
)
def genesis(
    *,
    home: Home,
    mail: Mail,
    check: Annotated[bool, typer.Option("--check", help=mark("Check what is there; any party can."))] = False,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Write genesis.cose, as the first party that orders."""
    letters = Letters(mail)
    if check:
        consortium = check_genesis(HomeFolder(home), letters)
    else:
        with open_home(home, passphrase_file) as opened:
            consortium = make_genesis(opened, letters)
    if as_json:
        print_json({**_document_of(consortium), "genesis": str(mail / GENESIS)})
        return
    print_line(
        tr(
            "{file} founds {consortium}; every signature holds.",
            file=mail / GENESIS,
            consortium=consortium.id,
        )
    )


@app.command(
    name="next", cls=Command, help=mark("Say what is done, what is missing from whom, and what comes next.")
)
def next_step(
    *,
    mail: Mail,
    home: Annotated[
        Path | None,
        typer.Option(
            "--dir", metavar="HOME", show_default=False, help=mark("Whose next command is asked for.")
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at the mail folder."""
    progress = survey(Letters(mail), None if home is None else HomeFolder(home))
    command = command_for(progress, mail=mail, home=home)
    if as_json:
        print_json(
            {
                "step": progress.step,
                "run": progress.run,
                "roster": progress.roster,
                "parties": list(progress.cards),
                "missing": _missing_list(progress.missing),
                "command": command,
            }
        )
        return
    for line in progress_lines(progress, command):
        print_line(line)


def _missing_list(missing: tuple[tuple[PartyId, str], ...]) -> list[dict[str, str]]:
    return [{"party": party, "file": name} for party, name in missing]


def _run_of(drafted: Draft) -> dict[str, Any]:
    return {"run": drafted.run, "roster": drafted.roster.hash.hex()}


def _document_of(consortium: Consortium) -> dict[str, Any]:
    return {"consortium": consortium.id, "document": DOCUMENT, "sha256": consortium.hash.hex()}


app.command(cls=Command, help=changes.CHANGE_HELP)(changes.change)
app.command(cls=Command, help=changes.PROPOSE_HELP)(changes.propose)
app.command(cls=Command, help=changes.VOTE_HELP)(changes.vote)
app.command(cls=Command, help=changes.STATUS_HELP)(changes.status)
