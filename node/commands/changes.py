"""Changing a running consortium: `hanse consortium change`, `propose` and `vote`."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from consortium_config.cards import parse_signed_card
from consortium_config.changing import differences, next_document
from consortium_config.policy_file import parse_terms
from hanse_ledger.bodies import Body, Propose, Vote
from hanse_ledger.consortium import Consortium, check_next, parse_document
from hanse_ledger.ids import PartyId
from node.commands.options import Home, Json, PassphraseFile, WrongUsageError
from node.commands.output import print_json, print_line
from node.commands.secrets import agree, open_home
from node.files import write_new
from node.filing import file_statement
from node.rotation import document_of
from node.texts import mark, tr

CHANGE_HELP = mark("Write the next consortium document, from cards, a policy or parties that leave.")
PROPOSE_HELP = mark("File a proposal of a next document, through the party's running node.")
VOTE_HELP = mark("Vote for a next document, through the party's running node.")

Next: TypeAlias = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, metavar="FILE", help=mark("The next document, as `change` writes it.")
    ),
]
Url: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="URL", show_default=False, help=mark("Where the node is, if not where it is set to listen.")
    ),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help=mark("Sign without being asked."))]


def change(
    out: Annotated[Path, typer.Argument(metavar="FILE", help=mark("Where the next document is written."))],
    *,
    home: Home,
    card: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            show_default=False,
            help=mark("A new or changed party's card."),
        ),
    ] = None,
    leave: Annotated[
        list[str] | None,
        typer.Option(metavar="PARTY", show_default=False, help=mark("A party that leaves.")),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            show_default=False,
            help=mark("The policy agreed on (TOML)."),
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a document that follows the one in force."""
    current = _in_force(home)
    following = next_document(
        current,
        cards=[parse_signed_card(path.read_bytes()).card for path in card or []],
        leaving=[PartyId(party) for party in leave or []],
        terms=None if policy is None else parse_terms(policy.read_text("utf-8")),
    )
    write_new(out, following.raw)
    if as_json:
        print_json({**_described(current, following), "document": str(out)})
        return
    _print_differences(current, following)
    print_line(tr("The next document is {file}; propose it, and send it to all who vote.", file=out))


def propose(
    document: Next,
    *,
    home: Home,
    url: Url = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """File the whole document."""
    following = parse_document(document.read_bytes())
    body = Propose(document=following.raw)
    _file(home, following, body, url=url, yes=yes, passphrase_file=passphrase_file, as_json=as_json)


def vote(
    document: Next,
    *,
    home: Home,
    url: Url = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """File the document's hash."""
    following = parse_document(document.read_bytes())
    body = Vote(document_hash=following.hash)
    _file(home, following, body, url=url, yes=yes, passphrase_file=passphrase_file, as_json=as_json)


def _file(
    home: Path,
    following: Consortium,
    body: Body,
    *,
    url: str | None,
    yes: bool,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    current = _in_force(home)
    check_next(current, following)
    if not as_json:
        _print_differences(current, following)
    if not yes:
        agree(tr("Sign this? [y/N]"))
    with open_home(home, passphrase_file) as opened:
        index = file_statement(opened, body, url)
    if as_json:
        print_json({**_described(current, following), "index": index})
        return
    print_line(tr("It stands in the log as entry {index}.", index=index))


def _in_force(home: Path) -> Consortium:
    current = document_of(home)
    if current is None:
        raise WrongUsageError(tr("The folder holds no founded party; `hanse node config` makes one."))
    return current


def _described(current: Consortium, following: Consortium) -> dict[str, object]:
    changes = [
        {"field": place, "before": before, "after": after}
        for place, before, after in differences(current, following)
    ]
    return {"sha256": following.hash.hex(), "changes": changes}


def _print_differences(current: Consortium, following: Consortium) -> None:
    for place, before, after in differences(current, following):
        print_line(f"{place}: {before or '-'} → {after or '-'}")
    print_line(tr("SHA-256 of the document: {hash}", hash=following.hash.hex()))
