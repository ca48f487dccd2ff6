"""Handing the sequencing of a log to another party at a given size (docs/operation.md, ADR 0014).

The party that takes over gathers the longest log that fits together from everybody in reach, founds its
sequencer's database with it, and signs the checkpoint of just that size. Nobody's chain is broken: what
anyone has cosigned is in it, and what it lacks is sent again by those whose statements are missing.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hanse_ledger.checkpoint import Checkpoint, parse_signed_checkpoint
from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import LedgerError, RejectedError, UnavailableError, VerificationError
from hanse_ledger.ids import PartyId
from hanse_ledger.misbehaviour_file import encode_evidence
from hanse_ledger.policy import verify_log_signature
from hanse_ledger.signing import SigningKey
from hanse_ledger.tiles import parse_tile_path, tile_width
from hanse_ledger.witnessing import policy_of
from node.errors import SettingsError
from node.files import write_whole
from node.ports import Sequencer
from node.sequencing.faults import SequencerFaultError
from node.sequencing.follower import Follower
from node.sequencing.kept import EVIDENCE_FOLDER
from node.sequencing.replica import Replica
from node.sequencing.solo import SoloSequencer
from node.sequencing.term import Term
from node.storage.database import Database
from node.storage.log import LogStore

_BATCH: Final = 256
_BEYOND: Final = (1 << 53) - 1
GATHERED_FILE: Final = ".take-over.sqlite"


class HandoverError(RejectedError):
    """The log cannot be taken over so; nothing was signed. The message says why, and names who."""

    code = "handover"


class StoredCopy(Sequencer):
    """A node's stored copy of the log, as a `Sequencer` that is read."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica

    def submit(self, statement: bytes) -> int:
        """Refuse: a copy orders nothing."""
        raise UnavailableError(f"a copy takes no statement of {len(statement)} bytes")

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        """Return the newest checkpoint held, and statements that it covers."""
        note = self._replica.log.checkpoint()
        if note is None:
            raise UnavailableError("the copy has no checkpoint yet")
        size = parse_signed_checkpoint(note).size
        return note, self._replica.log.entries(start, max(0, min(_BATCH, size - start)))

    def tile(self, path: str) -> bytes | None:
        """Return a hash tile."""
        found = parse_tile_path(path)
        is_there = found.width <= tile_width(found, self._replica.state.size)
        return self._replica.tile(found) if is_there else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What everybody in reach holds: who has how much of the log, and who holds another one."""

    sizes: Mapping[PartyId, int]
    others: Mapping[PartyId, str]
    """Those whose log is another one, and where it begins to differ."""
    silent: tuple[PartyId, ...]


def gather(
    replica: Replica, holders: Mapping[PartyId, Sequencer], trusted: Consortium, evidence: Path
) -> Gathered:
    """Bring an own copy of the log up to the longest of those that fit together, the first holder's first.

    Evidence of a fork is written below `evidence`, the node's folder.
    """
    sizes, others, silent = dict[PartyId, int](), dict[PartyId, str](), list[PartyId]()
    for party, log in holders.items():
        try:
            shown = verify_log_signature(log.entries(_BEYOND)[0], policy_of(trusted))
            Follower(replica=replica, source=log, trusted=trusted).catch_up()
        except SequencerFaultError as fault:
            others[party] = str(fault)
            if fault.evidence is not None:
                raw = encode_evidence(fault.evidence, kept_by=f"{trusted.id} take-over")
                write_whole(evidence / EVIDENCE_FOLDER / f"handover-{party}.json", raw)
        except VerificationError as error:
            others[party] = str(error)
        except LedgerError:
            silent.append(party)
        else:
            sizes[party] = shown.size
    return Gathered(sizes=sizes, others=others, silent=tuple(silent))


def check_cosigned(
    replica: Replica, size: int, cosigned: Mapping[PartyId, bytes | None], others: Mapping[PartyId, str]
) -> None:
    """Check that a log of `size` holds all that a steward has cosigned; raises HandoverError that names one.

    `cosigned` has, for each steward in reach, the checkpoint that it cosigned last. Those of `others` have
    cosigned another log, and do not count.
    """
    for party, note in cosigned.items():
        if note is None or party in others:
            continue
        last: Checkpoint = parse_signed_checkpoint(note)
        if last.size > size:
            raise HandoverError(f"{party} has cosigned {last.size} statements; {size} would break its word")
        if replica.root(last.size) != last.root:
            raise HandoverError(f"{party} has cosigned another tree of {last.size} statements")


def found_sequencer(database: Database, gathered: Replica, size: int, log_key: SigningKey) -> bytes:
    """Fill a sequencer's database with the first `size` statements gathered; return the checkpoint signed.

    May be run again after it was stopped. Raises HandoverError for a database that holds another log or a
    longer one.
    """
    replica = Replica(database)
    held = replica.state.size
    if held > size or gathered.root(held) != replica.root(held):
        raise HandoverError("the sequencer's database holds another log or a longer one; move it away")
    for start in range(held, size, _BATCH):
        replica.append(gathered.log.entries(start, min(_BATCH, size - start)))
    return SoloSequencer(replica=replica, log_key=log_key).sign_newest()


def check_may_order(sequencer: LogStore, own: LogStore, term: Term, first: PartyId) -> None:
    """Refuse to order a log that this node has not the whole of: that would fork it.

    Only the party that founds the log may begin with nothing. Raises SettingsError.
    """
    size, note = sequencer.size(), sequencer.checkpoint()
    signed = 0 if note is None else parse_signed_checkpoint(note).size
    is_new = size == 0 and own.size() <= 1 and term == Term(orderer=first)
    if not is_new and (size == 0 or size != signed or size < max(term.since, own.size())):
        raise SettingsError("orderer: this node lacks the log that it would order; `hanse log take-over`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Successor:
    """The party that takes over: what it trusts, its node's folder, its log key."""

    trusted: Consortium
    genesis: bytes
    folder: Path
    log_key: SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """From which size on the log is ordered anew, the checkpoint signed for it, and who holds what."""

    size: int
    note: bytes
    gathered: Gathered


