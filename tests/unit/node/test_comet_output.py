"""What CometBFT says before it cannot go on, in lines as releases 0.38 to 0.40 write them."""

from pathlib import Path

import pytest

from node.sequencing.cometbft.output import Output, cause_of

DECIDED = (
    'E[2026-11-22|12:01:02.003] CONSENSUS FAILURE!!! module=consensus err="+2/3 committed an invalid block:'
    ' wrong Block.Header.AppHash.  Expected AB12, got CD34" stack="goroutine 1"'
)
SYNCING = (
    'E[2026-11-22|12:01:02.003] Error in validation module=blocksync err="wrong Block.Header.AppHash.  E"'
)
REPLAYED = "panic: state.AppHash does not match AppHash after replay. Got AB, expected CD."
PROPOSED = (
    'E[..] prevote step: consensus deems this block invalid err="wrong Block.Header.AppHash.  Expected A"'
)
BEHIND = "error during handshake: error on replay: app block height (9) is higher than core (7)"
BROKEN = 'E[..] CONSENSUS FAILURE!!! module=consensus err="failed to apply block; error read message: EOF"'


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (DECIDED, "application_hash"),
        (SYNCING, "application_hash"),
        (REPLAYED, "application_hash"),
        (BEHIND, "cometbft_behind"),
        (BROKEN, "consensus_failure"),
        # Whoever proposes it is in the wrong, and not this node.
        (PROPOSED, None),
        ("E[..] Stopping peer for error err=EOF", None),
        ("", None),
    ],
)
def test_causes_are_known_by_their_words(line: str, cause: str | None) -> None:
    assert cause_of(line) == cause


def test_what_an_earlier_process_wrote_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "cometbft.log"
    path.write_text(DECIDED + "\n")
    output = Output(path)
    assert output.cause() is None
    with path.open("a") as written:
        written.write(BROKEN + "\n" + DECIDED[:90])
        written.flush()
        assert output.cause() == "consensus_failure"
        written.write(DECIDED[90:] + "\n")
    assert output.cause() == "application_hash"
    assert output.cause() is None


def test_of_several_causes_the_one_that_no_start_heals_is_told(tmp_path: Path) -> None:
    output = Output(tmp_path / "cometbft.log")
    output.path.write_text(f"{BROKEN}\n{REPLAYED}\n")
    assert output.cause() == "application_hash"


def test_a_log_that_has_grown_large_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "cometbft.log"
    path.write_bytes(bytes((16 << 20) + 1))
    Output(path)
    assert (path.stat().st_size, path.with_name("cometbft.log.1").stat().st_size) == (0, (16 << 20) + 1)
