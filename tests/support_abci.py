"""The ABCI application as CometBFT drives it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from support_consortium import DESK, log_key

from node.sequencing.cometbft import abci_pb2 as abci
from node.sequencing.cometbft.application import Application
from node.sequencing.cometbft.outcomes import Outcomes
from node.sequencing.cometbft.validators import POWER
from node.sequencing.replica import Replica
from node.storage.database import Database, Moment


class Driver:
    """What CometBFT asks, in its order. Opened again, it is a process that was started again."""

    def __init__(
        self,
        folder: Path,
        genesis: bytes | None = None,
        *,
        validators: Sequence[bytes] = (log_key(DESK).public,),
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """`validators` are those of CometBFT's genesis; `more` is what else the application is given."""
        self.folder, self.genesis, self.moment = folder, genesis, None
        self.validators, self.more = validators, more
        self.open()

    def open(self) -> None:
        self.outcomes = Outcomes()
        self.database = Database(self.folder / "log.sqlite", probe=self._probe)
        self.app = Application(
            replica=Replica(self.database),
            log_key=log_key(DESK),
            outcomes=self.outcomes,
            genesis=self.genesis,
            **self.more,
        )
        if self.info().last_block_height == 0:
            keys = [abci.PublicKey(ed25519=key) for key in self.validators]
            named = [abci.ValidatorUpdate(pub_key=key, power=POWER) for key in keys]
            self.app.answer(abci.Request(init_chain=abci.InitChainRequest(validators=named)))

    def restart(self) -> None:
        self.database.close()
        self.open()

    moment: Moment | None

    def _probe(self, moment: Moment) -> None:
        if moment == self.moment:
            self.moment = None
            raise OSError("the disk says no")

    def info(self) -> abci.InfoResponse:
        return self.app.answer(abci.Request(info=abci.InfoRequest())).info

    def check(self, raw: bytes, *, again: bool = False) -> abci.CheckTxResponse:
        request = abci.CheckTxRequest(tx=raw, type=int(again))
        return self.app.answer(abci.Request(check_tx=request)).check_tx

    def prepare(self, *txs: bytes, most: int = 1 << 22) -> list[bytes]:
        request = abci.PrepareProposalRequest(txs=txs, max_tx_bytes=most)
        return list(self.app.answer(abci.Request(prepare_proposal=request)).prepare_proposal.txs)

    def process(self, *txs: bytes) -> int:
        request = abci.ProcessProposalRequest(txs=txs)
        return self.app.answer(abci.Request(process_proposal=request)).process_proposal.status

    def finalize(self, *txs: bytes, height: int | None = None) -> abci.FinalizeBlockResponse:
        at = self.info().last_block_height + 1 if height is None else height
        request = abci.FinalizeBlockRequest(txs=txs, height=at)
        return self.app.answer(abci.Request(finalize_block=request)).finalize_block

    def commit(self) -> None:
        self.app.answer(abci.Request(commit=abci.Empty()))

    def block(self, *txs: bytes) -> abci.FinalizeBlockResponse:
        decided = self.finalize(*txs)
        self.commit()
        return decided
