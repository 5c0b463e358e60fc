#!/usr/bin/env bats
# Limits and devices: written where the kernel reads them, seen inside, and in force.

load helpers

setup_file() {
    start_engine
}

teardown_file() {
    stop_engine
}

teardown() {
    sampan ps -aq | xargs -r sampan rm -f >/dev/null
}

# detached NAME [OPTION…]
detached() {
    sampan run -d --network none -v "$(probe_mount)" --name "$@" busybox sleep 1000 >/dev/null
}

probe() {
    sampan run --rm --network none -v "$(probe_mount)" "$@"
}

is_v2() {
    [ -e /sys/fs/cgroup/cgroup.controllers ]
}

# limit CONTAINER CONTROLLER V1-FILE V2-FILE: what the file says outside, in the cgroup that the kernel says it is in.
limit() {
    local line
    if is_v2; then
        line=$(grep '^0::' "/proc/$(pid_of "$1")/cgroup")
        cat "/sys/fs/cgroup${line#0::}/$4"
    else
        line=$(grep -E "^[0-9]+:([^:]*,)?$2(,[^:]*)?:" "/proc/$(pid_of "$1")/cgroup")
        cat "/sys/fs/cgroup/$2${line#*:*:}/$3"
    fi
}

# limit_inside CONTAINER CONTROLLER V1-FILE V2-FILE: the same, as the container sees it.
limit_inside() {
    if is_v2; then
        sampan exec "$1" cat "/sys/fs/cgroup/$4"
    else
        sampan exec "$1" cat "/sys/fs/cgroup/$2/$3"
    fi
}

# number_of DEVICE: "10:229"
number_of() {
    echo "$((16#$(stat -Lc %t "$1"))):$((16#$(stat -Lc %T "$1")))"
}

# ---- memory

# bats test_tags=smoke
@test "--memory: what takes more is killed, and it is said why" {
    run -137 sampan run --name greedy --network none --memory 16m --memory-swap 16m -v "$(probe_mount)" busybox \
        /probe allocate 67108864
    [ -z "$output" ]
    [ "$(inspect greedy '{{.State.OOMKilled}} {{.State.ExitCode}}')" = "true 137" ]
    run -0 sampan run --name modest --network none --memory 96m -v "$(probe_mount)" busybox /probe allocate 67108864
    [ "$output" = ok ]
    [ "$(inspect modest '{{.State.OOMKilled}}')" = false ]
}

@test "--memory: a kill by hand is none for want of memory" {
    detached struck --memory 16m
    sampan kill struck
    sampan wait struck
    [ "$(inspect struck '{{.State.OOMKilled}} {{.State.ExitCode}}')" = "false 137" ]
}

@test "--memory holds for exec as well, and the container survives it" {
    detached host --memory 16m --memory-swap 16m
    run -137 sampan exec host /probe allocate 67108864
    [ "$(inspect host '{{.State.Running}}')" = true ]
}

@test "memory limits: read back from outside and inside, also after a restart" {
    local i
    detached kept --memory 64m --memory-reservation 32m
    for i in 1 2; do
        [ "$(limit kept memory memory.limit_in_bytes memory.max)" = 67108864 ]
        [ "$(limit_inside kept memory memory.limit_in_bytes memory.max)" = 67108864 ]
        [ "$(limit kept memory memory.soft_limit_in_bytes memory.low)" = 33554432 ]
        sampan restart -t 0 kept
    done
}

# ---- processes and CPUs

# bats test_tags=smoke
@test "--pids-limit stops forks; all processes count" {
    [ "$(probe --pids-limit 10 busybox /probe fork 30)" = 9 ]
    [ "$(probe --pids-limit 10 --init busybox /probe fork 30)" = 8 ]
    [ "$(probe --pids-limit -1 busybox /probe fork 30)" = 30 ]
    detached counted --pids-limit 10
    [ "$(limit counted pids pids.max pids.max)" = 10 ]
    [ "$(limit_inside counted pids pids.max pids.max)" = 10 ]
    [ "$(sampan exec counted /probe fork 30)" = 8 ]
}

@test "--cpus is a quota, and throttles" {
    detached slow --cpus 0.1
    if is_v2; then
        [ "$(limit slow - - cpu.max)" = "10000 100000" ]
    else
        [ "$(limit slow cpu cpu.cfs_quota_us -)" = 10000 ]
        [ "$(limit slow cpu cpu.cfs_period_us -)" = 100000 ]
    fi
    sampan exec -d slow sh -c 'while :; do :; done'
    wait_until is_throttled slow
}

