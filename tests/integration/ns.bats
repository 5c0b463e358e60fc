#!/usr/bin/env bats
# sampan ns: what it says of namespaces is what the kernel says in /proc.

load helpers

KINDS="user pid net ipc uts cgroup time mnt"

setup_file() {
    start_engine
    sampan run -d --name one --network none busybox sleep 1000
    sampan run -d --name joined --network container:one busybox sleep 1000
    sampan run -d --name open --network host --uts host busybox sleep 1000
    sampan run -d --name shifted --network none --time-offset boottime=1000 busybox sleep 1000
}

teardown_file() {
    stop_engine
}

# cell CONTAINER KIND: what the table says.
cell() {
    sampan ns | awk -v row="$1" -v title="${2^^}" '
        NR == 1   { for (i = 1; i <= NF; i++) column[$i] = i }
        $1 == row { print $column[title] }'
}

# json_of CONTAINER FILTER
json_of() {
    sampan ns --json "$1" | jq -r "$2"
}

# processes_of CONTAINER: the last part, "PID INSIDE UID IN COMMAND", without the titles.
processes_of() {
    sampan ns "$1" | awk 'is_process { print } $1 == "PID" && $2 == "INSIDE" { is_process = 1 }'
}

# ---- all

# bats test_tags=smoke
@test "the table has a row for the host and each container, the newest first, and all eight kinds" {
    local kind
    run -0 sampan ns
    for kind in $KINDS; do
        grep -qw "${kind^^}" <<<"${lines[0]}" || fail_with "there is no column for $kind"
    done
    [ "$(awk 'NR > 1 && NF == 10 { print $1 }' <<<"$output" | tr '\n' ' ')" = "(host) shifted open joined one " ]
    [ "$(cell one pid)" = "$(ns_inode "$(pid_of one)" pid)" ]
    [ "$(awk '$1 == "one" { print $2 }' <<<"$output")" = "$(pid_of one)" ]
}

@test "a container's own namespaces have their inodes, the host's have its" {
    local kind
    for kind in user pid net ipc uts cgroup mnt; do
        [ "$(cell one $kind)" = "$(ns_inode "$(pid_of one)" $kind)" ] || fail_with "$kind: $(cell one $kind)"
    done
    for kind in $KINDS; do
        [ "$(cell '(host)' $kind)" = "$(ns_inode self $kind)" ] || fail_with "host's $kind: $(cell '(host)' $kind)"
    done
    [ "$(cell shifted time)" = "$(ns_inode "$(pid_of shifted)" time)" ]
}

@test "what is shared is said: =NAME, host" {
    [ "$(cell joined net) $(cell joined user)" = "=one =one" ]
    [ "$(cell joined pid)" = "$(ns_inode "$(pid_of joined)" pid)" ]
    [ "$(cell open net) $(cell open uts) $(cell open user)" = "host host host" ]
    [ "$(cell open ipc)" = "$(ns_inode "$(pid_of open)" ipc)" ]
    [ "$(cell one time)" = host ]
}

@test "a container is in the table while it runs" {
    sampan create --name passing --network none busybox sleep 1000
    [ -z "$(cell passing pid)" ]
    sampan start passing
    [ "$(cell passing pid)" = "$(ns_inode "$(pid_of passing)" pid)" ]
    sampan stop -t 0 passing
    [ -z "$(cell passing pid)" ]
    assert_error 1 'not running' sampan ns passing
    sampan rm passing
    assert_error 1 'no such container' sampan ns passing
}

