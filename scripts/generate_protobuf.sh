#!/bin/sh
# Generates what reads and writes CometBFT's messages (abci_pb2.py and its types) below the folder given.
set -eu
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
PATH=$(dirname "$python"):$PATH exec "$python" -m grpc_tools.protoc -I . \
    --python_out="$out" --mypy_out="quiet:$out" node/sequencing/cometbft/abci.proto
