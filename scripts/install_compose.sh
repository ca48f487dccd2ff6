#!/bin/sh
# Builds the Docker Compose that tests/integration/compose_cli/go.mod pins, with Go, as a plugin of this user's
# docker: it reads docker-compose.yml in the tests, for which no engine is needed.
# Does nothing where there is one.
set -eu
plugin=$HOME/.docker/cli-plugins/docker-compose
if docker compose version >/dev/null 2>&1 || "$plugin" version >/dev/null 2>&1; then
    echo "Docker Compose is there."
    exit 0
fi
module=github.com/docker/compose/v5
cd "$(dirname "$0")/../tests/integration/compose_cli"
version=$(GOTOOLCHAIN=local go list -m -f '{{.Version}}' "$module")
mkdir -p "$(dirname "$plugin")"
CGO_ENABLED=0 GOTOOLCHAIN=local go build -mod=readonly -buildvcs=false -trimpath \
    -ldflags "-s -w -X $module/internal.Version=$version" -o "$plugin" "$module/cmd"
echo "Docker Compose $version is built."
