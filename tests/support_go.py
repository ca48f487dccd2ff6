"""Runs Go programs that are not ours: over an exported log, a node's HTTP interface, and the Dockerfile."""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

FOREIGN = Path(__file__).parent / "integration"
_TIMEOUT_S = 300
_UNAVAILABLE = {
    "go": "the go command is missing",
    "modules": "Go's module cache lacks modules that cannot be fetched, or go is older than they need",
}


def logcheck(path: Path) -> "subprocess.CompletedProcess[str]":
    """Check the export in `path`: exit code 0 when it holds, 1 with a sentence on stderr.

    Skips the calling test where Go or its modules are missing; fails it instead when CI=true.
    """
    return _run([str(_program("foreign_go")), str(path)])


def forkcheck(evidence: Path, policy: Path) -> "subprocess.CompletedProcess[str]":
    """Check evidence of a fork under a policy's log keys: exit code 0 when it proves one."""
    return _run([str(_program("foreign_go")), "fork", str(evidence), str(policy)])


def fsck(url: str, vkey: str) -> "subprocess.CompletedProcess[str]":
    """Let Tessera check the log that is served at `url`: exit code 0 when all of it holds."""
    return _run([str(_program("foreign_net")), "fsck", url, vkey])


def dockerfile_check(path: Path) -> "subprocess.CompletedProcess[str]":
    """Let BuildKit check a Dockerfile: exit code 1 and a line for each thing that is wrong."""
    return _run([str(_program("docker_go")), str(path)])


@contextmanager
def foreign_witness(skey: str, log_vkey: str) -> Iterator[str]:
    """Run a witness that is not ours for one log; give its address."""
    command = [str(_program("foreign_net")), "witness", skey, log_vkey]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        assert process.stdin is not None
        process.stdin.close()


def _program(module: str) -> Path:
    """The built program. The reason of a failed build is kept as well, so that it is found out once."""
    built, missing = _build(module)
    if built is not None:
        return built
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@cache
def _build(module: str) -> tuple[Path | None, str]:
    if shutil.which("go") is None:
        return None, _UNAVAILABLE["go"]
    try:
        # From the module cache alone where it has everything.
        fetched = _run(["go", "mod", "download"], FOREIGN / module).returncode == 0
    except subprocess.TimeoutExpired:
        fetched = False
    if not fetched:
        return None, _UNAVAILABLE["modules"]
    folder = Path(tempfile.mkdtemp(prefix=f"hanse-{module}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = ["go", "build", "-mod=readonly", "-buildvcs=false", "-o", str(folder / module), "."]
    build = _run(command, FOREIGN / module)
    assert build.returncode == 0, build.stderr
    return folder / module, ""


def _run(command: list[str], folder: Path = FOREIGN) -> "subprocess.CompletedProcess[str]":
    # A toolchain is never fetched: who has an older Go skips.
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
