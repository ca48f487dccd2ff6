"""Changing a party's signing keys: made, then voted in, then the old ones are forgotten (docs/founding.md).

Between the first and the last step the key file holds both, and a node signs with whichever the document in
force names.
"""

from dataclasses import replace
from pathlib import Path

from consortium_config.cards import SignedCard, sign_card
from consortium_config.draft import PartyCard, admission_proof
from hanse_ledger.consortium import Consortium, Party, parse_document
from hanse_ledger.ids import ConsortiumId
from hanse_ledger.signing import SEED_BYTES, SigningKey
from node.bootstrap import CONSORTIUM_FILE
from node.documents import document_in_force
from node.errors import KeyRotationError
from node.founding.progress import CONFIG_FILE
from node.keystore import Secrets, draw_seeds
from node.ports import Entropy
from node.sequencing.cometbft.home import has_node_key, kept_node_id, node_id, node_seed
from node.settings import load_settings


def document_of(folder: Path) -> Consortium | None:
    """Return the document in force by the node's own copy of the log, or the one beside it, or None."""
    if (folder / CONFIG_FILE).is_file():
        return document_in_force(load_settings(folder / CONFIG_FILE))
    path = folder / CONSORTIUM_FILE
    return parse_document(path.read_bytes()) if path.is_file() else None


def named_in(consortium: Consortium, secrets: Secrets) -> Party:
    """Return what a document says of the key file's party; raises KeyRotationError where nothing."""
    party = consortium.parties.get(secrets.party)
    if party is None or consortium.id != secrets.consortium:
        raise KeyRotationError("the document does not name the key file's party")
    return party


def with_following(secrets: Secrets, entropy: Entropy, *, orders: bool = False) -> Secrets:
    """Add the keys that come next; the same again where they are there already.

    The key for ordering stays unless `orders` asks for another, or for a first one.
    """
    following = secrets.following or draw_seeds(entropy, orders=orders)
    if orders and following.log is None:
        following = replace(following, log=entropy(SEED_BYTES))
    return replace(secrets, following=following)


def peer_of(folder: Path, secrets: Secrets, address: str) -> str:
    """Return where a party's CometBFT is, with the id that it keeps: that of its first key for ordering."""
    settings = load_settings(folder / CONFIG_FILE) if (folder / CONFIG_FILE).is_file() else None
    comet = None if settings is None else settings.cometbft
    if comet is not None and has_node_key(comet.home):
        return f"{kept_node_id(comet.home)}@{address}"
    sets = (secrets.seeds, secrets.following)
    first = next(one.log for one in sets if one is not None and one.log is not None)
    return f"{node_id(SigningKey(node_seed(first)).public)}@{address}"


def next_card(secrets: Secrets, party: Party, consortium: ConsortiumId, peer: str = "") -> SignedCard:
    """Return the card for the next document: what the one in force says, with the keys that come next.

    `peer` says where its CometBFT is.
    """
    if secrets.following is None:
        raise KeyRotationError("there are no keys that come next")
    statement, cosign = SigningKey(secrets.following.statement), SigningKey(secrets.following.cosign)
    log = secrets.following.log
    card = PartyCard(
        consortium=consortium,
        id=party.id,
        name=party.name,
        roles=tuple(sorted(party.roles)),
        group=party.group,
        url=party.url,
        statement_key=statement.public,
        proof=admission_proof(statement, consortium=consortium, party=party.id),
        cosign_key=cosign.public,
        log_key=party.log_key if log is None else SigningKey(log).public,
        x=party.x,
        token_key=party.token_key,
        peer=peer,
    )
    return sign_card(card, statement)


def without_old(secrets: Secrets, party: Party) -> Secrets:
    """Forget the old keys once the document in force names the next ones; raises KeyRotationError before."""
    if secrets.following is None:
        raise KeyRotationError("there are no keys that come next")
    named, coming = {party.statement_key, party.cosign_key, party.log_key}, secrets.following
    if not {SigningKey(seed).public for seed in coming.all} <= named:
        raise KeyRotationError("the document in force does not name the next keys yet")
    return replace(
        secrets,
        seeds=replace(coming, log=coming.log or secrets.seeds.log),
        following=None,
        retired=(*secrets.retired, SigningKey(secrets.seeds.statement).public),
    )
