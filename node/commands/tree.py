"""Commands and their help pages in the current language, whichever way Typer writes them."""

from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from node.texts import mark, tr

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


def new_app(**settings: Any) -> typer.Typer:
    """Return an empty group; `settings` are Typer's."""
    return typer.Typer(
        cls=Group,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        **settings,
    )


def in_language(command: Any) -> Any:
    """Put a command's help, its options' and its subcommands' into the current language."""
    command.help = command.help and tr(command.help)
    for parameter in command.params:
        parameter.help = parameter.help and tr(parameter.help)
    for subcommand in getattr(command, "commands", {}).values():
        in_language(subcommand)
    return command
