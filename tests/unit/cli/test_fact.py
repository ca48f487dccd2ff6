import hashlib
from pathlib import Path

import pytest
from support_cli import Run
from support_embedded import SHARED, THIN, copy_of_tiny_demo


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return copy_of_tiny_demo(tmp_path)


def test_a_fact_is_filed_shown_and_withdrawn(run: Run, home: Path, tmp_path: Path) -> None:
    document = tmp_path / "order.pdf"
    document.write_bytes(b"the court's order")
    words = ("fact", "file", THIN, "--kind", "insolvency_opened", "--date", "2024-03-05")
    where = ("--source", "Court of Lübeck, 1 IN 2/24", "--document", document, "--dir", home)
    filed = run(*words, *where, "--json")
    assert filed.code == 0, filed.err
    assert filed.document["document_sha256"] == hashlib.sha256(b"the court's order").hexdigest()
    index = filed.document["index"]
    at = ("--dir", home, "--party", "ash")
    assert run("fact", "list", THIN, *at, "--json").document == [filed.document]
    line = f"2024-03-05: insolvency proceedings opened (source: Court of Lübeck, 1 IN 2/24; filed by desk, statement {index})"  # noqa: E501
    assert line in run("inquire", THIN, "--purpose", "monitoring", *at).out
    both = run("inquire", THIN, SHARED, "--purpose", "monitoring", *at).out
    assert f"{THIN}  2024-03-05: insolvency proceedings opened" in " ".join(both.split("\n"))
    chinese = run("--lang", "zh-CN", "fact", "list", THIN, *at)
    assert "破产程序已受理" in chinese.out
    withdrawn = run("fact", "withdraw", index, "--dir", home)
    assert withdrawn.code == 0
    assert f"withdrawn by statement {index + 3}" in withdrawn.out
    assert run("fact", "list", THIN, *at, "--json").document == []
    assert run("fact", "list", THIN, *at).out == "No public fact is known.\n"
    again = run("fact", "withdraw", index, "--dir", home)
    assert (again.code, again.err.split("]")[0]) == (1, "It was withdrawn before. [withdrawn")


def test_a_fact_needs_a_document_and_a_desk(run: Run, home: Path) -> None:
    words = ("fact", "file", THIN, "--kind", "judgment", "--date", "2024-03-05", "--source", "x")
    assert run(*words, "--dir", home).code == 2
    sha256 = ("--document-sha256", "00" * 32)
    assert run(*words, *sha256, "--dir", home, "--party", "ash").code == 2
    assert run(*words, *sha256, "--dir", home).code == 0
    future = (*words[:6], "2024-12-05", *words[7:])
    assert run(*future, *sha256, "--dir", home).code == 1
