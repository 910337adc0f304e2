#!/usr/bin/env bash
# Runs a command where Debian's CPython 3.14 and 3.15 are: with their headers, their own tests, a C compiler and make.
#
#   debian_python.sh --check                    says whether this machine can, and what is missing
#   debian_python.sh --setup                    makes the system that they live in, once, under build/debian
#   debian_python.sh make test PYTHON=python3.15   ... and runs a command in it, in the project's folder
#
# The system is Debian's own, made by debootstrap from the mirror that this machine's apt uses. Nothing is installed on
# the machine itself. A command runs in it by chroot, in a mount namespace that ends with the command; the project's
# folder has the same path inside. pip reads wheels that were fetched outside, so nothing inside needs a network.
set -euo pipefail
cd "$(dirname "$0")/.."
self=$PWD/tools/debian_python.sh

suite=${DEBIAN_SUITE:-forky}
minors=(3.14 3.15)
folder=$PWD/build/debian
root=$folder/root
log=$folder/setup.log
step_seconds_max=900

complain() {
    printf 'debian_python: %s\n' "$@" >&2
    exit 1
}

check() {
    [ "$(uname -s)" = Linux ] || complain "this is not Linux: chroot into a Debian system needs it"
    [ "$(id -u)" = 0 ] || complain "root is needed, for debootstrap and chroot: run it with sudo, or in a container"
    unshare --mount true 2>/dev/null \
        || complain "this machine does not let root make a mount namespace (a container without CAP_SYS_ADMIN?)"
    command -v debootstrap apt-get >/dev/null \
        || complain "neither debootstrap nor apt-get, which could fetch it, is installed"
}

# step TITLE COMMAND...: runs it with its output in the log, its last line shown every ten seconds, and an end.
step() {
    local title=$1 started=$SECONDS process
    shift
    printf -- '-- %s\n' "$title"
    printf '== %s\n' "$title" >>"$log"
    timeout --kill-after=10 "$step_seconds_max" "$@" >>"$log" 2>&1 &
    process=$!
    while kill -0 "$process" 2>/dev/null; do
        sleep 1
        (((SECONDS - started) % 10)) || printf '   %4d s  %.100s\n' $((SECONDS - started)) "$(tail -n 1 "$log")"
    done
    if ! wait "$process"; then
        tail -n 20 "$log" >&2
        complain "failed: $title (or took longer than $step_seconds_max s). All of its output: $log"
    fi
}

# done_for TITLE TEXT: whether this was done before with the same ingredients; mark TITLE TEXT: it is now.
done_for() { [ "$(cat "$folder/$1.done" 2>/dev/null)" = "$2" ]; }
mark() { printf '%s\n' "$2" >"$folder/$1.done"; }

# apt-get with the machine's sources and lists of its own, because the machine's may be missing.
own_apt() { apt-get -o Dir::State::Lists="$folder/lists" -o APT::Sandbox::User=root "$@"; }

bootstrap() {
    local program=debootstrap scripts=/usr/share/debootstrap mirror=
    if command -v apt-get >/dev/null; then
        mkdir -p "$folder/lists/partial"
        own_apt update || echo "not every source of this machine's apt answers"
        mirror=$(own_apt indextargets --format '$(REPO_URI)' 'Origin: Debian' | head -n 1)
    fi
    if ! command -v debootstrap >/dev/null; then
        (cd "$folder" && rm -f debootstrap_*.deb && own_apt download debootstrap)
        # Its archive has nothing but scripts; unpacked, they run from anywhere.
        rm -rf "$folder/tool"
        dpkg-deb --extract "$folder"/debootstrap_*.deb "$folder/tool"
        program=$folder/tool/usr/sbin/debootstrap scripts=$folder/tool/usr/share/debootstrap
        # One that is older than the suite does not know it by name; unstable's script serves all that came since.
        [ -e "$scripts/scripts/$suite" ] || ln -s sid "$scripts/scripts/$suite"
    fi
    rm -rf "$root"
    DEBOOTSTRAP_DIR=$scripts "$program" --variant=minbase --include=ca-certificates \
        "$suite" "$root" ${mirror:+"$mirror"}
}

packages() {
    printf '%s\n' gcc libc6-dev make netbase
    for minor in "${minors[@]}"; do
        printf '%s\n' "python$minor" "python$minor-dev" "python$minor-venv" "libpython$minor-testsuite"
    done
}

install_packages() {
    # A mirror may be behind, and nothing is kept that a lost power supply could spoil.
    local options=(-o Acquire::Check-Valid-Until=false -o Dpkg::Options::=--force-unsafe-io --yes)
    inside env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" update
    # shellcheck disable=SC2046
    inside env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" --no-install-recommends install $(packages)
    inside apt-get clean
}

fetch_wheels() {
    local python groups=(--group build --group test) minor
    python=$(tools/find_python.sh)
    [ -x "$folder/venv/bin/python" ] || "$python" -m venv --clear "$folder/venv"
    "$folder/venv/bin/python" -m pip install --quiet 'pip>=25.1'
    rm -rf "$folder/wheels.new"
    for minor in "${minors[@]}"; do
        local download=("$folder/venv/bin/python" -m pip download --quiet --dest "$folder/wheels.new"
            --only-binary :all: --python-version "$minor")
        "${download[@]}" "${groups[@]}" 'pip>=25.1'
        "${download[@]}" --group peer-uvloop || echo "uvloop has no build for Python $minor: it is left out"
    done
    rm -rf "$folder/wheels"
    mv "$folder/wheels.new" "$folder/wheels"
}

# inside COMMAND...: runs it in the system, in the project's folder.
inside() {
    # shellcheck disable=SC2016
    unshare --mount --propagation private /bin/bash -euc '
        root=$1 project=$2
        shift 2
        mkdir -p "$root$project"
        mount --rbind /dev "$root/dev"
        mount --rbind /proc "$root/proc"
        mount -t tmpfs tmpfs "$root/tmp"
        mount --bind "$project" "$root$project"
        cp --dereference /etc/resolv.conf /etc/hosts "$root/etc/"
        exec chroot "$root" /usr/bin/env -C "$project" PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
            TMPDIR=/tmp PIP_NO_INDEX=1 PIP_FIND_LINKS="$project/build/debian/wheels" PIP_ROOT_USER_ACTION=ignore "$@"
    ' inside "$root" "$PWD" "$@"
}

setup() {
    local wanted
    mkdir -p "$folder"
    if ! done_for system "$suite"; then
        : >"$log"
        rm -f "$folder"/*.done
        step "Debian $suite by debootstrap, into $root" "$self" --step bootstrap
        mark system "$suite"
    fi
    wanted=$(packages | sha256sum)
    if ! done_for packages "$wanted"; then
        step "CPython ${minors[*]} with headers and tests, and a C compiler" "$self" --step install_packages
        mark packages "$wanted"
    fi
    wanted=$(sed -n '/^.dependency-groups.$/,/^.tool/p' pyproject.toml | sha256sum)
    if ! done_for wheels "$wanted"; then
        step "the build and test tools, as wheels" "$self" --step fetch_wheels
        mark wheels "$wanted"
    fi
}

case ${1:-} in
    --check) check ;;
    --step) "$2" ;;
    "" | -h | --help)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
        ;;
    *)
        check
        # Two runs at once wait for each other: the first makes it for both.
        mkdir -p "$folder"
        exec 9>"$folder/lock"
        flock --timeout 3600 9 || complain "another run has been setting it up for an hour"
        setup 9>&-
        exec 9>&-
        [ "$1" = --setup ] || inside "$@"
        ;;
esac
