"""The ABCI application: statements in, the log out. Owned by one thread.

A block is applied in memory when it is decided and becomes durable as a whole at its commit, so that the
database is always at the end of a block. What CometBFT executes again after a crash gives the same bytes:
results and application hash follow from the stored statements and the block alone.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection

from hanse_ledger.bodies import Genesis
from hanse_ledger.chains import Head, check_follows, head_after
from hanse_ledger.checkpoint import Checkpoint, sign_checkpoint
from hanse_ledger.errors import (
    CorruptionError,
    DocumentError,
    LedgerError,
    MalformedError,
    RejectedError,
    RuleError,
    UnavailableError,
)
from hanse_ledger.ids import NodeHash, PartyId
from hanse_ledger.merkle import leaf_hash
from hanse_ledger.signing import SigningKey
from hanse_ledger.state import Accepted, LedgerState
from hanse_ledger.statements import parse_statement
from node.sequencing.cometbft import abci_pb2 as abci
from node.sequencing.cometbft.home import validator_address
from node.sequencing.cometbft.outcomes import Outcome, Outcomes
from node.sequencing.cometbft.validators import check_change, updates, validators_of
from node.sequencing.logkeys import VotedKey, both, no_other
from node.sequencing.replica import Replica
from node.storage.blocks import Block, Misbehaved, add_misbehaved, all_misbehaved, last_block, put_block
from node.storage.log import put_checkpoint
from node.storage.validators import put_validators, stored_validators

_log = logging.getLogger(__name__)

CODESPACE: Final = "hanse"
APP_VERSION: Final = 1
_REFUSED, _ACCEPT, _REJECT, _ABORT = 1, 1, 2, 2
_RECHECK: Final = 1
_SIGNED: Final = frozenset({2, 3})
"""Flags of a validator that has voted for a block, or for none."""


class Application:
    """Answers CometBFT's requests over a node's copy of the log."""

    def __init__(
        self,
        *,
        replica: Replica,
        log_key: SigningKey,
        outcomes: Outcomes,
        genesis: bytes | None = None,
        voted: VotedKey = no_other,
        agree: Callable[[Collection[bytes]], None] = lambda _keys: None,
        differ: Callable[[bool], None] = lambda _differ: None,
    ) -> None:
        """With `genesis`, the log can begin with these bytes only; `voted` as at a node that orders alone.

        At each durable block `agree` is told the keys of those that decide on the next one, and `differ`
        whether the validators stay other than the document in force says.
        """
        self.replica, self._log_key, self._outcomes, self._genesis = replica, log_key, outcomes, genesis
        self._voted, self._agree, self._differ = voted, agree, differ
        # The decided block that is not durable yet.
        self._decided: list[tuple[bytes, Accepted]] = []
        self._results: dict[NodeHash, Outcome] = {}
        self._signed_height, self._misbehaved = 0, set[Misbehaved]()
        # Those of CometBFT's genesis, until the first block is stored with them.
        self._first_validators = frozenset[bytes]()
        # The document under which the validators stay as they are: said once.
        self._unmet: bytes | None = None
        self._read_last()
        self._begin_block()
        if self._last.height:
            agree(self._validators)
        # Where each party's chain ends with what waits in the mempool; known anew after each block.
        self._checked: dict[PartyId, Head] = {}
        self._answers: Mapping[str, Callable[[abci.Request], abci.Response]] = {
            "echo": _echo,
            "info": self._info,
            "init_chain": self._init_chain,
            "query": self._query,
            "check_tx": self._check_tx,
            "prepare_proposal": self._prepare_proposal,
            "process_proposal": self._process_proposal,
            "finalize_block": self._finalize_block,
            "commit": self._commit,
        }

    @property
    def size(self) -> int:
        """The size of the log at the end of the last durable block."""
        return self._last.size

    def misbehaved(self) -> Sequence[Misbehaved]:
        """Return what durable blocks hold against validators."""
        with self.replica.read() as connection:
            return all_misbehaved(connection)

    def index_of(self, leaf: NodeHash) -> int | None:
        """Return the index at which a statement stands durably, or None."""
        return self.replica.log.index_of(leaf)

    def answer(self, request: abci.Request) -> abci.Response:
        """Return the answer to any request; raises MalformedError for one that is no request."""
        kind = request.WhichOneof("value")
        answer = self._answers.get(kind or "")
        if answer is not None:
            return answer(request)
        if kind is None:
            raise MalformedError("a request of a kind that ABCI 2.0 does not have")
        # Snapshots are neither offered nor taken, votes not extended.
        return _EMPTY.get(kind) or _empty(kind)

    def _info(self, _request: abci.Request) -> abci.Response:
        # CometBFT asks when it begins, and its mempool is empty then. What is stored counts: whether a commit
        # that failed has come through, only the database knows.
        self._checked = {}
        self._read_last()
        found = abci.InfoResponse(data="hanse", app_version=APP_VERSION, last_block_height=self._last.height)
        if self._last.height:
            found.last_block_app_hash = self.replica.root(self._last.size)
        return abci.Response(info=found)

    def _init_chain(self, request: abci.Request) -> abci.Response:
        # Durable with the first block: until then this comes again.
        self._first_validators = frozenset(one.pub_key.ed25519 for one in request.init_chain.validators)
        # Genesis of the log is its first statement, in the first block.
        return abci.Response(init_chain=abci.InitChainResponse(app_hash=self.replica.root(self._last.size)))

    def _check_tx(self, request: abci.Request) -> abci.Response:
        """Keep out of the mempool what no block can accept.

        A new statement may rest on a block that this node does not have yet; one that is looked at again has
        had its chance.
        """
        raw, is_new = request.check_tx.tx, request.check_tx.type != _RECHECK
        try:
            self._check_place(raw, is_new=is_new)
        except (RejectedError, UnavailableError) as error:
            if not is_new and isinstance(error, RejectedError):
                self._outcomes.tell({leaf_hash(raw): error})
            refused = abci.CheckTxResponse(code=_REFUSED, log=_told(error), codespace=CODESPACE)
            return abci.Response(check_tx=refused)
        return abci.Response(check_tx=abci.CheckTxResponse(gas_wanted=1))

    def _check_place(self, raw: bytes, *, is_new: bool) -> None:
        state = self.replica.state
        if not state.founded:
            self._check_first(raw)
            return
        if not is_new:
            self._check_next(raw, self._checked)
            return
        statement = state.check_signed(raw)
        check_follows(statement, self._checked.get(statement.party) or state.head(statement.party))
        self._checked[statement.party] = head_after(statement, raw)

    def _check_next(self, raw: bytes, heads: dict[PartyId, Head]) -> None:
        """Check a statement after those whose chains end at `heads`: wholly, if it is its party's first."""
        party = parse_statement(raw).party
        if party in heads:
            statement = self.replica.state.check_signed(raw)
            check_follows(statement, heads[party])
        else:
            statement = self.replica.state.check(raw)
        heads[party] = head_after(statement, raw)

    def _check_first(self, raw: bytes) -> None:
        """Check a statement before there is a log here: others may have founded it a moment ago."""
        if not isinstance(parse_statement(raw).body, Genesis):
            raise UnavailableError("the log is not founded here yet")
        self._check_genesis(raw)

    def _check_genesis(self, raw: bytes) -> None:
        if self._genesis is not None and raw != self._genesis:
            raise RuleError("the log of this consortium begins with another statement")
        parse_statement(raw)

    def _prepare_proposal(self, request: abci.Request) -> abci.Response:
        asked = request.prepare_proposal
        chosen = _within(self._acceptable(asked.txs), asked.max_tx_bytes)
        return abci.Response(prepare_proposal=abci.PrepareProposalResponse(txs=chosen))

    def _acceptable(self, txs: Sequence[bytes]) -> list[bytes]:
        """Return those that a block may hold: a function of the log and these bytes, at every validator.

        One that another in the same block makes unacceptable may be among them: it gets its code there.
        """
        if not self.replica.state.founded:
            return [raw for raw in txs if self._genesis in {None, raw}][:1]
        chosen: list[bytes] = []
        heads: dict[PartyId, Head] = {}
        for raw in txs:
            with suppress(RejectedError):
                self._check_next(raw, heads)
                chosen.append(raw)
        return chosen

    def _process_proposal(self, request: abci.Request) -> abci.Response:
        """Refuse a proposal that no honest node makes: what is refused, twice, or no statement at all."""
        txs = request.process_proposal.txs
        status = _ACCEPT if self._acceptable(txs) == list(txs) else _REJECT
        return abci.Response(process_proposal=abci.ProcessProposalResponse(status=status))

    def _finalize_block(self, request: abci.Request) -> abci.Response:
        block = request.finalize_block
        self._begin_block()
        if block.height != self._last.height + 1:
            raise CorruptionError(f"block {block.height} after block {self._last.height}")
        self._take_votes(block)
        state = self.replica.state
        results = [self._apply(raw, state) for raw in block.txs]
        found = abci.FinalizeBlockResponse(
            tx_results=results,
            validator_updates=self._change_validators(state),
            app_hash=state.frontier.root(),
        )
        return abci.Response(finalize_block=found)

    def _take_votes(self, block: abci.FinalizeBlockRequest) -> None:
        """Note whether the block before bears the own signature, and what this one holds against others."""
        own = {validator_address(key.public) for key in self._log_keys()}
        signers = (vote for vote in block.decided_last_commit.votes if vote.block_id_flag in _SIGNED)
        if any(vote.validator.address in own for vote in signers):
            self._signed_height = block.height - 1
        for one in block.misbehavior:
            address = one.validator.address
            _log.critical("validator %s has signed twice at height %d", address.hex(), one.height)
            self._misbehaved.add(Misbehaved(block.height, address, one.height))

    def _read_last(self) -> None:
        """Read where the database stands: at the end of which block, and with which validators."""
        self._read_in = self.replica.session
        with self.replica.read() as connection:
            self._last, self._stored_validators = last_block(connection), stored_validators(connection)

    def _begin_block(self) -> None:
        """Stand at the end of the last stored block; what was decided since was never committed."""
        if self._decided:
            self.replica.forget()
        if self._decided or self._read_in != self.replica.session:
            self._read_last()
        self._decided, self._results = [], {}
        self._signed_height, self._misbehaved = self._last.signed_height, set()
        self._validators = self._stored_validators if self._last.height else self._first_validators
        if self.replica.state.size != self._last.size:
            raise CorruptionError("the stored log is not the one at the end of the last block")

    def _change_validators(self, state: LedgerState) -> list[abci.ValidatorUpdate]:
        """Return the steps from the validators that CometBFT has to those that the document in force names.

        None where it could not go on with these: an update cannot be refused later, so nobody changes then.
        """
        self._coming = self._wanted(state)
        return [
            abci.ValidatorUpdate(pub_key=abci.PublicKey(ed25519=key), power=power)
            for key, power in updates(self._validators, self._coming)
        ]

    def _wanted(self, state: LedgerState) -> frozenset[bytes]:
        if not state.founded:
            return self._validators
        wanted = frozenset(validators_of(state.consortium).values())
        try:
            check_change(self._validators, wanted)
        except DocumentError as error:
            if self._unmet != state.consortium.hash:
                _log.critical("the validators stay as they are, other than the document says: %s", error)
            self._unmet = state.consortium.hash
            return self._validators
        self._unmet = None
        return wanted

    def _apply(self, raw: bytes, state: LedgerState) -> abci.TxResult:
        try:
            if not state.founded:
                self._check_genesis(raw)
            accepted = state.apply(raw)
        except RejectedError as error:
            self._results.setdefault(leaf_hash(raw), error)
            return abci.TxResult(code=_REFUSED, log=_told(error), codespace=CODESPACE)
        self._decided.append((raw, accepted))
        self._results[accepted.leaf] = accepted.index
        return abci.TxResult()

    def _commit(self, _request: abci.Request) -> abci.Response:
        decided, results = self._decided, self._results
        self._decided, self._results, self._checked = [], {}, {}
        if self.replica.state.size != self._last.size + len(decided):
            # The copy was read again, without what was decided: CometBFT begins anew, and decides it again.
            raise UnavailableError("the database's session was lost in the middle of a block")

        block = Block(
            height=self._last.height + 1,
            size=self.replica.state.size,
            signed_height=self._signed_height,
        )

        def also(connection: Connection) -> None:
            put_block(connection, block)
            add_misbehaved(connection, self._misbehaved)
            if not self._last.height or self._coming != self._validators:
                put_validators(connection, self._coming)
            if decided:
                self._sign(connection)

        self.replica.store(decided, also)
        self._last, self._stored_validators = block, self._coming
        self._outcomes.tell(results)
        self._differ(self._unmet is not None)
        # What this block has changed acts with the one after the next.
        self._agree(self._validators)
        return abci.Response(commit=abci.CommitResponse())

    def _sign(self, connection: Connection) -> None:
        """Sign the tree that agreement has decided; stored with it, before the signature leaves."""
        state = self.replica.state
        checkpoint = Checkpoint(origin=state.consortium.id, size=state.size, root=state.frontier.root())
        put_checkpoint(connection, size=state.size, note=sign_checkpoint(checkpoint, *self._log_keys()))

    def _log_keys(self) -> list[SigningKey]:
        state = self.replica.state
        return both(self._log_key, self._voted(state.consortium) if state.founded else None)

    def _query(self, _request: abci.Request) -> abci.Response:
        found = abci.QueryResponse(code=_REFUSED, log="the log is served over HTTP", height=self._last.height)
        return abci.Response(query=found)


def _told(error: LedgerError) -> str:
    """Return a refusal as results carry it, code first."""
    return f"{error.code}: {error}"


def _within(txs: Sequence[bytes], bytes_most: int) -> list[bytes]:
    """Return the first transactions that fit, counted as the wire counts them."""
    chosen: list[bytes] = []
    for raw in txs:
        # A field's tag, its length (at most four bytes here), itself.
        bytes_most -= len(raw) + 5
        if bytes_most < 0:
            break
        chosen.append(raw)
    return chosen


def _echo(request: abci.Request) -> abci.Response:
    return abci.Response(echo=abci.EchoResponse(message=request.echo.message))


def _empty(kind: str) -> abci.Response:
    """Return an answer that says nothing, which has to be said to be there."""
    found = abci.Response()
    getattr(found, kind).SetInParent()
    return found


_EMPTY: Final = {
    "offer_snapshot": abci.Response(offer_snapshot=abci.SnapshotResponse(result=_ABORT)),
    "apply_snapshot_chunk": abci.Response(apply_snapshot_chunk=abci.SnapshotResponse(result=_ABORT)),
    "verify_vote_extension": abci.Response(
        verify_vote_extension=abci.VerifyVoteExtensionResponse(status=_ACCEPT)
    ),
}
