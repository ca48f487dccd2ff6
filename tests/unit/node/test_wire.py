"""Requests to a party in this process."""

import threading

from hanse_ledger.ids import PartyId
from node.wire import Mailbox, Service

CALLER = PartyId("alder")
_PATIENCE_S = 30


def test_who_no_longer_waits_for_a_reply_leaves_the_party_as_it_is() -> None:
    """A connection that ends cancels what it waits for, whether that has been begun or not."""
    begun, go_on, done = threading.Event(), threading.Event(), list[bytes]()
    mailbox = Mailbox()

    def handle(_caller: PartyId, _verb: str, body: bytes) -> bytes:
        begun.set()
        assert go_on.wait(_PATIENCE_S)
        done.append(body)
        return body

    service = Service(mailbox, lambda: (handle, lambda: None))
    at_work, waiting = (mailbox.post(CALLER, "any", body) for body in (b"first", b"second"))
    assert begun.wait(_PATIENCE_S)
    assert not at_work.cancel()
    assert not waiting.cancel()
    go_on.set()
    assert mailbox.post(CALLER, "any", b"third").result(_PATIENCE_S) == b"third"
    assert service.is_running
    service.stop()
    assert done == [b"first", b"second", b"third"]
