# What the integration tests share. Each file has an engine state of its own, made once and checked at its end: whatever a
# test leaves behind fails the file.
#
#   setup_file() { start_engine; }
#   teardown_file() { stop_engine; }

bats_require_minimum_version 1.5.0

# shellcheck source=tests/integration/common.bash
source "${BASH_SOURCE[0]%/*}/common.bash"

: "${SAMPAN_BUILD:?run these tests through make check, or set SAMPAN_BUILD to the build directory}"

start_engine() {
    SAMPAN_STATE=$(mktemp -d "${TMPDIR:-/tmp}/sampan-test.XXXXXX")
    export SAMPAN_STATE SAMPAN_ROOT="$SAMPAN_STATE/root" SAMPAN_RUN_ROOT="$SAMPAN_STATE/run"
    export PATH="$SAMPAN_BUILD:$PATH"
    snapshot_host >"$SAMPAN_STATE/before"
}

stop_engine() {
    local id
    for id in $(sampan ps -aq --no-trunc); do
        sampan rm -f "$id" >/dev/null
    done
    assert_nothing_left
    rm -rf --one-file-system "$SAMPAN_STATE"
}

# What the machine shows of containers: mounts of this namespace, interfaces, abstract sockets.
snapshot_host() {
    awk '{ print $5 }' /proc/self/mountinfo | sort
    ls /sys/class/net
}

# cgroup directories of a container id, in every hierarchy.
cgroups_of() {
    find /sys/fs/cgroup -type d -name "*$1*" 2>/dev/null
}

# Our programs that run with this test's state: "PID COMMAND LINE" a line.
processes_of_state() {
    local environ pid
    for environ in $(grep -lsz "^SAMPAN_ROOT=$SAMPAN_ROOT\$" /proc/[0-9]*/environ); do
        pid=${environ//[^0-9]/}
        if [[ $(readlink "/proc/$pid/exe") == *sampan* ]]; then
            echo "$pid $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"
        fi
    done
}

# No container is left: no lock, name, run directory, cgroup, mount, shim.
assert_nothing_left() {
    local ids left
    wait_until shims_are_gone
    ids=$(ls "$SAMPAN_ROOT/containers" 2>/dev/null || true)
    [ -z "$ids" ] || fail_with "container directories are left: $ids"
    left=$(ls "$SAMPAN_RUN_ROOT"/{locks,names,containers} 2>/dev/null | grep -v ':$' | grep . || true)
    [ -z "$left" ] || fail_with "run state is left: $left"
    snapshot_host >"$SAMPAN_STATE/after"
    diff "$SAMPAN_STATE/before" "$SAMPAN_STATE/after" || fail_with "the host's mounts or interfaces changed"
    left=$(find "$SAMPAN_ROOT" -maxdepth 2 \( -name '.trash*' -o -name '.tmp-*' \) 2>/dev/null | grep . || true)
    [ -z "$left" ] || fail_with "files are left: $left"
}

shims_are_gone() {
    [ -z "$(processes_of_state)" ]
}

# wait_for_status STATUS PID: for a job of this very shell; `run wait` would wait in another, for ever.
wait_for_status() {
    local status=0
    wait "$2" || status=$?
    [ "$status" = "$1" ] || fail_with "process $2 ended with $status, not $1"
}

# The payload of most tests.
busybox() {
    sampan run --rm --network none busybox "$@"
}

# inspect CONTAINER TEMPLATE
inspect() {
    sampan inspect --format "$2" "$1"
}

pid_of() {
    inspect "$1" '{{.State.Pid}}'
}

# ns_inode PID NAME
ns_inode() {
    stat -Lc %i "/proc/$1/ns/$2"
}

# assert_error STATUS REGEX COMMAND…: it fails with this status, and its message on standard error matches.
assert_error() {
    local status=$1 regex=$2
    shift 2
    run -"$status" --separate-stderr "$@"
    if ! grep -Eq -- "$regex" <<<"$stderr"; then
        fail_with "the message does not match /$regex/: $stderr"
    fi
}

# A static program for what busybox cannot do: tests/tools/probe.c. Mounted at /probe.
probe_mount() {
    echo "$SAMPAN_BUILD/tests/probe:/probe:ro"
}
