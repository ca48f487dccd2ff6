"""The first two steps: every party makes its keys and its card, and somebody puts the draft together."""

from dataclasses import dataclass
from pathlib import Path

from consortium_config.cards import SignedCard, encode_signed_card, parse_signed_card, sign_card
from consortium_config.draft import PartyCard, admission_proof
from consortium_config.draft_file import Draft, encode_draft, make_draft, parse_draft
from consortium_config.policy_file import at_line, parse_terms
from hanse_ledger.errors import DocumentError
from hanse_ledger.ids import ConsortiumId, PartyId, StewardX
from hanse_ledger.signing import SigningKey
from node.errors import FoundingError
from node.founding.home import Home, OpenHome
from node.founding.letters import CARD_SUFFIX, DRAFT, GENESIS, NEXT_CARD_SUFFIX, Letters, card_name
from node.keystore import Secrets, draw_seeds
from node.passphrase import Passphrase
from node.ports import Entropy
from node.sequencing.cometbft.home import node_id, node_seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Who wants to take part, and as what."""

    consortium: ConsortiumId
    party: PartyId
    name: str
    roles: tuple[str, ...]
    group: str
    url: str
    x: StewardX | None
    orders: bool
    peer: str = ""
    """Host and port of its CometBFT."""


def new_party(
    home: Home, mail: Letters, asked: Application, passphrase: Passphrase, entropy: Entropy
) -> SignedCard:
    """Make a party's keys and send its card; the same again with the keys that are there already.

    Raises FoundingError where the folder or the mail folder holds another card of this party.
    """
    if home.keys_file.exists():
        opened = OpenHome.open(home, passphrase, entropy)
        if (opened.secrets.consortium, opened.party) != (asked.consortium, asked.party):
            raise FoundingError("the folder holds the keys of another party or consortium", field="--dir")
    else:
        seeds = draw_seeds(entropy, orders=asked.orders)
        secrets = Secrets(consortium=asked.consortium, party=asked.party, seeds=seeds)
        opened = OpenHome.create(home, secrets, passphrase, entropy)
    signed = _card(opened, asked)
    raw, name = encode_signed_card(signed), card_name(asked.party)
    home.kept.post(name, raw)
    mail.post(name, raw)
    return signed


def make_draft_file(mail: Letters, policy: Path, run: int) -> Draft:
    """Put all cards of the mail folder and a policy file together as the draft.

    A later run takes the place of an earlier one's draft, and nothing else does. Raises FoundingError.
    """
    cards = [read_card(mail, name) for name in mail.names(CARD_SUFFIX)]
    draft = _draft(policy, run, cards)
    found = mail.read(DRAFT)
    if found is None or (mail.read(GENESIS) is None and read_draft(mail).run < run):
        mail.put(DRAFT, encode_draft(draft))
    elif found != encode_draft(draft):
        raise FoundingError(
            "there is another one; a run with a higher number (--run) takes its place, until genesis",
            field="draft",
            file=DRAFT,
        )
    return draft


def read_card(mail: Letters, name: str) -> SignedCard:
    """Read one card; raises FoundingError that names the party by the file's name."""
    party = PartyId(name.removesuffix(NEXT_CARD_SUFFIX).removesuffix(CARD_SUFFIX))
    try:
        signed = parse_signed_card(mail.read(name) or b"")
    except DocumentError as error:
        raise FoundingError(error.reason, party=party, field=error.field, file=name) from error
    if signed.card.id != party:
        raise FoundingError("is not the party that the file is named for", party=party, field="id", file=name)
    return signed


def read_draft(mail: Letters) -> Draft:
    """Read the draft; raises FoundingError where there is none, or none that holds."""
    raw = mail.read(DRAFT)
    if raw is None:
        raise FoundingError("is missing; `hanse consortium draft` makes it", field="draft", file=DRAFT)
    try:
        return parse_draft(raw)
    except DocumentError as error:
        raise FoundingError(error.reason, field=error.field, file=DRAFT) from error


def check_own_card(opened: OpenHome, draft: Draft) -> None:
    """Refuse a draft in which a party is not as it has signed itself; raises FoundingError."""
    kept = opened.home.kept.read(card_name(opened.party))
    drafted = next((signed for signed in draft.cards if signed.card.id == opened.party), None)
    if drafted is None:
        raise FoundingError("is missing in the draft", party=opened.party, field="card", file=DRAFT)
    if kept != encode_signed_card(drafted):
        raise FoundingError(
            "is not the one that this party has sent", party=opened.party, field="card", file=DRAFT
        )


def _card(opened: OpenHome, asked: Application) -> SignedCard:
    keys = opened.keys
    if asked.orders != (keys.log is not None):
        raise FoundingError(
            "the keys were made with another choice of --orders", party=asked.party, field="log_key"
        )
    card = PartyCard(
        consortium=asked.consortium,
        id=asked.party,
        name=asked.name,
        roles=asked.roles,
        group=asked.group,
        url=asked.url,
        statement_key=keys.statement.public,
        proof=admission_proof(keys.statement, consortium=asked.consortium, party=asked.party),
        cosign_key=keys.cosign.public,
        log_key=None if keys.log is None else keys.log.public,
        x=asked.x,
        peer=_peer(opened, asked),
    )
    return sign_card(card, keys.statement)


def _peer(opened: OpenHome, asked: Application) -> str:
    if not asked.peer:
        return ""
    log_seed = opened.secrets.seeds.log
    if log_seed is None:
        raise FoundingError("is for parties that may order", party=asked.party, field="peer")
    return f"{node_id(SigningKey(node_seed(log_seed)).public)}@{asked.peer}"


def _draft(policy: Path, run: int, cards: list[SignedCard]) -> Draft:
    try:
        text = policy.read_text("utf-8")
    except UnicodeDecodeError:
        raise FoundingError("is not UTF-8", field="policy", file=policy.name) from None
    try:
        terms = parse_terms(text)
    except DocumentError as error:
        raise FoundingError(error.reason, field=error.field, file=policy.name) from error
    try:
        return make_draft(run=run, terms=terms, cards=cards)
    except DocumentError as error:
        at = at_line(text, error)
        raise FoundingError(
            at.reason, field=at.field, file=policy.name if at.reason != error.reason else ""
        ) from error