def take_over(
    successor: Successor,
    *,
    sequencer: Database,
    holders: Mapping[PartyId, Sequencer],
    cosigned: Mapping[PartyId, bytes | None],
    at: int | None = None,
    decided: bool = False,
) -> TakenOver:
    """Found the successor's sequencer with the log that `holders` have.

    With `decided` the first holder's log is the one that counts, and others may differ; without, two logs
    that differ are refused. Raises HandoverError, UnavailableError when too few stewards are in reach.
    """
    if len(cosigned) < len(successor.trusted.stewards) - 1:
        raise UnavailableError("too few stewards are in reach to know what was cosigned")
    folder = successor.folder
    _forget(folder)
    try:
        with closing(Database(folder / GATHERED_FILE)) as scratch:
            replica = Replica(scratch)
            replica.append([successor.genesis])
            found = gather(replica, holders, successor.trusted, folder)
            if found.others and not decided:
                named = "; ".join(f"{party}: {why}" for party, why in found.others.items())
                raise HandoverError(f"not all hold one log, and somebody must decide: {named}")
            size = replica.state.size if at is None else at
            if size > replica.state.size:
                raise HandoverError(f"nobody in reach holds {size} statements of it")
            check_cosigned(replica, size, cosigned, found.others)
            note = found_sequencer(sequencer, replica, size, successor.log_key)
            return TakenOver(size=size, note=note, gathered=found)
    finally:
        _forget(folder)


def _forget(folder: Path) -> None:
    """Drop what was gathered, now or by one that was stopped."""
    for left in folder.glob(f"{GATHERED_FILE}*"):
        left.unlink()
