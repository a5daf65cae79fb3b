#!/bin/sh
# Stops this node, and no other process.

node_dir=$(cd "$(dirname "$0")" && pwd -P) || exit 1
. "$node_dir/scripts/process.sh"

if ! pid=$(running_pid); then
    echo "$node isn't running"
    exit 0
fi

kill "$pid" || exit 1
polls=0
while [ "$polls" -lt 60 ]; do
    sleep 0.2
    if ! running_pid >/dev/null; then
        rm -f "$pid_file"
        echo "stop $node success"
        exit 0
    fi
    polls=$((polls + 1))
done
echo "$node, pid $pid, has not ended within 12 seconds. Look at its log before you force it: kill -9 $pid" >&2
exit 1
