#!/bin/sh
# Builds the image with Docker Engine and carries out docs/deployment.md with it, under the profile `cometbft`, where no
# image can be pulled: each base is a stand-in of the same name, made from Debian's packages and this machine's Go.
#
#     run.sh [FOLDER]         FOLDER keeps layers and stand-ins for the next time (/var/tmp/hanse-image-check)
#
# Takes root, and Debian's docker.io and debootstrap; the engine is one of its own, in a network namespace of its own,
# and ends with this script. What it cannot show is in docs/deployment.md.
set -eu
top=$(cd "$(dirname "$0")/../../.." && pwd)
here=$top/tests/integration/image_check
folder=${1:-/var/tmp/hanse-image-check}
python=${PYTHON:-$top/.venv/bin/python}
# Debian's own client: it needs no further program for BuildKit.
docker=/usr/bin/docker
namespace=hanse-image-check
daemon=
export DOCKER_HOST="unix://$folder/docker.sock" DOCKER_BUILDKIT=1

missing() {
    echo "$1" >&2
    exit 1
}
[ "$(id -u)" -eq 0 ] || missing "Engines and namespaces take root."
for program in dockerd debootstrap go nsenter "$docker"; do
    command -v "$program" >/dev/null || missing "$program is missing: apt-get install docker.io debootstrap"
done

# engine WORDS: starts the engine by these words before `dockerd`, and waits until it answers.
engine() {
    "$@" --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/dockerd.pid" -H "$DOCKER_HOST" \
        >>"$folder/dockerd.log" 2>&1 &
    daemon=$!
    for _ in $(seq 60); do
        "$docker" version >/dev/null 2>&1 && return
        sleep 1
    done
    missing "The engine does not start: $folder/dockerd.log"
}

end_engine() {
    # By the process that was started, not by its file: one that an engine left behind may name another's process.
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
    wait
    daemon=
}

clean() {
    "$docker" ps --all --quiet 2>/dev/null | xargs --no-run-if-empty "$docker" rm --force --volumes >/dev/null
    "$docker" volume ls --quiet 2>/dev/null | xargs --no-run-if-empty "$docker" volume rm >/dev/null
    "$docker" network prune --force >/dev/null 2>&1 || true
    end_engine
    ip netns delete "$namespace" 2>/dev/null || true
    rm -rf "$folder/clone"
}

# standin NAME TAG: builds a stand-in and gives it the name by which it is asked for.
standin() {
    cp -R "$here/standins/$1/." "$folder/$1/"
    "$docker" build --quiet --network host --tag "$2" "$folder/$1" >/dev/null
}

mkdir -p "$folder"
trap clean EXIT
trap 'exit 130' INT TERM

echo "Stand-ins for the images that the files name" >&2
engine unshare --mount dockerd --bridge=none --iptables=false --ip6tables=false --ip-forward=false
if ! "$docker" image inspect hanse-standin:debian >/dev/null 2>&1; then
    rm -rf "$folder/debian"
    debootstrap --variant=minbase --include=ca-certificates bookworm "$folder/debian" >"$folder/debootstrap.log" 2>&1
    # Whom this machine trusts, its containers trust.
    cp --remove-destination /etc/ssl/certs/ca-certificates.crt "$folder/debian/etc/ssl/certs/ca-certificates.crt"
    tar -C "$folder/debian" -c . | "$docker" import - hanse-standin:debian >/dev/null
    rm -rf "$folder/debian"
fi
mkdir -p "$folder/golang" "$folder/python" "$folder/postgres" "$folder/caddy" "$folder/prometheus"
[ -d "$folder/golang/go" ] || cp -R "$(go env GOROOT)" "$folder/golang/go"
standin golang "$(sed -n 's/^FROM \(golang:[^ ]*\) AS .*/\1/p' "$top/Dockerfile")"
standin python "python:$(sed -n 's/^ARG PYTHON=//p' "$top/Dockerfile")"
for image in postgres caddy prometheus; do
    standin "$image" "$(sed -n "s,^ *image: \(\(prom/\)\?$image:.*\),\1,p" "$top/docker-compose.yml")"
done

echo "The image, from the Dockerfile as it is" >&2
rm -rf "$folder/clone"
git clone --quiet "$top" "$folder/clone"
"$docker" build --network host --tag hanse:0.1.0 "$folder/clone" >"$folder/build.log" 2>&1 ||
    missing "$(tail -n 20 "$folder/build.log")"
end_engine

ip netns add "$namespace"
# Not `ip netns exec`, which hides the control groups.
inside="nsenter --net=/run/netns/$namespace"
$inside sh -c 'ip link set lo up && echo 1 >/proc/sys/net/ipv4/ip_forward'
engine $inside unshare --mount dockerd
for party in steward-1 steward-2 steward-3 steward-4 desk alder birch cedar doum; do
    echo "127.0.0.1 $party.hanse.example"
done | cat - /etc/hosts >"$folder/hosts"
PYTHONPATH=$top/tests:$top/scripts $inside unshare --mount sh -c \
    'mount --bind "$1" /etc/hosts && shift && exec "$@"' sh "$folder/hosts" \
    "$python" "$here/trial.py" "$folder/clone"
