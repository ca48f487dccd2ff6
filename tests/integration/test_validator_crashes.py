"""CometBFT ended at each of its own crash points, the application before, in and after its commit.

After every restart: one application hash at each height, nothing accepted lost or doubled. A sample runs by
itself; HANSE_FAULTS_ALL=1 takes all points of two heights: each is reached, by one alone and by one of four.
"""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from support_comet import Validator, cometbft
from support_net import wait_until
from support_validators import FAULTS_ALL, Four

from hanse_ledger.errors import UnavailableError
from node.sequencing.cometbft import process
from node.storage.database import Moment

POINTS: Final = range(23) if FAULTS_ALL else (0, 5, 8)
"""Eleven a height; the first of a height is the own vote, met twice."""
COUNTS: Final = [1, 4] if FAULTS_ALL else [4]
MOMENTS: Final[tuple[Moment, ...]] = ("before", "in", "after")


class WriteFailedError(OSError):
    """The disk says no."""


class Faults:
    """Breaks a durable write when it is told to."""

    moment: Moment | None = None
    error: Exception = WriteFailedError()

    def __call__(self, moment: Moment) -> None:
        if moment == self.moment:
            self.moment = None
            raise self.error


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """CometBFT ends more often here than any back-off has patience for."""
    monkeypatch.setattr(process, "_MOST_PAUSE_S", 0.1)


@pytest.fixture(scope="module")
def group(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Four]:
    """Validators of which the first may be given a crash point."""
    cometbft()
    made = Four(tmp_path_factory.mktemp("crashes"), count=request.param)
    made.all[0].before = ("sh", str(_trap(made.all[0])))
    try:
        made.open()
        yield made
    finally:
        made.remove()


def _trap(validator: Validator) -> Path:
    """A script that runs CometBFT with the crash point that stands in a file, once."""
    script = validator.folder / "trap.sh"
    point = validator.folder / "point"
    script.write_text(
        f'if [ -e {point} ]; then export FAIL_TEST_INDEX="$(cat {point})"; mv {point} {point}.met; fi\n'
        'exec "$@"\n'
    )
    return script


@pytest.mark.parametrize("group", [1, 4], indirect=True)
@pytest.mark.parametrize("point", POINTS)
def test_a_crash_of_cometbft_loses_and_doubles_nothing(group: Four, point: int) -> None:
    first = group.all[0]
    (first.folder / "point").write_text(str(point))
    ended = len(first.ends)
    group.send(0, signal.SIGKILL)
    wait_until((first.folder / "point.met").exists, "a start with a crash point")
    (first.folder / "point.met").unlink()
    # It begins with the point, and comes to it when the next heights are agreed on.
    group.write()
    while first.ends[ended:].count("cometbft") < 2:
        group.write()
    group.check()
    assert f"*** fail-test {point} ***" in (first.folder / "cometbft.log").read_text()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("group", COUNTS, indirect=True)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_crash_in_the_application_s_commit_loses_and_doubles_nothing(group: Four, moment: Moment) -> None:
    first, faults = group.all[0], Faults()
    first.close()
    first.probe = faults
    first.open()
    group.write()
    faults.moment = moment
    raw = group.writers[0].next()
    others = [one.sequencer for one in group.all[1:]]
    if others:
        group.writers[0].bring(raw, others)
    wait_until(lambda: "application" in first.ends, "the end of both")
    first.close()
    first.ends.clear()
    first.open()
    if not others:
        group.writers[0].bring(raw, group.ways)
    group.write()
    group.check()


@pytest.mark.parametrize("group", COUNTS, indirect=True)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_database_that_goes_away_and_comes_back_heals_by_itself(group: Four, moment: Moment) -> None:
    """The application lives on; CometBFT ends, is started again, and decides the block again if it has to."""
    first, faults = group.all[0], Faults()
    first.close()
    first.probe = faults
    first.open()
    group.write()
    ended = len(first.ends)
    faults.error, faults.moment = UnavailableError("the database is out of reach"), moment
    group.write()
    wait_until(lambda: "cometbft" in first.ends[ended:], "an end of CometBFT")
    group.write()
    group.check()
    assert "application" not in first.ends
