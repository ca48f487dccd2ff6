"""What a node's thread answers: its own people, then other parties."""

from collections.abc import Callable

from hanse_ledger.checkpoint import parse_signed_checkpoint
from hanse_ledger.ids import PartyId
from node.own import verbs
from node.roles.party import Standing
from node.shared import Shared
from node.wire import Handler


def handler_of(
    standing: Standing,
    own: verbs.Verbs,
    role: Handler,
    shared: Shared,
    guard: Callable[[Handler], Handler] = lambda handler: handler,
) -> Handler:
    """Put together what a node answers; `guard` stands before all of it."""

    def handle(caller: PartyId, verb: str, body: bytes) -> bytes:
        shared.in_force = standing.in_force
        is_own = caller == standing.id and verb in own
        reply = own[verb](body) if is_own else role(caller, verb, body)
        # What was done may have read a vote.
        shared.in_force = standing.in_force
        return reply

    return guard(handle)


def tell_start(standing: Standing, shared: Shared) -> None:
    """Say what this node holds before it has reached anybody."""
    note = standing.replica.log.checkpoint()
    size = None if note is None else parse_signed_checkpoint(note).size
    shared.health.update(size=standing.state.size, checkpoint_size=size)
    shared.in_force = standing.in_force
