"""A host that runs every party in the caller's thread, for simulations."""

import random
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from support_faults import Killed

from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import PartyId
from node.wire import Build, Handler, Letter, answer_letter

_BETWEEN_STEWARDS: Final = ("seed", "seed-hash", "sealing-keys", "bulletins")


class InlineHost:
    """A `Host` that runs every party in the caller's thread.

    Requests are answered at once. What stewards tell each other is delivered at once or waits for `pump`, as
    the scheduler's chance decides, and always waits for a steward that is at work itself. `tamper` stands
    between a party and whoever asks it: how a test makes a liar. `survives` says whether the process outlives
    the death of one party's node.
    """

    def __init__(self, rng: random.Random, *, survives: bool) -> None:
        self._rng, self._survives = rng, survives
        self._builds: dict[PartyId, Build] = {}
        self._nodes: dict[PartyId, tuple[Handler, Callable[[], None]]] = {}
        self._busy: list[PartyId] = []
        self._waiting: list[tuple[PartyId, Letter]] = []
        self.tamper: dict[PartyId, Callable[[Handler], Handler]] = {}

    def door(self, party: PartyId) -> "InlineDoor":
        return InlineDoor(self, party)

    def start(self, party: PartyId, build: Build) -> None:
        self._builds[party] = build

    def close(self) -> None:
        for party in list(self._nodes):
            self.stop(party)

    def stop(self, party: PartyId) -> None:
        """Drop a party's node; the next request opens it again from its folder."""
        if party in self._nodes:
            self._nodes.pop(party)[1]()

    def handler(self, party: PartyId) -> Handler:
        """Return a party's own handler; opens its node where it is not open."""
        if party not in self._nodes:
            self._nodes[party] = self._builds[party]()
        return self._nodes[party][0]

    def post(self, party: PartyId, letter: Letter) -> None:
        """Deliver a letter or keep it for later."""
        is_between_stewards = bool(self._busy) and letter.verb in _BETWEEN_STEWARDS
        if party in self._busy or (is_between_stewards and self._rng.random() < 0.5):
            self._waiting.append((party, letter))
        else:
            self._deliver(party, letter)

    def pump(self) -> bool:
        """Deliver one of the letters that wait, in no order; return whether there was one."""
        if not self._waiting:
            return False
        self._deliver(*self._waiting.pop(self._rng.randrange(len(self._waiting))))
        return True

    def _deliver(self, party: PartyId, letter: Letter) -> None:
        self._busy.append(party)
        try:
            handler = self.handler(party)
            answer_letter(self.tamper.get(party, _as_it_is)(handler), letter)
        except Killed:
            self.stop(party)
            if not letter.reply.done():
                letter.reply.set_exception(UnavailableError("the party's node has stopped"))
            if not self._survives:
                raise
        finally:
            self._busy.remove(party)


def _as_it_is(handler: Handler) -> Handler:
    return handler


class InlineDoor:
    """A party's door in an `InlineHost`."""

    def __init__(self, host: InlineHost, party: PartyId) -> None:
        self._host, self._party = host, party

    def post(self, caller: PartyId, verb: str, body: bytes) -> Future[bytes]:
        letter = Letter(caller, verb, body, Future())
        self._host.post(self._party, letter)
        return letter.reply