@test "--json has the same, for programs" {
    local name kind pid
    sampan ns --json >"$BATS_TEST_TMPDIR/ns"
    [ "$(jq -r '[.Containers[].Name] | join(" ")' "$BATS_TEST_TMPDIR/ns")" = "shifted open joined one" ]
    for name in one joined open shifted; do
        pid=$(pid_of $name)
        for kind in $KINDS; do
            [ "$(jq ".Containers[] | select(.Name == \"$name\") | .Namespaces.$kind.Inode" "$BATS_TEST_TMPDIR/ns")" = \
                "$(ns_inode "$pid" $kind)" ] || fail_with "$name's $kind"
        done
    done
    [ "$(jq .Host.Namespaces.net.Inode "$BATS_TEST_TMPDIR/ns")" = "$(ns_inode self net)" ]
    [ "$(jq -c '.Containers[] | select(.Name == "open") | .Namespaces | map_values(.IsHost) | to_entries
        | map(select(.value).key)' "$BATS_TEST_TMPDIR/ns")" = '["user","net","uts","time"]' ]
}

# ---- one container

# bats test_tags=smoke
@test "of a container: inodes, who shares them, and whose they are" {
    local kind
    run -0 sampan ns one
    [[ ${lines[0]} =~ ^one\ .*\ pid\ $(pid_of one)$ ]]
    for kind in $KINDS; do
        grep -Eq "^$kind +$(ns_inode "$(pid_of one)" $kind) " <<<"$output" || fail_with "$kind: $output"
    done
    grep -Eq '^net +[0-9]+ +joined +its user namespace$' <<<"$output"
    grep -Eq '^user +[0-9]+ +joined +the host.s user namespace, made by uid 0$' <<<"$output"
    grep -Eq '^pid +[0-9]+ +- +its user namespace$' <<<"$output"
    grep -Eq '^time +[0-9]+ +host, 2 containers +the host.s user namespace$' <<<"$output"
    run -0 sampan ns open
    grep -Eq '^net +[0-9]+ +host +the host.s user namespace$' <<<"$output"
    grep -Eq '^mnt +[0-9]+ +- +the host.s user namespace$' <<<"$output"
}

@test "owners in JSON are what the kernel answers" {
    local kind
    for kind in pid net ipc uts cgroup mnt; do
        [ "$(json_of one .Namespaces.$kind.OwnerUserNamespace)" = "$(owner_of "$(pid_of one)" $kind)" ] || fail_with "$kind"
        [ "$(json_of open .Namespaces.$kind.OwnerUserNamespace)" = "$(owner_of "$(pid_of open)" $kind)" ] || fail_with "$kind"
    done
    [ "$(json_of one .Namespaces.net.OwnerUserNamespace)" = "$(ns_inode "$(pid_of one)" user)" ]
    [ "$(json_of one .Namespaces.user.OwnerUserNamespace)" = "$(ns_inode self user)" ]
}

# owner_of PID KIND: the inode of the user namespace that owns it, by ioctl_ns(2)'s NS_GET_USERNS.
owner_of() {
    python3 -c 'import fcntl, os, sys; print(os.fstat(fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0xB701)).st_ino)' \
        "/proc/$1/ns/$2"
}

@test "id maps are the kernel's" {
    local first
    first=$(awk '{ print $2 }' "/proc/$(pid_of one)/uid_map")
    run -0 sampan ns one
    grep -Eq "^uid +0-65535 +$first-$((first + 65535))$" <<<"$output"
    grep -Eq "^gid +0-65535 +$first-$((first + 65535))$" <<<"$output"
    [ "$(json_of one '.UidMap[0] | "\(.Inside) \(.Outside) \(.Count)"')" = "$(awk '{ print $1, $2, $3 }' "/proc/$(pid_of one)/uid_map")" ]
    run -0 sampan ns open
    grep -Eq '^uid +0-[0-9]+ +0-[0-9]+$' <<<"$output"
}

@test "nesting, up to the host's" {
    run -0 sampan ns one
    grep -Eq "^user +$(ns_inode "$(pid_of one)" user) < $(ns_inode self user) \(host\)$" <<<"$output"
    grep -Eq "^pid +$(ns_inode "$(pid_of one)" pid) < $(ns_inode self pid) \(host\)$" <<<"$output"
    [ "$(json_of one '.Namespaces.pid.Parents[-1]')" = "$(ns_inode self pid)" ]
}

# ---- processes

@test "processes: their pids outside and inside, and those that share a namespace" {
    local pid
    sampan exec -d one sleep 4711
    wait_until eval 'processes_of one | grep -q "sleep 4711"'
    run -0 processes_of one
    grep -Eq "^$(pid_of one) +1 +[0-9]+ +all +sleep 1000$" <<<"$output"
    grep -Eq "^$(pid_of joined) +1 +[0-9]+ +user net +sleep 1000$" <<<"$output"
    pid=$(awk '/sleep 4711/ { print $1 }' <<<"$output")
    [ "$(awk '/sleep 4711/ { print $1, $2 }' <<<"$output")" = "$(awk '/^NSpid:/ { print $2, $3 }' "/proc/$pid/status")" ]
    [ "$(awk '/sleep 4711/ { print $3 }' <<<"$output")" = "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" ]
    [ "$(json_of one ".Namespaces.pid.Members[] | select(.Pid == $pid) | .PidInside")" = \
        "$(awk '/^NSpid:/ { print $3 }' "/proc/$pid/status")" ]
    kill -KILL "$pid"
}

@test "a namespace made inside: its processes are in some of the container's, with the innermost pid" {
    local inner
    sampan run -d --name nested --network none --security-opt seccomp=unconfined busybox \
        sh -c 'unshare -U -r -p -f -m -u sh -c "exec sleep 2222"; true'
    wait_until eval 'processes_of nested | grep -Eq "^[0-9]+ +1 +[0-9]+ +net ipc cgroup +sleep 2222$"'
    run -0 processes_of nested
    grep -Eq '^[0-9]+ +2 +[0-9]+ +all but user uts mnt +unshare ' <<<"$output"
    inner=$(awk '$2 == 1 && / sleep 2222$/ { print $1 }' <<<"$output")
    [ "$(json_of nested "[.Namespaces[] | select(.Members[]?.Pid == $inner)] | length")" = 3 ]
    sampan rm -f nested
}

@test "hostile command lines do not reach the terminal" {
    sampan run -d --name hostile --network none busybox sh -c $'sleep 1000; : \e[31m\r\nfake  1  0  all  init'
    run -0 sampan ns hostile
    [[ $output != *$'\e'* && $output != *$'\r'* ]]
    run ! grep -q '^fake' <<<"$output"
    sampan ns --json hostile | jq -e '.Namespaces.pid.Members[0].Command | contains("[31m")'
    sampan rm -f hostile
}
