"""`hanse keys`: the keys of a party and of its own people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from consortium_config.cards import encode_signed_card
from consortium_config.draft import PEER_ADDRESS
from hanse_ledger.consortium import Party
from hanse_ledger.privacy.voprf import public_share
from hanse_ledger.signing import SigningKey
from node.clocks import system_entropy
from node.commands import apikeys
from node.commands.options import Home, Json, PassphraseFile, PeerAddress, WrongUsageError
from node.commands.output import print_json, print_line
from node.commands.secrets import ask_new_passphrase, open_home
from node.commands.tree import Command, new_app
from node.errors import KeyRotationError
from node.files import write_whole
from node.founding.letters import next_card_name
from node.keystore import Secrets, Seeds, replace_keys
from node.rotation import document_of, named_in, next_card, peer_of, with_following, without_old
from node.texts import mark, tr

app: Final = new_app(help=mark("Keys of a party and of its own people."))
app.add_typer(apikeys.app, name="api")

_WHEN: Final = {"now": mark("in use"), "next": mark("comes next")}


@app.command(
    cls=Command, help=mark("Show a party's public keys, and which of them the document in force names.")
)
def show(*, home: Home, passphrase_file: PassphraseFile = None, as_json: Json = False) -> None:
    """Print public keys alone."""
    with open_home(home, passphrase_file) as opened:
        secrets, document = opened.secrets, document_of(home)
    party = None if document is None else named_in(document, secrets)
    keys = _public_keys(secrets, party)
    if as_json:
        roles = None if party is None else sorted(party.roles)
        print_json({"consortium": secrets.consortium, "party": secrets.party, "roles": roles, "keys": keys})
        return
    print_line(" ".join([secrets.consortium, secrets.party, *(() if party is None else sorted(party.roles))]))
    for key in keys:
        print_line(_in_words(key))


@app.command(cls=Command, help=mark("Put the key file under another passphrase."))
def passphrase(
    *,
    home: Home,
    passphrase_file: PassphraseFile = None,
    new_passphrase_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help=mark("Holds the new passphrase; the terminal without it."),
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Encrypt the same keys anew."""
    with open_home(home, passphrase_file) as opened:
        given = ask_new_passphrase(new_passphrase_file, {})
        replace_keys(opened.home.keys_file, opened.secrets, given, system_entropy)
    if as_json:
        print_json({"party": opened.party, "keys": str(opened.home.keys_file)})
        return
    print_line(
        tr("The key file opens with the new passphrase alone; copies of the old file open with the old one.")
    )


@app.command(
    cls=Command, help=mark("Make the keys that come next, or forget the old ones when the vote is over.")
)
def rotate(
    *,
    home: Home,
    finish: Annotated[
        bool,
        typer.Option("--finish", help=mark("Forget the old keys; the document in force names the next.")),
    ] = False,
    log_key: Annotated[
        bool,
        typer.Option("--log-key", help=mark("Make another key for ordering the log too, or a first one.")),
    ] = False,
    peer: PeerAddress = "",
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Write the card for the next document, or put the next keys in the place of the old ones."""
    if peer and not (log_key and PEER_ADDRESS.fullmatch(peer)):
        raise WrongUsageError(tr("--peer is HOST:PORT, and goes with --log-key."))
    with open_home(home, passphrase_file) as opened:
        document = document_of(home)
        if document is None:
            raise KeyRotationError("the folder holds no consortium document")
        party = named_in(document, opened.secrets)
        if finish:
            opened.change(without_old(opened.secrets, party))
            card = None
        else:
            opened.change(with_following(opened.secrets, system_entropy, orders=log_key))
            card = home / next_card_name(opened.party)
            at = peer_of(home, opened.secrets, peer) if peer else ""
            write_whole(card, encode_signed_card(next_card(opened.secrets, party, document.id, at)))
    if as_json:
        keys = _public_keys(opened.secrets, party)
        print_json({"party": opened.party, "card": None if card is None else str(card), "keys": keys})
    elif card is None:
        print_line(tr("The old keys are gone from the key file; keep no copies of it."))
    else:
        print_line(tr("The card for the next document is {file}; propose it and let all vote.", file=card))
        print_line(tr("Until then the node signs with the keys that it has; it needs no restart."))


def _in_words(key: Mapping[str, Any]) -> str:
    words = [f"{key['use']}, {tr(_WHEN[key['set']])}: {key['public']}"]
    if key["named"] is not None:
        words.append(tr("(as the document names it)") if key["named"] else tr("(not in the document)"))
    return " ".join(words)


def _public_keys(secrets: Secrets, party: Party | None) -> list[dict[str, Any]]:
    """Return each public key with its use, its set, and whether the document names it (None without one)."""
    sets: list[tuple[str, Seeds]] = [("now", secrets.seeds)]
    sets += [] if secrets.following is None else [("next", secrets.following)]
    keys = [
        (use, which, SigningKey(seed).public)
        for which, seeds in sets
        for use, seed in (("statement", seeds.statement), ("cosign", seeds.cosign), ("log", seeds.log))
        if seed is not None
    ]
    keys += [] if secrets.key_share is None else [("token", "now", public_share(secrets.key_share))]
    return [
        {
            "use": use,
            "set": which,
            "public": public.hex(),
            # The document's fields are named by these uses.
            "named": None if party is None else getattr(party, f"{use}_key") == public,
        }
        for use, which, public in keys
    ]
