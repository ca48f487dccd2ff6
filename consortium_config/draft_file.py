"""The draft: what founders put on the table before there is a token key, and the document that it becomes.

RFC 8785 JSON: `format`, the number of this run of key generation, the terms, every party's signed card. A
draft that was read keeps every limit of a first document but those of the token keys, which come later.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from consortium_config.cards import SignedCard, read_signed_card, signed_card_fields
from consortium_config.draft import PartyCard, canonical_json, draft_document, policy_fields
from consortium_config.policy_file import Terms, read_terms
from hanse_ledger.consortium import STEWARD, STEWARD_COUNTS, Consortium
from hanse_ledger.documents import Fields, parse_canonical
from hanse_ledger.errors import DocumentError
from hanse_ledger.ids import PartyId, StewardX, month_text
from hanse_ledger.privacy.dkg_messages import Founder, Roster
from hanse_ledger.privacy.group import Element, scalar_bytes
from hanse_ledger.privacy.voprf import deal_key, public_share

FORMAT: Final = "hanse-draft/1"
_RUN_MOST: Final = (1 << 32) - 1
_PLACE: Final = re.compile(r"parties\[([0-9]+)\]")
_STAND_IN: Final = scalar_bytes(1)
_DISTINCT: Final = ("x", "statement_key", "cosign_key", "log_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Cards are sorted by party. Made by `make_draft` and `parse_draft` alone."""

    run: int
    terms: Terms
    cards: tuple[SignedCard, ...]

    @property
    def parties(self) -> dict[PartyId, PartyCard]:
        """Every party's card, by id."""
        return {signed.card.id: signed.card for signed in self.cards}

    @property
    def stewards(self) -> dict[StewardX, PartyId]:
        """The stewards by x, in order."""
        found = {card.x: card.id for card in self.parties.values() if card.x is not None}
        return dict(sorted(found.items()))

    @property
    def roster(self) -> Roster:
        """Who makes the token key, in this run."""
        cards = self.parties
        return Roster(
            consortium=self.terms.consortium,
            run=self.run,
            founders=tuple(
                Founder(x=x, party=party, statement_key=cards[party].statement_key)
                for x, party in self.stewards.items()
            ),
        )


def make_draft(*, run: int, terms: Terms, cards: Iterable[SignedCard]) -> Draft:
    """Put a draft together; raises DocumentError as `parse_draft` does."""
    draft = Draft(run=run, terms=terms, cards=tuple(sorted(cards, key=lambda signed: signed.card.id)))
    _check(draft)
    return draft


def encode_draft(draft: Draft) -> bytes:
    """Write a draft as RFC 8785 JSON."""
    terms = draft.terms
    return canonical_json(
        {
            "format": FORMAT,
            "run": draft.run,
            "consortium": terms.consortium,
            "first_month": month_text(terms.first_month),
            "ordering": list(terms.ordering),
            "policy": policy_fields(terms.policy),
            "cards": [signed_card_fields(signed) for signed in draft.cards],
        }
    )


def parse_draft(raw: bytes) -> Draft:
    """Read a draft from untrusted bytes.

    Raises DocumentError for a card that is not signed as it must be, and for whatever no document may have;
    a field of a party is named `<party>.<field>`.
    """
    fields = Fields(parse_canonical(raw), "")
    if fields.text("format") != FORMAT:
        fields.refuse("format", f"must be {FORMAT}")
    run = fields.number("run", least=1, most=_RUN_MOST)
    cards = fields.list_of("cards", read_signed_card)
    draft = make_draft(run=run, terms=read_terms(fields), cards=cards)
    if encode_draft(draft) != raw:
        raise DocumentError(field="cards", reason="must be sorted by party, each once")
    return draft


def document_of(draft: Draft, public_shares: Mapping[StewardX, Element]) -> Consortium:
    """Return the consortium document that a draft and the K_x make; raises DocumentError."""
    cards = draft.parties.values()
    keyed = [card if card.x is None else replace(card, token_key=public_shares[card.x]) for card in cards]
    try:
        return draft_document(
            consortium=draft.terms.consortium,
            first_month=draft.terms.first_month,
            cards=keyed,
            ordering=draft.terms.ordering,
            policy=draft.terms.policy,
        )
    except DocumentError as error:
        place = _PLACE.match(error.field)
        if place is None:
            raise
        party = draft.cards[int(place[1])].card.id
        raise DocumentError(field=party + error.field[place.end() :], reason=error.reason) from error


def _check(draft: Draft) -> None:
    """Refuse what no document may have, naming the party."""
    cards = [signed.card for signed in draft.cards]
    for card in cards:
        _check_card(draft.terms, card)
    for one, other in combinations(cards, 2):
        for name in ("id", *_DISTINCT):
            if (value := getattr(one, name)) is not None and value == getattr(other, name):
                raise DocumentError(field=f"{other.id}.{name}", reason=f"is that of {one.id}")
    stewards = draft.stewards
    if len(stewards) not in STEWARD_COUNTS:
        raise DocumentError(field="cards", reason=f"3 or 4 stewards, not {len(stewards)}")
    # With token keys that everybody knows in the places of those to come, every other limit is checked now.
    stand_ins = deal_key(_STAND_IN, _STAND_IN, stewards)
    document_of(draft, {x: public_share(share) for x, share in stand_ins.items()})


def _check_card(terms: Terms, card: PartyCard) -> None:
    if card.consortium != terms.consortium:
        raise DocumentError(field=f"{card.id}.consortium", reason="the card is for another consortium")
    if (card.x is not None) != (STEWARD in card.roles):
        raise DocumentError(field=f"{card.id}.x", reason="a steward has an x, and nobody else")
    if card.token_key is not None:
        raise DocumentError(field=f"{card.id}.token_key", reason="is made by all stewards together")
