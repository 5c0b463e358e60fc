#!/usr/bin/env bats
# The eight namespaces, each seen from inside and from outside.

load helpers

setup_file() {
    start_engine
    sampan run -d --name one --network none --hostname boat --domainname harbour \
        -v "$(probe_mount)" busybox sleep 1000
    sampan run -d --name two --network none -v "$(probe_mount)" busybox sleep 1000
}

teardown_file() {
    stop_engine
}

@test "every namespace of a container has an inode of its own" {
    local name
    for name in pid net mnt uts ipc user cgroup; do
        [ "$(ns_inode "$(pid_of one)" $name)" != "$(ns_inode self $name)" ] || fail_with "$name is the host's"
        [ "$(ns_inode "$(pid_of one)" $name)" != "$(ns_inode "$(pid_of two)" $name)" ] || fail_with "$name is shared"
    done
    [ "$(ns_inode "$(pid_of one)" time)" = "$(ns_inode self time)" ]
}

# ---- pid

@test "pid: the process is 1 inside and another pid outside" {
    run -0 sampan exec one cat /proc/1/comm
    [ "$output" = sleep ]
    [ "$(pid_of one)" -gt 1 ]
    grep -Eq "^NSpid:\s+$(pid_of one)\s+1$" "/proc/$(pid_of one)/status"
}

@test "pid: a container sees only its own processes" {
    run -0 busybox sh -c 'ls -d /proc/[0-9]* | wc -l'
    [ "$output" -le 3 ]
    run -0 sampan exec one sh -c "ls /proc/$(pid_of two) 2>&1 || true"
    [[ $output == *"No such file"* ]]
}

@test "pid: the host can signal a container's process by its pid outside" {
    sampan run -d --name signalled --network none busybox sh -c 'trap "exit 7" USR1; while :; do sleep 0.1; done'
    kill -USR1 "$(pid_of signalled)"
    run -0 sampan wait signalled
    [ "$output" = 7 ]
    sampan rm signalled
}

@test "pid: all processes end with the first" {
    sampan run -d --name family --network none busybox sh -c 'sleep 1111 & sleep 1112 & exec sleep 1113'
    local pids
    wait_until eval '[ "$(sampan top family | grep -c "sleep 111")" = 3 ]'
    pids=$(sampan top family | awk 'NR > 1 { print $2 }')
    kill -KILL "$(pid_of family)"
    sampan wait family
    local pid
    for pid in $pids; do
        [ ! -e "/proc/$pid" ] || ! grep -q 'sleep.111' "/proc/$pid/cmdline"
    done
    sampan rm family
}

@test "pid: --pid container:X shares its processes, --pid host the host's" {
    run -0 sampan run --rm --network none --pid container:one busybox cat /proc/1/comm
    [ "$output" = sleep ]
    run -0 sampan run --rm --network none --pid host busybox readlink /proc/self/ns/pid
    [ "$output" = "$(readlink /proc/self/ns/pid)" ]
}

# ---- network

@test "net: only loopback, and it is up" {
    run -0 busybox sh -c 'ls /sys/class/net; ip addr show lo'
    [ "${lines[0]}" = lo ]
    [[ $output == *"LOOPBACK,UP"* ]]
    [[ $output == *"127.0.0.1/8"* ]]
}

@test "net: the same port can be listened on in two containers and on the host" {
    sampan exec -d one nc -l -p 7777 -e echo from-one
    sampan exec -d two nc -l -p 7777 -e echo from-two
    wait_until eval 'sampan exec one netstat -ltn | grep -q :7777'
    wait_until eval 'sampan exec two netstat -ltn | grep -q :7777'
    run -0 sampan exec one nc 127.0.0.1 7777
    [ "$output" = from-one ]
    run -0 sampan exec two nc 127.0.0.1 7777
    [ "$output" = from-two ]
    run ! grep -qi ":1E61 " /proc/net/tcp
}

