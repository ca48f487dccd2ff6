"""The code that reads CometBFT's messages is what abci.proto generates."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
FOLDER = "node/sequencing/cometbft"


def test_generated_code_is_that_of_its_source(tmp_path: Path) -> None:
    script = ["sh", str(ROOT / "scripts" / "generate_protobuf.sh"), str(tmp_path)]
    ran = subprocess.run(
        script,
        env={"PYTHON": sys.executable, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    for name in ("abci_pb2.py", "abci_pb2.pyi"):
        assert (tmp_path / FOLDER / name).read_bytes() == (ROOT / FOLDER / name).read_bytes()
