"""The signing keys that a node holds, by their public keys: the document in force says which one signs."""

import threading
from collections.abc import Callable

from hanse_ledger.consortium import Party
from hanse_ledger.signing import SigningKey
from node.errors import KeyMissingError
from node.keystore import PartyKeys


class KeyRing:
    """One party's keys. Any thread may ask.

    A key that is not held is looked for once more in the key file: a node goes on under a key that was made
    while it was running.
    """

    def __init__(self, keys: PartyKeys, reread: Callable[[], PartyKeys | None] = lambda: None) -> None:
        """`reread` returns the file's keys where it has changed since, None where it has not."""
        self._reread, self._rereading = reread, threading.Lock()
        self._held = {key.public: key for key in keys.signing}

    def key(self, public: bytes) -> SigningKey:
        """Return the key with this public key; raises KeyMissingError where the node has none."""
        if public not in self._held:
            with self._rereading:
                self._look_again(public)
        if public not in self._held:
            raise KeyMissingError("the document in force names a key that is not in the key file")
        return self._held[public]

    def _look_again(self, public: bytes) -> None:
        # Another thread may have read it while this one waited.
        keys = None if public in self._held else self._reread()
        if keys is not None:
            self._held = {key.public: key for key in keys.signing}

    def log_key(self, party: Party) -> SigningKey | None:
        """Return the key by which a document lets the party order, None where it does not or is not held."""
        try:
            return None if party.log_key is None else self.key(party.log_key)
        except KeyMissingError:
            return None