@test "net: --network host is the host's, container:X is X's" {
    run -0 sampan run --rm --network host busybox readlink /proc/self/ns/net
    [ "$output" = "$(readlink /proc/self/ns/net)" ]
    run -0 sampan run --rm --network container:one busybox readlink /proc/self/ns/net
    [ "$output" = "$(readlink "/proc/$(pid_of one)/ns/net")" ]
}

# ---- mount

@test "mnt: what is mounted inside is not seen by the host, nor by another container" {
    sampan run -d --name mounter --network none --cap-add SYS_ADMIN busybox \
        sh -c 'mkdir /m && mount -t tmpfs canary /m && echo inside >/m/file && exec sleep 1000'
    wait_until eval 'sampan exec mounter cat /m/file 2>/dev/null | grep -q inside'
    run ! grep -q canary /proc/self/mountinfo
    run ! grep -q canary /proc/1/mountinfo
    run ! sampan exec two grep canary /proc/self/mountinfo
    grep -q canary "/proc/$(pid_of mounter)/mountinfo"
    sampan rm -f mounter
}

@test "mnt: what the host mounts later is not seen inside" {
    mkdir -p "$SAMPAN_STATE/later"
    mount -t tmpfs host-canary "$SAMPAN_STATE/later"
    run ! sampan exec one grep host-canary /proc/self/mountinfo
    umount "$SAMPAN_STATE/later"
}

# ---- uts

@test "uts: host and domain name are its own, and changes stay inside" {
    local host domain
    host=$(cat /proc/sys/kernel/hostname) domain=$(cat /proc/sys/kernel/domainname)
    run -0 sampan exec one sh -c 'hostname; cat /proc/sys/kernel/domainname'
    [ "${lines[0]}" = boat ]
    [ "${lines[1]}" = harbour ]
    run -0 sampan run --rm --network none --cap-add SYS_ADMIN -v "$(probe_mount)" busybox \
        sh -c 'hostname changed && /probe domainname changed.too && hostname && cat /proc/sys/kernel/domainname'
    [ "${lines[0]}" = changed ]
    [ "${lines[1]}" = changed.too ]
    [ "$(cat /proc/sys/kernel/hostname)" = "$host" ]
    [ "$(cat /proc/sys/kernel/domainname)" = "$domain" ]
    run -0 sampan exec one hostname
    [ "$output" = boat ]
}

@test "uts: the default host name is the short id, --uts host the host's" {
    run -0 sampan exec two hostname
    [ "$output" = "$(inspect two '{{.Id}}' | cut -c1-12)" ]
    run -0 sampan run --rm --network none --uts host busybox hostname
    [ "$output" = "$(cat /proc/sys/kernel/hostname)" ]
}

# ---- ipc

@test "ipc: semaphores, queues, shared memory and POSIX queues are invisible across containers" {
    local kind
    for kind in sysv-shm sysv-sem sysv-msg posix-mq posix-shm; do
        sampan exec one /probe "$kind" create
        run -0 sampan exec one /probe "$kind" find
        [ "$output" = found ]
        run -0 sampan exec two /probe "$kind" find
        [ "$output" = absent ]
        run -0 "$SAMPAN_BUILD/tests/probe" "$kind" find
        [ "$output" = absent ]
    done
}

@test "ipc: they are shared when asked" {
    local kind
    sampan run -d --name sharer --network none --ipc shareable -v "$(probe_mount)" busybox sleep 1000
    for kind in sysv-shm sysv-sem sysv-msg posix-mq posix-shm; do
        sampan exec sharer /probe "$kind" create
        run -0 sampan run --rm --network none --ipc container:sharer -v "$(probe_mount)" busybox /probe "$kind" find
        [ "$output" = found ] || fail_with "$kind is not shared"
    done
    sampan rm -f sharer
}

@test "ipc: a private one cannot be joined" {
    assert_error 125 'one.*private|private.*one|shareable' sampan run --rm --network none --ipc container:one busybox true
}

@test "ipc: --ipc host sees the host's" {
    "$SAMPAN_BUILD/tests/probe" sysv-sem create
    run -0 sampan run --rm --network none --ipc host -v "$(probe_mount)" busybox /probe sysv-sem find
    "$SAMPAN_BUILD/tests/probe" sysv-sem remove
    [ "$output" = found ]
}

