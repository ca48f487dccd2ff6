"""Print the test and lint tools that pyproject.toml names in its `dev` group, one a line.

pip reads dependency groups only from version 25.1 on; a fresh Python 3.11 brings an older one.
"""

import sys
import tomllib
from pathlib import Path


def dev_tools(pyproject: Path) -> list[str]:
    """Return the requirements of the `dev` dependency group."""
    groups: dict[str, list[str]] = tomllib.loads(pyproject.read_text("utf-8"))["dependency-groups"]
    return groups["dev"]


if __name__ == "__main__":
    sys.stdout.write("\n".join(dev_tools(Path(__file__).parents[1] / "pyproject.toml")) + "\n")
