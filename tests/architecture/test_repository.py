"""Rules about the files of the repository: sizes, addresses, versions, what the documents name."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from architecture.repository import ROOT, package_files, parse, product_files, project_files

FILE_LINES = 400
FUNCTION_LINES = 70
TEXT_LIMIT = 2_000_000
PROJECTS = [ROOT / "pyproject.toml", ROOT / "ledger/pyproject.toml", ROOT / "client_sdk/pyproject.toml"]
# Character classes keep these patterns from finding themselves.
ADDRESS = re.compile(
    r"https?://[\w.-]*(?:py[p]i|python[h]osted|np[m]js|crates[.]io|proxy[.]golang|deb[.]debian|mav[e]n)"
    r"|(?<![\w.])/(?:work|root|farm)/"
)


def long_functions(tree: ast.Module) -> list[str]:
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    ]


def project_table(path: Path) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))["project"]
    return table


def requirement_name(requirement: str) -> str:
    return re.split(r"[<>=!~;\[ ]", requirement)[0].lower().replace("_", "-")


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text("utf-8").splitlines()) for p in product_files()}
    assert lengths
    assert not {name: lines for name, lines in lengths.items() if lines > FILE_LINES}


def test_no_function_is_longer_than_70_lines() -> None:
    # A migration is one long list of tables by nature.
    files = [path for path in product_files() if "migrations" not in path.parts]
    assert not {str(p.relative_to(ROOT)): found for p in files if (found := long_functions(parse(p)))}


@pytest.mark.parametrize(("lines", "found"), [(70, []), (71, ["f"])])
def test_a_long_function_is_seen(lines: int, found: list[str]) -> None:
    assert long_functions(ast.parse("def f():\n" + "    x = 1\n" * (lines - 1))) == found


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    hits = []
    for path in project_files():
        if path.stat().st_size >= TEXT_LIMIT:
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        hits += [
            f"{path.relative_to(ROOT)}:{number}"
            for number, line in enumerate(text.splitlines(), 1)
            if ADDRESS.search(line)
        ]
    assert not hits


@pytest.mark.parametrize(
    "line", ["https://py" + "pi.org/simple", "see /wo" + "rk/main", "http://files.python" + "hosted.org/x"]
)
def test_an_address_is_seen(line: str) -> None:
    assert ADDRESS.search(line)


def test_the_three_distributions_have_one_version() -> None:
    tables = [project_table(path) for path in PROJECTS]
    (version,) = {table["version"] for table in tables}
    pinned = [need for table in tables for need in table["dependencies"] if need.startswith("hanse-")]
    assert len(pinned) >= 2
    assert all(need.endswith(f"=={version}") for need in pinned)
    assert {table["requires-python"] for table in tables} == {">=3.11"}


def test_constraints_pin_every_dependency_exactly() -> None:
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9.]+( ; .+)?", line) for line in lines)
    pinned = {requirement_name(line) for line in lines}
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    needed = [need for path in PROJECTS for need in project_table(path)["dependencies"]] + groups["dev"]
    names = {requirement_name(need) for need in needed} - {"hanse-ledger", "hanse-client"}
    assert names <= pinned


def test_every_decision_record_is_in_the_index_and_has_its_parts() -> None:
    folder = ROOT / "docs" / "adr"
    records = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    index = (folder / "README.md").read_text("utf-8")
    assert records
    assert re.findall(r"\]\((\S+\.md)\)", index) == [path.name for path in records]
    numbers = [int(path.name[:4]) for path in records]
    assert numbers == list(range(1, len(records) + 1))
    for path in records:
        headings = re.findall(r"^## (.+)$", path.read_text("utf-8"), re.MULTILINE)
        assert headings == ["Context", "Options", "Decision", "What it costs"], path.name


@pytest.mark.parametrize("document", ["README.md", "CHANGELOG.md"])
def test_a_reader_is_told_how_to_start(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    assert "make demo" in text
    assert "make test" in text


def test_every_attack_in_the_threat_model_has_its_test() -> None:
    named = re.findall(r"`(test_\w+)`", (ROOT / "docs" / "threat-model.md").read_text("utf-8"))
    assert named
    written = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef)
    }
    assert not set(named) - written


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for path in project_files():
        if path.suffix != ".md" or "vectors" in path.parts:
            continue
        targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
        broken += [
            f"{path.relative_to(ROOT)} -> {target}"
            for target in targets
            if "://" not in target and not (path.parent / target).exists()
        ]
    assert not broken


def test_every_package_says_what_it_is() -> None:
    for package in ("hanse_ledger", "hanse_client", "consortium_config", "node", "api"):
        bare = [str(p.relative_to(ROOT)) for p in package_files(package) if not ast.get_docstring(parse(p))]
        assert not bare
