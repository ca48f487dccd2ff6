"""Compare `tests/vectors/` and `docs/protocol.md` with the contract in `../shared`, byte by byte.

Prints every file that differs, is missing here, or is here only. Exits 0 when all are equal, 1 when
something differs and 2 when there is no `../shared` to compare with.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
SHARED = HERE.parent / "shared"


def differences(ours: Path, theirs: Path) -> list[str]:
    """Say what differs between two files, or between two folders with all they hold."""
    ours_files, theirs_files = _files(ours), _files(theirs)
    found = []
    for name in sorted(ours_files.keys() | theirs_files.keys()):
        label = f"{ours.name}/{name}" if name else ours.name
        if name not in ours_files:
            found.append(f"missing here: {label}")
        elif name not in theirs_files:
            found.append(f"here only: {label}")
        elif ours_files[name].read_bytes() != theirs_files[name].read_bytes():
            found.append(f"differs: {label}")
    return found


def _files(place: Path) -> dict[str, Path]:
    if place.is_file():
        return {"": place}
    return {path.relative_to(place).as_posix(): path for path in place.rglob("*") if path.is_file()}


def main() -> int:
    """Compare, print and return the exit status."""
    if not SHARED.is_dir():
        sys.stderr.write("There is no ../shared beside this project, so there is nothing to compare with.\n")
        return 2
    found = [
        *differences(HERE / "docs" / "protocol.md", SHARED / "protocol.md"),
        *differences(HERE / "tests" / "vectors", SHARED / "vectors"),
    ]
    for line in found:
        sys.stdout.write(line + "\n")
    if not found:
        sys.stdout.write("docs/protocol.md and tests/vectors equal ../shared.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
