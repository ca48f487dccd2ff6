"""Commands and their help pages in the current language, whichever way Typer writes them."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from node.texts import mark, tr
from node.uncollected import uncollected

FURNITURE: Final = (
    mark("Usage:"),
    mark("Options:"),
    mark("Arguments:"),
    mark("Commands:"),
    mark("[OPTIONS]"),
    mark("COMMAND [ARGS]..."),
    mark("required]"),
    mark("env var:"),
    mark("Show this message and exit."),
)
"""What Typer writes on a help page by itself."""


def page_in_language(page: str) -> str:
    """Translate Typer's own words on a help page or usage line."""
    for word in FURNITURE:
        page = page.replace(word, tr(word))
    return page


class Command(TyperCommand):
    """A command whose help page is all in one language."""

    def get_help(self, ctx: Any) -> str:
        """Return the help page."""
        return page_in_language(super().get_help(ctx))


class Group(TyperGroup):
    """A group of commands whose help page is all in one language."""

    def get_help(self, ctx: Any) -> str:
        """Return the help page."""
        return page_in_language(super().get_help(ctx))


class LazyGroup(Group):
    """A group whose commands are named in a table, each imported when it is asked for."""

    table: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """The module of each command, which has its `app`, and what is said of it."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's context class is private
        """Return the names."""
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - Click's signature
        """Return a command in the current language, None where there is none of this name."""
        if cmd_name not in self.table:
            return None
        # Importing leaves no garbage behind, and looking for it takes a tenth of the time.
        with uncollected():
            module = import_module(self.table[cmd_name][0])
        return in_language(get_command(module.app))

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Click's signature
        """Write what is said of each command, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, tr(text)) for name, (_, text) in self.table.items()])


def new_app(**settings: Any) -> typer.Typer:
    """Return an empty group; `settings` are Typer's."""
    return typer.Typer(
        **{"cls": Group, **settings},
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def in_language(command: Any) -> Any:
    """Put a command's help, its options' and its subcommands' into the current language."""
    command.help = command.help and tr(command.help)
    for parameter in command.params:
        parameter.help = parameter.help and tr(parameter.help)
    for subcommand in getattr(command, "commands", {}).values():
        in_language(subcommand)
    return command
