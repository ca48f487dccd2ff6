from hanse_ledger.ids import SubjectId
from node.risk.grades import Grade
from node.risk.policy.matrix import Level
from node.risk.portfolio.movers import Standing, movers, standing_of
from node.risk.portfolio.position import Cell, Position


def position(name: str, grade: Grade, *, level: Level = "low", exposure_minor: int = 100) -> Position:
    return Position(
        subject=SubjectId(f"ref:T:{name}"),
        grade=grade,
        score=None,
        cell=Cell(likelihood=1, impact=1, level=level),
        exposure_minor=exposure_minor,
        probability=None,
        coverage="none",
    )


def kept(*positions: Position) -> dict[SubjectId, Standing]:
    return {one.subject: standing_of(one) for one in positions}


def test_nobody_moves_where_nothing_changed() -> None:
    before = position("a", "B")
    assert movers(kept(before), [before]) == []


def test_each_direction_and_the_worse_come_first() -> None:
    before = kept(
        position("worse", "B"),
        position("better", "C"),
        position("unrated", "A"),
        position("rated", "U"),
        position("level", "B", level="low"),
        position("gone", "D"),
    )
    now = [
        position("new", "A"),
        position("rated", "C"),
        position("unrated", "U"),
        position("better", "B"),
        position("worse", "D", exposure_minor=1),
        position("level", "B", level="high", exposure_minor=5),
    ]
    found = [(mover.subject.removeprefix("ref:T:"), mover.direction) for mover in movers(before, now)]
    assert found == [
        ("level", "worse"),
        ("worse", "worse"),
        ("unrated", "unrated"),
        ("better", "better"),
        ("rated", "rated"),
        ("new", "new"),
        ("gone", "gone"),
    ]


def test_a_kept_standing_comes_back_as_it_was() -> None:
    standing = standing_of(position("a", "E"))
    assert Standing.of_list(standing.to_list()) == standing
