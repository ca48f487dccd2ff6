#!/bin/sh
# Makes the secret files that docker-compose.yml mounts, below secrets/ of this clone (HANSE_SECRETS for another
# folder): for each party a passphrase for its key file and a password for its database, and one for Grafana.
# Parties are those named, or the nine of docker-compose.yml. What is there already stays as it is.
#
# Files belong to the users of the containers that read them, and to nobody else; so it takes root:
#     sudo sh deploy/secrets.sh
set -eu
cd "$(dirname "$0")/.."
folder=${HANSE_SECRETS:-secrets}
node_user=10001
grafana_user=472

if [ "$(id -u)" -ne 0 ]; then
    echo "Files for the containers' users can be made by root alone: sudo sh deploy/secrets.sh" >&2
    exit 1
fi
umask 077

random() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

# keep FILE USER: the file gets what comes in, unless it is there; whole, or not at all.
keep() {
    if [ ! -s "$1" ]; then
        cat >"$1.partial"
        chown "$2:$2" "$1.partial"
        chmod 400 "$1.partial"
        mv "$1.partial" "$1"
    fi
}

[ "$#" -gt 0 ] || set -- steward-1 steward-2 steward-3 steward-4 desk alder birch cedar doum
for party in "$@"; do
    mkdir -p "$folder/$party"
    random | keep "$folder/$party/passphrase" "$node_user"
    random | keep "$folder/$party/database" "$node_user"
    # The same for libpq (PGPASSFILE): any host, port, database and user.
    printf '*:*:*:*:%s\n' "$(cat "$folder/$party/database")" | keep "$folder/$party/pgpass" "$node_user"
done
mkdir -p "$folder/grafana"
random | keep "$folder/grafana/admin" "$grafana_user"
echo "The secrets are in $folder. Keep a copy of each passphrase where the party keeps such things."
