#!/usr/bin/env bats
# What the payload may do by default, what options give and take, and what --privileged lifts. Known ways out of
# containers are in tests/escape; default capabilities, fds and the environment there too.

load helpers

setup_file() {
    start_engine
    sampan run -d --name main --network none -v "$(probe_mount)" busybox sleep 1000
}

teardown_file() {
    stop_engine
}

run_with() {
    sampan run --rm --network none -v "$(probe_mount)" "$@"
}

# status_field FIELD: of a command that runs sh in a container.
status_field() {
    "${@:2}" sh -c "awk '/^$1:/ { print \$2 }' /proc/self/status"
}

# capabilities COMMAND…: effective ones, with the bounding set when that differs.
capabilities() {
    "$@" sh -c 'awk "/^Cap(Eff|Bnd):/ { print \$2 }" /proc/self/status' | sort -u | xargs
}

# ---- capabilities

# bats test_tags=smoke
@test "--cap-drop and --cap-add, in any spelling, in run and exec" {
    [ "$(capabilities run_with --cap-drop ALL busybox)" = 0000000000000000 ]
    [ "$(capabilities run_with --cap-drop all --cap-add NET_BIND_SERVICE busybox)" = 0000000000000400 ]
    [ "$(capabilities run_with --cap-drop ALL --cap-add cap_chown --cap-add CAP_KILL busybox)" = 0000000000000021 ]
    [ "$(capabilities run_with --cap-drop MKNOD --cap-drop net_raw busybox)" = 00000000a00405fb ]
    sampan run -d --name few --network none --cap-drop ALL --cap-add SYS_CHROOT busybox sleep 1000
    [ "$(capabilities sampan exec few)" = 0000000000040000 ]
    [ "$(status_field CapAmb sampan exec few)" = 0000000000000000 ]
    sampan rm -f few
}

@test "--cap-add ALL is all that the kernel has; in exec it takes --privileged" {
    local all
    all=$(printf '%016x' $(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1)))
    [ "$(capabilities run_with --cap-add ALL busybox)" = "$all" ]
    [ "$(capabilities sampan exec main)" = 00000000a80425fb ]
    [ "$(capabilities sampan exec --privileged main)" = "$all" ]
}

@test "a capability that is gone is missed: chown, chroot, kill" {
    run -0 run_with busybox sh -c 'chown 1:1 /tmp && chroot / true && stat -c %u:%g /tmp'
    [ "$output" = 1:1 ]
    run -1 run_with --cap-drop CHOWN busybox chown 1:1 /tmp
    [[ $output == *"not permitted"* ]]
    run ! run_with --cap-drop SYS_CHROOT busybox chroot / true
    [[ $output == *"not permitted"* ]]
    run -1 run_with --cap-drop SETUID busybox su nobody -s /bin/true
}

@test "a user has no capabilities, whatever was added for root" {
    [ "$(status_field CapEff run_with -u 1000 --cap-add SYS_ADMIN busybox)" = 0000000000000000 ]
    [ "$(status_field CapPrm run_with -u 1000 --cap-add ALL busybox)" = 0000000000000000 ]
    run -1 run_with -u 1000 --cap-add CHOWN busybox chown 1:1 /tmp
}

# ---- no new privileges

@test "no-new-privileges: set and asked for only, and a set-user-id program gives nothing" {
    [ "$(status_field NoNewPrivs run_with busybox)" = 0 ]
    [ "$(status_field NoNewPrivs run_with --security-opt no-new-privileges busybox)" = 1 ]
    [ "$(status_field NoNewPrivs run_with --security-opt no-new-privileges=false busybox)" = 0 ]
    sampan run -d --name bound --network none --security-opt no-new-privileges -v "$(probe_mount)" busybox sleep 1000
    [ "$(status_field NoNewPrivs sampan exec bound)" = 1 ]
    sampan exec bound sh -c 'cp /probe /tmp/set-uid && chmod 4755 /tmp/set-uid'
    [ "$(sampan exec -u 1000 bound /tmp/set-uid euid)" = 1000 ]
    sampan rm -f bound
    sampan exec main sh -c 'cp /probe /tmp/set-uid && chmod 4755 /tmp/set-uid'
    [ "$(sampan exec -u 1000 main /tmp/set-uid euid)" = 0 ]
}

# ---- seccomp