@test "ipc: /dev/shm has the size that was asked for" {
    run -0 busybox sh -c "df -k /dev/shm | awk 'NR == 2 { print \$2 }'"
    [ "$output" = 65536 ]
    run -0 sampan run --rm --network none --shm-size 12m busybox sh -c "df -k /dev/shm | awk 'NR == 2 { print \$2 }'"
    [ "$output" = 12288 ]
}

# ---- user

@test "user: root inside is an unprivileged uid outside" {
    local pid
    pid=$(pid_of one)
    run -0 sampan exec one id -u
    [ "$output" = 0 ]
    [ "$(stat -c %u "/proc/$pid")" -ge 65536 ] || [ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" -ge 65536 ]
    [ "$(awk '/^Gid:/ { print $2 }' "/proc/$pid/status")" -ge 65536 ]
    run -0 sampan exec one cat /proc/self/uid_map
    [ "$(awk '{ print $1, $3 }' <<<"$output")" = "0 65536" ]
}

@test "user: two containers have ranges that do not meet" {
    local one two
    one=$(awk '{ print $2 }' "/proc/$(pid_of one)/uid_map")
    two=$(awk '{ print $2 }' "/proc/$(pid_of two)/uid_map")
    [ "$one" != "$two" ]
    [ $((one > two ? one - two : two - one)) -ge 65536 ]
}

@test "user: --userns host, --privileged and the host's namespaces turn it off" {
    local host network option
    host=$(readlink /proc/self/ns/user)
    for option in --userns=host --privileged --network=host --pid=host; do
        network=$([[ $option == --network=* ]] || echo --network=none)
        run -0 sampan run --rm ${network:+"$network"} "$option" busybox readlink /proc/self/ns/user
        [ "$output" = "$host" ] || fail_with "$option keeps a user namespace"
    done
}

# ---- cgroup

@test "cgroup: the container sees its own cgroup as the root, the host sees where it is" {
    run -0 sampan exec one cat /proc/self/cgroup
    run ! grep -q "$(inspect one '{{.Id}}')" <<<"$output"
    grep -q "$(inspect one '{{.Id}}')" "/proc/$(pid_of one)/cgroup"
    run -0 sampan run --rm --network none --cgroupns host busybox readlink /proc/self/ns/cgroup
    [ "$output" = "$(readlink /proc/self/ns/cgroup)" ]
}

# ---- time

@test "time: --time-offset shifts the clocks inside, and only there" {
    local up inside
    up=$(cut -d. -f1 /proc/uptime)
    run -0 sampan run --rm --network none --time-offset boottime=86400 busybox cut -d. -f1 /proc/uptime
    inside=$output
    [ $((inside - up)) -ge 86400 ]
    [ $((inside - up)) -le 86410 ]
    [ $(($(cut -d. -f1 /proc/uptime) - up)) -lt 60 ]
}

# ---- nested

@test "nested: a container unshares again, and the host sees both" {
    sampan run -d --name nested --network none --security-opt seccomp=unconfined busybox \
        sh -c 'unshare -U -r -p -f -m -u -i sh -c "hostname inner; mount -t proc proc /proc; exec sleep 2222"; true'
    local inner
    wait_until eval 'inner=$(sampan top nested | awk "/sleep 2222/ && !/sh -c/ { print \$2 }"); [ -n "$inner" ]'
    # pids in three nested namespaces: the host's, the container's, the innermost
    [ "$(awk '/^NSpid:/ { print NF - 1 }' "/proc/$inner/status")" = 3 ]
    [ "$(awk '/^NSpid:/ { print $NF }' "/proc/$inner/status")" = 1 ]
    [ "$(ns_inode "$inner" user)" != "$(ns_inode "$(pid_of nested)" user)" ]
    run -0 sampan exec nested hostname
    [ "$output" != inner ]
    sampan rm -f nested
    [ ! -e "/proc/$inner" ] || ! grep -q sleep.2222 "/proc/$inner/cmdline"
}
