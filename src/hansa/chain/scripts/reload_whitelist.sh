#!/bin/sh
# Makes the running node read [certificate_whitelist] of its config.ini again.

node_dir=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
. "$node_dir/scripts/process.sh"

if grep -n '^[[:space:]]*cal\.[^=]*=' "$config" | grep -v -E '=[[:space:]]*([0-9a-fA-F]{128})?[[:space:]]*$' >&2; then
    echo "These lines are no node ids of 128 hexadecimal digits; nothing was changed" >&2
    exit 1
fi
signal_node reset_certificate_whitelist && echo "$node has read its certificate whitelist again"
