"""Having the checkpoints of whoever orders cosigned: by the stewards, as the policy asks, and by others."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import Final

from node.links.http import HttpCaller
from node.own import verbs
from node.ports import Entropy
from node.roles.cosigned import Cosigned
from node.roles.foreign import ForeignWitness, with_signatures_of, with_witnesses, witness_key
from node.roles.party import Standing
from node.settings import ForeignWitnessSettings

_TEXT: Final = "text/plain; charset=utf-8"
_DEADLINE_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Collecting:
    """Owned by the node's thread. `show` takes the checkpoint that is served from then on."""

    standing: Standing
    cosigned: Cosigned
    witnesses: Sequence[ForeignWitness]
    show: Callable[[bytes], None]

    def collect(self) -> None:
        """Bring the newest checkpoint together with its cosignatures, store it and show it.

        Raises UnavailableError when fewer than the policy's quorum of stewards cosign.
        """
        size, quorum = self.cosigned.checkpoint()
        log = self.standing.replica.log
        stored = log.checkpoint()
        # A witness that is out of reach now may have cosigned this very tree before.
        held = quorum.encode() if stored is None else with_signatures_of(quorum.encode(), stored)
        note = with_witnesses(held, self.witnesses, log.node)
        if note != stored:
            log.keep_cosigned(size=size, note=note)
        self.show(note)

    def beside(self, own: verbs.Verbs) -> verbs.Verbs:
        """Let the node collect whenever it does what is due."""

        def work(body: bytes) -> bytes:
            reply = own[verbs.WORK](body)
            self.collect()
            return reply

        return {**own, verbs.WORK: work}


def foreign_witnesses(
    named: Sequence[ForeignWitnessSettings], entropy: Entropy, opened: ExitStack
) -> Sequence[ForeignWitness]:
    """Return the ways to the cosigners that settings name; `opened` closes them."""
    found = []
    for one in named:
        caller = opened.enter_context(
            closing(HttpCaller(base_url=one.url, entropy=entropy, deadline_s=_DEADLINE_S))
        )
        ask = partial(_ask, caller)
        found.append(ForeignWitness(witness_key(one.vkey), ask))
    return found


def _ask(caller: HttpCaller, body: bytes) -> bytes:
    return caller.post("/add-checkpoint", body, _TEXT, is_signed=False, reply_type=_TEXT)