is_throttled() {
    limit "$1" cpu cpu.stat cpu.stat | grep -Eq '^nr_throttled [1-9]'
}

@test "--cpu-quota and --cpu-period" {
    detached timed --cpu-period 50000 --cpu-quota 25000
    if is_v2; then
        [ "$(limit timed - - cpu.max)" = "25000 50000" ]
    else
        [ "$(limit timed cpu cpu.cfs_quota_us -) $(limit timed cpu cpu.cfs_period_us -)" = "25000 50000" ]
    fi
}

@test "--cpu-shares" {
    detached shared --cpu-shares 512
    if is_v2; then
        [ "$(limit shared - - cpu.weight)" = 20 ]
    else
        [ "$(limit shared cpu cpu.shares -)" = 512 ]
    fi
}

@test "--cpuset-cpus and --cpuset-mems" {
    local cpu
    cpu=$(awk '/^Cpus_allowed_list:/ { n = split($2, parts, /[,-]/); print parts[n] }' /proc/self/status)
    detached pinned --cpuset-cpus "$cpu" --cpuset-mems 0
    [ "$(limit pinned cpuset cpuset.cpus cpuset.cpus)" = "$cpu" ]
    [ "$(limit pinned cpuset cpuset.mems cpuset.mems)" = 0 ]
    [ "$(sampan exec pinned awk '/^Cpus_allowed_list:/ { print $2 }' /proc/self/status)" = "$cpu" ]
    [ "$(sampan exec pinned nproc)" = 1 ]
}

# ---- block devices

# Prints the file that holds a weight on this machine, which depends on its I/O scheduler; nothing where there is none.
weight_file() {
    local parent=/sys/fs/cgroup/blkio file child
    is_v2 && parent=/sys/fs/cgroup
    child=$(mktemp -d "$parent/sampan-test.XXXXXX")
    for file in blkio.bfq.weight io.bfq.weight blkio.weight; do
        if [ -e "$child/$file" ]; then
            echo $file
            break
        fi
    done
    rmdir "$child"
}

@test "--blkio-weight" {
    local file
    file=$(weight_file)
    if [ -z "$file" ]; then
        assert_error 125 'blkio-weight' probe --blkio-weight 300 busybox true
        return
    fi
    detached weighed --blkio-weight 300
    limit weighed blkio "$file" "$file" | grep -qw 300
}

@test "--device-read-bps and --device-write-iops" {
    local device number
    device=$(find /dev -maxdepth 1 -type b \( -name 'vd?' -o -name 'sd?' -o -name 'nvme*n1' \) | sort | head -n 1)
    [ -n "$device" ] || skip "there is no disk"
    number=$(number_of "$device")
    detached throttled --device-read-bps "$device:2mb" --device-write-iops "$device:100"
    if is_v2; then
        limit throttled - - io.max | grep -Eqx "$number rbps=2097152 wbps=max riops=max wiops=100"
    else
        [ "$(limit throttled blkio blkio.throttle.read_bps_device -)" = "$number 2097152" ]
        [ "$(limit throttled blkio blkio.throttle.write_iops_device -)" = "$number 100" ]
    fi
}

# ---- of the process

@test "--ulimit holds for the payload and for exec, and is enforced" {
    detached limited --ulimit nofile=10:20 --ulimit core=0
    grep -Eq '^Max open files +10 +20 ' "/proc/$(pid_of limited)/limits"
    grep -Eq '^Max core file size +0 +0 ' "/proc/$(pid_of limited)/limits"
    [ "$(sampan exec limited sh -c 'ulimit -Sn; ulimit -Hn' | tr '\n' ' ')" = "10 20 " ]
    run ! sampan exec limited sh -c 'exec 10</dev/null'
    run -0 sampan exec limited sh -c 'exec 9</dev/null'
    run ! sampan exec limited sh -c 'ulimit -n 21'
}

@test "--oom-score-adj: outside, inside and for exec" {
    detached volunteer --oom-score-adj 700
    [ "$(cat "/proc/$(pid_of volunteer)/oom_score_adj")" = 700 ]
    [ "$(sampan exec volunteer cat /proc/1/oom_score_adj /proc/self/oom_score_adj | tr '\n' ' ')" = "700 700 " ]
}

