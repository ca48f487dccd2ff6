#!/bin/sh
# Installs what only the fuller tests need: PostgreSQL, Chromium, Caddy, Prometheus, and what makes PDFs with
# Chinese (Debian packages, as root), CometBFT and Docker Compose (built with Go), and the modules of the Go
# programs. Goes on past what it cannot install, says so at the end, and then exits 1.
set -u
cd "$(dirname "$0")/.." || exit 1
missing=""

debian_packages() {
    if ! command -v apt-get >/dev/null 2>&1; then
        missing="$missing
  $*: there is no apt-get here; install them with your system's own packages"
    elif [ "$(id -u)" -ne 0 ]; then
        missing="$missing
  $*: only root may install; run: sudo make setup-full"
    else
        [ -n "${updated:-}" ] || apt-get -qq update || true
        updated=yes
        DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "$@" >/dev/null ||
            missing="$missing
  $*: apt-get could not install them"
    fi
}

if [ -x "$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -n 1)" ]; then
    echo "PostgreSQL is there."
else
    debian_packages postgresql
fi

if command -v chromium >/dev/null 2>&1; then
    echo "Chromium is there."
else
    debian_packages chromium chromium-driver
fi

for program in caddy prometheus; do
    if command -v "$program" >/dev/null 2>&1; then
        echo "$program is there."
    else
        debian_packages "$program"
    fi
done

if .venv/bin/python -c 'from node.risk.report.pdf import check_pdf; check_pdf()' 2>/dev/null; then
    echo "What makes PDFs is there."
else
    # The list is that of .ci/run and of the Dockerfile.
    debian_packages libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core fonts-wqy-microhei poppler-utils
fi

if command -v go >/dev/null 2>&1; then
    for program in cometbft compose; do
        sh "scripts/install_$program.sh" ||
            missing="$missing
  $program: scripts/install_$program.sh failed"
    done
    for module in tests/integration/foreign_*/go.mod; do
        [ -e "$module" ] || continue
        if (cd "$(dirname "$module")" && go mod download); then
            echo "Go modules of $(dirname "$module") are there."
        else
            missing="$missing
  Go modules of $(dirname "$module"): go mod download failed"
        fi
    done
else
    missing="$missing
  go: install a current Go; CometBFT, Docker Compose and the foreign verifiers are Go programs"
fi

if [ -n "$missing" ]; then
    echo "Could not install:$missing" >&2
    exit 1
fi
echo "All that the fuller tests need is there."
