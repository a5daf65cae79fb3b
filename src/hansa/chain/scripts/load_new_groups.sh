#!/bin/sh
# Makes the running node look into conf/ for groups that it does not know yet.

node_dir=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
. "$node_dir/scripts/process.sh"

signal_node append_group && echo "$node has looked for new groups; getGroupList shows those that run"
