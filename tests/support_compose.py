"""Reads docker-compose.yml as Docker Compose itself does; no engine is needed for that."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROFILES = ("solo", "cometbft")
_TIMEOUT_S = 60


@cache
def _program() -> tuple[str, ...] | None:
    plugin = Path.home() / ".docker" / "cli-plugins" / "docker-compose"
    for words in (("docker", "compose"), (str(plugin),)):
        if shutil.which(words[0]) and _run([*words, "version"], {}).returncode == 0:
            return words
    return None


def compose(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run `docker compose` on the project's file. Skips the calling test where it is not installed."""
    program = _program()
    if program is None:
        pytest.skip("Docker Compose is not installed: make setup-full")
    # Nobody's own .env is looked at.
    return _run([*program, "--env-file", os.devnull, *words], environment)


def typed(script: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Give lines of a page to a shell in the project's folder, with the `docker compose` that is here."""
    program = _program()
    if program is None:
        pytest.skip("Docker Compose is not installed: make setup-full")
    docker = f'docker() {{ shift; command {shlex.join(program)} --env-file {os.devnull} "$@"; }}\n'
    return _run(["bash", "-euc", docker + script], environment)


def project(profile: str, environment: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """Return the whole of what compose would run under a profile."""
    ended = compose("--profile", profile, "config", "--format", "json", **environment)
    assert ended.returncode == 0, ended.stderr
    assert not ended.stderr, ended.stderr
    read: dict[str, Any] = json.loads(ended.stdout)
    return read


def _run(command: list[str], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HANSE_", "COMPOSE_"))}
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
