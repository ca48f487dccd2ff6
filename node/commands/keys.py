"""`hanse keys`: the keys of a party and of its own people."""

from typing import Final

from node.commands import apikeys
from node.commands.tree import new_app
from node.texts import mark

app: Final = new_app(help=mark("Keys of a party and of its own people."))
app.add_typer(apikeys.app, name="api")
