"""What a validator's node says of its application, its CometBFT and the other validators."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support_consortium import ALDER, DESK, consortium, log_key

from hanse_ledger.errors import CorruptionError, MalformedError, VerificationError
from hanse_ledger.misbehaviour import DoubleVote, verify_evidence
from hanse_ledger.misbehaviour_file import encode_evidence, parse_evidence
from hanse_ledger.votes import Vote
from hanse_ledger.witnessing import policy_of
from node.errors import ForkError, OtherLogError
from node.health import HealthBoard, Problem
from node.laststop import last_stop
from node.sequencing.cometbft.signs import Signs
from node.sequencing.kept import EvidenceStore
from node.sequencing.term import Term
from node.storage.database import Database

CHAIN = "hanse-0123456789abcdef"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Stopped:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


@pytest.fixture
def board() -> HealthBoard:
    return HealthBoard()


@pytest.fixture
def signs(tmp_path: Path, board: HealthBoard) -> Iterator[Signs]:
    with closing(Database(tmp_path / "node.sqlite")) as database:
        yield Signs(
            folder=tmp_path,
            board=board,
            clock=Stopped(),
            chain_id=CHAIN,
            kept=EvidenceStore(database, tmp_path, ALDER),
            term=Term(orderer=None),
        )


def vote(block: bytes, height: int = 7, chain: str = CHAIN, kind: int = 1) -> Vote:
    """A vote of the desk's, signed for a chain."""
    fields = {"type": kind, "height": height, "round": 1, "block_hash": block, "parts_total": 1}
    times = {"parts_hash": block, "seconds": 1_790_000_000, "nanos": 5_000}
    unsigned = Vote(**fields, **times, signature=b"")  # type: ignore[arg-type]
    signature = log_key(DESK).sign(unsigned.signed_bytes(chain))
    return Vote(**fields, **times, signature=signature)  # type: ignore[arg-type]


def double_vote(first: Vote, second: Vote) -> DoubleVote:
    return DoubleVote(chain_id=CHAIN, key=log_key(DESK).public, first=first, second=second)


def problems(board: HealthBoard) -> list[str]:
    return [one.code for one in board.now.problems]


def test_an_end_of_cometbft_is_said_until_it_runs_soundly(signs: Signs, board: HealthBoard) -> None:
    signs.tell("cometbft")
    assert problems(board) == ["cometbft"]
    signs.tell(None)
    assert problems(board) == []


def test_another_application_hash_halts_the_node(signs: Signs, board: HealthBoard) -> None:
    board.update(checkpoint_size=1)
    signs.tell("application_hash")
    assert (problems(board), board.now.status) == (["application_hash"], "halted")
    with pytest.raises(OtherLogError):
        board.now.check_halted()
    board.raise_problem(Problem(code="fork", since=NOW))
    with pytest.raises(ForkError):
        board.now.check_halted()


def test_a_folder_behind_the_database_lets_the_node_serve(signs: Signs, board: HealthBoard) -> None:
    board.update(checkpoint_size=1)
    signs.tell("cometbft_behind")
    assert (problems(board), board.now.status) == (["cometbft_behind"], "degraded")


def test_without_its_application_the_node_ends_and_says_why(
    signs: Signs, board: HealthBoard, tmp_path: Path
) -> None:
    def build() -> object:
        raise CorruptionError("the stored log is another one")

    with pytest.raises(CorruptionError):
        signs.recording(build)()  # type: ignore[arg-type]
    signs.tell("application")
    assert board.now.status == "stopped"
    stopped = last_stop(tmp_path)
    assert stopped is not None
    assert stopped["why"] == "the stored log is another one"


def test_two_votes_are_kept_shown_and_verified_by_anybody(
    signs: Signs, board: HealthBoard, tmp_path: Path
) -> None:
    found = double_vote(vote(b"a" * 32), vote(b"b" * 32))
    for _ in range(2):
        signs.keep(found)
    (problem,) = board.now.problems
    assert (problem.code, problem.evidence is None) == ("double_vote", False)
    (path,) = (tmp_path / "evidence").iterdir()
    assert path.name == problem.evidence
    assert parse_evidence(path.read_bytes()) == found
    verify_evidence(found, policy_of(consortium()))
    signs.keep(None)
    assert board.now.problems == (problem,)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(double_vote(vote(b"a" * 32), vote(b"a" * 32)), id="one block"),
        pytest.param(double_vote(vote(b"a" * 32), vote(b"b" * 32, height=8)), id="two heights"),
        pytest.param(double_vote(vote(b"a" * 32), vote(b"b" * 32, kind=2)), id="two steps"),
        pytest.param(double_vote(vote(b"a" * 32), vote(b"b" * 32, chain="other")), id="another chain"),
    ],
)
def test_what_is_no_double_vote_proves_nothing(found: DoubleVote) -> None:
    with pytest.raises(VerificationError):
        verify_evidence(parse_evidence(encode_evidence(found, kept_by=ALDER)), policy_of(consortium()))


def test_a_key_that_may_not_order_is_nobody_s() -> None:
    key = log_key(ALDER)
    found = DoubleVote(chain_id=CHAIN, key=key.public, first=vote(b"a" * 32), second=vote(b"b" * 32))
    with pytest.raises(VerificationError, match="no key that may order"):
        verify_evidence(found, policy_of(consortium()))


def test_a_file_with_a_field_too_many_is_refused() -> None:
    content = json.loads(encode_evidence(double_vote(vote(b"a"), vote(b"b")), kept_by=ALDER))
    content["first"]["more"] = 1
    with pytest.raises(MalformedError):
        parse_evidence(json.dumps(content).encode())
