"""How far a founding is, by what lies in the mail folder: what is missing from whom, and whose turn it is."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from consortium_config.draft_file import Draft
from hanse_ledger.ids import PartyId
from node.founding.cards import read_card, read_draft
from node.founding.generation import ROUNDS, check_complaints, read_round
from node.founding.home import Home
from node.founding.letters import (
    CARD_SUFFIX,
    DRAFT,
    GENESIS,
    Kind,
    Letters,
    card_name,
    signature_name,
)
from node.founding.signing import check_genesis, founding_document, read_signatures

Step: TypeAlias = Literal["cards", "draft", "key", "sign", "genesis", "node", "done"]
CONFIG_FILE = "node.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The step that the founding is at, and who owes which file in it.

    `cards` are the parties whose cards are there. `turn` is the step that the party asking can take now, None
    where it has nothing to do but wait.
    """

    step: Step
    cards: tuple[PartyId, ...]
    missing: tuple[tuple[PartyId, str], ...]
    turn: Step | None
    run: int | None = None
    roster: str | None = None


def survey(mail: Letters, home: Home | None) -> Progress:
    """Look at what is there and check what can be checked; raises FoundingError naming who and what."""
    me = None if home is None else home.owner[1]
    if mail.read(DRAFT) is None:
        return _before_draft(mail, me)
    draft = read_draft(mail)
    for kind in ROUNDS:
        progress = _round(mail, draft, kind, me)
        if progress is not None:
            return progress
    return _after_key(mail, draft, home, me)


def _before_draft(mail: Letters, me: PartyId | None) -> Progress:
    cards = tuple(read_card(mail, name).card.id for name in mail.names(CARD_SUFFIX))
    if me is not None and me not in cards:
        return Progress(step="cards", cards=cards, missing=((me, card_name(me)),), turn="cards")
    return Progress(step="draft", cards=cards, missing=(), turn="draft")


def _round(mail: Letters, draft: Draft, kind: Kind, me: PartyId | None) -> Progress | None:
    """Return the progress within one round of key generation, None where it is over."""
    messages, missing = read_round(mail, draft, kind)
    if not missing:
        if kind == "commit":
            check_complaints(mail, draft, messages)
        return None
    owes = any(party == me for party, _ in missing)
    return _at(draft, step="key", missing=missing, turn="key" if owes else None)


def _after_key(mail: Letters, draft: Draft, home: Home | None, me: PartyId | None) -> Progress:
    made = founding_document(mail)
    _, unsigned = read_signatures(mail, made)
    if unsigned:
        missing = tuple((party, signature_name(party, draft.run)) for party in unsigned)
        return _at(draft, step="sign", missing=missing, turn="sign" if me in unsigned else None)
    if mail.read(GENESIS) is None:
        first = made.consortium.ordering[0]
        return _at(
            draft, step="genesis", missing=((first, GENESIS),), turn="genesis" if me == first else None
        )
    if home is None:
        return _at(draft, step="node", missing=(), turn=None)
    check_genesis(home, mail)
    if (home.folder / CONFIG_FILE).exists():
        return _at(draft, step="done", missing=(), turn=None)
    return _at(draft, step="node", missing=(), turn="node")


def _at(draft: Draft, *, step: Step, missing: tuple[tuple[PartyId, str], ...], turn: Step | None) -> Progress:
    return Progress(
        step=step,
        cards=tuple(draft.parties),
        missing=missing,
        turn=turn,
        run=draft.run,
        roster=draft.roster.hash.hex(),
    )
