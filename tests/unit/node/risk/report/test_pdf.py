import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support_layout import CHINESE, EVIL, layout, need_pdf

from node.risk.report import pdf
from node.risk.report.html import Attached, to_html
from node.risk.report.pdf import PdfUnavailableError, to_pdf


def run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def made(tmp_path: Path) -> Path:
    need_pdf()
    path = tmp_path / "report.pdf"
    attached = Attached(name="a.hanse.json", media_type="application/json", content=b"{}\n")
    path.write_bytes(to_pdf(to_html(layout(language="zh-CN", text=CHINESE)), (attached,)))
    return path


def test_chinese_is_in_it_as_text_and_in_a_font_of_its_own(made: Path) -> None:
    assert CHINESE in run("pdftotext", made, "-")
    fonts = run("pdffonts", made).splitlines()[2:]
    assert fonts
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts)  # embedded, subset, Unicode
    assert any("WenQuanYi" in line or "Noto-Sans-CJK" in line for line in fonts)


def test_it_is_tagged_and_says_its_title(made: Path) -> None:
    said = run("pdfinfo", made)
    assert "Tagged:          yes" in said
    assert CHINESE in said


def test_what_is_attached_comes_out_as_it_was(made: Path, tmp_path: Path) -> None:
    run("pdfdetach", "-saveall", "-o", tmp_path, made)
    assert (tmp_path / "a.hanse.json").read_bytes() == b"{}\n"


def test_a_hostile_text_is_printed_and_loads_nothing(tmp_path: Path) -> None:
    need_pdf()
    secret = tmp_path / "secret.css"
    secret.write_text("body::after { content: 'loaded from a file' }")
    page = to_html(layout(text=EVIL)) + f'<link rel="stylesheet" href="{secret.as_uri()}">'
    path = tmp_path / "report.pdf"
    path.write_bytes(to_pdf(page))
    printed = run("pdftotext", path, "-")
    assert "<script>" in printed
    assert "loaded from a file" not in printed


def test_a_machine_without_pango_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    pdf._weasyprint.cache_clear()
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    try:
        with pytest.raises(PdfUnavailableError, match="Pango"):
            to_pdf("<p>x</p>")
    finally:
        pdf._weasyprint.cache_clear()


def test_a_machine_without_a_chinese_font_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_weasyprint", lambda: ModuleType("weasyprint"))
    monkeypatch.setattr("shutil.which", lambda _: None)
    pdf._has_chinese.cache_clear()
    try:
        with pytest.raises(PdfUnavailableError, match="Chinese"):
            to_pdf("<p>x</p>")
    finally:
        pdf._has_chinese.cache_clear()
