#!/bin/sh
# Makes the virtual environment at $1 with the Python named by $2 (looked for when $2 is empty).
# Running it on a half-made environment finishes that one; nothing in a whole one is removed.
set -eu
here=$(dirname "$0")
python=$(sh "$here/find_python.sh" ${2:+"$2"})
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    echo "$python has no venv module with pip (on Debian: apt-get install python3-venv)." >&2
    exit 1
fi
echo "Making $1 with $("$python" --version)" >&2
"$python" -m venv "$1"
