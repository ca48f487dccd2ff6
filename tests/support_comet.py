"""A validator in this process: its application behind a door and a socket, `cometbft` beside it."""

import base64
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support_net import free_ports

from hanse_ledger.consortium import Consortium
from hanse_ledger.ids import PartyId
from hanse_ledger.signing import SigningKey
from node.errors import SettingsError
from node.sequencing.cometbft.application import Application
from node.sequencing.cometbft.home import ABCI_SOCKET, RPC_SOCKET, node_id, node_seed, write_home
from node.sequencing.cometbft.outcomes import Outcomes
from node.sequencing.cometbft.process import CometProcess, End, find_cometbft
from node.sequencing.cometbft.rpc import CometRpc
from node.sequencing.cometbft.sequencer import CometSequencer, application_door
from node.sequencing.cometbft.server import AbciServer
from node.sequencing.replica import Replica
from node.storage.database import Database, Probe
from node.storage.engines import Place
from node.wire import Door, Handler, Mailbox, Service


def cometbft() -> Path:
    """The program; without it the test is skipped."""
    try:
        return find_cometbft()
    except SettingsError as error:
        pytest.skip(str(error))


def peers_of(validators: Mapping[PartyId, bytes]) -> dict[PartyId, str]:
    """Where each validator's CometBFT listens for the others, by its log seed."""
    ports = free_ports(len(validators))
    return {
        party: f"{node_id(SigningKey(node_seed(log_seed)).public)}@127.0.0.1:{port}"
        for (party, log_seed), port in zip(validators.items(), ports, strict=True)
    }


def write_node_key(home: Path, node_seed: bytes) -> None:
    """Give CometBFT's folder another key by which its peers know it."""
    whole = base64.b64encode(node_seed + SigningKey(node_seed).public).decode()
    node_key = {"priv_key": {"type": "tendermint/PrivKeyEd25519", "value": whole}}
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "node_key.json").write_text(json.dumps(node_key))


def forget_signed(home: Path) -> None:
    """Leave CometBFT's folder without blocks, and without what it has signed: nobody may ever do this."""
    shutil.rmtree(home / "data", ignore_errors=True)
    (home / "data").mkdir()
    nothing = {"height": "0", "round": 0, "step": 0}
    (home / "data" / "priv_validator_state.json").write_text(json.dumps(nothing))


def keep_only_signed(home: Path, database: Path) -> None:
    """Leave nothing of a validator's copy of the log but what it has signed last."""
    signed = home / "data" / "priv_validator_state.json"
    kept = signed.read_bytes()
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()
    shutil.rmtree(signed.parent)
    signed.parent.mkdir()
    signed.write_bytes(kept)


@dataclass
class Validator:
    """One party's application and CometBFT. Opened and closed as often as a test likes."""

    consortium: Consortium
    party: PartyId
    log_seed: bytes
    database: Place
    peers: Mapping[PartyId, str]
    probe: Probe = lambda _moment: None
    genesis: bytes | None = None
    patience_s: float = 30.0
    kind: type[Application] = Application
    """What answers CometBFT: a test may put a liar here."""
    before: tuple[str, ...] = ()
    """The words of a command that runs CometBFT."""
    ends: list[End | None] = field(default_factory=list)
    """Why CometBFT has ended, as its supervisor says."""
    # Unix sockets have short paths.
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="hanse-")))
    _open: ExitStack = field(default_factory=ExitStack)

    def open(self) -> CometSequencer:
        write_home(
            self.folder,
            founding=self.consortium,
            consortium=self.consortium,
            party=self.party,
            log_seed=self.log_seed,
            listen=self.peers[self.party].partition("@")[2],
            peers=self.peers,
        )
        mailbox, outcomes = Mailbox(), Outcomes()
        service = Service(mailbox, lambda: self._build(outcomes))
        self._open.callback(service.stop)
        server = AbciServer(self.folder / ABCI_SOCKET, mailbox)
        self._open.callback(server.stop)
        self.process = CometProcess(
            self.folder,
            program=self._program(),
            is_needed=lambda: service.is_running,
            tell=self.ends.append,
        )
        self._open.callback(self.process.stop)
        self.door: Door = mailbox
        self.rpc = CometRpc(self.folder / RPC_SOCKET)
        self.sequencer = CometSequencer(
            application=mailbox, mempool=self.rpc, outcomes=outcomes, patience_s=self.patience_s
        )
        return self.sequencer

    def _program(self) -> Path:
        found = cometbft()
        if not self.before:
            return found
        script = self.folder / "cometbft.sh"
        script.write_text(f'#!/bin/sh\nexec {" ".join(self.before)} {found} "$@"\n')
        script.chmod(0o755)
        return script

    def _build(self, outcomes: Outcomes) -> tuple[Handler, Callable[[], None]]:
        database = Database(self.database, probe=self.probe)
        application = self.kind(
            replica=Replica(database),
            log_key=SigningKey(self.log_seed),
            outcomes=outcomes,
            genesis=self.genesis,
        )
        return application_door(application), database.close

    def close(self) -> None:
        self._open.close()
        self._open = ExitStack()

    def remove(self) -> None:
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def single(
    consortium: Consortium, party: PartyId, log_seed: bytes, database: Place, probe: Probe
) -> Validator:
    """The only validator of a consortium."""
    return Validator(
        consortium=consortium,
        party=party,
        log_seed=log_seed,
        database=database,
        peers=peers_of({party: log_seed}),
        probe=probe,
    )