# bats test_tags=smoke
@test "the filter is on in run and exec, and off with unconfined" {
    [ "$(status_field Seccomp run_with busybox)" = 2 ]
    [ "$(status_field Seccomp run_with -u 1000 busybox)" = 2 ]
    [ "$(status_field Seccomp run_with --init busybox)" = 2 ]
    [ "$(status_field Seccomp sampan exec main)" = 2 ]
    [ "$(status_field Seccomp run_with --security-opt seccomp=unconfined busybox)" = 0 ]
    assert_error 125 'nosuch.json' run_with --security-opt seccomp=/nosuch.json busybox true
}

@test "forbidden calls" {
    [ "$(run_with busybox /probe socket 38)" = EPERM ]                                 # AF_ALG
    [ "$(run_with busybox /probe socket 40)" = EPERM ]                                 # AF_VSOCK
    [ "$(run_with --security-opt seccomp=unconfined busybox /probe socket 1)" = ok ]   # the probe can
    run ! run_with busybox mount -t tmpfs none /tmp
    [[ $output == *"ermission denied"* || $output == *"not permitted"* ]]
    run ! run_with busybox unshare -U true
    [[ $output == *"not permitted"* ]]
    run -0 run_with --security-opt seccomp=unconfined busybox unshare -U true
}

@test "--cap-add opens the calls that need the capability" {
    run -0 run_with --cap-add SYS_ADMIN busybox sh -c 'mount -t tmpfs none /tmp && grep -c " /tmp tmpfs " /proc/mounts'
    [ "$output" = 1 ]
}

# make_profile DEFAULT NAMES ACTION ERRNO
make_profile() {
    jq -n --arg default "$1" --arg names "$2" --arg action "$3" --argjson errno "$4" \
        '{defaultAction: $default, syscalls: [{names: ($names | split(" ")), action: $action, errnoRet: $errno}]}' \
        >"$BATS_TEST_TMPDIR/profile.json"
}

@test "a profile of one's own, in run and exec" {
    make_profile SCMP_ACT_ALLOW "mkdir mkdirat" SCMP_ACT_ERRNO 28
    run -1 run_with --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" busybox mkdir /tmp/x
    [[ $output == *"No space left"* ]]
    run -0 run_with --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" busybox touch /tmp/x
    sampan run -d --name filtered --network none --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" busybox sleep 1000
    rm "$BATS_TEST_TMPDIR/profile.json" # it was compiled at the start
    run -1 sampan exec filtered mkdir /tmp/x
    [[ $output == *"No space left"* ]]
    sampan rm -f filtered
}

@test "a profile that kills, and such as are none" {
    make_profile SCMP_ACT_ALLOW "mkdir mkdirat" SCMP_ACT_KILL_PROCESS null
    run -159 run_with --init --ulimit core=0 --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" busybox mkdir /tmp/x
    echo '{"defaultAction": "SCMP_ACT_MAYBE"}' >"$BATS_TEST_TMPDIR/profile.json"
    assert_error 125 'SCMP_ACT_MAYBE' run_with --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" busybox true
    echo '{"defaultAction": ' >"$BATS_TEST_TMPDIR/profile.json"
    assert_error 125 'profile.json' run_with --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" busybox true
}

# ---- /proc, /sys, /dev and the root

# Lines "PLACE OPTIONS" of mounts in a container: read-only ones of those asked for.
readonly_mounts() {
    "$@" awk '$4 ~ /^ro(,|$)/ { print $2 }' /proc/mounts
}

@test "/proc/sys and /sys are read-only; --privileged and systempaths=unconfined lift what they name" {
    local place
    run -0 readonly_mounts run_with busybox
    for place in /sys /proc/sys /proc/bus /proc/fs /proc/irq; do
        grep -qx "$place" <<<"$output" || fail_with "$place is writable"
    done
    run ! run_with busybox sh -c 'echo 1 >/proc/sys/vm/drop_caches'
    run -0 readonly_mounts run_with --security-opt systempaths=unconfined busybox
    run ! grep '^/proc' <<<"$output"
    [ "$(run_with --security-opt systempaths=unconfined busybox sh -c 'head -c 4 /proc/interrupts | wc -c')" = 4 ]
    run -0 readonly_mounts run_with --privileged busybox
    run ! grep -x -e '/proc.*' -e /sys <<<"$output"
}

