"""`hanse log take-over`: this party's node orders the log from now on."""

import hashlib
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from typing import Annotated, Final

import typer

from hanse_ledger.checkpoint import parse_signed_checkpoint
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import LedgerError
from hanse_ledger.ids import PartyId
from hanse_ledger.policy import verify_log_signature
from hanse_ledger.witnessing import policy_of
from node.bootstrap import KEYS_FILE
from node.commands.options import Config, Json, PassphraseFile, WrongUsageError
from node.commands.output import print_json, print_line
from node.commands.secrets import ask_passphrase
from node.documents import document_in_force
from node.errors import SettingsError
from node.files import locked
from node.handover import StoredCopy, Successor, TakenOver, take_over
from node.keystore import open_keys, party_keys
from node.links.http import HttpCaller
from node.links.others import other_nodes
from node.links.sequencer import HttpSequencer
from node.ports import Sequencer
from node.sequencing.replica import Replica
from node.settings import NodeSettings, load_settings
from node.storage.database import Database
from node.texts import mark, tr

_DEADLINE_S: Final = 10.0


def run(
    *,
    config: Config,
    at: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            min=1,
            show_default=False,
            help=mark("How many statements are kept; all that anybody has without it."),
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="PARTY", show_default=False, help=mark("Whose log counts where two differ.")
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Gather the log, found the sequencer's database with it, sign its checkpoint; say what is to be set."""
    settings = load_settings(config)
    trusted = document_in_force(settings)
    party = PartyId(settings.party)
    if source is not None and trusted.party(PartyId(source)) is None:
        raise WrongUsageError(tr("--from is no active party of the consortium."))
    secrets = open_keys(
        settings.folder / KEYS_FILE, ask_passphrase(passphrase_file or settings.passphrase_file)
    )
    log_key = party_keys(secrets).log
    if party not in trusted.ordering or log_key is None:
        raise SettingsError("party: not one that may order by the consortium document")
    successor = Successor(
        trusted=trusted, genesis=settings.genesis.read_bytes(), folder=settings.folder, log_key=log_key
    )
    with locked(settings.folder):
        taken = _take_over(settings, successor, at, source)
    _tell(taken, party, as_json=as_json)


def _take_over(settings: NodeSettings, successor: Successor, at: int | None, source: str | None) -> TakenOver:
    """Ask everybody: the party whose log counts first, then this node's own copy, then the others."""
    own_party = PartyId(settings.party)
    with (
        closing(Database(settings.place("node"), alone=True)) as database,
        closing(Database(settings.place("sequencer"), alone=True)) as sequencer,
        other_nodes(settings, _DEADLINE_S) as callers,
        ExitStack() as opened,
    ):
        own = Replica(database)
        holders: dict[PartyId, Sequencer] = {own_party: StoredCopy(own)}
        for party, caller in callers.items():
            holders[party] = opened.enter_context(closing(HttpSequencer(caller)))
        if source is not None:
            first = PartyId(source)
            holders = {first: holders[first], **holders}
        cosigned = _cosigned(successor.trusted, callers)
        if successor.trusted.parties[own_party].x is not None:
            cosigned[own_party] = own.log.cosigned_note(successor.trusted.id)
        return take_over(
            successor,
            sequencer=sequencer,
            holders=holders,
            cosigned=cosigned,
            at=at,
            decided=source is not None,
        )


def _cosigned(trusted: Consortium, callers: Mapping[PartyId, HttpCaller]) -> dict[PartyId, bytes | None]:
    """Return what each steward in reach has cosigned last."""
    path = f"/log/{hashlib.sha256(trusted.id.encode()).hexdigest()}/checkpoint"
    found = dict[PartyId, bytes | None]()
    for steward in trusted.stewards.values():
        if steward.id in callers:
            with suppress(LedgerError):
                note = callers[steward.id].get(path)
                if note is not None:
                    verify_log_signature(note, policy_of(trusted))
                found[steward.id] = note
    return found


def _tell(taken: TakenOver, party: PartyId, *, as_json: bool) -> None:
    gathered = taken.gathered
    ahead = sorted(one for one, size in gathered.sizes.items() if size > taken.size)
    if as_json:
        print_json(
            {
                "orderer": party,
                "orderer_since": taken.size,
                "root": parse_signed_checkpoint(taken.note).root.hex(),
                "sizes": dict(gathered.sizes),
                "other_logs": dict(gathered.others),
                "ahead": ahead,
                "silent": list(gathered.silent),
            }
        )
        return
    print_line(tr("This node orders the log from {size} statements on.", size=taken.size))
    for one, why in gathered.others.items():
        print_line(tr("{party} followed another log and has to begin anew: {why}", party=one, why=why))
    for one in ahead:
        print_line(tr("{party} holds more than that and has to begin anew.", party=one))
    if gathered.silent:
        print_line(tr("Not heard: {parties}.", parties=", ".join(gathered.silent)))
    print_line(tr("Set this in every node's configuration, then start this node first:"))
    print_line(f'orderer = "{party}"')
    print_line(f"orderer_since = {taken.size}")
