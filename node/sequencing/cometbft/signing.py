"""The key with which a validator's CometBFT signs: the one that counts for the next block."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from hanse_ledger.signing import SigningKey
from node.sequencing.cometbft.home import take_validator_key
from node.sequencing.logkeys import VotedKey


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeys:
    """A party's keys for ordering: the one in use, the one that a document names, and their seeds."""

    in_use: SigningKey
    voted: VotedKey
    seed_of: Callable[[bytes], bytes | None]


class ValidatorKey:
    """What CometBFT signs with. The application's thread calls `agree`, the process's the rest."""

    def __init__(self, home: Path, keys: LogKeys) -> None:
        """Begin with the key in use."""
        self._home, self._seed_of = home, keys.seed_of
        self._written = self._named = keys.in_use.public

    def agree(self, keys: Collection[bytes]) -> None:
        """Take notice of the keys that decide on the next block; where none is held, the one so far stays.

        Not before: with the old key this validator still counts for the block after the vote.
        """
        if self._named not in keys:
            self._named = next((key for key in keys if self._seed_of(key) is not None), self._named)

    @property
    def is_stale(self) -> bool:
        """Whether CometBFT was started with another key than it should sign with now."""
        return self._named != self._written

    def prepare(self) -> None:
        """Put the key into CometBFT's folder before it is started."""
        named = self._named
        seed = self._seed_of(named)
        if seed is not None:
            take_validator_key(self._home, seed)
        self._written = named
