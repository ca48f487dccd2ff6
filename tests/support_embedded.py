"""A tiny embedded consortium, as `hanse demo` makes it of five members' books over three months.

`SHARED` has four or five sellers in every month, `FAILING` stops paying, `THIN` has two sellers only.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from node.demo import run_demo

MEMBERS = ("ash", "birch", "cedar", "dill", "elm")
SHARED, FAILING, THIN = "ref:DEMO:SHARED", "ref:DEMO:FAILING", "ref:DEMO:THIN"
AS_OF = "2024-03-31"
MONTHS = ("2024-01", "2024-02", "2024-03")
_HEADER = "invoice,customer,invoice_date,due_date,paid_date,amount,currency"


def tiny_books() -> dict[str, str]:
    """Return each member's export as CSV text."""
    return {member: _book(place) for place, member in enumerate(MEMBERS)}


def write_books(folder: Path) -> None:
    """Write `<member>.csv` for each member."""
    folder.mkdir(parents=True, exist_ok=True)
    for member, text in tiny_books().items():
        (folder / f"{member}.csv").write_text(text)


@cache
def tiny_demo() -> Path:
    """Return a finished demo's folder, made once a test run. Copy it before you change it."""
    base = Path(tempfile.mkdtemp(prefix="hanse-tiny-"))
    atexit.register(shutil.rmtree, base, ignore_errors=True)
    write_books(base / "books")
    run_demo(base / "demo", base / "books", progress=lambda _step, _done, _of: None)
    return base / "demo"


def copy_of_tiny_demo(folder: Path) -> Path:
    """Return a copy of the demo's folder inside `folder`."""
    return Path(shutil.copytree(tiny_demo(), folder / "demo"))


def _book(place: int) -> str:
    lines = [_HEADER]
    for number, month in enumerate(MONTHS, 1):
        shared = (
            f"{place}S{number},SHARED,{month}-02,{month}-20,{month}-{15 + 3 * place},{1_000 * number}.00,CNY"
        )
        lines.append(shared)
        if place:
            lines.append(f"{place}F{number},FAILING,{month}-03,{month}-05,,{20_000 + place}.50,CNY")
    if place < 2:
        lines.append(f"{place}T1,THIN,2024-01-04,2024-03-01,2024-03-31,99.99,CNY")
    return "".join(f"{line}\n" for line in lines)
