"""`hanse party`: a party's keys and card."""

import os
from typing import Annotated, Final

import typer

from consortium_config.draft import PEER_ADDRESS
from hanse_ledger.consortium import ROLES, STEWARD
from hanse_ledger.ids import ConsortiumId, PartyId, StewardX
from node.clocks import system_entropy
from node.commands.options import Home, Json, Mail, PassphraseFile, PeerAddress, WrongUsageError
from node.commands.output import print_json, print_line
from node.commands.secrets import ask_new_passphrase
from node.commands.tree import Command, new_app
from node.founding.cards import Application, new_party
from node.founding.home import Home as HomeFolder
from node.founding.letters import Letters, card_name
from node.texts import mark, tr

_X_MOST: Final = 255

app: Final = new_app(help=mark("Make a party's keys and its card."))


@app.callback()
def _parties() -> None:
    """Keep `new` a command of a group, as others may join it."""


@app.command(cls=Command, help=mark("Make a party's keys and the signed card that it takes part with."))
def new(  # noqa: PLR0913 - one option each
    *,
    home: Home,
    mail: Mail,
    consortium: Annotated[
        str, typer.Option(metavar="ID", help=mark("The consortium's id, such as hanse.example/steel."))
    ],
    party: Annotated[
        str, typer.Option(metavar="PARTY", help=mark("The party's id: 2 to 32 of a-z, 0-9 and -."))
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help=mark("The party's name, for people."))],
    role: Annotated[
        list[str],
        typer.Option(metavar="ROLE", help=mark("member, steward, desk or observer; may be repeated.")),
    ],
    group: Annotated[
        str,
        typer.Option(metavar="GROUP", show_default=False, help=mark("The group of firms that it counts in.")),
    ] = "",
    url: Annotated[
        str, typer.Option(metavar="URL", show_default=False, help=mark("Where others reach its node."))
    ] = "",
    x: Annotated[
        int | None,
        typer.Option(
            "--x",
            metavar="N",
            min=1,
            max=_X_MOST,
            show_default=False,
            help=mark("A steward's number, 1 to 255, another one for each."),
        ),
    ] = None,
    orders: Annotated[
        bool, typer.Option("--orders", help=mark("Also make a key for ordering the log."))
    ] = False,
    peer: PeerAddress = "",
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Write the key file and send the card."""
    if not set(role) <= set(ROLES):
        raise WrongUsageError(tr("--role is member, steward, desk or observer."))
    if (STEWARD in role) != (x is not None):
        raise WrongUsageError(tr("A steward has an --x, and nobody else."))
    if peer and not (orders and PEER_ADDRESS.fullmatch(peer)):
        raise WrongUsageError(tr("--peer is HOST:PORT, and goes with --orders."))
    asked = Application(
        consortium=ConsortiumId(consortium),
        party=PartyId(party),
        name=name,
        roles=tuple(role),
        group=group,
        url=url,
        x=None if x is None else StewardX(x),
        orders=orders,
        peer=peer,
    )
    folder = HomeFolder(home)
    signed = new_party(
        folder, Letters(mail), asked, ask_new_passphrase(passphrase_file, os.environ), system_entropy
    )
    card = mail / card_name(signed.card.id)
    if as_json:
        print_json({"party": party, "keys": str(folder.keys_file), "card": str(card)})
        return
    print_line(tr("The keys are in {file}; keep it and its passphrase safe.", file=folder.keys_file))
    print_line(tr("The card is {file}; send it to all founders.", file=card))
