#!/usr/bin/env bash
# Fetches the programs that the tests of TLS talk to and this machine lacks: openssl, curl and nginx, from Debian's
# packages. They are unpacked under build/tls-peers; nothing is installed on the machine, and no root is needed.
#
#   tls_peers.sh          fetches what is missing; fails when something is missing then
#   tls_peers.sh --check  only says what is missing
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/build/tls-peers
programs=(openssl curl nginx)

# Prints the path of a program, of this machine's or of ours; fails where there is neither.
path_of() {
    command -v "$1" && return
    local place
    for place in usr/bin usr/sbin; do
        [ -x "$folder/$place/$1" ] && echo "$folder/$place/$1" && return
    done
    return 1
}

fetch() {
    { command -v apt-get && command -v dpkg-deb; } >/dev/null || { echo "tls_peers: no apt-get to fetch $1 with" >&2; return 1; }
    mkdir -p "$folder/packages"
    (
        cd "$folder/packages"
        # Lists that are missing or old are read again, once.
        timeout 120 apt-get -qq -o APT::Sandbox::User=root download "$1" 2>/dev/null \
            || { timeout 300 apt-get -qq update && timeout 120 apt-get -qq -o APT::Sandbox::User=root download "$1"; }
        dpkg-deb --extract "$1"_*.deb "$folder"
    )
}

missing=0
for program in "${programs[@]}"; do
    path_of "$program" >/dev/null || { [ "${1:-}" != --check ] && fetch "$program"; } || true
    path=$(path_of "$program") || path=
    if [ -n "$path" ] && ! ldd "$path" | grep -q "not found"; then
        echo "$program: $path"
    else
        echo "$program: missing"
        missing=1
    fi
done
exit $missing
