"""The key file of a node that runs by itself: opened when it starts, and again when it has changed."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from hanse_ledger.consortium import Consortium, Party
from hanse_ledger.errors import LedgerError, UnavailableError
from hanse_ledger.ids import PartyId
from hanse_ledger.privacy.group import Scalar
from hanse_ledger.signing import SigningKey
from node.bootstrap import KEYS_FILE
from node.clocks import system_entropy
from node.errors import SettingsError
from node.founding.home import Home
from node.keyring import KeyRing
from node.keystore import PartyKeys, Secrets, open_keys, party_keys, replace_keys
from node.passphrase import Passphrase, find_passphrase, terminal
from node.sequencing.cometbft.signing import LogKeys
from node.settings import NodeSettings
from node.texts import tr

_log = logging.getLogger(__name__)


class NodeKeys:
    """What a key file held when it was last read."""

    def __init__(self, path: Path, find: Callable[[], Passphrase]) -> None:
        """`find` gives the passphrase, also later. Raises KeyFileError or PassphraseError."""
        self._path, self._find = path, find
        self._version = _version(path)
        self.secrets = open_keys(path, find())

    @property
    def keys(self) -> PartyKeys:
        """The party's keys."""
        return party_keys(self.secrets)

    @property
    def log_seeds(self) -> dict[bytes, bytes]:
        """The seeds of the keys for ordering the log, by public key: the one in use and the one to come."""
        sets = (self.secrets.seeds, self.secrets.following)
        found = [one.log for one in sets if one is not None and one.log is not None]
        return {SigningKey(seed).public: seed for seed in found}

    def keep_key_share(self, share: bytes) -> None:
        """Write a steward's share of the token key into the file, as it is by now.

        Raises LockedError while a command works with the folder, UnavailableError where the file cannot be
        written.
        """
        passphrase = self._find()
        try:
            # A command that makes keys reads the file, and writes it whole in the end.
            with Home(self._path.parent).alone():
                secrets = replace(open_keys(self._path, passphrase), key_share=Scalar(share))
                replace_keys(self._path, secrets, passphrase, system_entropy)
        except OSError as error:
            raise UnavailableError("the key file cannot be written") from error
        # Not what was read last, for `changed`: the file may hold other keys too since then.
        self.secrets = secrets

    def changed(self) -> PartyKeys | None:
        """Return what the file holds now, if it was written since; None also where it does not open."""
        try:
            version = _version(self._path)
            if version == self._version:
                return None
            self._version = version
            self.secrets = open_keys(self._path, self._find())
        except (LedgerError, OSError) as error:
            _log.warning("the key file has changed and does not open: %s", getattr(error, "code", "file"))
            return None
        return self.keys


def open_node_keys(
    settings: NodeSettings, consortium: Consortium, environment: Mapping[str, str]
) -> NodeKeys:
    """Open the key file of a node's folder, and refuse one that is not this party's.

    Raises SettingsError, and as `find_passphrase` and `open_keys` do.
    """
    question = tr("Passphrase of the key file:")
    file = settings.passphrase_file
    given = find_passphrase(file=file, environment=environment, ask=terminal(question))

    def find() -> Passphrase:
        # A file may hold another one by now; what was typed is remembered.
        return given if file is None else find_passphrase(file=file, environment=environment, ask=None)

    keys = NodeKeys(settings.folder / KEYS_FILE, find)
    _check_party(consortium, PartyId(settings.party), keys.secrets, keys.keys)
    return keys


def log_keys_of(keys: NodeKeys, ring: KeyRing, party: Party) -> LogKeys | None:
    """Return the keys with which a party orders, as a document names it; None where it holds none."""
    # A first one is among the keys that come next until the rotation is finished.
    log = keys.keys.log or ring.log_key(party)
    if log is None:
        return None
    return LogKeys(
        in_use=log,
        voted=lambda consortium: ring.log_key(consortium.parties[party.id]),
        seed_of=lambda public: keys.log_seeds.get(public),  # noqa: PLW0108 - the file may change
    )


def _check_party(consortium: Consortium, party: PartyId, secrets: Secrets, keys: PartyKeys) -> None:
    """Refuse another party's keys, and keys that the document at hand does not name and never did."""
    found = consortium.parties.get(party)
    if found is None:
        raise SettingsError("party: not a party of the consortium document")
    if (secrets.consortium, secrets.party) != (consortium.id, party):
        raise SettingsError("party: the key file in the folder is another party's")
    held = {key.public for key in keys.signing}
    if found.statement_key not in keys.retired and not {found.statement_key, found.cosign_key} <= held:
        raise SettingsError("party: the keys in the folder are not those that the document names")


def _version(path: Path) -> tuple[int, int, int]:
    """Return what another content of a file changes."""
    now = path.stat()
    return now.st_ino, now.st_mtime_ns, now.st_size
