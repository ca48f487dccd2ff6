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
    """Return figures as text."""
    windows = [
        [one.months, one.frozen_at, one.band, one.condition, one.exposure, one.delay]
        for one in figures.windows
    ]
    content = [figures.last_closed, figures.level, figures.disputed, windows]
    return json.dumps(content, separators=(",", ":"))


def unpack_figures(text: str) -> KeptFigures:
    """Return the figures that were packed."""
    last_closed, level, disputed, windows = json.loads(text)
    return KeptFigures(last_closed, level, disputed, tuple(_window(*one) for one in windows))


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
