#!/bin/sh
# As root: the volume and the password become those of postgres. As postgres: the cluster is made once, then served.
set -eu
data=/var/lib/postgresql/data
if [ "$(id -u)" = 0 ]; then
    install --directory --owner=postgres --mode=0700 "$data"
    chown postgres /run/postgresql
    install --mode=0600 --owner=postgres "$POSTGRES_PASSWORD_FILE" /tmp/password
    exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ ! -s "$data/PG_VERSION" ]; then
    # Words, not one word: what docker-compose.yml gives.
    # shellcheck disable=SC2086
    initdb -D "$data" --username="$POSTGRES_USER" --pwfile=/tmp/password \
        --auth-local=trust --auth-host=scram-sha-256 $POSTGRES_INITDB_ARGS
    echo "host all all all scram-sha-256" >>"$data/pg_hba.conf"
    pg_ctl -D "$data" -o "-c listen_addresses=''" -w start
    createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
    pg_ctl -D "$data" -m fast -w stop
fi
rm /tmp/password
exec "$@" -D "$data" -c listen_addresses='*'
