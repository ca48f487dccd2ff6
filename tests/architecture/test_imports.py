"""Who may import whom, and which foreign packages each of ours may stand on (design.md, Folders)."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from architecture.repository import PACKAGES, ROOT, imports, package_files, parse

OWN = set(PACKAGES)
# The import names of what design.md lists.
CORE = {"cryptography", "cbor2", "rbcl", "numpy", "stdnum", "rfc8785"}
FOREIGN = {
    "hanse_ledger": CORE,
    "hanse_client": {"httpx"},
    "consortium_config": set[str](),
    "node": {
        "alembic", "babel", "cryptography", "google", "http_message_signatures", "httpcore", "httpx",
        "icalendar", "jinja2", "markupsafe", "numpy", "openpyxl", "psycopg", "pydantic",
        "pydantic_settings", "pyrage", "python_calamine", "rapidfuzz", "rfc8785", "rich", "sklearn",
        "sqlalchemy", "typer", "weasyprint",
    },
    "api": {"authlib", "babel", "fastapi", "jinja2", "prometheus_client", "pydantic", "starlette", "uvicorn"},
}  # fmt: skip

DISTRIBUTIONS = {
    "hanse_ledger": "hanse-ledger",
    "hanse_client": "hanse-client",
    "consortium_config": "hanse",
    "node": "hanse",
    "api": "hanse",
}


def foreign(tree: ast.Module) -> set[str]:
    """Return the distributions outside the standard library and this project that a module imports."""
    return {name.split(".")[0] for name in imports(tree)} - sys.stdlib_module_names - OWN


def test_the_import_contracts_hold() -> None:
    lint_imports = Path(sysconfig.get_path("scripts")) / "lint-imports"
    ran = subprocess.run([lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_stands_only_on_what_the_design_allows(package: str) -> None:
    assert package_files(package)
    strangers = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in package_files(package)
        for name in foreign(parse(path)) - FOREIGN[package]
    }
    assert not strangers


@pytest.mark.parametrize(("package", "distribution"), DISTRIBUTIONS.items())
def test_what_a_package_imports_its_distribution_asks_for(package: str, distribution: str) -> None:
    asked = {
        re.split(r"[<>=!~;\[ ]", need)[0].lower().replace("_", "-")
        for need in importlib.metadata.requires(distribution) or []
    }
    providers = importlib.metadata.packages_distributions()
    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in package_files(package)
        for name in foreign(parse(path))
        if asked.isdisjoint(provider.lower().replace("_", "-") for provider in providers.get(name, []))
    }
    assert not undeclared


def test_the_client_and_the_configuration_import_only_the_core_of_ours() -> None:
    for package in ("hanse_client", "consortium_config"):
        used = {name.split(".")[0] for path in package_files(package) for name in imports(parse(path))}
        assert used & OWN <= {package, "hanse_ledger"}


def test_a_stranger_is_seen_in_a_function_too() -> None:
    assert foreign(ast.parse("import json\ndef f():\n    from requests.auth import x\n")) == {"requests"}
