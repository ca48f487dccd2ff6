"""Changing a running consortium: `hanse consortium change`, `propose`, `vote` and `status`."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from consortium_config.cards import parse_signed_card
from consortium_config.changing import differences, next_document
from consortium_config.policy_file import parse_terms
from hanse_ledger.consortium import Consortium, check_next, parse_document
from hanse_ledger.governance import rows_vote
from hanse_ledger.ids import PartyId
from node.commands.options import Home, Json, PassphraseFile, WrongUsageError, file_option
from node.commands.output import print_json, print_line
from node.commands.own_node import NodeConfig
from node.commands.remote import ApiKeyFile, Url, open_remote
from node.commands.secrets import agree
from node.commands.voters import PROPOSALS_PATH, KeyFile, Place, RunningNode, in_force_at, proposals_in
from node.files import write_new
from node.own.changes import changes_of
from node.rendering.changes import proposal_lines
from node.settings import load_settings
from node.texts import mark, tr

CHANGE_HELP = mark("Write the next consortium document, from cards, a policy or parties that leave.")
PROPOSE_HELP = mark("File a proposal of a next document, through the party's running node.")
STATUS_HELP = mark("Show the document in force, and how far the voting on the next ones is.")
VOTE_HELP = mark("Vote for a next document, through the party's running node.")

Next: TypeAlias = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, metavar="FILE", help=mark("The next document, as `change` writes it.")
    ),
]
NodeUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="HANSE_URL",
        metavar="URL",
        show_default=False,
        help=mark("Where the running node is; with --dir only if not where it is set to listen."),
    ),
]
HomeOrNode: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        metavar="HOME",
        show_default=False,
        help=mark("The party's own folder, whose key file signs; without it the running node signs."),
    ),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help=mark("Sign without being asked."))]


def change(
    out: Annotated[Path, typer.Argument(metavar="FILE", help=mark("Where the next document is written."))],
    *,
    home: Home,
    card: Annotated[
        list[Path] | None,
        file_option(mark("A new or changed party's card.")),
    ] = None,
    leave: Annotated[
        list[str] | None,
        typer.Option(metavar="PARTY", show_default=False, help=mark("A party that leaves.")),
    ] = None,
    orders: Annotated[
        list[str] | None,
        typer.Option(metavar="PARTY", show_default=False, help=mark("A party that may order the log too.")),
    ] = None,
    policy: Annotated[
        Path | None,
        file_option(mark("The policy agreed on (TOML).")),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a document that follows the one in force."""
    current = in_force_at(home)
    following = next_document(
        current,
        cards=[parse_signed_card(path.read_bytes()).card for path in card or []],
        leaving=[PartyId(party) for party in leave or []],
        ordering=[PartyId(party) for party in orders or []],
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
    home: HomeOrNode = None,
    url: NodeUrl = None,
    api_key_file: ApiKeyFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """File the whole document."""
    following = parse_document(document.read_bytes())
    place = _place(home, url, api_key_file, passphrase_file)
    _show(place.in_force(), following, yes=yes, as_json=as_json)
    _tell(place.in_force(), following, place.propose(following), as_json=as_json)


def vote(
    document: Annotated[
        str,
        typer.Argument(
            metavar="FILE or HASH", help=mark("The next document, or the SHA-256 of one that is proposed.")
        ),
    ],
    *,
    rows_to: Annotated[
        str | None,
        typer.Option(
            metavar="STEWARD",
            show_default=False,
            help=mark("Vote instead that this steward, which FILE brings in, gets earlier rows and sums."),
        ),
    ] = None,
    home: HomeOrNode = None,
    url: NodeUrl = None,
    api_key_file: ApiKeyFile = None,
    yes: Yes = False,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """File the document's hash, or that of a vote on what a new steward gets."""
    place = _place(home, url, api_key_file, passphrase_file)
    if rows_to is not None:
        _entrust(document, PartyId(rows_to), place, yes=yes, as_json=as_json)
        return
    following = _named(document, place)
    _show(place.in_force(), following, yes=yes, as_json=as_json)
    _tell(place.in_force(), following, place.vote(following), as_json=as_json)


def status(
    *,
    config: NodeConfig = None,
    url: Url = None,
    api_key_file: ApiKeyFile = None,
    as_json: Json = False,
) -> None:
    """Print the document in force and those that may act next."""
    remote = open_remote(url, api_key_file)
    if remote is not None:
        shown = remote.ask("GET", PROPOSALS_PATH)
    elif config is not None:
        shown = proposals_in(load_settings(config))
    else:
        raise WrongUsageError(tr("--config names a node's configuration, or --url a running node."))
    if as_json:
        print_json(shown)
        return
    for line in proposal_lines(shown):
        print_line(line)


def _entrust(document: str, steward: PartyId, place: Place, *, yes: bool, as_json: bool) -> None:
    """Vote that a steward gets what was reported and frozen before its document, also once that acts."""
    following = _named(document, place)
    if not _brings_in(following, steward, place):
        raise WrongUsageError(tr("It is another document that brings in this steward, or none."))
    if not as_json:
        print_line(tr("{steward} gets rows and sums of before it came, from two others.", steward=steward))
    if not yes:
        agree(tr("Sign this? [y/N]"))
    vote = rows_vote(following.hash, steward)
    index = place.entrust(vote)
    if as_json:
        print_json({"sha256": vote.hex(), "steward": steward, "index": index})
        return
    print_line(tr("It stands in the log as entry {index}.", index=index))


def _brings_in(following: Consortium, steward: PartyId, place: Place) -> bool:
    """Say whether a steward comes, or came, with this document: a vote for another one gives nothing."""
    current = place.in_force()
    if steward in {one.id for one in current.stewards.values()}:
        return place.entered_with(steward) == following.hash.hex()
    check_next(current, following)
    return steward in {one.id for one in following.stewards.values()}


def _place(home: Path | None, url: str | None, key_file: Path | None, passphrase_file: Path | None) -> Place:
    if home is not None:
        return KeyFile(home, url, passphrase_file)
    remote = open_remote(url, key_file)
    if remote is None:
        raise WrongUsageError(tr("--dir says which key file signs, or --url which running node does."))
    return RunningNode(remote)


def _named(document: str, place: Place) -> Consortium:
    """Return the document that is meant: a file, or a proposal by its hash."""
    path = Path(document)
    if path.is_file():
        return parse_document(path.read_bytes())
    found = [one for one in place.proposals() if one.hash.hex() == document]
    if not found:
        raise WrongUsageError(tr("There is no such file, and no proposal with that SHA-256."))
    return found[0]


def _show(current: Consortium, following: Consortium, *, yes: bool, as_json: bool) -> None:
    check_next(current, following)
    if not as_json:
        _print_differences(current, following)
    if not yes:
        agree(tr("Sign this? [y/N]"))


def _tell(current: Consortium, following: Consortium, index: int, *, as_json: bool) -> None:
    if as_json:
        print_json({**_described(current, following), "index": index})
        return
    print_line(tr("It stands in the log as entry {index}.", index=index))


def _described(current: Consortium, following: Consortium) -> dict[str, object]:
    return {"sha256": following.hash.hex(), "changes": changes_of(current, following)}


def _print_differences(current: Consortium, following: Consortium) -> None:
    for place, before, after in differences(current, following):
        print_line(f"{place}: {before or '-'} → {after or '-'}")
    print_line(tr("SHA-256 of the document: {hash}", hash=following.hash.hex()))