@test "--shm-size is the size, and all there is" {
    run -0 probe --shm-size 1m busybox sh -c 'df -k /dev/shm | awk "NR == 2 { print \$2 }"
        dd if=/dev/zero of=/dev/shm/file bs=64k count=32 2>/dev/null; stat -c %s /dev/shm/file'
    [ "${lines[0]}" = 1024 ]
    [ "${lines[1]}" = 1048576 ]
}

# ---- devices

# Sets device and number to a device of the machine that no container has by itself.
setup_device() {
    for device in /dev/fuse /dev/loop-control /dev/net/tun; do
        if [ -c "$device" ]; then
            number=$(number_of "$device")
            return
        fi
    done
    skip "none of the devices that a container might want is on this machine"
}

# open_of REDIRECTION PATH [OPTION…]: "opened", "refused" (by EPERM or EACCES), or what else happened.
open_of() {
    local redirection=$1 path=$2
    shift 2
    run probe "$@" busybox sh -c "true $redirection$path"
    case "$status $output" in
    0*) echo opened ;;
    1*"can't "*"not permitted" | 1*"can't "*"ermission denied") echo refused ;;
    *) echo "$status $output" ;;
    esac
}

# bats test_tags=smoke
@test "a device that was not given cannot be made, nor be opened when it is there" {
    setup_device
    run -1 probe busybox mknod /made c ${number/:/ }
    [[ $output == *"not permitted"* ]]
    # with the host's user namespace a node can be made and a bind mount has it, but the cgroup refuses
    run -0 --separate-stderr probe --userns host busybox sh -c "mknod /made c ${number/:/ } && ! true </made && echo refused"
    [ "$output" = refused ]
    [[ $stderr == *"not permitted"* ]]
    [ "$(open_of '<' /bound --userns host -v "$device:/bound")" = refused ]
    [ "$(open_of '<' /bound -v "$device:/bound:noidmap")" = refused ]
    [ "$(open_of '<' /null --userns host -v /dev/null:/null)" = opened ]
}

@test "--device gives it, under any name, to read or to write" {
    setup_device
    [ "$(open_of '<>' "$device" --device "$device")" = opened ]
    [ "$(open_of '<>' /dev/other --device "$device:/dev/other")" = opened ]
    [ "$(open_of '<' /dev/other --device "$device:/dev/other:r")" = opened ]
    [ "$(open_of '<>' /dev/other --device "$device:/dev/other:r")" = refused ]
    [ "$(open_of '<>' "$device" --userns host --device "$device")" = opened ]
    [ "$(probe --device "$device:/dev/other" busybox stat -c '%F' /dev/other)" = "character special file" ]
}

@test "--device-cgroup-rule allows numbers" {
    setup_device
    run -0 probe --userns host --device-cgroup-rule "c $number rwm" busybox \
        sh -c "mknod /made c ${number/:/ } && true </made && echo opened"
    [ "$output" = opened ]
}

@test "the devices that every container has work, and there are no more" {
    run -0 probe busybox sh -c 'echo x >/dev/null; head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c
        echo x >/dev/full || echo full; find /dev -type c -o -type b'
    [ "$(head -n 2 <<<"$output" | tr '\n' ' ')" = "3 3 " ]
    grep -qx full <<<"$output"
    [ "$(grep '^/dev/' <<<"$output" | grep -v /dev/pts | sort | tr '\n' ' ')" = \
        "/dev/full /dev/null /dev/random /dev/tty /dev/urandom /dev/zero " ]
}

# ---- what cannot be

@test "limits that make no sense are refused, each by its name, and leave nothing" {
    local option regex
    while read -r option regex; do
        assert_error 125 "$regex" probe "$option" busybox true
    done <<'END'
--memory=1k memory limit
--cpus=4096 CPUs
--cpuset-cpus=4095 cpuset-cpus
--cpu-shares=1 shares
--blkio-weight=5 blkio weight
--pids-limit=x pids-limit
--oom-score-adj=1001 oom-score-adj
--ulimit=nosuch=1 ulimit.*nosuch
--ulimit=nofile=5:3 soft limit
--shm-size=x shm-size
--device=/dev/nosuch /dev/nosuch
--device-cgroup-rule=nonsense nonsense
END
    assert_error 125 'memory-swap' probe --memory 20m --memory-swap 10m busybox true
    [ -z "$(sampan ps -aq)" ]
}
