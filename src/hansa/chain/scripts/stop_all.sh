#!/bin/sh
# Stops all nodes of this host at the same time.

host_dir=$(cd "$(dirname "$0")" && pwd -P) || exit 1
pids=
for script in "$host_dir"/node*/stop.sh; do
    sh "$script" &
    pids="$pids $!"
done
status=0
for pid in $pids; do
    wait "$pid" || status=1
done
exit "$status"
