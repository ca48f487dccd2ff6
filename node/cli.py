"""The command line, `hanse`: what is asked, in which language, and how it ends.

Exit codes: 0 success, 1 a refusal or failed verification, 2 wrong usage. A command's module is imported when
the command is asked for: some need no node, and starting should take no time.
"""

import io
import logging
import os
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Annotated, Final, Literal

import typer
from typer.main import get_command

from hanse_ledger.errors import CorruptionError, LedgerError
from node.commands.options import WrongUsageError
from node.commands.output import print_json, say
from node.commands.tree import LazyGroup, in_language, new_app, page_in_language
from node.logformat import LINE
from node.texts import Language, locale_language, mark, speak, tr
from node.texts.sentences import SENTENCES, sentence_of

COMMANDS: Final = {
    "demo": ("node.commands.demo", mark("Run a whole consortium in a folder, on sample data or yours.")),
    "receivables": ("node.commands.receivables", mark("Check and import a firm's receivables.")),
    "report": ("node.commands.report", mark("Make and send the rows that are due.")),
    "month": ("node.commands.month", mark("Close months, as a steward.")),
    "inquire": ("node.commands.inquire", mark("Ask what the network knows of subjects.")),
    "fact": ("node.commands.fact", mark("Public facts: file and withdraw them as a desk, list them.")),
    "warning": (
        "node.commands.warning",
        mark("The firm's own warnings: raise and clear them, see what the book proposes."),
    ),
    "dispute": (
        "node.commands.dispute",
        mark("Disputes: open and resolve them as a desk, answer them as a member."),
    ),
    "verify": ("node.commands.verify", mark("Check an answer file offline.")),
    "party": ("node.commands.party", mark("Make a party's keys and its card.")),
    "consortium": ("node.commands.consortium", mark("Found a consortium, step by step; change it by votes.")),
    "node": ("node.commands.node", mark("Run one party's node.")),
    "risk": ("node.commands.risk", mark("Assess customers and decide what to do about them.")),
    "watch": ("node.commands.watch", mark("The watch list: who is watched, and why.")),
    "alerts": (
        "node.commands.alerts",
        mark("Alerts of monitoring: look, acknowledge, assign, snooze, comment, close."),
    ),
    "plan": ("node.commands.plan", mark("Emergency plans: open, tick, close; drills.")),
    "review": (
        "node.commands.review",
        mark("Reviews: which customers are to be looked at again, and what was decided."),
    ),
    "keys": ("node.commands.keys", mark("Keys of a party and of its own people.")),
    "backup": ("node.commands.backup", mark("Copy a node, running or stopped, into one encrypted file.")),
    "restore": ("node.commands.restore", mark("Bring a node back from its backup.")),
    "doctor": ("node.commands.doctor", mark("Look a node over, running or stopped.")),
    "log": ("node.commands.log", mark("Audit, show, prove and export the log.")),
}
_COMMON: Final = ("--lang", "--log-level")
_LANGUAGES: Final[dict[str, Language]] = {"en": "en", "zh-CN": "zh-CN"}
_WRONG_USAGE: Final = 2


class _Hanse(LazyGroup):
    """The groups by name."""

    table = COMMANDS


app: Final = new_app(cls=_Hanse)


@app.callback(help=mark("A shared credit ledger for firms that sell to the same customers."))
def _common(
    lang: Annotated[
        Literal["en", "zh-CN"] | None,
        typer.Option(help=mark("English or Chinese; without it, as the locale says."), show_default=False),
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        typer.Option(help=mark("What goes to standard error beside messages."), show_default=False),
    ] = "warning",
) -> None:
    del lang  # decided before the commands were made: their help depends on it
    logging.basicConfig(level=log_level.upper(), format=LINE, stream=sys.stderr, force=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a letter shows a question mark: printing never fails.
            stream.reconfigure(errors="replace")
    common, others = _common_first(sys.argv[1:] if arguments is None else arguments)
    speak(_language(common))
    as_json = "--json" in others[: others.index("--")] if "--" in others else "--json" in others
    try:
        ended = in_language(get_command(app)).main(
            args=[*common, *others], prog_name="hanse", standalone_mode=False
        )
    except WrongUsageError as error:
        return _wrong_usage(str(error))
    except typer.TyperException as error:
        return _wrong_usage(_usage_sentence(error))
    except CorruptionError as error:
        return _refused("corruption", SENTENCES["corruption"], str(error), as_json=as_json)
    except LedgerError as error:
        return _refused(error.code, sentence_of(error), str(error), as_json=as_json)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return _refused("file", SENTENCES["file"], reason, as_json=as_json)
    return ended if isinstance(ended, int) else 0


def _common_first(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Take out the options that every command takes: Typer looks for them in front."""
    common, others = list[str](), list[str]()
    rest = iter(words)
    for word in rest:
        if word == "--":
            others += [word, *rest]
        elif word in _COMMON:
            common += [word, *[value for value in [next(rest, None)] if value is not None]]
        elif word.startswith(tuple(f"{name}=" for name in _COMMON)):
            common += word.split("=", 1)
        else:
            others.append(word)
    return common, others


def _language(common: Sequence[str]) -> Language:
    """Return the language that is asked for; one that does not exist is refused later, in the locale's."""
    asked = [value for name, value in pairwise(common) if name == "--lang"]
    return _LANGUAGES.get(asked[-1] if asked else "") or locale_language(os.environ)


def _refused(code: str, sentence: str, message: str, *, as_json: bool) -> int:
    say(f"{tr(sentence)} [{code}] {message}")
    if as_json:
        print_json({"error": {"code": code, "message": message}})
    return 1


def _wrong_usage(sentence: str) -> int:
    say(sentence)
    say(tr("`hanse --help`, or --help after a command, says how it is used."))
    return _WRONG_USAGE


_USAGE: Final = (
    (r"No such option: (?P<name>\S+).*", mark("There is no option {name}.")),
    (r"No such command '(?P<name>[^']*)'.*", mark("There is no command {name}.")),
    (r"Missing command.*", mark("A command is missing.")),
    (r"Missing (?:argument|option) '(?P<name>[^']*)'.*", mark("{name} is missing.")),
    (r"Option '(?P<name>[^']*)' requires an argument.*", mark("{name} needs a value.")),
    (r"Invalid value for '(?P<name>[^']*)'.*", mark("The value of {name} is none that it can have.")),
    (r"Got unexpected extra argument.*", mark("There are more arguments than the command takes.")),
)
"""Typer's sentences on wrong usage; what was typed is not repeated but for an option's or command's name."""


def _usage_sentence(error: typer.TyperException) -> str:
    message = error.format_message()
    for pattern, sentence in _USAGE:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found is not None:
            return tr(sentence, **found.groupdict())
    return page_in_language(message)


if __name__ == "__main__":
    sys.exit(main())
