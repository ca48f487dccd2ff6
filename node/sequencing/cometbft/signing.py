"""The key with which a validator's CometBFT signs: the one that the document in force names."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hanse_ledger.consortium import Consortium
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
    """What CometBFT signs with. The application's thread calls `adopted`, the process's the rest."""

    def __init__(self, home: Path, keys: LogKeys, consortium: Consortium) -> None:
        """`consortium` is the document in force as far as it is known at the start."""
        self._home, self._keys = home, keys
        self._written = self._named = keys.in_use.public
        self.adopted(consortium)

    def adopted(self, consortium: Consortium) -> None:
        """Take notice of a document; where it names no key that is held, the one so far stays."""
        voted = self._keys.voted(consortium)
        if voted is not None:
            self._named = voted.public

    @property
    def is_stale(self) -> bool:
        """Whether CometBFT was started with another key than it should sign with now."""
        return self._named != self._written

    def prepare(self) -> None:
        """Put the key into CometBFT's folder before it is started."""
        named = self._named
        seed = self._keys.seed_of(named)
        if seed is not None:
            take_validator_key(self._home, seed)
        self._written = named
