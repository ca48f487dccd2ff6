"""A member's own side for commands that only need its database; the node may be running beside them."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from hanse_ledger.consortium import DESK, MEMBER
from hanse_ledger.errors import UnavailableError
from hanse_ledger.ids import PartyId
from node.bootstrap import DATABASE_FILE, PARTIES_FOLDER, Surroundings, clock_of
from node.clocks import SystemClock
from node.commands.nodes import consortium_in, document_in, pick_party
from node.commands.options import Dir, Party, WrongUsageError, file_option, show_options
from node.documents import newest_of, trusted_document
from node.own.inline import InlineDoor
from node.own.service import OwnService
from node.risk.audit import AuditChain
from node.risk.people import People
from node.risk.roles import Actor
from node.roles.party import Standing
from node.settings import load_settings
from node.storage.database import Database
from node.texts import mark, tr

NodeConfig: TypeAlias = Annotated[
    Path | None,
    file_option(
        mark("The node's configuration (TOML), in the place of a folder."), "--config", envvar="HANSE_CONFIG"
    ),
]
As: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--as",
        envvar="HANSE_AS",
        metavar="PERSON",
        show_default=False,
        help=mark("Who acts: a person that `hanse risk people` knows."),
    ),
]


@contextmanager
def own_node(directory: Path | None, party: str | None, config: Path | None) -> Iterator[OwnService]:
    """Open the own side of a node by its configuration, or of a party in an embedded consortium's DIR.

    What needs the node's thread raises UnavailableError: `hanse inquire` and others run the node itself.
    """
    if config is not None:
        settings = load_settings(config)
        trusted, place = trusted_document(settings), settings.place("node")
        found, around = PartyId(settings.party), Surroundings(clock=SystemClock())
    else:
        trusted = document_in(directory)
        home = directory or Path()
        found = pick_party(trusted, party, MEMBER, DESK)
        place = home / PARTIES_FOLDER / found / DATABASE_FILE
        around = Surroundings(clock=clock_of(home))
    with closing(Database(place)) as database:
        consortium = newest_of(database, trusted)
        yield OwnService(
            database=database, party=found, consortium=lambda: consortium, door=_NobodyHome(), around=around
        )


@contextmanager
def running_node(directory: Path | None, party: str | None) -> Iterator[OwnService]:
    """Run an embedded consortium, and a member's node in it in the caller's thread."""
    with consortium_in(directory) as embedded, ExitStack() as opened:
        found = pick_party(embedded.consortium, party, MEMBER)
        member = embedded.member(found)
        place = (directory or Path()) / PARTIES_FOLDER / found / DATABASE_FILE
        yield OwnService(
            database=opened.enter_context(closing(Database(place))),
            party=found,
            consortium=lambda: member.standing.in_force,
            door=InlineDoor(member),
            around=Surroundings(clock=member.standing.clock, entropy=member.standing.entropy),
        )


def acting(own: OwnService, name: str | None) -> Actor:
    """Return who acts; raises NotPermittedError for nobody who may, WrongUsageError without a name."""
    if name is None:
        raise WrongUsageError(tr("--as or HANSE_AS says who acts; `hanse risk people list` knows who may."))
    return own.people.actor(name)


def on_own_node(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say whose node and who acts: it takes that node and that person."""

    @wraps(command)
    def run(
        *,
        person: str | None,
        directory: Path | None,
        party: str | None,
        config: Path | None,
        **given: Any,
    ) -> None:
        with own_node(directory, party, config) as own:
            command(own, acting(own, person), **given)

    shared = {"person": As, "directory": Dir, "party": Party, "config": NodeConfig}
    show_options(run, of=command, without=2, shared=shared)
    return run


def person_at(standing: Standing, name: str | None) -> Actor:
    """Return who acts at a node that this command runs itself; raises as `acting` does."""
    if name is None:
        raise WrongUsageError(tr("--as or HANSE_AS says who acts; `hanse risk people list` knows who may."))
    return People(standing.database, standing.clock, AuditChain(standing.database)).actor(name)


class _NobodyHome:
    """The door of a node whose thread is not in this process."""

    def post(self, _caller: PartyId, _verb: str, _body: bytes) -> Future[bytes]:
        """Refuse at once."""
        reply = Future[bytes]()
        reply.set_exception(UnavailableError("this command does not run the node"))
        return reply
