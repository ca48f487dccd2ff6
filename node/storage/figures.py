"""An answer's figures as they are kept beside it: read again in bulk without opening signed answers."""

import json
from typing import NamedTuple

from hanse_ledger.ids import Month
from hanse_ledger.privacy.answer import Figures, WindowFigures


class KeptFigures(NamedTuple):
    """What an answer's figures say, without the cells of wide windows."""

    last_closed: Month | None
    level: int
    disputed: bool
    windows: tuple[WindowFigures, ...]


def pack_figures(figures: Figures) -> str:
    """Return figures as text; the last closed month stands in front."""
    windows = [
        [one.months, one.frozen_at, one.band, one.condition, one.exposure, one.delay]
        for one in figures.windows
    ]
    content = json.dumps([figures.level, figures.disputed, windows], separators=(",", ":"))
    return f"{'' if figures.last_closed is None else figures.last_closed}:{content}"


def last_closed_of(text: str) -> Month | None:
    """Return the last closed month of packed figures without reading the rest."""
    month, _, _ = text.partition(":")
    return Month(int(month)) if month else None


def unpack_figures(text: str) -> KeptFigures:
    """Return the figures that were packed."""
    level, disputed, windows = json.loads(text.partition(":")[2])
    return KeptFigures(last_closed_of(text), level, disputed, tuple(_window(*one) for one in windows))


def _window(
    months: list[Month],
    frozen_at: Month,
    band: int,
    condition: list[int] | None,
    exposure: list[int] | None,
    delay: list[int] | None,
) -> WindowFigures:
    return WindowFigures(
        months=tuple(months),
        frozen_at=frozen_at,
        band=band,
        condition=None if condition is None else tuple(condition),
        exposure=None if exposure is None else tuple(exposure),
        delay=None if delay is None else tuple(delay),
        cells=None,
    )
