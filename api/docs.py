"""`/docs`: the OpenAPI document as a page without scripts and without anything from elsewhere."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}code{font-size:.9em}"


def page(document: Mapping[str, Any]) -> str:
    """Return the page."""
    title = escape(document["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f'<h1>{title}</h1><p>For programs: <a href="openapi.json">openapi.json</a></p>'
        f"{''.join(_operations(document))}</html>"
    )


def _operations(document: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
            yield f"<p>{escape(operation.get('description', ''))}</p>"
            yield _list("Parameters", (_parameter(one) for one in operation.get("parameters", ())))
            yield _list("Scopes", _scopes(operation))
            statuses = operation["responses"].items()
            yield _list("Answers", (f"{status}: {one['description']}" for status, one in statuses))


def _parameter(parameter: Mapping[str, Any]) -> str:
    needed = ", needed" if parameter.get("required") else ""
    return f"{parameter['name']} ({parameter['in']}{needed}) {parameter.get('description', '')}"


def _scopes(operation: Mapping[str, Any]) -> Iterator[str]:
    for scheme in operation.get("security", ()):
        for scopes in scheme.values():
            yield from scopes


def _list(title: str, lines: Iterator[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h3>{title}</h3><ul>{items}</ul>" if items else ""
