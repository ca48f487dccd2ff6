#!/bin/sh
# Builds the release of CometBFT that node/sequencing/cometbft/process.py names, with Go, into the folder $1
# (~/go/bin without it). Does nothing where that release is there already. make setup-full and the image both run this.
set -eu
source=$(dirname "$0")/../node/sequencing/cometbft/process.py
version=$(sed -n 's/^VERSION: Final = "\(v[0-9.]*\)"$/\1/p' "$source")
[ -n "$version" ] || {
    echo "$source names no release of CometBFT" >&2
    exit 1
}
# `cometbft version` is not reliable; what Go has written into the program is.
folder=${1:-$HOME/go/bin}
if go version -m "$folder/cometbft" 2>/dev/null | grep -qF "github.com/cometbft/cometbft	$version"; then
    echo "CometBFT $version is there."
    exit 0
fi
mkdir -p "$folder"
CGO_ENABLED=0 GOBIN=$(cd "$folder" && pwd) go install -trimpath -ldflags "-s -w" \
    "github.com/cometbft/cometbft/cmd/cometbft@$version"
echo "CometBFT $version is built."
