"""What rendering a customer's risk report costs: the bad customer's of the demo's sample, in Chinese.

The document is made already; measured is laying it out, and drawing it as a page or as PDF, with everything
that is attached to it. The first of each loads templates and fonts, and is given beside.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import Measure, at_most, percentile
from node.demo import REPORT_FILE
from node.risk.report.files import as_html, as_pdf
from node.texts import speak

PAGES: Final = 50
PDFS: Final = 5


def measure_rendering(demo: Path) -> Iterator[Measure]:
    """Measure a report of a finished demo as HTML and as PDF."""
    document: dict[str, Any] = json.loads((demo / REPORT_FILE).read_bytes())["risk"][-1]
    speak("zh-CN")
    first, pages = _timed(lambda: as_html(document), PAGES)
    html_bytes = len(as_html(document).encode())
    yield at_most(
        "report.html_ms",
        percentile(pages, 0.5) * 1e3,
        goal=50,
        unit="ms",
        p99_ms=round(percentile(pages, 0.99) * 1e3, 2),
        first_ms=round(first * 1e3, 2),
        bytes=html_bytes,
    )
    first, files = _timed(lambda: as_pdf(document), PDFS)
    yield at_most(
        "report.pdf_s",
        percentile(files, 0.5),
        goal=2,
        unit="s",
        most_s=round(max(files), 2),
        first_s=round(first, 2),
        bytes=len(as_pdf(document)),
    )


def _timed(render: Callable[[], object], count: int) -> tuple[float, list[float]]:
    """Return how long the first took, and each of some more."""
    took = []
    for _ in range(count + 1):
        start = time.perf_counter()
        render()
        took.append(time.perf_counter() - start)
    return took[0], took[1:]
