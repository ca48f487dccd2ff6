from collections.abc import Sequence

import pytest

from hanse_ledger.errors import MalformedError, UnavailableError
from node.ports import Sequencer
from node.sequencing.failover import FailoverSequencer


class Source(Sequencer):
    """Shows its number as a tile, or is out of reach."""

    def __init__(self, number: int) -> None:
        self.number, self.asked, self.is_there = number, 0, True

    def submit(self, statement: bytes) -> int:
        self._answer()
        if not statement:
            raise MalformedError("nothing")
        return self.number

    def entries(self, start: int) -> tuple[bytes, Sequence[bytes]]:
        self._answer()
        return bytes([self.number]), [b""] * start

    def tile(self, path: str) -> bytes | None:
        self._answer()
        return path.encode()

    def _answer(self) -> None:
        self.asked += 1
        if not self.is_there:
            raise UnavailableError(f"{self.number} is out of reach")


def test_the_one_that_answered_is_asked_until_it_does_not() -> None:
    sources = [Source(number) for number in range(3)]
    sequencer = FailoverSequencer(lambda: sources)
    assert [sequencer.submit(b"x") for _ in range(2)] == [0, 0]
    sources[0].is_there = False
    assert [sequencer.submit(b"x") for _ in range(3)] == [1, 1, 1]
    assert [source.asked for source in sources] == [3, 3, 0]
    sources[0].is_there = True
    sources[1].is_there = sources[2].is_there = False
    assert sequencer.entries(2) == (b"\0", [b"", b""])
    assert sequencer.tile("tile/0/000") == b"tile/0/000"


def test_when_nobody_answers_each_is_asked_once_and_the_next_time_again() -> None:
    sources = [Source(number) for number in range(3)]
    for source in sources:
        source.is_there = False
    sequencer = FailoverSequencer(lambda: sources)
    for turn in (1, 2):
        with pytest.raises(UnavailableError, match="out of reach"):
            sequencer.tile("tile/0/000")
        assert [source.asked for source in sources] == [turn] * 3
    sources[1].is_there = True
    assert sequencer.submit(b"x") == 1


def test_a_refusal_is_the_log_s_and_nobody_else_is_asked() -> None:
    sources = [Source(number) for number in range(2)]
    with pytest.raises(MalformedError):
        FailoverSequencer(lambda: sources).submit(b"")
    assert [source.asked for source in sources] == [1, 0]


def test_a_single_source_is_asked_as_it_is() -> None:
    source = Source(4)
    sequencer = FailoverSequencer(lambda: [source])
    assert sequencer.submit(b"x") == 4
    source.is_there = False
    with pytest.raises(UnavailableError):
        sequencer.submit(b"x")
    assert source.asked == 2


def test_sources_come_and_go_and_the_one_that_answered_is_kept() -> None:
    one, two, three = (Source(number) for number in range(3))
    sources = [one, two]
    sequencer = FailoverSequencer(lambda: sources)
    one.is_there = False
    assert sequencer.submit(b"x") == 1
    one.is_there = True
    sources[:] = [three, one, two]
    assert sequencer.submit(b"x") == 1
    sources[:] = [three, one]
    assert sequencer.submit(b"x") == 2
    sources.clear()
    with pytest.raises(UnavailableError, match="nobody is known"):
        sequencer.submit(b"x")


def test_a_row_goes_to_one_source_and_is_not_brought_to_another_once_part_of_it_was_taken() -> None:
    one, two = Source(1), Source(2)
    sequencer = FailoverSequencer(lambda: [one, two])
    one.is_there = False
    assert sequencer.submit_all([b"x", b"y"]) == ([2, 2], None)
    assert (one.asked, two.asked) == (1, 2)
    indexes, failed = sequencer.submit_all([b"x", b"", b"y"])
    assert indexes == [2]
    assert isinstance(failed, MalformedError)
    two.is_there = False
    indexes, failed = sequencer.submit_all([b"x"])
    assert indexes == []
    assert isinstance(failed, UnavailableError)
