"""Options that several commands share, and what is said of them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import typer

from hanse_ledger.ids import Month, parse_month
from node.texts import mark, tr

_Choice = TypeVar("_Choice", bound=str)


def file_option(about: str, *names: str, envvar: str | None = None) -> Any:
    """Return an option that names a file which is there."""
    return typer.Option(
        *names,
        envvar=envvar,
        exists=True,
        dir_okay=False,
        metavar="FILE",
        show_default=False,
        help=about,
    )


Config: TypeAlias = Annotated[Path, file_option(mark("The node's configuration (TOML)."))]
Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help=mark("Print one JSON document on standard output."))
]
Dir: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        envvar="HANSE_DIR",
        metavar="DIR",
        show_default=False,
        help=mark("The folder of an embedded consortium, as `hanse demo` makes it."),
    ),
]
Party: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--party",
        envvar="HANSE_PARTY",
        metavar="PARTY",
        show_default=False,
        help=mark("Whose node the command speaks for."),
    ),
]
Subject: TypeAlias = Annotated[
    str, typer.Argument(metavar="SUBJECT", help=mark("A subject id, such as uscc:91350100M000100Y43."))
]
Home: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--dir", metavar="HOME", help=mark("The party's own folder, with its key file; it never leaves home.")
    ),
]
PeerAddress: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="HOST:PORT",
        show_default=False,
        help=mark("Where its CometBFT will listen for other validators; only with a key for ordering."),
    ),
]
Mail: TypeAlias = Annotated[
    Path,
    typer.Option("--mail", metavar="MAIL", help=mark("The folder with what founders send each other.")),
]
PassphraseFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        envvar="HANSE_PASSPHRASE_FILE",
        metavar="FILE",
        show_default=False,
        help=mark("Holds the key file's passphrase; HANSE_PASSPHRASE or the terminal without it."),
    ),
]


class WrongUsageError(Exception):
    """The command line asks for something that makes no sense; the sentence is in the current language."""


def show_options(
    run: Callable[..., None], *, of: Callable[..., None], without: int, shared: Mapping[str, Any]
) -> None:
    """Have Typer read, for `run`, the options of a command but its first ones, and the shared ones.

    Typer reads options from the signature; the shared ones come last, before `as_json`.
    """
    *asked, as_json = list(signature(of).parameters.values())[without:]
    added = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in shared.items()
    ]
    options = [*asked, *added, as_json]
    # Where `inspect.signature` looks first; mypy knows no such attribute of a function.
    vars(run)["__signature__"] = Signature(options)
    run.__annotations__ = {one.name: one.annotation for one in options}


def one_of(choices: Sequence[_Choice], asked: str, option: str) -> _Choice:
    """Return the choice that was asked for with an option; raise WrongUsageError for another."""
    for choice in choices:
        if choice == asked:
            return choice
    raise WrongUsageError(tr("{option} is one of: {names}", option=option, names=", ".join(choices)))


def parse_day(text: str) -> date:
    """Read a day written YYYY-MM-DD; raise WrongUsageError."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        raise WrongUsageError(tr("A day is written YYYY-MM-DD.")) from None


def read_month(text: str) -> Month:
    """Read a month written YYYY-MM; raise WrongUsageError."""
    try:
        return parse_month(text)
    except ValueError:
        raise WrongUsageError(tr("A month is written YYYY-MM.")) from None
