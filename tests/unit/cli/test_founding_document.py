"""docs/founding.md, as it stands: its commands are run, and what it shows of their output is compared."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_founding import cheap_keys, done, hanse

from consortium_config.policy_file import parse_terms

DOCUMENT = Path(__file__).parents[3] / "docs" / "founding.md"
_LOOP = re.compile(r"for (\w+) in (.*); do (.*); done")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)


def steps() -> Iterator[tuple[list[str], list[str]]]:
    """The commands of each line that is typed, and the output that is shown below it."""
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            typed, *shown = part.splitlines()
            loop = _LOOP.fullmatch(typed)
            commands = [typed] if loop is None else [
                loop[3].replace(f"${loop[1]}", value) for value in loop[2].split()
            ]  # fmt: skip
            yield commands, shown


def test_the_walk_through_can_be_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_keys(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (policy,) = blocks("toml")
    parse_terms(policy)
    Path("policy.toml").write_text(policy)
    commands = 0
    for typed, shown in steps():
        printed = ""
        for command in typed:
            program, *words = shlex.split(command)
            if program == "export":
                monkeypatch.setenv(*words[0].split("=", 1))
                continue
            assert program == "hanse"
            printed += done(hanse(*words)).out
            commands += 1
        for line in shown:
            assert line in printed.splitlines(), (typed, line, printed)
    assert commands > 40


def test_the_readme_points_to_it() -> None:
    assert "(docs/founding.md)" in (DOCUMENT.parents[1] / "README.md").read_text()
