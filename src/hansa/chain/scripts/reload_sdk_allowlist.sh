#!/bin/sh
# Makes the running node read [sdk_allowlist] of all its group files again.

node_dir=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
. "$node_dir/scripts/process.sh"

signal_node reset_allowlist && echo "$node has read its SDK allow-lists again"
