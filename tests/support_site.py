"""A member's HTTP interface over a real node of the bench, all in the test's own process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from support_http import API_KEY, Served
from support_node import Bench, OneThread

from hanse_ledger.ids import PartyId
from node.errors import NotFoundError
from node.logdoor import LogDoor, with_log
from node.own.verbs import member_verbs
from node.service import Doors
from node.storage.database import Database
from node.wire import Handler

HEADER = "invoice,customer,invoice_date,due_date,paid_date,amount,currency"
AS_OF = {"as_of": "2024-10-31"}


def export(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in (HEADER, *lines)).encode()


TWO = export(
    "R1,ref:DEMO:C1,2024-10-02,2024-10-20,,1200.00,EUR", "R2,ref:DEMO:C2,2024-10-03,2024-10-20,,50.00,EUR"
)


@dataclass
class Site:
    """A member's node over HTTP beside four stewards, all in this process."""

    bench: Bench
    served: Served
    client: httpx.Client


@contextmanager
def open_site(bench: Bench, party: PartyId) -> Iterator[Site]:
    """Serve a member of a bench; leave it as a crash would."""
    host, served = OneThread(), Served()

    def build() -> tuple[Handler, Callable[[], None]]:
        own = member_verbs(bench.member(party))

        def handle(_caller: PartyId, verb: str, body: bytes) -> bytes:
            if verb not in own:
                raise NotFoundError("this node's party has no such role")
            return own[verb](body)

        return with_log(handle, LogDoor(bench.standing(party).replica)), lambda: None

    host.start(party, build)
    database = Database(bench.folder / f"{party}.sqlite")
    doors = Doors(node=host.door(party))
    served.start(party, bench.consortium, doors, database=database, clock=bench.clock)
    key = {"authorization": f"Bearer {API_KEY}"}
    with httpx.Client(base_url=served.url, headers=key, trust_env=False, timeout=30) as client:
        yield Site(bench, served, client)
    served.close()
    host.close()
    database.close()
