"""What commands print: one JSON document, or sentences; messages on standard error."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NoReturn, TypeAlias

import typer

Step: TypeAlias = Callable[[str, int, int], None]
"""Says what is being done, how much of it is done, and of how much."""


def print_json(document: object) -> None:
    """Print the one document of a `--json` run."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def print_line(text: str = "") -> None:
    """Print a line on standard output."""
    sys.stdout.write(text + "\n")


def say(text: str) -> None:
    """Print a message on standard error."""
    sys.stderr.write(text + "\n")


def refuse() -> NoReturn:
    """End with exit code 1, after everything has been said."""
    raise typer.Exit(1)


def minute_words(at: str) -> str:
    """Return a time in ISO 8601 to the minute, as tables show it."""
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M}"


def new_console() -> Any:
    """Return a console on standard output, wide enough for tables where there is no terminal."""
    from rich.console import Console  # noqa: PLC0415 - `--json` runs do without Rich

    console = Console(file=sys.stdout, highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = 120
    return console


@contextmanager
def progress(describe: Callable[[str], str]) -> Iterator[Step]:
    """Show a bar on standard error while the block runs; nothing where that is no terminal.

    `describe` puts what is being done into words.
    """
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415 - only for a terminal
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(
            task, description=describe(what), completed=done, total=total or None
        )
