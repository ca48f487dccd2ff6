import html
import io
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console
from support_layout import need_pdf
from support_risk_report import BAD, GOOD, NAME, UNKNOWN, report

from consortium_config.texts import Language
from node.rendering.blocks import Block, Fields, Grid, Layout, Matrix, Paragraph
from node.rendering.terminal import print_layout
from node.risk.report.html import to_html
from node.risk.report.pdf import to_pdf
from node.risk.report.view.whole import layout_of
from node.texts import speak

CASES = [("good", GOOD), ("bad", BAD), ("unknown", UNKNOWN)]


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    speak("en")


def texts_of(layout: Layout) -> list[str]:
    blocks = [*layout.lead, *(block for section in layout.sections for block in section.blocks)]
    titles = [layout.title, *(section.title for section in layout.sections)]
    return [*titles, *(text for block in blocks for text in texts_in(block))]


def texts_in(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(text=text):
            yield text
        case Fields(entries=entries):
            yield from (text for entry in entries for text in entry)
        case Grid(caption=caption, columns=columns, rows=rows):
            yield caption
            yield from (column.name for column in columns)
            yield from (cell for row in rows for cell in row.cells)
        case Matrix(caption=caption, lines=lines):
            yield caption
            yield from (cell.mark + cell.text for _, cells in lines for cell in cells)


def printed(layout: Layout) -> str:
    page = io.StringIO()
    print_layout(Console(file=page, width=120, markup=False, highlight=False, emoji=False), layout)
    return page.getvalue()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize(("name", "inputs"), CASES)
def test_every_table_has_a_cell_for_every_column(name: str, inputs: Any, language: Language) -> None:
    speak(language)
    layout = layout_of(report(inputs))
    for section in layout.sections:
        for block in section.blocks:
            if isinstance(block, Grid):
                assert {len(row.cells) for row in block.rows} == {len(block.columns)}, (name, section.title)


@pytest.mark.parametrize(("name", "inputs"), CASES)
def test_all_that_is_asked_of_a_report_is_in_it(name: str, inputs: Any) -> None:
    document = report(inputs)
    text = "\n".join(texts_of(layout_of(document)))
    for said in (
        document["subject"]["id"],
        "4711",
        "Ada (analyst)",
        "Dec 2019" if name != "unknown" else "Nobody at your firm has asked",
        document["assessment"]["response"]["rule"],
        document["assessment"]["onboarding"]["rule"],
        "recommends a decision",
        document["versions"]["policy"]["sha256"],
        document["versions"]["consortium_document"],
        "judgment (source: Court <i>of</i> X, 12/2019",
    ):
        assert said in text, said
    for reason in document["assessment"]["reasons"]:
        assert reason["code"] in text
    for signal in document["signals"]:
        assert signal["title"] in text
        assert signal["formula"] in text or signal["value"] is None


def test_the_matrix_marks_where_the_customer_stands_and_only_that() -> None:
    document = report(BAD)
    place = document["assessment"]["matrix"]
    (matrix,) = (
        block
        for section in layout_of(document).sections
        for block in section.blocks
        if isinstance(block, Matrix)
    )
    marked = [
        (5 - row, column + 1)
        for row, (_, cells) in enumerate(matrix.lines)
        for column, cell in enumerate(cells)
        if cell.mark
    ]
    assert marked == [(place["likelihood"], place["impact"])]


def test_an_older_answer_says_that_it_is_older() -> None:
    document = {**report(GOOD), "last_closed_month": "2020-01"}
    assert "Dec 2019; older than the last close, Jan 2020" in "\n".join(texts_of(layout_of(document)))


def test_a_natural_person_is_never_decided_about_by_a_rule_alone() -> None:
    document = report(GOOD)
    document["subject"]["personal"] = True
    text = "\n".join(texts_of(layout_of(document)))
    assert "A named person of this firm must decide" in text


@pytest.mark.parametrize(("name", "inputs"), CASES)
def test_in_chinese_no_english_sentence_is_left(name: str, inputs: Any) -> None:
    document = report(inputs)
    english = {text for text in texts_of(layout_of(document)) if " " in text and not text.startswith("<b")}
    speak("zh-CN")
    left = english & set(texts_of(layout_of(document)))
    kept = {f"4711 {NAME}", "hanse-risk-report/1"}
    assert {text for text in left if text not in kept} == set(), name


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize(("name", "inputs"), CASES)
def test_terminal_and_page_say_the_same(name: str, inputs: Any, language: Language) -> None:
    speak(language)
    layout = layout_of(report(inputs))
    page, terminal = to_html(layout), printed(layout)
    for section in layout.sections:
        assert section.title in html.unescape(page), name
        assert section.title in terminal
    assert NAME not in page
    assert "&lt;b onload" in page


def test_a_report_in_chinese_becomes_a_pdf() -> None:
    need_pdf()
    speak("zh-CN")
    assert to_pdf(to_html(layout_of(report(BAD)))).startswith(b"%PDF-1.7")
