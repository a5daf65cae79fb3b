#!/bin/sh
# Starts this node in the background and waits until it runs. What it prints goes to nohup.out beside this file.
# HANSA_BIN: another hansa command than the one the chain was built with.

node_dir=$(cd "$(dirname "$0")" && pwd -P) || exit 1
. "$node_dir/scripts/process.sh"
cd "$node_dir" || exit 1

if pid=$(running_pid); then
    echo "$node is running already, pid is $pid"
    exit 0
fi

if [ -n "${HANSA_BIN:-}" ]; then
    set -- "$HANSA_BIN"
else
    set -- @HANSA_COMMAND@
    [ -x "$1" ] || set -- hansa
fi
if ! command -v "$1" >/dev/null 2>&1; then
    echo "$node cannot start: there is no command $1. Install hansa, or set HANSA_BIN to where it is." >&2
    exit 1
fi

touch nohup.out
size_before=$(wc -c <nohup.out)
nohup "$@" node -c "$config" >>nohup.out 2>&1 </dev/null &
pid=$!

polls=0
while [ "$polls" -lt 150 ]; do
    sleep 0.2
    if tail -c "+$((size_before + 1))" nohup.out | grep -q "is running"; then
        echo "$pid" >"$pid_file"
        echo "$node start successfully pid=$pid"
        exit 0
    fi
    if ! is_alive "$pid"; then
        echo "$node did not start. The end of $node_dir/nohup.out:" >&2
        tail -n 20 nohup.out >&2
        exit 1
    fi
    polls=$((polls + 1))
done

echo "$pid" >"$pid_file" # it may still come up, or be stopped with stop.sh
echo "Exceed waiting time: $node has not said within 30 seconds that it is running. The end of $node_dir/nohup.out:" >&2
tail -n 20 nohup.out >&2
exit 1
