"""The consortium in a DIR, and the node in it that a command speaks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hanse_ledger.consortium import STEWARD, Consortium, Party, parse_document
from hanse_ledger.ids import PartyId
from node.bootstrap import CONSORTIUM_FILE, Embedded
from node.commands.options import WrongUsageError
from node.texts import tr


def document_in(folder: Path | None) -> Consortium:
    """Return a DIR's consortium document; raise WrongUsageError where there is none."""
    if folder is None:
        raise WrongUsageError(tr("--dir or HANSE_DIR says in which folder the consortium is."))
    path = folder / CONSORTIUM_FILE
    if not path.is_file():
        raise WrongUsageError(tr("The folder holds no consortium; `hanse demo` makes one."))
    return parse_document(path.read_bytes())


@contextmanager
def consortium_in(folder: Path | None) -> Iterator[Embedded]:
    """Run a DIR's consortium while the block runs."""
    document_in(folder)
    with Embedded(folder or Path()) as embedded:
        yield embedded


def pick_party(consortium: Consortium, asked: str | None, *roles: str) -> PartyId:
    """Return the party that is asked for, or the only one with one of the roles; raise WrongUsageError."""
    fitting = [party.id for party in consortium.parties.values() if party.active and _has(party, roles)]
    names = ", ".join(fitting)
    if asked is not None:
        if asked not in fitting:
            raise WrongUsageError(tr("--party is none that can do this; these can: {names}", names=names))
        return PartyId(asked)
    if len(fitting) != 1:
        raise WrongUsageError(tr("--party says whose node it is, one of: {names}", names=names))
    return fitting[0]


def _has(party: Party, roles: tuple[str, ...]) -> bool:
    # A steward's node runs in a thread of its own and takes no commands of a member's.
    return not party.roles.isdisjoint(roles) and (STEWARD in roles or STEWARD not in party.roles)
