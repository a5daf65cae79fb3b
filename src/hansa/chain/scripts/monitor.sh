#!/bin/sh
# For cron: starts nodes of a host that do not run, and tells of groups that stand still.
#     monitor.sh [-d DIRECTORY]    DIRECTORY holds the nodes; by default the one this node is in
# A group stands still if neither its block number nor its PBFT view changed since the last call.

nodes_dir=$(cd "$(dirname "$0")/../.." && pwd -P) || exit 1
while getopts d: option; do
    case $option in
    d) nodes_dir=$(cd "$OPTARG" && pwd -P) || exit 1 ;;
    *) exit 2 ;;
    esac
done

say() {
    echo "$(date '+%Y-%m-%d %H:%M:%S') $node: $*"
}

setting() {
    sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$config" | tr -d '\r'
}

# Prints the result of a JSON-RPC method of one group; nothing if there is none.
ask() {
    curl -s -m 5 -H 'Content-Type: application/json' \
        -d "{\"jsonrpc\":\"2.0\",\"method\":\"$1\",\"params\":[$2],\"id\":1}" "http://$address" |
        sed -n 's/.*"result" *: *"\([^"]*\)".*/\1/p'
}

watch_group() {
    number=$(ask getBlockNumber "$1")
    view=$(ask getPbftView "$1")
    if [ -z "$number" ]; then
        say "group $1 does not answer at $address"
        return
    fi
    seen_file="$node_dir/.monitor.$1"
    if [ -n "$view" ] && [ "$number $view" = "$(cat "$seen_file" 2>/dev/null)" ]; then
        say "group $1 stands still at block $number, view $view"
    fi
    echo "$number $view" >"$seen_file"
}

watch_node() {
    . "$node_dir/scripts/process.sh"
    if ! running_pid >/dev/null; then
        say "does not run, starting it"
        sh "$node_dir/start.sh"
        return
    fi
    ip=$(setting jsonrpc_listen_ip)
    case $ip in
    '' | 0.0.0.0) ip=127.0.0.1 ;;
    ::) ip='[::1]' ;;
    *:*) ip="[$ip]" ;;
    esac
    address="$ip:$(setting jsonrpc_listen_port)"
    for genesis in "$node_dir"/conf/group.*.genesis; do
        group=${genesis##*/group.}
        watch_group "${group%.genesis}"
    done
}

for start in "$nodes_dir"/node*/start.sh; do
    node_dir=$(dirname "$start")
    watch_node
done
