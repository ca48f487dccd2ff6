import base64
from html.parser import HTMLParser

import pytest
from support_layout import CHINESE, EVIL, layout

from node.risk.report.html import Attached, to_html

OURS = {"html", "head", "meta", "title", "style", "body", "header", "h1", "main", "section", "h2", "p", "dl",
        "div", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th", "td", "strong", "footer", "ul",
        "li", "a"}  # fmt: skip


class Page(HTMLParser):
    """What a browser would make of a page: its elements, their attributes and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_whatever_a_text_holds_stays_text() -> None:
    page = Page(to_html(layout()))
    assert {tag for tag, _ in page.elements} <= OURS
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert sum(text == EVIL for text in page.texts) > 10
    assert not any("49" in text for text in page.texts if text not in page.texts[:1] and "alert" in text)


def test_a_page_loads_and_runs_nothing() -> None:
    page = Page(to_html(layout(text="x")))
    assert not [a for _, attributes in page.elements for a in attributes if a in {"src", "srcset", "href"}]
    (policy,) = (meta for meta in page.all("meta") if meta.get("http-equiv"))
    assert str(policy["content"]).startswith("default-src 'none'")
    style = to_html(layout(text="x")).partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_a_page_can_be_read_without_seeing_it() -> None:
    page = Page(to_html(layout(language="zh-CN", text=CHINESE)))
    assert page.all("html") == [{"lang": "zh-CN"}]
    assert len(page.all("h1")) == 1
    assert len(page.all("caption")) == len(page.all("table")) == 2
    assert all(cell.get("scope") in {"row", "col"} for cell in page.all("th"))
    assert [section["aria-labelledby"] for section in page.all("section")] == [
        heading["id"] for heading in page.all("h2")
    ]


def test_what_is_attached_comes_out_as_it_was() -> None:
    content = b'{"format": "hanse-answer/1"}\n'
    attached = Attached(name='a".hanse.json', media_type="application/json", content=content)
    (link,) = Page(to_html(layout(), (attached,))).all("a")
    assert link["download"] == 'a".hanse.json'
    head, _, body = str(link["href"]).partition(",")
    assert head == "data:application/json;base64"
    assert base64.b64decode(body) == content


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_page_says_its_language(language: str) -> None:
    assert f'<html lang="{language}">' in to_html(layout(language=language))
