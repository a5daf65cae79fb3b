# shellcheck shell=sh
# Read by the other scripts of a node: which process is this node's. Wants $node_dir, gives $node and $config.

node=$(basename "$node_dir")
config="$node_dir/config.ini"
pid_file="$node_dir/node.pid"

# The command line of a process; nothing if there is no such process, or it has ended.
command_line() {
    if [ -d /proc/self ]; then
        tr '\0' ' ' <"/proc/$1/cmdline"
    else
        ps -p "$1" -o args= | grep -v -E '^\(|<defunct>'
    fi
}

is_alive() {
    [ -n "$(command_line "$1" 2>/dev/null)" ]
}

# Prints the id of this node's process; fails if it does not run. A number that meanwhile
# belongs to another program is not taken for it.
running_pid() {
    read -r recorded_pid 2>/dev/null <"$pid_file" || return 1
    case " $(command_line "$recorded_pid" 2>/dev/null) " in
    *" node -c $config "*) echo "$recorded_pid" ;;
    *) return 1 ;;
    esac
}

# Asks the running node for something by a signal file, and waits until it has taken it.
signal_node() {
    if ! running_pid >/dev/null; then
        echo "$node isn't running: it will read its files when it starts" >&2
        return 1
    fi
    : >"$config.$1" || return 1
    polls=0
    while [ "$polls" -lt 25 ]; do
        sleep 0.2
        [ -e "$config.$1" ] || return 0
        polls=$((polls + 1))
    done
    rm -f "$config.$1"
    echo "$node has not answered within 5 seconds: see its log" >&2
    return 1
}
