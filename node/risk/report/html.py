"""A layout as one HTML page that stands alone: escaped, without scripts, loading nothing."""

import base64
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from node.rendering.blocks import Layout

_PACKAGE: Final = "node.risk.report"
_TEMPLATE: Final = "report.html.j2"
_STYLE: Final = "report.css"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file that a report carries in itself."""

    name: str
    media_type: str
    content: bytes = field(repr=False)

    @property
    def base64(self) -> str:
        """The content as a data URL has it."""
        return base64.b64encode(self.content).decode()


def to_html(layout: Layout, attached: tuple[Attached, ...] = ()) -> str:
    """Return the page; what is attached can be saved from it."""
    # The style is ours and goes in as it is; everything else is escaped.
    return _template().render(layout=layout, style=Markup(_read(_STYLE)), files=attached)  # noqa: S704


@cache
def _template() -> Template:
    environment = Environment(
        loader=FunctionLoader(_read), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(_TEMPLATE)


@cache
def _read(name: str) -> str:
    return (files(_PACKAGE) / name).read_text("utf-8")
