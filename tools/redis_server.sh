#!/usr/bin/env bash
# Fetches a Redis server from Debian's packages where this machine has none, unpacks it under build/redis and prints the
# path of what starts it. Nothing is installed on the machine, and no root is needed.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/build/redis
packages=(redis-server redis-tools liblzf1 libjemalloc2 liblua5.1-0 lua-bitop lua-cjson libatomic1)

command -v redis-server && exit
if [ ! -x "$folder/redis-server" ]; then
    { command -v apt-get && command -v dpkg-deb; } >/dev/null || { echo "redis_server: no apt-get to fetch Redis with" >&2; exit 1; }
    mkdir -p "$folder/packages"
    cd "$folder/packages"
    download=(timeout 120 apt-get -qq -o APT::Sandbox::User=root download "${packages[@]}")
    # Lists that are missing or old are read again, once.
    "${download[@]}" >/dev/null 2>&1 || { timeout 300 apt-get -qq update >&2 && "${download[@]}" >&2; }
    for package in *.deb; do dpkg-deb --extract "$package" "$folder"; done
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$(dirname "$(find "$folder/usr/lib" -name 'liblzf.so*' | head -n 1)")" \
        "$folder/usr/bin/redis-server" >"$folder/start"
    chmod +x "$folder/start"
    "$folder/start" --version >/dev/null
    mv "$folder/start" "$folder/redis-server"
fi
echo "$folder/redis-server"
