"""A validator's CometBFT: its folder, from the node's settings, the document and everybody's cards."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.ids import PartyId
from hanse_ledger.signing import SigningKey
from node.errors import SettingsError
from node.founding.cards import read_card
from node.founding.letters import Letters, card_name
from node.nodekeys import open_node_keys
from node.sequencing.cometbft.home import node_id, node_seed, validators_of, write_home
from node.settings import NodeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorHome:
    """What was written."""

    home: Path
    validators: tuple[PartyId, ...]
    node_id: str


def write_validator(settings: NodeSettings, cards: Letters, environment: Mapping[str, str]) -> ValidatorHome:
    """Write CometBFT's folder, or what is missing in it; its configuration is written anew.

    Raises SettingsError for settings, keys or cards with which the party is no validator.
    """
    if settings.engine != "cometbft" or settings.cometbft is None:
        raise SettingsError('engine, cometbft: are to be "cometbft" and where CometBFT listens')
    consortium = parse_document(settings.consortium.read_bytes())
    log_seed = open_node_keys(settings, consortium, environment).secrets.seeds.log
    if log_seed is None:
        raise SettingsError("keys: the party has no log key")
    write_home(
        settings.cometbft.home,
        consortium=consortium,
        party=PartyId(settings.party),
        log_seed=log_seed,
        listen=settings.cometbft.listen,
        peers=_peers(consortium, cards),
        metrics=settings.cometbft.metrics,
    )
    return ValidatorHome(
        home=settings.cometbft.home,
        validators=tuple(validators_of(consortium)),
        node_id=node_id(SigningKey(node_seed(log_seed)).public),
    )


def _peers(consortium: Consortium, cards: Letters) -> dict[PartyId, str]:
    """Return where each validator's CometBFT is; raises FoundingError or SettingsError naming the party."""
    found: dict[PartyId, str] = {}
    for party, log_key in validators_of(consortium).items():
        card = read_card(cards, card_name(party)).card
        if not card.peer or card.log_key != log_key:
            raise SettingsError(f"cards: {party}'s has another log key, or no place of its CometBFT")
        found[party] = card.peer
    return found
