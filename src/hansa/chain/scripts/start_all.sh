#!/bin/sh
# Starts all nodes of this host at the same time.

host_dir=$(cd "$(dirname "$0")" && pwd -P) || exit 1
pids=
for script in "$host_dir"/node*/start.sh; do
    sh "$script" &
    pids="$pids $!"
done
status=0
for pid in $pids; do
    wait "$pid" || status=1
done
exit "$status"
