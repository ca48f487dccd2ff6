"""Which keys sign for the log while votes give a party another one."""

from collections.abc import Callable
from typing import TypeAlias

from hanse_ledger.consortium import Consortium
from hanse_ledger.signing import SigningKey

VotedKey: TypeAlias = Callable[[Consortium], SigningKey | None]
"""The key by which a document lets this node's party order, None where it does not or the key is not held."""


def no_other(_consortium: Consortium) -> SigningKey | None:
    """Know of no other key than the one in use."""
    return None


def both(log_key: SigningKey, voted: SigningKey | None) -> list[SigningKey]:
    """Return the keys that sign: the one in use, and the voted one where that is another.

    Who has not read the vote yet knows the old one alone, who has the new one.
    """
    return [log_key] if voted is None or voted.public == log_key.public else [log_key, voted]
