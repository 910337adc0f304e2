#!/usr/bin/env bash
# Finds CPython 3.11 or newer that can build extension modules and make virtual environments.
#
#   find_python.sh              `python3`, or where that is unfit the oldest fit one
#   find_python.sh python3.13   that one, on PATH or under pyenv
#   find_python.sh --all        one interpreter a minor version, oldest first
#
# Prints the real path of each. When there is none it says what each candidate lacks, and fails.
set -u

probe='
import os, sys, sysconfig
if sys.implementation.name != "cpython":
    sys.exit("it is not CPython")
if sys.version_info < (3, 11):
    sys.exit("it is older than 3.11")
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    sys.exit("it is a free-threaded build")
if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    sys.exit("its C headers are missing (Debian: apt-get install python3-dev)")
try:
    import ensurepip, venv
except ImportError:
    sys.exit("it cannot make virtual environments (Debian: apt-get install python3-venv)")
print(os.path.realpath(sys.executable))
'

found=""
complaints=""

# Sets `found` to the interpreter behind the file "$1", or adds to `complaints` why it will not do.
try_file() {
    local answer
    if answer=$("$1" -I -c "$probe" 2>&1 </dev/null); then
        found=$answer
    else
        complaints+="  $1: ${answer%%$'\n'*}"$'\n'
        return 1
    fi
}

# Tries each file of the name "$1", PATH first. A version manager's stand-in on PATH may refuse to run, so the
# interpreters that it manages are tried too.
try_name() {
    local directory directories
    case $1 in
        */*)
            try_file "$1"
            return
            ;;
    esac
    IFS=: read -r -a directories <<<"$PATH"
    for directory in "${directories[@]}" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin; do
        [ -x "$directory/$1" ] && try_file "$directory/$1" && return 0
    done
    return 1
}

fail() {
    {
        echo "No usable CPython${1:+ called $1}: 3.11 or newer with its C headers is needed."
        [ -n "$complaints" ] && printf 'Looked at:\n%s' "$complaints"
        echo "Install one, or name one: make PYTHON=/path/to/python3.13 ..."
    } >&2
    exit 1
}

minors=(python3.11 python3.12 python3.13 python3.14 python3.15)

case ${1:-python3} in
    --all)
        any=""
        for name in "${minors[@]}"; do
            try_name "$name" && echo "$found" && any=yes
        done
        [ -n "$any" ] || fail ""
        ;;
    python3)
        for name in python3 "${minors[@]}"; do
            try_name "$name" && echo "$found" && exit 0
        done
        fail ""
        ;;
    *)
        try_name "$1" || fail "$1"
        echo "$found"
        ;;
esac
