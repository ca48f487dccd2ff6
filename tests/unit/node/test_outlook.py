"""How CometBFT stands comes into the node's health, and an agreement that halts is a problem of it."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support_consortium import ALDER

from hanse_ledger.errors import UnavailableError
from node.health import Agreed, HealthBoard
from node.sequencing.cometbft.outlook import Outlook
from node.sequencing.cometbft.rpc import Standing
from node.sequencing.cometbft.signs import NO_AGREEMENT, Signs
from node.sequencing.kept import EvidenceStore
from node.sequencing.term import Term
from node.storage.database import Database

START = datetime(2026, 1, 1, tzinfo=UTC)


class Times:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


class Silent:
    """Answers once, and never again."""

    def __init__(self) -> None:
        self.answers = [Standing(height=7, is_catching_up=True, peers=3, power=10)]

    def standing(self) -> Standing:
        if not self.answers:
            raise UnavailableError("gone")
        return self.answers.pop()


def test_what_does_not_answer_keeps_its_height_and_has_no_peers() -> None:
    told: list[Agreed] = []
    enough = threading.Event()

    def tell(agreed: Agreed) -> None:
        told.append(agreed)
        if len(told) > 1:
            enough.set()

    outlook = Outlook(rpc=Silent(), restarts=lambda: 4, tell=tell, interval_s=0.01)
    assert enough.wait(30)
    outlook.stop()
    assert told[:2] == [
        Agreed(height=7, peers=3, is_catching_up=True, power=10, restarts=4),
        Agreed(height=7, restarts=4),
    ]


def test_no_block_for_long_is_a_problem_until_there_is_one(tmp_path: Path) -> None:
    board, times = HealthBoard(), Times()
    database = Database(tmp_path / "node.sqlite")
    signs = Signs(
        folder=tmp_path,
        board=board,
        clock=times,
        chain_id="c",
        kept=EvidenceStore(database, tmp_path, ALDER),
        term=Term(orderer=None),
    )
    signs.stand(Agreed(height=1, peers=3))
    times.at += timedelta(seconds=59)
    signs.stand(Agreed(height=1, peers=1))
    assert not board.now.problems
    times.at += timedelta(seconds=1)
    signs.stand(Agreed(height=1, peers=1))
    (problem,) = board.now.problems
    assert (problem.code, problem.since) == (NO_AGREEMENT, START)
    signs.stand(Agreed(height=2, peers=2))
    assert not board.now.problems
    assert board.now.describe()["agreement"] == {
        "height": 2,
        "peers": 2,
        "catching_up": False,
        "power": None,
        "restarts": 0,
    }
    database.close()
