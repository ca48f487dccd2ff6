"""Validators that lie, and a key that signs in two places: the others go on, and can show who it was."""

import errno
from collections.abc import Iterator

import pytest
from support_comet import Validator, cometbft, keep_only_signed, write_node_key
from support_consortium import ALDER, BIRCH, seed
from support_net import free_ports, wait_until
from support_validators import VALIDATORS, Four

from hanse_ledger.misbehaviour import DoubleVote, verify_evidence
from hanse_ledger.misbehaviour_file import encode_evidence, parse_evidence
from hanse_ledger.signing import SigningKey
from hanse_ledger.witnessing import policy_of
from node.sequencing.cometbft import abci_pb2 as abci
from node.sequencing.cometbft.application import Application
from node.sequencing.cometbft.conduct import Conduct
from node.sequencing.cometbft.home import chain_id, node_id

LIAR = 3


class ProposesWhatIsRefused(Application):
    """Proposes tampered, repeated, no and far too large statements, one after the other."""

    proposed = 0

    def _prepare_proposal(self, request: abci.Request) -> abci.Response:
        answer = super()._prepare_proposal(request)
        txs = list(answer.prepare_proposal.txs)
        if txs:
            first, cls = txs[0], type(self)
            lies = (
                [first[:-1] + bytes([first[-1] ^ 1])],
                [first, first],
                [b"no statement"],
                [bytes(5 << 20)],
            )
            del answer.prepare_proposal.txs[:]
            answer.prepare_proposal.txs.extend(lies[cls.proposed % len(lies)])
            cls.proposed += 1
        return answer


class ProposesNothing(Application):
    """What makes a block of a twin another one than its sibling's."""

    def _prepare_proposal(self, _request: abci.Request) -> abci.Response:
        return abci.Response(prepare_proposal=abci.PrepareProposalResponse(txs=()))


class DisagreesAboutOneByte(Application):
    """Answers a block with an application hash of its own."""

    def _finalize_block(self, request: abci.Request) -> abci.Response:
        answer = super()._finalize_block(request)
        right = answer.finalize_block.app_hash
        answer.finalize_block.app_hash = right[:-1] + bytes([right[-1] ^ 1])
        return answer


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Four]:
    """The last of them lies in turn. A test leaves it honest, and all running."""
    cometbft()
    made = Four(tmp_path_factory.mktemp("lies"), patience_s=15)
    try:
        made.open()
        made.write()
        yield made
    finally:
        made.remove()


def become(four: Four, kind: type[Application]) -> Validator:
    liar = four.all[LIAR]
    liar.close()
    liar.kind = kind
    liar.open()
    return liar


def test_what_nobody_accepts_is_proposed_in_vain(four: Four) -> None:
    become(four, ProposesWhatIsRefused)
    while ProposesWhatIsRefused.proposed < 4:
        four.write(ways=(0, 1, 2))
    become(four, Application)
    four.check()


def test_a_key_that_signs_in_two_places_is_shown_by_its_votes(four: Four) -> None:
    """A copy of a validator, as one that was restored from a backup while the first one runs on.

    Evidence that a full disk has no room for is kept when there is some again.
    """
    twin = _twin(four)
    found: list[DoubleVote] = []
    full = [OSError(errno.ENOSPC, "no space")]

    def keep(one: DoubleVote | None) -> None:
        if full:
            raise full.pop()
        if one is not None:
            found.append(one)

    witness = four.all[0]
    conduct = Conduct(
        application=witness.door,
        rpc=witness.rpc,
        chain_id=chain_id(four.consortium),
        keep=keep,
        interval_s=0.2,
    )
    try:
        twin.open()
        while not found:
            four.write(ways=(0, 1, 2))
    finally:
        conduct.stop()
        twin.remove()
    policy = policy_of(four.consortium)
    for one in found:
        assert one.key == SigningKey(seed("log key", VALIDATORS[LIAR])).public
        verify_evidence(parse_evidence(encode_evidence(one, kept_by=ALDER)), policy)
    four.check()


def test_one_that_disagrees_about_a_byte_ends_and_says_why(four: Four) -> None:
    liar = become(four, DisagreesAboutOneByte)
    four.write(2, ways=(0, 1, 2))
    wait_until(lambda: "application_hash" in liar.ends, "the reason")
    wait_until(lambda: liar.process.pid is None, "the end of CometBFT")
    four.write(ways=(0, 1, 2))
    four.check((0, 1, 2))
    liar.close()
    keep_only_signed(liar.folder, four.database(liar.party))
    become(four, Application)
    four.check()


def _twin(four: Four) -> Validator:
    party, key = VALIDATORS[LIAR], SigningKey(seed("node key", BIRCH))
    (port,) = free_ports(1)
    made = Validator(
        consortium=four.consortium,
        party=party,
        log_seed=seed("log key", party),
        database=four.folder / "twin.sqlite",
        peers={**four.peers, party: f"{node_id(key.public)}@127.0.0.1:{port}"},
        genesis=four.genesis,
        kind=ProposesNothing,
    )
    write_node_key(made.folder, seed("node key", BIRCH))
    return made
