"""Who agrees on the order, and how one set of validators becomes another (ADR 0030).

CometBFT stops for good at an update that it cannot apply, and at a set of which too few ever sign. So updates
are computed from the set that it has, and a set that it could not go on with is not given to it.
"""

from collections.abc import Collection, Mapping
from typing import Final

from hanse_ledger.consortium import Consortium
from hanse_ledger.errors import DocumentError, LedgerError
from hanse_ledger.ids import PartyId
from hanse_ledger.signing import check_public_key

POWER: Final = 10
"""Every validator's; equal votes, so that a third is a third of the parties."""
VALIDATORS_LEAST: Final = 3
"""Of two, a third could never be taken in: half of them would be nobody that has ever signed."""


def validators_of(consortium: Consortium) -> Mapping[PartyId, bytes]:
    """Return the public keys of those that agree on the order, in the document's order."""
    found: dict[PartyId, bytes] = {}
    for party in consortium.ordering:
        key = consortium.parties[party].log_key
        if consortium.parties[party].active and key is not None:
            found[party] = key
    return found


def check_change(current: Collection[bytes], wanted: Collection[bytes]) -> None:
    """Refuse a set of keys that agreement could not go on with; raises DocumentError for `ordering`.

    Those who stay must be able to agree without the new ones, whose nodes may not be there yet: more than
    two thirds of the wanted set. `current` is the set that CometBFT has.
    """
    new = set(wanted) - set(current)
    if len(new) == 0 and len(wanted) == len(current):
        return
    if len(wanted) < VALIDATORS_LEAST:
        raise _refused(f"fewer than {VALIDATORS_LEAST} parties cannot agree on the order")
    if 3 * (len(wanted) - len(new)) <= 2 * len(wanted):
        most = (len(wanted) - 1) // 3
        raise _refused(f"of {len(wanted)} that agree on the order at most {most} may have a key that is new")
    for key in new:
        try:
            check_public_key(key)
        except LedgerError:
            raise _refused("names a log_key with which nobody can sign") from None


def updates(current: Collection[bytes], wanted: Collection[bytes]) -> list[tuple[bytes, int]]:
    """Return (key, power) of each that goes, with power 0, and of each that comes, by key.

    Every key stands in it once at most, and none goes that is not there.
    """
    leaving, coming = set(current) - set(wanted), set(wanted) - set(current)
    return [(key, 0 if key in leaving else POWER) for key in sorted(leaving | coming)]


def _refused(reason: str) -> DocumentError:
    return DocumentError(field="ordering", reason=reason)
