#!/bin/sh
# Prints the first usable Python 3.11 or newer among the arguments, or among the usual names without any.
# Exits 1 with a sentence on standard error when there is none.
# A name on PATH may be a shim that starts nothing, so each candidate is started and asked.
for candidate in ${*:-python3 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        echo "$candidate"
        exit 0
    fi
done
echo "No Python 3.11 or newer found (looked for: ${*:-python3 python3.13 python3.12 python3.11})." >&2
echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2
exit 1
