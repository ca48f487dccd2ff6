"""Collects the texts that the code gives to `tr` and `mark`, for tests of the catalogue."""

import ast
from collections.abc import Iterator
from pathlib import Path


def texts_in(folder: Path) -> dict[str, str]:
    """Return each text with the file that has it first; raise ValueError for one that is no literal.

    `tr` may be given what was marked: a name, an item, a call. A text put together there would be missed.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py")):
        for text in _texts(path):
            found.setdefault(text, path.name)
    return found


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
            continue
        if node.func.id not in {"tr", "mark"}:
            continue
        first = node.args[0]
        if isinstance(first, ast.Constant):
            yield str(first.value)
        elif node.func.id == "mark" or isinstance(first, ast.JoinedStr | ast.BinOp):
            raise ValueError(f"{path.name}, line {node.lineno}: a text that is no literal")
