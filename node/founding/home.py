"""A founder's own folder: its key file, and copies of the letters that it sent and took."""

import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from hanse_ledger.ids import ConsortiumId, PartyId
from node.bootstrap import KEYS_FILE
from node.errors import FoundingError, KeyFileError
from node.files import locked
from node.founding.letters import Letters
from node.keystore import PartyKeys, Secrets, create_keys, open_keys, party_keys, read_owner, replace_keys
from node.passphrase import Passphrase
from node.ports import Entropy

KEPT_FOLDER: Final = "founding"
_OWNER_ONLY: Final = 0o700


@dataclass(frozen=True, slots=True)
class Home:
    """What can be seen of a founder's folder without its passphrase."""

    folder: Path

    @property
    def keys_file(self) -> Path:
        """Where the keys are."""
        return self.folder / KEYS_FILE

    @property
    def kept(self) -> Letters:
        """The copies of letters."""
        return Letters(self.folder / KEPT_FOLDER)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep away others who change the key file; raises LockedError while one does."""
        self.kept.folder.mkdir(exist_ok=True)
        with locked(self.kept.folder):
            yield

    @property
    def owner(self) -> tuple[ConsortiumId, PartyId]:
        """Whose folder it is; raises FoundingError where nobody's."""
        if not self.keys_file.is_file():
            raise FoundingError("the folder holds no key file; `hanse party new` makes one", field="--dir")
        return read_owner(self.keys_file)


@dataclass(slots=True)
class OpenHome:
    """A founder's folder with its key file open. One process at a time works with it."""

    home: Home
    passphrase: Passphrase
    entropy: Entropy
    secrets: Secrets

    @classmethod
    def create(cls, home: Home, secrets: Secrets, passphrase: Passphrase, entropy: Entropy) -> Self:
        """Make a new party's folder, for its owner alone."""
        home.folder.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY)
        if stat.S_IMODE(home.folder.stat().st_mode) & ~_OWNER_ONLY:
            raise KeyFileError("others may use the party's folder; leave it to its owner (chmod 700)")
        create_keys(home.keys_file, secrets, passphrase, entropy)
        return cls(home, passphrase, entropy, secrets)

    @classmethod
    def open(cls, home: Home, passphrase: Passphrase, entropy: Entropy) -> Self:
        """Open a party's folder; raises KeyFileError or PassphraseError."""
        return cls(home, passphrase, entropy, open_keys(home.keys_file, passphrase))

    @property
    def party(self) -> PartyId:
        """Whose folder it is."""
        return self.secrets.party

    @property
    def keys(self) -> PartyKeys:
        """The party's keys."""
        return party_keys(self.secrets)

    def change(self, secrets: Secrets) -> None:
        """Put other secrets into the key file; a crash leaves the old ones or the new ones."""
        replace_keys(self.home.keys_file, secrets, self.passphrase, self.entropy)
        self.secrets = secrets

    def send(self, mail: Letters, name: str, make: Callable[[], bytes]) -> bool:
        """Send an own letter: the kept copy where there is one, so that it is the same bytes each time.

        The copy is stored first. Says whether the letter was not in the mail folder yet.
        """
        raw = self.home.kept.read(name)
        if raw is None:
            raw = make()
            self.home.kept.post(name, raw)
        return mail.post(name, raw)