# bats test_tags=smoke
@test "the device nodes of /dev are these and no others" {
    run -0 run_with busybox find /dev -type c -o -type b
    [ "$(sort <<<"$output" | xargs)" = "/dev/full /dev/null /dev/pts/ptmx /dev/random /dev/tty /dev/urandom /dev/zero" ]
    run -0 run_with busybox find /dev -type l
    [ "$(sort <<<"$output" | xargs)" = "/dev/core /dev/fd /dev/ptmx /dev/stderr /dev/stdin /dev/stdout" ] ||
        [ "$(sort <<<"$output" | xargs)" = "/dev/fd /dev/ptmx /dev/stderr /dev/stdin /dev/stdout" ]
    run -0 run_with busybox sh -c 'echo text >/dev/null && head -c 3 /dev/zero | od -An -tx1 && head -c 9 /dev/urandom | wc -c'
    [ "$(xargs <<<"$output")" = "00 00 00 9" ]
    run ! run_with busybox sh -c 'echo text >/dev/full'
}

@test "a device node that the payload makes opens nothing" {
    run ! run_with busybox sh -c 'mknod /tmp/kmsg c 1 11 && head -c 1 /tmp/kmsg'
    run ! run_with --userns host busybox sh -c 'mknod /tmp/kmsg c 1 11 && head -c 1 /tmp/kmsg'
    [[ $output == *"not permitted"* || $output == *"ermission denied"* ]]
}

@test "--device gives one, and what it may be used for" {
    run -0 run_with --device /dev/kmsg:/dev/given:r busybox stat -c '%t:%T %F' /dev/given
    [ "$output" = "1:b character special file" ]
    assert_error 125 '/dev/nosuch' run_with --device /dev/nosuch busybox true
}

@test "--privileged: every capability, no filter, no user namespace, the host's devices" {
    run -0 run_with --privileged busybox sh -c 'awk "/^(Seccomp|NoNewPrivs):/ { print \$2 }" /proc/self/status; readlink /proc/self/ns/user'
    [ "$(xargs <<<"$output")" = "0 0 $(readlink /proc/self/ns/user)" ]
    [ "$(capabilities run_with --privileged busybox)" = "$(awk '/^CapBnd:/ { print $2 }' /proc/self/status)" ]
    run -0 run_with --privileged busybox sh -c 'mount -t tmpfs none /tmp && test -c /dev/kmsg && echo mounted'
    [ "$output" = mounted ]
}

@test "--read-only holds for the root and for files of the engine; tmpfs and volumes stay writable" {
    local place
    for place in / /etc/hosts /etc/resolv.conf /bin/new; do
        run ! run_with --read-only busybox sh -c "touch $place"
        [[ $output == *"Read-only file system"* ]] || fail_with "$place: $output"
    done
    run -0 run_with --read-only --tmpfs /tmp -v "$BATS_TEST_TMPDIR:/volume" busybox \
        sh -c 'touch /tmp/x /volume/x /dev/shm/x && echo written'
    [ "$output" = written ]
    run -1 run_with --read-only --cap-add SYS_ADMIN busybox sh -c 'mount -o remount,rw / && touch /x' # locked by its owner
}

# ---- from outside

@test "ids outside: users and groups inside are the range's, in run and exec" {
    local pid base
    sampan run -d --name ids --network none -u 1000:1001 --group-add 1002 busybox sleep 1000
    pid=$(pid_of ids)
    base=$(awk '{ print $2 }' "/proc/$pid/uid_map")
    [ "$(awk '/^[UG]id:/ { print $2, $3, $4, $5 }' "/proc/$pid/status" | xargs)" = \
        "$(printf '%s ' $((base + 1000)){,,,} $((base + 1001)){,,,} | xargs)" ]
    [ "$(awk '/^Groups:/ { $1 = ""; print }' "/proc/$pid/status" | tr ' ' '\n' | sort -n | xargs)" = \
        "$((base + 1001)) $((base + 1002))" ]
    sampan exec ids touch /tmp/mine
    [ "$(sampan exec ids stat -c %u:%g /tmp/mine)" = 1000:1001 ]
    sampan rm -f ids
}

@test "the first process and its files in /proc belong to the range" {
    local base
    base=$(awk '{ print $2 }' "/proc/$(pid_of main)/uid_map")
    [ "$base" -ge 65536 ]
    [ "$(stat -c %u "/proc/$(pid_of main)/mem")" = "$base" ]
    # Root inside owns nothing of the host's: what is not mapped is shown as nobody's.
    [ "$(run_with -v /etc:/host-etc:ro busybox stat -c %u /proc/sys/kernel)" = 65534 ]
}

@test "what the options were can be seen" {
    sampan create --name seen --network none --cap-add NET_ADMIN --cap-drop MKNOD --security-opt no-new-privileges --read-only busybox true
    run -0 inspect seen '{{.HostConfig.CapAdd}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.Privileged}}'
    [[ $output == *NET_ADMIN*MKNOD*no-new-privileges*' true false' ]]
    sampan rm seen
}
