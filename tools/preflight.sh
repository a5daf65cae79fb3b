#!/bin/sh
# Says in words what this machine lacks before anything is built. Usage: preflight.sh PYTHON
set -eu
python=$1
# The `rust-version` of kernel/Cargo.toml: 1.this.
rust_minor_min=91
missing=0

lacks() {
    echo "missing: $1" >&2
    echo "  remedy: $2" >&2
    missing=1
}

command -v "$python" >/dev/null 2>&1 || lacks "$python" "install Python 3.11 or newer, or name one: make PYTHON=python3.11"
if command -v "$python" >/dev/null 2>&1; then
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        lacks "Python 3.11 or newer ($("$python" --version) is too old)" "name a newer one: make PYTHON=python3.12"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || lacks "the venv module" "Debian and Ubuntu: apt-get install python3-venv"
fi
if command -v cargo >/dev/null 2>&1; then
    version=$(cargo --version | sed 's/^cargo \([0-9]*\)\.\([0-9]*\).*/\1 \2/')
    [ "${version% *}" -gt 1 ] || [ "${version#* }" -ge "$rust_minor_min" ] ||
        lacks "Rust 1.$rust_minor_min or newer ($(cargo --version) is too old)" "rustup update stable, or install a newer one"
else
    lacks "cargo, the Rust build tool" "install Rust 1.$rust_minor_min or newer (rustup, or your distribution's package)"
fi
command -v cc >/dev/null 2>&1 || lacks "cc, a C compiler" "Debian and Ubuntu: apt-get install build-essential"
exit $missing
