"""The next consortium document, and what in it differs from the one in force (protocol section 10)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from consortium_config.draft import PartyCard, canonical_json, party_fields, policy_fields
from consortium_config.policy_file import Terms
from hanse_ledger.consortium import Consortium, check_next, parse_document
from hanse_ledger.errors import DocumentError, MalformedError
from hanse_ledger.ids import PartyId
from hanse_ledger.privacy.group import interpolate, parse_element


def next_document(
    current: Consortium,
    *,
    cards: Iterable[PartyCard] = (),
    leaving: Iterable[PartyId] = (),
    ordering: Iterable[PartyId] = (),
    terms: Terms | None = None,
) -> Consortium:
    """Return the document that follows `current`: parties as their cards say, those that leave, other terms.

    A card's party is new or takes the place of the one with its id. Those of `ordering` may order too from
    then on; who leaves may not. Raises DocumentError naming the field.
    """
    leavers = list(leaving)
    document = json.loads(current.raw)
    parties = {entry["id"]: entry for entry in document["parties"]}
    for card in cards:
        if card.consortium != current.id:
            raise DocumentError(field=f"{card.id}.consortium", reason="the card is for another consortium")
        parties[card.id] = {**party_fields(_with_token_key(card, current)), "active": True}
    for party in leavers:
        if party not in parties:
            raise DocumentError(field="parties", reason=f"{party} is not among them")
        parties[party] = {**parties[party], "active": False}
    may_order = current.ordering
    if terms is not None:
        if (terms.consortium, terms.first_month) != (current.id, current.first_month):
            raise DocumentError(field="consortium", reason="it and first_month stay as they are")
        document["policy"], may_order = policy_fields(terms.policy), terms.ordering
    in_order = dict.fromkeys([*may_order, *ordering])
    document["ordering"] = [party for party in in_order if party not in leavers]
    document |= {"previous": current.hash.hex(), "parties": [parties[party] for party in sorted(parties)]}
    following = parse_document(canonical_json(document))
    check_next(current, following)
    return following


def _with_token_key(card: PartyCard, current: Consortium) -> PartyCard:
    """Name a new steward's K_x, which nobody has to know a share for: it lies on the line of all others'."""
    if card.x is None or card.token_key is not None:
        return card
    known = {
        one.x: parse_element(one.token_key) for one in current.parties.values() if one.x and one.token_key
    }
    try:
        return replace(card, token_key=interpolate(known, card.x))
    except MalformedError as error:
        raise DocumentError(field=f"{card.id}.token_key", reason="no steward can have this x") from error


def differences(current: Consortium, following: Consortium) -> list[tuple[str, str, str]]:
    """Return each field that differs, but for `previous`, as (place, before, after), "" where none is."""
    before, after = dict(_leaves(_by_party(current))), dict(_leaves(_by_party(following)))
    return [
        (place, before.get(place, ""), after.get(place, ""))
        for place in sorted(before | after)
        if before.get(place) != after.get(place) and place != "previous"
    ]


def _by_party(consortium: Consortium) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(consortium.raw)
    return {**document, "parties": {entry["id"]: entry for entry in document["parties"]}}


def _leaves(value: object, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, f"{place}.{name}" if place else str(name))
    else:
        yield place, ", ".join(map(str, value)) if isinstance(value, list) else str(value)
