"""Validators that signed twice: what blocks hold against them becomes evidence that anybody can verify.

The application keeps which block holds some; the votes themselves are in CometBFT's own store, and are
fetched beside it, since an application that asks CometBFT waits for itself.
"""

import base64
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from hanse_ledger.codec import decode
from hanse_ledger.errors import LedgerError, UnavailableError
from hanse_ledger.misbehaviour import DoubleVote
from hanse_ledger.votes import Vote
from node.periodic import PeriodicTask
from node.sequencing.cometbft.home import validator_address
from node.sequencing.cometbft.rpc import CometRpc
from node.sequencing.cometbft.sequencer import MISBEHAVED
from node.sequencing.cometbft.server import COMETBFT
from node.wire import Door, reply_of

_log = logging.getLogger(__name__)

_LIMIT: Final = 1 << 20
_KIND: Final = "tendermint/DuplicateVoteEvidence"


class Conduct:
    """Asks again and again what is held against those that agree now, in a thread of its own."""

    def __init__(
        self,
        *,
        application: Door,
        rpc: CometRpc,
        chain_id: str,
        keep: Callable[[DoubleVote | None], None],
        interval_s: float,
    ) -> None:
        """`keep` is given what was found, None where CometBFT does not show the votes any more."""
        self._application, self._rpc, self._chain_id, self._keep = application, rpc, chain_id, keep
        self._known: set[tuple[int, bytes, int]] = set()
        self._task = PeriodicTask(self._run, name="conduct", interval_s=interval_s, first_s=interval_s)
        self._task.start()

    def stop(self) -> None:
        """Finish what goes on."""
        self._task.stop()

    def _run(self) -> None:
        try:
            self.look()
        except LedgerError as error:
            _log.info("CometBFT's evidence was not looked at: %s", error.code)
        except OSError as error:  # such as a full disk: it is written at a later look
            _log.warning("evidence against a validator could not be kept: %s", error.strerror)

    def look(self) -> None:
        """Hand on what is new."""
        told = decode(reply_of(self._application.post(COMETBFT, MISBEHAVED, b"")), limit=_LIMIT)
        for block, key, height in told:
            if (block, key, height) in self._known:
                continue
            votes = list(_duplicate_votes(self._rpc.block(block), key, height))
            for first, second in votes:
                self._keep(DoubleVote(chain_id=self._chain_id, key=key, first=first, second=second))
            if not votes:
                self._keep(None)
            self._known.add((block, key, height))


def _duplicate_votes(block: Mapping[str, Any], key: bytes, height: int) -> Iterator[tuple[Vote, Vote]]:
    """Give the pairs of votes that a block shows against a key at a height."""
    address = validator_address(key).hex().upper()
    try:
        for one in block["evidence"]["evidence"] or ():
            votes = one["value"]
            if one["type"] == _KIND and votes["vote_a"]["validator_address"] == address:
                first, second = _vote(votes["vote_a"]), _vote(votes["vote_b"])
                if first.height == height:
                    yield first, second
    except (KeyError, TypeError, ValueError) as error:
        raise UnavailableError("CometBFT shows evidence in another form") from error


def _vote(fields: Mapping[str, Any]) -> Vote:
    whole, _, fraction = fields["timestamp"].removesuffix("Z").partition(".")
    parts = fields["block_id"]["parts"]
    return Vote(
        type=int(fields["type"]),
        height=int(fields["height"]),
        round=int(fields["round"]),
        block_hash=bytes.fromhex(fields["block_id"]["hash"]),
        parts_total=int(parts["total"]),
        parts_hash=bytes.fromhex(parts["hash"]),
        seconds=int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp()),
        nanos=int(fraction.ljust(9, "0")),
        signature=base64.b64decode(fields["signature"]),
    )
