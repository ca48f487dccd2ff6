"""When a running node is to be put together anew: by what the document in force makes of its party."""

from dataclasses import dataclass, field

import pytest
from support_consortium import ALDER, DESK, Document, canonical, changed, log_key, party_in
from support_node import FIRST, after
from support_simulation import StillClock

from hanse_ledger.consortium import Consortium, parse_document
from hanse_ledger.ids import PartyId
from node.errors import SettingsError
from node.health import Agreed, HealthBoard
from node.place import UNPREPARED, Place
from node.sequencing.term import Term


def with_ordering(*parties: PartyId) -> Consortium:
    def change(doc: Document) -> None:
        for party in parties:
            party_in(doc, party)["log_key"] = log_key(party).public.hex()
        doc["ordering"] = list(parties)

    return parse_document(canonical(changed(change)))


DESK_ALONE, BOTH = with_ordering(DESK), with_ordering(DESK, ALDER)


@dataclass
class Node:
    """What a place asks of its node."""

    in_force: Consortium
    is_ready: bool = True
    board: HealthBoard = field(default_factory=HealthBoard)

    def check(self) -> None:
        if not self.is_ready:
            raise SettingsError("no folder")

    def place(self, *, orders: bool, orderer: PartyId | None = None) -> Place:
        return Place(
            party=ALDER,
            term=Term(orderer=orderer),
            started=self.in_force,
            orders=orders,
            in_force=lambda: self.in_force,
            check=self.check,
            board=self.board,
            clock=StillClock(after(FIRST)),
        )

    @property
    def problems(self) -> list[str]:
        return [one.code for one in self.board.now.problems]


def left(place: Place) -> bool:
    # A property that changes between two looks is more than mypy reads.
    return place.is_left


def test_one_that_is_voted_in_comes_when_it_is_ready() -> None:
    node = Node(DESK_ALONE, is_ready=False)
    place = node.place(orders=False)
    assert not left(place)
    node.in_force = BOTH
    assert not left(place)
    assert node.problems == [UNPREPARED]
    node.is_ready = True
    assert left(place)
    node.is_ready, node.in_force = False, DESK_ALONE
    assert not left(place)
    assert node.problems == []


@pytest.mark.parametrize(
    ("agreed", "is_left"),
    [
        (None, False),
        (Agreed(height=7), False),
        (Agreed(height=7, power=10), False),
        (Agreed(height=7, power=0, is_catching_up=True), False),
        (Agreed(height=7, power=0), True),
    ],
    ids=["unknown", "silent", "needed", "catching up", "needless"],
)
def test_one_that_is_voted_out_goes_when_the_others_agree_without_it(
    agreed: Agreed | None, *, is_left: bool
) -> None:
    node = Node(BOTH)
    place = node.place(orders=True)
    node.board.update(agreement=agreed)
    assert not left(place)
    node.in_force = DESK_ALONE
    assert left(place) == is_left


def test_other_roles_make_another_node_and_who_orders_alone_is_a_setting() -> None:
    node = Node(DESK_ALONE)
    place = node.place(orders=False, orderer=DESK)
    node.in_force = BOTH
    assert not left(place)
    node.in_force = parse_document(
        canonical(changed(lambda doc: party_in(doc, ALDER).update(roles=["desk", "member"])))
    )
    assert left(place)
