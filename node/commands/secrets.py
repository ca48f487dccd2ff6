"""The passphrase of a party's key file, for commands that need its keys."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from node.clocks import system_entropy
from node.commands.options import WrongUsageError
from node.commands.output import refuse, say
from node.founding.home import Home, OpenHome
from node.passphrase import Ask, Passphrase, check_new, find_passphrase, terminal
from node.texts import tr


def ask_passphrase(file: Path | None) -> Passphrase:
    """Return the passphrase of a key file that is there."""
    question = tr("Passphrase of the key file:")
    return find_passphrase(file=file, environment=os.environ, ask=terminal(question))


def ask_new_passphrase(file: Path | None, environment: Mapping[str, str]) -> Passphrase:
    """Return the passphrase of a key file to be written; one that is typed is typed twice."""
    first, again = terminal(tr("New passphrase of the key file:")), terminal(tr("The same again:"))
    ask = None if first is None or again is None else _twice(first, again)
    passphrase = find_passphrase(file=file, environment=environment, ask=ask)
    check_new(passphrase)
    return passphrase


def _twice(first: Ask, again: Ask) -> Ask:
    def ask() -> str:
        typed = first()
        if again() != typed:
            raise WrongUsageError(tr("The two are not the same."))
        return typed

    return ask


def agree(question: str) -> None:
    """Ask at the terminal before something is signed; end the command where the answer is no."""
    if terminal(question) is None:
        raise WrongUsageError(tr("There is no terminal to ask at: read the document and say --yes."))
    say(question)
    if input().strip().lower() not in {"y", "yes", "是"}:
        say(tr("Nothing was signed."))
        refuse()


@contextmanager
def open_home(folder: Path, passphrase_file: Path | None) -> Iterator[OpenHome]:
    """Open a party's key file, for one command at a time; raises LockedError while another has it open.

    The node may be running: it reads the file, and writes a share that others give it under the same lock.
    """
    home = Home(folder)
    _ = home.owner  # says what is wrong with the folder before anybody is asked for a passphrase
    with home.alone():
        yield OpenHome.open(home, ask_passphrase(passphrase_file), system_entropy)
