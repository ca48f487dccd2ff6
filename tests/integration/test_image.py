"""The image: checked by BuildKit's own front end, and what it promises tried without an engine."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support_comet import cometbft
from support_compose import ROOT, project
from support_go import dockerfile_check
from support_net import NodeProcess, found_nodes
from support_node import FIRST, MEMBERS

from consortium_config.sample import DESK_ID
from node.sequencing.cometbft.process import VERSION

DOCKERFILE = (ROOT / "Dockerfile").read_text()
DOCKERS_TMPFS = "rw,noexec,nosuid,nodev"
"""Docker's own options of a tmpfs; those of the compose file follow, and win."""
# What a container of the node has: a root that is read-only, two folders that are not, no capabilities.
_READ_ONLY = """\
set -eu
data=$1 scratch=$2 options=$3
shift 3
mount --make-rprivate /
mount --bind "$data" "$data"
mount -t tmpfs -o "$options" tmpfs "$scratch"
for place in / "$SOURCE" "$PYTHON"; do
    mount -o remount,bind,ro "$(findmnt --noheadings --output TARGET --target "$place")"
done
exec setpriv --no-new-privs --bounding-set -all --inh-caps -all "$@"
"""


def copied() -> list[str]:
    """What of the clone the Dockerfile copies."""
    words = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY ")]
    return [source for sources in words if not sources[0].startswith("--from") for source in sources]


def healthcheck(port: int) -> int:
    command = [sys.executable, "-I", str(ROOT / "deploy" / "healthcheck.py"), str(port)]
    return subprocess.run(command, check=False, timeout=30).returncode


@contextmanager
def read_only(folder: Path) -> Iterator[list[str]]:
    """Give the words before a command that may write in one folder, and in the tmpfs of the compose file."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        pytest.skip("a mount namespace takes root")
    scratch = folder / "scratch"
    scratch.mkdir()
    target, options = project("solo")["services"]["desk"]["tmpfs"][0].split(":")
    assert target == "/tmp"  # noqa: S108 - the container's
    yield [
        *("env", f"TMPDIR={scratch}", f"XDG_CACHE_HOME={scratch}", f"SOURCE={ROOT}", f"PYTHON={sys.prefix}"),
        *("unshare", "--mount", "sh", "-c", _READ_ONLY, "sh"),
        *(str(folder / "data"), str(scratch), f"{DOCKERS_TMPFS},{options}"),
    ]


def test_buildkit_finds_nothing_wrong() -> None:
    ended = dockerfile_check(ROOT / "Dockerfile")
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ENV API_TOKEN=x", "SecretsUsedInArgOrEnv"),
        ("COPY --from=elsewhere /x /x", "neither a stage nor an image"),
        ("RUN --mount=type=bnd true", "unsupported mount type"),
    ],
)
def test_buildkit_would_find_it(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "Dockerfile").write_text(f"{DOCKERFILE}{line}\n")
    bad = dockerfile_check(tmp_path / "Dockerfile")
    assert bad.returncode == 1
    assert said in bad.stdout


def test_only_what_is_copied_leaves_the_clone() -> None:
    lines = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert lines[0] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    # It is copied by itself too, for a stage that needs no more.
    assert allowed == set(copied()) - {"node/sequencing/cometbft/process.py"}
    assert all((ROOT / source).exists() for source in copied())
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", *sorted(allowed)], check=True, capture_output=True, text=True
    )
    assert not re.findall(r".*(?:keys\.json|passphrase$|\.sqlite|\.pem|\.env)$", tracked.stdout, re.MULTILINE)


def test_the_release_of_cometbft_is_named_in_one_place() -> None:
    number = re.escape(VERSION.removeprefix("v"))
    builders = [
        "Dockerfile",
        "Makefile",
        ".ci/run",
        "docker-compose.yml",
        *map(str, Path("scripts").glob("*")),
    ]
    assert [name for name in builders if re.search(number, (ROOT / name).read_text())] == []
    for name in ("Dockerfile", ".ci/run"):
        assert "install_cometbft.sh" in (ROOT / name).read_text()
    installer = [str(ROOT / "scripts" / "install_cometbft.sh"), str(cometbft().parent)]
    ended = subprocess.run(["sh", *installer], check=True, capture_output=True, text=True, timeout=60)
    assert ended.stdout == f"CometBFT {VERSION} is there.\n"


def test_what_draws_pdfs_is_the_same_everywhere() -> None:
    lists = [
        set(re.findall(r"(?:lib(?:pango|harfbuzz)|fonts-|poppler)[\w.-]*", (ROOT / name).read_text()))
        for name in ("Dockerfile", "scripts/setup_full.sh", ".ci/run")
    ]
    assert len(lists[0]) > 3
    assert lists[1] == lists[2] == lists[0] | {"poppler-utils"}


def test_one_user_owns_what_the_node_writes() -> None:
    (user,) = re.findall(r"^USER (\d+):\1$", DOCKERFILE, re.MULTILINE)
    assert f"--uid {user} " in DOCKERFILE
    assert f"node_user={user}\n" in (ROOT / "deploy" / "secrets.sh").read_text()
    assert project("solo")["services"]["desk"]["user"] == f"{user}:{user}"


def test_a_node_runs_where_it_may_write_its_folder_and_tmp_alone(tmp_path: Path) -> None:
    _, nodes = found_nodes(tmp_path / "data", list(MEMBERS[:4]), FIRST)
    desk = nodes[DESK_ID]
    with read_only(tmp_path) as before:
        denied = subprocess.run(
            [*before, "touch", str(ROOT / "x")], check=False, capture_output=True, text=True
        )
        assert "Read-only file system" in denied.stderr
        pdf = "from node.risk.report.pdf import check_pdf; check_pdf()"
        subprocess.run([*before, sys.executable, "-c", pdf], check=True, timeout=120)
        command = [*before, sys.executable, "-m", "node.cli", "node", "run", "--config", str(desk.config)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
            try:
                wait_healthy(desk, running)
            finally:
                running.terminate()
                _, said = running.communicate(timeout=60)
            assert (running.returncode, healthcheck(port_of(desk))) == (0, 1), said


def port_of(node: NodeProcess) -> int:
    return int(node.url.rpartition(":")[2])


def wait_healthy(node: NodeProcess, process: "subprocess.Popen[str]") -> None:
    ends_at = time.monotonic() + 120
    while healthcheck(port_of(node)) != 0:
        assert process.poll() is None
        assert time.monotonic() < ends_at
        time.sleep(0.2)
