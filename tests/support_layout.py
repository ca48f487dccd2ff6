"""A layout with every kind of block, in which everything that can be text is hostile or Chinese."""

import shutil

import pytest

from node.rendering.blocks import (
    Column,
    Fields,
    Grid,
    Layout,
    Matrix,
    MatrixCell,
    Paragraph,
    Row,
    Section,
)
from node.risk.report.pdf import PdfUnavailableError, check_pdf

EVIL = '<script>alert("x")</script><img src="file:///etc/passwd" onerror=\'x\'>&{{ 7*7 }}'
CHINESE = "客户信用风险报告"


def layout(*, language: str = "en", text: str = EVIL) -> Layout:
    """Return a layout that has `text` in every place for text."""
    level = MatrixCell(text=text, severity=3, mark=text)
    blocks = (
        Paragraph(text=text, tone="warning"),
        Fields(entries=((text, text),)),
        Grid(
            caption=text,
            columns=(Column(name=text), Column(name=text, is_figure=True)),
            rows=(Row(cells=(text, text)), Row(cells=(text, text), tone="strong")),
        ),
        Matrix(caption=text, corner=text, columns=(text,), lines=((text, (level,)),)),
    )
    section = Section(title=text, blocks=blocks)
    return Layout(language=language, title=text, lead=(Paragraph(text=text),), sections=(section,))


def need_pdf() -> None:
    """Skip where this machine cannot make PDFs or read them again; CI does not skip."""
    try:
        check_pdf()
    except PdfUnavailableError as error:
        pytest.skip(f"no PDF here, {error}: make setup-full")
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler-utils is not installed: make setup-full")
