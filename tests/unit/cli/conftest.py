import os
import subprocess
import sys
from pathlib import Path

import pytest
from support_cli import Ended, Run
from support_embedded import copy_of_tiny_demo

from node.cli import main
from node.texts import speak


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process, in English unless it says otherwise."""
    for name in ("LC_ALL", "LC_MESSAGES", "HANSE_DIR", "HANSE_PARTY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")

    def run(*words: object, **_options: str) -> Ended:
        capsys.readouterr()
        code = main([str(word) for word in words])
        speak("en")
        captured = capsys.readouterr()
        return Ended(code=code, out=captured.out, err=captured.err)

    return run


@pytest.fixture
def start() -> Run:
    """Run a command as a person does, in a process of its own."""

    def start(*words: object, **options: str) -> Ended:
        program = Path(sys.executable).with_name("hanse")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "HANSE"))}
        ended = subprocess.run(
            [program, *map(str, words)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**kept, "LANG": "en_US.UTF-8", **options},
        )
        return Ended(code=ended.returncode, out=ended.stdout, err=ended.stderr)

    return start


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished demo that these tests share; they may inquire in it, and change nothing else."""
    return copy_of_tiny_demo(tmp_path_factory.mktemp("cli"))
