"""What the tests of the repository look at: the project's own files, and what a Python file imports."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

PACKAGES = {
    "hanse_ledger": ROOT / "ledger" / "src" / "hanse_ledger",
    "hanse_client": ROOT / "client_sdk" / "src" / "hanse_client",
    "consortium_config": ROOT / "consortium_config",
    "node": ROOT / "node",
    "api": ROOT / "api",
}


def project_files() -> list[Path]:
    """List the files that git tracks or would: everything but what .gitignore names."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def package_files(package: str) -> list[Path]:
    return sorted(PACKAGES[package].rglob("*.py"))


def product_files() -> list[Path]:
    """List every Python file that is no test."""
    return [
        path
        for path in project_files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] != "tests"
    ]


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the full name of every module that is imported, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise AssertionError(f"line {node.lineno}: imports here are absolute")
            yield node.module or ""


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))
