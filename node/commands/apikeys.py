"""`hanse keys api`: API keys of a node's own people and systems. The node may be running."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from node.clocks import SystemClock, system_entropy
from node.commands.options import Config, Json, WrongUsageError
from node.commands.output import new_console, print_json, print_line, say
from node.commands.tree import Command, new_app
from node.own.api_keys import ApiKey, ApiKeys, describe
from node.own.scopes import SCOPES, Scope
from node.risk.audit import AuditChain
from node.risk.people import People
from node.settings import load_settings
from node.storage.database import Database
from node.texts import mark, tr

app: Final = new_app(help=mark("API keys of a node's own people and systems."))


@app.command(cls=Command, help=mark("Make a key and print it, this once."))
def new(
    *,
    config: Config,
    name: Annotated[str, typer.Option(metavar="NAME", help=mark("Who or what will use the key."))],
    scope: Annotated[
        list[str],
        typer.Option(metavar="SCOPE", help=mark("What the key may do; once for each scope, or all.")),
    ],
    expires: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS",
            min=1,
            show_default=False,
            help=mark("How long the key lives; for ever without it."),
        ),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(
            metavar="PERSON",
            show_default=False,
            help=mark("Who acts with the key in risk management; nobody without it."),
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Store the key's hash; the key itself is printed and forgotten."""
    scopes = _scopes(scope)
    expires_at = None if expires is None else SystemClock().now() + timedelta(days=expires)
    with _database(config) as database:
        binding = None if person is None else _people(database).bind(person)
        made = _keys(database).new(name=name, scopes=scopes, expires_at=expires_at, binding=binding)
    if as_json:
        print_json({**describe(made.key), "key": made.secret})
        return
    say(tr("The key is shown this once; whoever has it may do what its scopes say."))
    print_line(made.secret)


@app.command("list", cls=Command, help=mark("List the keys; the keys themselves are kept nowhere."))
def list_keys(*, config: Config, as_json: Json = False) -> None:
    """Show what is known of each key."""
    with _database(config) as database:
        found = _keys(database).listed()
    if as_json:
        print_json([describe(key) for key in found])
    else:
        _print(found)


@app.command(cls=Command, help=mark("End a key for good."))
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help=mark("The key's id, as `list` shows it."))],
    *,
    config: Config,
    as_json: Json = False,
) -> None:
    """Revoke; again changes nothing."""
    with _database(config) as database:
        revoked = _keys(database).revoke(key_id)
    if as_json:
        print_json(describe(revoked))
    else:
        say(tr("The key opens nothing any more."))


@contextmanager
def _database(config: Path) -> Iterator[Database]:
    settings = load_settings(config)
    with closing(Database(settings.place("node"))) as database:
        yield database


def _keys(database: Database) -> ApiKeys:
    return ApiKeys(database, clock=SystemClock(), entropy=system_entropy)


def _people(database: Database) -> People:
    return People(database, SystemClock(), AuditChain(database))


def _scopes(asked: list[str]) -> list[Scope]:
    if asked == ["all"]:
        return list(SCOPES)
    known = [scope for scope in SCOPES if scope in asked]
    if len(known) != len(set(asked)):
        raise WrongUsageError(tr("--scope is one of: {names}", names=", ".join([*SCOPES, "all"])))
    return known


def _print(keys: list[ApiKey]) -> None:
    from rich.table import Table  # noqa: PLC0415 - `--json` runs do without Rich

    now = SystemClock().now()
    columns = (tr("Id"), tr("Name"), tr("Person"), tr("Scopes"))
    table: Any = Table(*columns, tr("Expires"), tr("Last used"), tr("State"))
    for key in keys:
        state = tr("live") if key.is_live(now) else tr("ended")
        times = [_minute(key.expires_at), _minute(key.last_used)]
        table.add_row(key.id, key.name, key.person or "", " ".join(sorted(key.scopes)), *times, state)
    new_console().print(table)


def _minute(time: datetime | None) -> str:
    return "" if time is None else f"{time:%Y-%m-%d %H:%M}"
