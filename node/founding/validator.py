"""A validator's CometBFT: its folder, from the node's settings, the document and everybody's cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from consortium_config.draft import PartyCard
from hanse_ledger.consortium import Consortium, check_next
from hanse_ledger.ids import PartyId
from node.documents import documents_of, founding_document
from node.errors import SettingsError
from node.founding.cards import read_card
from node.founding.letters import Letters, card_name, next_card_name
from node.nodekeys import open_node_keys
from node.sequencing.cometbft.home import kept_node_id, write_home
from node.sequencing.cometbft.validators import validators_of
from node.settings import NodeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorHome:
    """What was written."""

    home: Path
    validators: tuple[PartyId, ...]
    node_id: str


def write_validator(
    settings: NodeSettings,
    cards: Letters,
    environment: Mapping[str, str],
    to_come: Consortium | None = None,
) -> ValidatorHome:
    """Write CometBFT's folder, or what is missing in it; its configuration is written anew.

    It is for the document in force, or for one that is `to_come`. Raises SettingsError for settings, keys or
    cards with which the party is no validator, DocumentError for a document that cannot come next.
    """
    if settings.engine != "cometbft" or settings.cometbft is None:
        raise SettingsError('engine, cometbft: are to be "cometbft" and where CometBFT listens')
    known = documents_of(settings)
    if to_come is not None and to_come.hash != known[0].hash:
        check_next(known[0], to_come)
    documents = known if to_come is None else [to_come, *known]
    consortium, party = documents[0], PartyId(settings.party)
    seeds = open_node_keys(settings, known[0], environment).log_seeds
    log_seed = seeds.get(consortium.parties[party].log_key or b"")
    if log_seed is None:
        raise SettingsError("keys: the party has no log key")
    write_home(
        settings.cometbft.home,
        founding=founding_document(settings.genesis.read_bytes()),
        consortium=consortium,
        party=party,
        log_seed=log_seed,
        listen=settings.cometbft.listen,
        peers=_peers(documents, cards),
        metrics=settings.cometbft.metrics,
    )
    return ValidatorHome(
        home=settings.cometbft.home,
        validators=tuple(validators_of(consortium)),
        node_id=kept_node_id(settings.cometbft.home),
    )


def _peers(documents: Sequence[Consortium], cards: Letters) -> dict[PartyId, str]:
    """Return where each validator's CometBFT is; raises FoundingError or SettingsError naming the party.

    A card may be of an earlier document: CometBFT is known to its peers by its first key for good.
    """
    found: dict[PartyId, str] = {}
    for party in validators_of(documents[0]):
        named = {one.parties[party].log_key for one in documents if party in one.parties}
        places = [card.peer for card in _cards_of(cards, party) if card.peer and card.log_key in named]
        if not places:
            raise SettingsError(f"cards: {party}'s has another log key, or no place of its CometBFT")
        found[party] = places[0]
    return found


def _cards_of(cards: Letters, party: PartyId) -> list[PartyCard]:
    """Return a party's cards, the newest first: that of a key change, and the one that it came with."""
    names = [name for name in (next_card_name(party), card_name(party)) if cards.read(name) is not None]
    return [read_card(cards, name).card for name in names or [card_name(party)]]
