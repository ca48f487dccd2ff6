"""A validator's part of a node: the application and its socket, CometBFT beside it, who brings statements."""

import logging
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from hanse_ledger.errors import LedgerError
from node.periodic import PeriodicTask
from node.sequencing.cometbft.application import Application
from node.sequencing.cometbft.conduct import Conduct
from node.sequencing.cometbft.home import ABCI_SOCKET, RPC_SOCKET
from node.sequencing.cometbft.outcomes import Outcomes
from node.sequencing.cometbft.outlook import Outlook
from node.sequencing.cometbft.process import CometProcess, find_cometbft
from node.sequencing.cometbft.rpc import CometRpc
from node.sequencing.cometbft.sequencer import AgreementDoor, CometSequencer, application_door
from node.sequencing.cometbft.server import AbciServer
from node.sequencing.cometbft.signing import LogKeys, ValidatorKey
from node.sequencing.cometbft.signs import Signs
from node.sequencing.remote import serve_sequencer
from node.sequencing.replica import Replica
from node.storage.database import Database
from node.wire import Door, Handler, Mailbox, Service

_log = logging.getLogger(__name__)

_AGAIN_S: Final = 1.0
_CONDUCT_S: Final = 5.0


class Agreement:
    """A context manager: leaving it lets statements on their way have their blocks, then ends CometBFT."""

    def __init__(
        self,
        home: Path,
        *,
        keys: LogKeys,
        genesis: bytes,
        database: Database,
        guard: Callable[[Handler], Handler],
        signs: Signs,
    ) -> None:
        """Start all of it over CometBFT's folder; `guard` stands before what takes statements.

        What goes wrong is told by `signs`.

        Raises SettingsError where CometBFT is not installed.
        """
        program = find_cometbft()
        with ExitStack() as opened:
            outcomes = Outcomes()
            application = Mailbox()
            key = ValidatorKey(home, keys)

            def build() -> tuple[Handler, Callable[[], None]]:
                application = Application(
                    replica=Replica(database),
                    log_key=keys.in_use,
                    outcomes=outcomes,
                    genesis=genesis,
                    voted=keys.voted,
                    agree=key.agree,
                    differ=signs.differ,
                )
                return application_door(application), lambda: None

            service = Service(application, signs.recording(build))
            opened.callback(service.stop)
            opened.callback(AbciServer(home / ABCI_SOCKET, application).stop)
            process = CometProcess(
                home,
                program=program,
                is_needed=lambda: service.is_running,
                prepare=key.prepare,
                is_stale=lambda: key.is_stale,
                tell=signs.tell,
            )
            opened.callback(process.stop)
            self.rpc = CometRpc(home / RPC_SOCKET)
            sequencer = CometSequencer(application=application, mempool=self.rpc, outcomes=outcomes)
            handler = guard(serve_sequencer(sequencer))
            door = opened.enter_context(closing(AgreementDoor(handler, application)))
            self.door: Door = door
            """Where statements are left and the log is read, as at a node that orders alone."""
            opened.callback(_Founding(sequencer, genesis).stop)
            conduct = Conduct(
                application=application,
                rpc=self.rpc,
                chain_id=signs.chain_id,
                keep=signs.keep,
                interval_s=_CONDUCT_S,
            )
            opened.callback(conduct.stop)
            outlook = Outlook(rpc=self.rpc, restarts=lambda: process.restarts, tell=signs.stand)
            opened.callback(outlook.stop)
            self._open = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


class _Founding:
    """Brings the genesis statement until a block holds it; every validator does, and one is taken."""

    def __init__(self, sequencer: CometSequencer, genesis: bytes) -> None:
        self._sequencer, self._genesis = sequencer, genesis
        self._task = PeriodicTask(self._run, name="founding", interval_s=_AGAIN_S)
        self._task.start()

    def stop(self) -> None:
        self._task.stop()

    def _run(self) -> None:
        try:
            self._sequencer.submit(self._genesis)
        except LedgerError as error:
            _log.info("the log is not founded yet: %s", error.code)
        else:
            self._task.end()
