#!/bin/sh
# Builds the Docker Compose that tests/integration/docker_go/go.mod pins, with Go, as a plugin of this user's
# docker: it reads docker-compose.yml in the tests, for which no engine is needed.
# Does nothing where there is one.
set -eu
plugin=$HOME/.docker/cli-plugins/docker-compose
if docker compose version >/dev/null 2>&1 || "$plugin" version >/dev/null 2>&1; then
    echo "Docker Compose is there."
    exit 0
fi
module=github.com/docker/compose/v5
cd "$(dirname "$0")/../tests/integration/docker_go"
version=$(GOTOOLCHAIN=local go list -m -f '{{.Version}}' "$module")
mkdir -p "$(dirname "$plugin")"
# With the same flags as tests/support_go.py, so that what is compiled once serves both.
GOTOOLCHAIN=local go build -mod=readonly -buildvcs=false \
    -ldflags "-s -w -X $module/internal.Version=$version" -o "$plugin" "$module/cmd"
echo "Docker Compose $version is built."
