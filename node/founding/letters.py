"""A folder of letters: files that are written once and never get other content.

The mail folder is what founders send each other, by whatever means; nothing in it is secret. Each party keeps
what it sent and took in a folder of the same kind in its own home.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from hanse_ledger.ids import PartyId
from node.errors import FoundingError
from node.files import write_whole

Kind: TypeAlias = Literal["commit", "deal", "confirm", "complaint"]

DRAFT: Final = "draft.json"
DOCUMENT: Final = "consortium.json"
GENESIS: Final = "genesis.cose"
CARD_SUFFIX: Final = ".card.json"
NEXT_CARD_SUFFIX: Final = ".next-card.json"
_LETTER_MOST: Final = 1 << 20


def card_name(party: PartyId) -> str:
    """Return the file name of a party's card."""
    return f"{party}{CARD_SUFFIX}"


def next_card_name(party: PartyId) -> str:
    """Return the file name of a party's card with keys that come next."""
    return f"{party}{NEXT_CARD_SUFFIX}"


def message_name(party: PartyId, kind: Kind, run: int) -> str:
    """Return the file name of a steward's message of key generation."""
    return f"{party}.{kind}-{run}.cose"


def signature_name(party: PartyId, run: int) -> str:
    """Return the file name of a party's signature under the document of a run."""
    return f"{party}.signature-{run}.json"


@dataclass(frozen=True, slots=True)
class Letters:
    """One such folder."""

    folder: Path

    def read(self, name: str) -> bytes | None:
        """Return a letter, None where there is none; raises FoundingError for one that is too large."""
        path = self.folder / name
        if not path.is_file():
            return None
        if path.stat().st_size > _LETTER_MOST:
            raise FoundingError(f"is larger than {_LETTER_MOST} bytes", field="file", file=name)
        return path.read_bytes()

    def post(self, name: str, raw: bytes) -> bool:
        """Write a letter; say whether it is new. Raises FoundingError where one with other content stands."""
        found = self.read(name)
        if found is None:
            self.put(name, raw)
            return True
        if found != raw:
            raise FoundingError("is there with other content, and nothing overwrites it", file=name)
        return False

    def put(self, name: str, raw: bytes) -> None:
        """Write a letter in the place of any that stands there."""
        write_whole(self.folder / name, raw)

    def names(self, suffix: str) -> list[str]:
        """Return the names of letters that end so, sorted."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if path.name.endswith(suffix))
