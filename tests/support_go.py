"""Runs `logcheck`, which checks an exported log with Go programs that are not ours."""

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

MODULE = Path(__file__).parent / "integration" / "foreign_go"
_TIMEOUT_S = 300
_UNAVAILABLE = {
    "go": "the go command is missing",
    "modules": "Go's module cache lacks modules that cannot be fetched, or go is older than they need",
}


def logcheck(path: Path) -> "subprocess.CompletedProcess[str]":
    """Check the export in `path`: exit code 0 when it holds, 1 with a sentence on stderr.

    Skips the calling test where Go or its modules are missing; fails it instead when CI=true.
    """
    return _run([str(_program()), str(path)])


def forkcheck(evidence: Path, policy: Path) -> "subprocess.CompletedProcess[str]":
    """Check evidence of a fork under a policy's log keys: exit code 0 when it proves one."""
    return _run([str(_program()), "fork", str(evidence), str(policy)])


def _program() -> Path:
    """The built program. The reason of a failed build is kept as well, so that it is found out once."""
    built, missing = _build()
    if built is not None:
        return built
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@cache
def _build() -> tuple[Path | None, str]:
    if shutil.which("go") is None:
        return None, _UNAVAILABLE["go"]
    try:
        # From the module cache alone where it has everything.
        fetched = _run(["go", "mod", "download"]).returncode == 0
    except subprocess.TimeoutExpired:
        fetched = False
    if not fetched:
        return None, _UNAVAILABLE["modules"]
    folder = Path(tempfile.mkdtemp(prefix="hanse-logcheck-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    build = _run(["go", "build", "-mod=readonly", "-buildvcs=false", "-o", str(folder / "logcheck"), "."])
    assert build.returncode == 0, build.stderr
    return folder / "logcheck", ""


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    # A toolchain is never fetched: who has an older Go skips.
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    return subprocess.run(
        command,
        cwd=MODULE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
