"""The hook of tests/conftest.py: with CI=true a skip fails; without it, it stays a skip."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import excused

TESTS = Path(__file__).parents[1]
SKIPS = {
    "in the test": "import pytest\ndef test_x():\n    pytest.skip('no reason')\n",
    "by a mark": "import pytest\n@pytest.mark.skipif(True, reason='no')\ndef test_x():\n    pass\n",
    "of a module": "import pytest\npytest.importorskip('there_is_no_such_module')\n",
}


def run(folder: Path, source: str, *, ci: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_x.py").write_text(source)
    (folder / "pytest.ini").write_text("[pytest]\n")
    environment = os.environ | {"CI": ci, "PYTHONPATH": str(TESTS), "PYTEST_ADDOPTS": ""}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-q", str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("source", SKIPS.values(), ids=SKIPS)
def test_a_skip_fails_in_ci_and_nowhere_else(tmp_path: Path, source: str) -> None:
    in_ci = run(tmp_path, source, ci="true")
    assert in_ci.returncode not in (0, 5)
    assert "CI does not skip" in in_ci.stdout
    assert run(tmp_path, source, ci="").returncode in (0, 5)


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    source = "import pytest\n@pytest.mark.xfail\ndef test_x():\n    assert False\n"
    assert run(tmp_path, source, ci="true").returncode == 0


def test_only_absent_shared_data_excuses(tmp_path: Path) -> None:
    assert excused("../shared/data is not here", shared_data=tmp_path / "none")
    assert not excused("../shared/data is not here", shared_data=tmp_path)
    assert not excused("no browser", shared_data=tmp_path / "none")
