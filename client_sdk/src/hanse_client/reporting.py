"""How far the firm's own reporting is."""

from dataclasses import dataclass

from hanse_client.session import Session
from hanse_client.shapes import Shape
from hanse_client.steps import Steps, get


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """The reports of the log month."""

    month: str
    """`YYYY-MM`: the month after the last closed one."""
    due: bool
    """Whether the month has ended, so that its rows are to be reported."""
    reports: int
    """Made for it."""
    counting: int
    """Of these, those that every steward has checked."""
    rows: int
    """In them, padding left aside."""


def reporting(session: Session) -> Steps[Reporting]:
    """Fetch how far the reporting is."""
    shape = Shape((yield from session.read(get("/v1/reports"))))
    return Reporting(
        month=shape.text("month"),
        due=shape.flag("due"),
        reports=shape.number("reports"),
        counting=shape.number("counting"),
        rows=shape.number("rows"),
    )
