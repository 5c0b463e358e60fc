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
    sampan network prune -f >/dev/null
    assert_nothing_left
    assert_no_network_process
    rm -rf --one-file-system "$SAMPAN_STATE"
}

# What the machine shows of containers: mounts, interfaces, firewall tables. What an engine keeps between containers is
# left out: the bridges of its networks; the gate and the tables, which carry its tag (network/instance.h).
snapshot_host() {
    awk '{ print $5 }' /proc/self/mountinfo | sort
    ip -o link 2>/dev/null | awk -F': ' '{ sub(/@.*/, "", $2); print $2 }' | grep -Ev '^sp[gh]?-[0-9a-f]{8}$' |
        grep -vxFf <(bridges_of_networks) | sort
    nft list tables 2>/dev/null | grep -v ' sampan-' | sort || true
}

bridges_of_networks() {
    [ ! -e "$SAMPAN_ROOT/sampan.db" ] || sampan network ls -q | sed 's/^/br-/'
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
    assert_no_network_left
    ids=$(ls "$SAMPAN_ROOT/containers" 2>/dev/null || true)
    [ -z "$ids" ] || fail_with "container directories are left: $ids"
    left=$(ls "$SAMPAN_RUN_ROOT"/{locks,names,containers} 2>/dev/null | grep -v ':$' | grep . || true)
    [ -z "$left" ] || fail_with "run state is left: $left"
    snapshot_host >"$SAMPAN_STATE/after"
    diff "$SAMPAN_STATE/before" "$SAMPAN_STATE/after" || fail_with "the host's mounts or interfaces changed"
    left=$(find "$SAMPAN_ROOT" -maxdepth 2 \( -name '.trash*' -o -name '.tmp-*' \) 2>/dev/null | grep . || true)
    [ -z "$left" ] || fail_with "files are left: $left"
}

# The keeper of the networks stays for some seconds, in case that another container comes.
shims_are_gone() {
    ! processes_of_state | grep -qv '/sampan-network'
}

# What only a running container may have: a veth, an address, an endpoint, a published port, a rule of its own.
network_leftovers() {
    ip -o link 2>/dev/null | awk -F': ' '$2 ~ /^sv/ { print "interface " $2 }'
    find "$SAMPAN_RUN_ROOT"/networks/*/leases -type l ! -lname gateway ! -path '*/cursor*' 2>/dev/null
    find "$SAMPAN_RUN_ROOT"/networks/*/endpoints -type f 2>/dev/null
}

assert_no_network_left() {
    wait_until eval '[ -z "$(network_leftovers)" ]' || fail_with "$(network_leftovers)"
}

# Neither the keeper nor a dnsmasq of this engine: some seconds after the last container there is no need for them.
network_processes() {
    processes_of_state
    grep -lsaF "$SAMPAN_RUN_ROOT/networks" /proc/[0-9]*/cmdline | while read -r file; do
        echo "${file//[^0-9]/} $(tr '\0' ' ' 2>/dev/null <"$file")"
    done | grep -v ' grep ' | grep ' .' || true # without those that ended meanwhile, such as this very grep
}

assert_no_network_process() {
    wait_until eval '[ -z "$(network_processes)" ]' || fail_with "still there: $(network_processes)"
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
