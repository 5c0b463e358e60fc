#!/usr/bin/env bats
# What a payload may: capabilities, system calls, files of the kernel, devices. Published escapes are in tests/escape.

load helpers

setup_file() {
    start_engine
    sampan run -d --name main --network none -v "$(probe_mount)" busybox sleep 1000
}

teardown_file() {
    stop_engine
}

# caps SET FILE: a capability set of a /proc/PID/status text
caps() {
    awk -v set="Cap$1:" '$1 == set { print $2 }' <<<"$output"
}

# Docker's fourteen.
readonly default_caps=00000000a80425fb

@test "root has the default capabilities, and none to inherit, in run and in exec" {
    local how
    for how in "run --rm --network none busybox" "exec main"; do
        run -0 sampan $how cat /proc/self/status
        [ "$(caps Bnd)" = "$default_caps" ]
        [ "$(caps Prm)" = "$default_caps" ]
        [ "$(caps Eff)" = "$default_caps" ]
        [ "$(caps Inh)" = 0000000000000000 ]
        [ "$(caps Amb)" = 0000000000000000 ]
    done
}

@test "a user who is not root has no effective capability" {
    local how
    for how in "run --rm --network none -u 1000 busybox" "exec -u 1000 main"; do
        run -0 sampan $how cat /proc/self/status
        [ "$(caps Eff)" = 0000000000000000 ]
        [ "$(caps Prm)" = 0000000000000000 ]
        [ "$(caps Inh)" = 0000000000000000 ]
        [ "$(caps Amb)" = 0000000000000000 ]
        [ "$(caps Bnd)" = "$default_caps" ]
    done
}

@test "--cap-drop and --cap-add" {
    run -0 sampan run --rm --network none --cap-drop ALL busybox cat /proc/self/status
    [ "$(caps Bnd)" = 0000000000000000 ]
    run -0 sampan run --rm --network none --cap-drop ALL --cap-add CHOWN busybox cat /proc/self/status
    [ "$(caps Eff)" = 0000000000000001 ]
    run -0 sampan run --rm --network none --cap-add SYS_TIME busybox cat /proc/self/status
    [ "$(caps Eff)" = 00000000aa0425fb ]
    run -1 sampan run --rm --network none --cap-drop CHOWN busybox chown 1000 /etc/passwd
}

@test "--privileged has all of them, no filter, and the host's user namespace" {
    run -0 sampan run --rm --network none --privileged busybox cat /proc/self/status
    [ "$(caps Bnd)" = "$(awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)" ]
    grep -q '^Seccomp:.0$' <<<"$output"
    run -0 sampan run --rm --network none --privileged busybox sh -c 'mount -t tmpfs none /mnt 2>/dev/null || mkdir /m && mount -t tmpfs none /m && echo mounted'
    [[ $output == *mounted* ]]
}

@test "a filter is on by default, unconfined has none, no-new-privileges is kept" {
    run -0 busybox grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status
    [[ $output == *$'NoNewPrivs:\t0'* ]]
    [[ $output == *$'Seccomp:\t2'* ]]
    run -0 sampan exec main grep '^Seccomp:' /proc/self/status
    [ "$output" = $'Seccomp:\t2' ]
    run -0 sampan run --rm --network none --security-opt seccomp=unconfined busybox grep '^Seccomp:' /proc/self/status
    [ "$output" = $'Seccomp:\t0' ]
    run -0 sampan run --rm --network none --security-opt no-new-privileges busybox grep '^NoNewPrivs:' /proc/self/status
    [ "$output" = $'NoNewPrivs:\t1' ]
}

@test "a profile of the user's is applied" {
    cat >"$SAMPAN_STATE/profile.json" <<'END'
{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}
END
    run -1 sampan run --rm --network none --security-opt "seccomp=$SAMPAN_STATE/profile.json" busybox mkdir /new
    [[ $output == *"not supported"* ]]
    run -0 sampan run --rm --network none --security-opt "seccomp=$SAMPAN_STATE/profile.json" busybox touch /new
    echo '{"defaultAction":"SCMP_ACT_NONSENSE"}' >"$SAMPAN_STATE/profile.json"
    assert_error 125 'SCMP_ACT_NONSENSE' sampan run --rm --network none \
        --security-opt "seccomp=$SAMPAN_STATE/profile.json" busybox true
}

@test "sockets that reach the kernel's cryptography and the hypervisor are refused" {
    run -0 sampan exec main /probe socket 38
    [ "$output" != ok ]
    run -0 sampan exec main /probe socket 40
    [ "$output" != ok ]
    run -0 sampan exec main /probe socket 2
    [ "$output" = ok ]
}

@test "mounting is refused, and a namespace of one's own for it" {
    run -1 busybox mount -t tmpfs none /tmp
    run -1 busybox unshare -m true
    run -1 busybox unshare -U true
}

@test "the kernel's dangerous files are masked or read-only" {
    run -0 busybox sh -c 'cat /proc/timer_list /proc/keys /proc/interrupts | wc -c; ls /sys/firmware /proc/acpi 2>/dev/null | grep -vc :'
    [ "${lines[0]}" = 0 ]
    local path
    for path in /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/kernel/profiling; do
        run ! busybox sh -c "echo x >$path"
    done
    run -0 busybox sh -c 'grep -c " /sys sysfs ro" /proc/mounts'
    [ "$output" = 1 ]
    run -0 sampan run --rm --network none --security-opt systempaths=unconfined busybox sh -c 'cat /proc/interrupts | wc -c'
    [ "$output" -gt 0 ]
}

@test "/dev holds what every container has, and no more" {
    run -0 busybox sh -c 'ls /dev | sort | tr "\n" " "'
    [[ $output == "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero"* || $output == "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero"* ]]
    run -1 sampan run --rm --network none --cap-add MKNOD busybox sh -c 'mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk'
}

@test "the payload has three fds and none of the host's environment" {
    run -0 sampan exec main /probe fds
    [ "$output" = $'0\n1\n2' ]
    run -0 sampan run --rm --network none -v "$(probe_mount)" busybox /probe fds
    [ "$output" = $'0\n1\n2' ]
    CANARY=outside run -0 sampan run --rm --network none busybox env
    [[ $output != *CANARY* && $output != *SAMPAN* ]]
    CANARY=outside run -0 sampan exec main env
    [[ $output != *CANARY* && $output != *SAMPAN* ]]
}

@test "sysctls of its own namespaces can be set, others not" {
    run -0 sampan run --rm --network none --sysctl net.ipv4.ip_forward=1 busybox cat /proc/sys/net/ipv4/ip_forward
    [ "$output" = 1 ]
    assert_error 125 'kernel.panic' sampan run --rm --network none --sysctl kernel.panic=1 busybox true
    assert_error 125 'host' sampan run --rm --network host --sysctl net.ipv4.ip_forward=1 busybox true
}
