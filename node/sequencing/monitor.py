"""Watching whoever orders the log, as a monitor of transparency logs does.

Every checkpoint that its key has signed is held against the own copy, wherever it was seen: at the sequencer,
at other nodes, in a request for a cosignature. A proven fork halts the node, durably, until an operator has
decided who orders from which size on (`Term`); anything else is a problem in the node's health.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from hanse_ledger.checkpoint import Checkpoint, cosignatures, log_keys
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import LedgerError, RejectedError, UnavailableError, VerificationError
from hanse_ledger.merkle import verify_consistency
from hanse_ledger.misbehaviour import Fork, Misbehaviour, Seen, Shrunk, prove_withheld
from hanse_ledger.note import merge_signatures, parse_note
from hanse_ledger.policy import SERVED_SIGNATURES_MAX, verify_checkpoint, verify_log_signature
from hanse_ledger.witnessing import policy_of
from node.errors import ForkError, OtherLogError
from node.health import FORK, HealthBoard, Problem
from node.ports import Clock
from node.sequencing.faults import SequencerFaultError
from node.sequencing.follower import OWN_COPY, Follower
from node.sequencing.gossip import Sighting
from node.sequencing.kept import EvidenceStore
from node.sequencing.term import Term
from node.sequencing.waiting import Wait, Waiting

_log = logging.getLogger(__name__)

LEAVES_MOST: Final = 4_096
"""Evidence of a statement passed over covers at most so many statements taken."""
_REMEMBERED_MOST: Final = 64
"""So many signed trees wait to be compared or settled, the first ones: a liar can sign any number."""
DISSENT: Final = "dissent"
"""One of those that agree on the order has signed another tree."""
_OF_CATCHING_UP: Final = ("tiles", "refused", "log_signature", "unproved_fork")


class Monitor:
    """Stands between a node's roles and its follower. Owned by the node's thread."""

    def __init__(
        self,
        *,
        follower: Follower,
        kept: EvidenceStore,
        board: HealthBoard,
        clock: Clock,
        consortium: Callable[[], Consortium],
        term: Term,
        waiting: Waiting,
        patience: timedelta,
    ) -> None:
        # Forks in an agreement that no quorum has settled yet, by the other tree, since when.
        self._contested: dict[bytes, tuple[Seen, datetime]] = {}
        self._follower, self._kept, self._board, self._clock = follower, kept, board, clock
        self._consortium, self._term = consortium, term
        self._waiting, self._patience = waiting, patience
        self._started = clock.now()
        # Signed trees larger than the own copy, until it has grown over them.
        self._larger: dict[bytes, Seen] = {}
        kept.write_files()
        for piece in kept.of_term(term):
            if piece.kind == FORK and self._is_agreed:
                board.raise_problem(Problem(code=DISSENT, since=piece.at, evidence=piece.name))
            elif piece.kind == FORK:
                board.update(halted=True)
                board.raise_problem(Problem(code=FORK, since=piece.at, evidence=piece.name))

    def check(self) -> None:
        """Raise ForkError or OtherLogError while the node is halted."""
        self._board.now.check_halted()

    def catch_up(self) -> None:
        """Bring the copy up to the sequencer.

        Raises ForkError when the node is or gets halted, OtherLogError when its validator's part is, and
        UnavailableError when there is nothing to follow.
        """
        self.check()
        try:
            self._follower.catch_up()
        except SequencerFaultError as fault:
            self._take_fault(fault)
        for code in _OF_CATCHING_UP:
            self._board.clear_problem(code)
        self._compare_larger()

    def see(self, note: bytes, source: str = "request", sighting: Sighting | None = None) -> None:
        """Hold a checkpoint against the own copy; ForkError when they contradict each other.

        One that the log has not signed says nothing: anybody could have made it.
        """
        try:
            checkpoint = verify_log_signature(note, policy_of(self._consortium()))
        except (VerificationError, RejectedError):
            return
        if not self._term.covers(note, self._consortium()):
            self._raise("former_orderer")
            return
        seen = Seen(note=note, source=source, at=self._time())
        fork = self._follower.fork_with(seen, None) or self._fork_by(sighting, checkpoint, seen)
        if fork is not None:
            self._take_fork(fork, seen)
        own = self._own()
        self._keep_cosigned(own, checkpoint, note)
        if (own is None or checkpoint.size > own.checkpoint.size) and len(self._larger) < _REMEMBERED_MOST:
            self._larger[note] = seen

    def _keep_cosigned(self, own: Seen | None, checkpoint: Checkpoint, note: bytes) -> None:
        """Keep the newest checkpoint as the policy asks for it, with every cosignature that anyone shows."""
        if own is None or own.checkpoint != checkpoint:
            return
        held = parse_note(own.note)
        with suppress(VerificationError, RejectedError):
            merged = merge_signatures(held, cosignatures(parse_note(note)))
            if not len(held.signatures) < len(merged.signatures) <= SERVED_SIGNATURES_MAX:
                return
            verify_checkpoint(merged.encode(), policy_of(self._consortium()))
            self._follower.replica.log.keep_cosigned(size=checkpoint.size, note=merged.encode())

    def look(self, sightings: Iterable[Sighting]) -> list[bytes]:
        """Compare what others showed, then what the sequencer shows; return statements to bring another way.

        Never raises for what is wrong with the log: that is in the node's health.
        """
        try:
            self.check()
            for sighting in sightings:
                self.see(sighting.note, sighting.source, sighting)
            self.catch_up()
            self._compare_contested()
            self._check_shrunk()
        except (ForkError, OtherLogError):
            return []
        except LedgerError as error:
            _log.info("the log could not be followed: %s", error.code)
        return self._check_stalled()

    def _take_fault(self, fault: SequencerFaultError) -> None:
        """Keep what shows a fault; raises ForkError where it is proved a fork, else UnavailableError."""
        if isinstance(fault.evidence, Fork):
            self._halt(fault.evidence, fault)
        code = "unproved_fork" if fault.code == FORK else fault.code
        if self._raise(code, fault.evidence):
            _log.error("the sequencer shows what cannot be followed: %s", fault)
        raise UnavailableError("the sequencer shows a log that cannot be followed") from fault

    @property
    def _is_agreed(self) -> bool:
        return self._term.orderer is None

    def _take_fork(self, fork: Fork, seen: Seen) -> None:
        """Keep what proves a fork; raises ForkError unless the own copy is known to be the one agreed on.

        Where parties agree, one of them may sign what it likes: it halts nobody else. A validator's own copy
        is the agreed one (its CometBFT compares); another's is, once the stewards' quorum has cosigned it.
        """
        if not self._is_agreed:
            self._halt(fork)
        now = self._clock.now()
        if self._term.orders(self._kept.party, self._consortium()) or self._is_cosigned():
            self._contested.pop(seen.note, None)
            if self._raise(DISSENT, fork):
                _log.error("a validator has signed another tree than the one agreed on")
            return
        if len(self._contested) < _REMEMBERED_MOST:
            self._contested.setdefault(seen.note, (seen, now))
        # Each proves a fork like any other: one too many changes nothing of when the first halts the node.
        _, since = self._contested.get(seen.note, (seen, now))
        if now - since >= self._patience:
            self._halt(fork)

    def _compare_contested(self) -> None:
        for seen, _ in list(self._contested.values()):
            fork = self._follower.fork_with(seen, None)
            if fork is None:
                del self._contested[seen.note]
            else:
                self._take_fork(fork, seen)

    def _is_cosigned(self) -> bool:
        note = self._follower.replica.log.checkpoint()
        with suppress(VerificationError, RejectedError):
            if note is not None:
                verify_checkpoint(note, policy_of(self._consortium()))
                return True
        return False

    def _halt(self, fork: Fork, fault: SequencerFaultError | None = None) -> None:
        self._board.update(halted=True)
        if self._raise(FORK, fork):
            _log.critical("the log was forked; this node is halted. %s", fault or "")
        raise ForkError from fault

    def _raise(self, code: str, found: Misbehaviour | None = None) -> bool:
        now = self._clock.now()
        name = None if found is None else self._kept.keep(found, self._term, now)
        return self._board.raise_problem(Problem(code=code, since=now, evidence=name))

    def _fork_by(self, sighting: Sighting | None, checkpoint: Checkpoint, seen: Seen) -> Fork | None:
        """Return the fork that a larger tree's own hashes prove, as its holder showed them."""
        own = self._own()
        if sighting is None or own is None or sighting.size != own.checkpoint.size:
            return None
        try:
            verify_consistency(
                size1=sighting.size,
                size2=checkpoint.size,
                root1=sighting.prefix_root,
                root2=checkpoint.root,
                path=sighting.path,
            )
        except VerificationError:
            return None
        if sighting.prefix_root == own.checkpoint.root:
            return None
        return Fork(smaller=own, larger=seen, prefix_root=sighting.prefix_root, path=sighting.path)

    def _own(self) -> Seen | None:
        note = self._follower.replica.log.checkpoint()
        return None if note is None else Seen(note=note, source=OWN_COPY, at=self._time())

    def _compare_larger(self) -> None:
        own = self._own()
        size = 0 if own is None else own.checkpoint.size
        for note, seen in list(self._larger.items()):
            if seen.checkpoint.size <= size:
                del self._larger[note]
                fork = self._follower.fork_with(seen, None)
                if fork is not None:
                    self._take_fork(fork, seen)

    def _check_shrunk(self) -> None:
        """Compare the sequencer's size with the largest that it is known to have signed before."""
        if self._larger:
            # What it showed a moment ago may be older than what others have seen since.
            self.catch_up()
        own, shown = self._own(), self._follower.shown
        if shown is None:
            return
        after = Seen(note=shown, source="sequencer", at=self._time())
        # Where parties agree on the order, one may be behind another: each is held to its own word.
        known = [*self._larger.values(), *filter(None, [own])]
        signed = max((seen for seen in known if _same_signer(seen, after)), key=_size, default=None)
        if signed is None:
            return
        if after.checkpoint.size < signed.checkpoint.size:
            self._raise("shrunk", Shrunk(before=signed, after=after))
        else:
            self._board.clear_problem("shrunk")

    def _check_stalled(self) -> list[bytes]:
        """Compare with the clock: when the sequencer last answered, how long own statements wait."""
        now = self._clock.now()
        last = self._board.now.last_contact or self._started
        wait = self._waiting.oldest(now, self._own)
        waited = timedelta(0) if wait is None else now - wait.since
        is_late = waited >= self._patience
        passed_over = wait is not None and is_late and self._has_grown(wait)
        self._set("stalled", holds=now - last >= self._patience or (is_late and not passed_over))
        if wait is None or not passed_over:
            self._board.clear_problem("withheld")
            return []
        self._keep_withheld(wait, waited)
        return [wait.statement]

    def _has_grown(self, wait: Wait) -> bool:
        own = self._own()
        return own is not None and wait.before is not None and _size(own) > _size(wait.before)

    def _keep_withheld(self, wait: Wait, waited: timedelta) -> None:
        """Say that a statement is passed over; once it stayed out by every way, keep what proves it."""
        own, found = self._own(), None
        if waited >= 2 * self._patience and own is not None and wait.before is not None:
            grown = own.checkpoint.size - wait.before.checkpoint.size
            if grown <= LEAVES_MOST:
                read = self._follower.replica.log.node
                found = prove_withheld(before=wait.before, after=own, statement=wait.statement, read=read)
        self._raise("withheld", found)

    def _set(self, code: str, *, holds: bool) -> None:
        if holds:
            self._raise(code)
        else:
            self._board.clear_problem(code)

    def _time(self) -> str:
        return evidence_time(self._clock.now())


def evidence_time(now: datetime) -> str:
    """Return a time as evidence names it."""
    return now.isoformat(timespec="seconds")


def _same_signer(one: Seen, other: Seen) -> bool:
    return not log_keys(one.note).isdisjoint(log_keys(other.note))


def _size(seen: Seen) -> int:
    return seen.checkpoint.size
