"""The consortium in a DIR, and the node in it that a command speaks for."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hanse_ledger.consortium import STEWARD, Consortium, Party, parse_document
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import PartyId
from node.bootstrap import CONSORTIUM_FILE, Embedded
from node.commands.options import WrongUsageError
from node.commands.output import say
from node.member import MemberNode
from node.texts import tr

_PAUSE_S: Final = 0.1
_ATTEMPTS: Final = 6_000


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
    home = folder or Path()
    with alone_in(home), Embedded(home) as embedded:
        yield embedded


@contextmanager
def member_in(folder: Path | None, asked: str | None, *roles: str) -> Iterator[MemberNode]:
    """Run a DIR's consortium while the block runs; give the node of the party that `pick_party` picks."""
    with consortium_in(folder) as embedded:
        yield embedded.member(pick_party(embedded.consortium, asked, *roles))


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other commands out of an embedded consortium's folder: each would run all of its parties.

    Waits for a command that is at work there; raises UnavailableError when that takes too long. The lock
    goes with the process, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # The folder itself is locked: a demo begins in an empty one.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt == 0:
                say(tr("Another command is at work in this folder; waiting for it."))
            time.sleep(_PAUSE_S)
        else:
            return
    raise UnavailableError("another command is at work in this folder")


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
