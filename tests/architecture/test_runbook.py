"""Every procedure of the runbook names what carries it out, and that is there."""

import ast
import re

import pytest
from architecture.repository import ROOT

SECTIONS = re.split(r"^## ", (ROOT / "docs" / "runbook.md").read_text("utf-8"), flags=re.MULTILINE)[1:]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_a_procedure_is_carried_out_by_tests_that_are_there(section: str) -> None:
    _, _, tried = section.partition("Tried by:")
    named = re.findall(r"`(tests/[^`]+)`", tried)
    assert named
    for one in named:
        path, _, function = one.partition("::")
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert function in defined | {""}, one


def test_it_says_what_an_association_has_to_do() -> None:
    titles = [section.splitlines()[0] for section in SECTIONS]
    for what in (
        "Install",
        "Found",
        "Upgrade",
        "Rotate",
        "Back up",
        "Replace",
        "alerts",
        "third",
        "forks",
        "lost",
    ):
        assert any(what in title for title in titles), what
