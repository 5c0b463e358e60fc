#!/usr/bin/env bats
# sampan exec: another process in a running container, in all its namespaces and with its limits.

load helpers

setup_file() {
    start_engine
    sampan run -d --name main --network none --hostname boat -e FROM=container -w /tmp -v "$(probe_mount)" busybox sleep 1000
    sampan run -d --name user --network none -u 1000:1001 busybox sleep 1000
}

teardown_file() {
    stop_engine
}

# bats test_tags=smoke
@test "streams and status" {
    run -0 --separate-stderr sampan exec main sh -c 'echo to-out; echo to-err >&2'
    [ "$output" = to-out ]
    [ "$stderr" = to-err ]
    run -7 sampan exec main sh -c 'exit 7'
    run -137 sampan exec main sh -c 'kill -KILL $$'
}

@test "-i: standard input, and its end" {
    run -0 sampan exec -i main cat <<<'through'
    [ "$output" = through ]
    run -0 sampan exec main cat <<<'not through'
    [ -z "$output" ]
    head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
    sampan exec -i main cat <"$BATS_TEST_TMPDIR/in" | cmp - "$BATS_TEST_TMPDIR/in"
}

@test "every namespace is the container's" {
    local name inside
    inside=$(sampan exec main sh -c 'for n in pid net mnt uts ipc user cgroup time; do readlink /proc/self/ns/$n; done')
    for name in pid net mnt uts ipc user cgroup time; do
        grep -qx "$name:\[$(ns_inode "$(pid_of main)" $name)\]" <<<"$inside" || fail_with "$name: $inside"
    done
}

@test "root, cgroup, and the process as the host sees it" {
    local pid
    sampan exec -d main sleep 4711
    wait_until eval 'sampan top main | grep -q "sleep 4711"'
    pid=$(sampan top main | awk '/sleep 4711/ { print $2 }')
    [ "/proc/$pid/root/" -ef "/proc/$(pid_of main)/root/" ]
    diff "/proc/$pid/cgroup" "/proc/$(pid_of main)/cgroup"
    [ "$(awk '/^NSpid:/ { print NF }' "/proc/$pid/status")" = 3 ]
    kill -KILL "$pid"
}

@test "-e, -w, and what the container was given" {
    [ "$(sampan exec main sh -c 'echo $FROM; pwd; echo $HOSTNAME' | tr '\n' ' ')" = "container /tmp boat " ]
    [ "$(sampan exec -e FROM=exec -e NEW=1 main sh -c 'echo $FROM $NEW')" = "exec 1" ]
    [ "$(sampan exec -w /usr main pwd)" = /usr ]
    CANARY=sings run -0 sampan exec main env
    [[ $output != *CANARY* ]]
}

@test "-u, and the container's user by default" {
    [ "$(sampan exec user sh -c 'echo $(id -u):$(id -g):$(id -G)')" = "1000:1001:1001" ]
    [ "$(sampan exec -u root user id -u)" = 0 ]
    [ "$(sampan exec -u nobody user sh -c 'echo $(id -u):$(id -g) $HOME')" = "65534:65534 /home" ]
    [ "$(sampan exec -u 5:6 main sh -c 'echo $(id -u):$(id -g)')" = 5:6 ]
}

@test "user specifications, as the kernel shows them (CVE-2026-30892)" {
    local spec expected
    while read -r spec expected; do
        run -0 sampan exec -u "$spec" main sh -c 'awk "/^[UG]id:/ { print \$2, \$3, \$4, \$5 }" /proc/self/status | tr "\n" " "'
        [ "${output% }" = "$expected" ] || fail_with "$spec: $output"
    done <<'END'
0 0 0 0 0 0 0 0 0
1 1 1 1 1 1 1 1 1
1:0 1 1 1 1 0 0 0 0
1:2 1 1 1 1 2 2 2 2
0:1 0 0 0 0 1 1 1 1
1000 1000 1000 1000 1000 0 0 0 0
nobody 65534 65534 65534 65534 65534 65534 65534 65534
END
    for spec in 4294967296 4294967295 -1 0x0 +0 ' 0' 18446744073709551616; do
        run ! sampan exec -u "$spec" main id -u
        [[ $output != 0* ]] || fail_with "\"$spec\" is root"
    done
}

@test "-t: a terminal of its own" {
    run -0 python3 - <<'END'
import os, pty
pid, fd = pty.fork()
if pid == 0:
    os.execvp("sampan", ["sampan", "exec", "-it", "main", "sh", "-c", "tty; test -t 0 && test -t 1 && test -t 2 && echo terminal"])
out = b""
try:
    while chunk := os.read(fd, 4096):
        out += chunk
except OSError:
    pass
os.waitpid(pid, 0)
print(out.decode())
END
    [[ $output == *"/dev/pts/"* ]]
    [[ $output == *terminal* ]]
}

@test "-d: in the background, and its death leaves no zombie" {
    sampan exec -d main sh -c 'echo written >/tmp/detached'
    wait_until sampan exec main grep -q written /tmp/detached
    run -0 sampan exec main sh -c 'sleep 0.2; grep -l "State:.Z" /proc/[0-9]*/status; true'
    [ -z "$output" ]
    [ "$(inspect main '{{.State.Running}}')" = true ]
}

@test "a signal to sampan exec goes on to its process" {
    local pid
    sampan exec main sh -c 'trap "exit 9" TERM; : >/tmp/trapped; while :; do sleep 0.05; done' &
    pid=$!
    wait_until sampan exec main test -e /tmp/trapped
    kill -TERM $pid
    wait_for_status 9 $pid
}

@test "thirty at once" {
    local i pids=()
    for ((i = 0; i < 30; i++)); do
        sampan exec main sh -c "echo number-$i; exit $i" >"$BATS_TEST_TMPDIR/$i" &
        pids[i]=$!
    done
    for ((i = 0; i < 30; i++)); do
        wait_for_status "$i" "${pids[i]}"
        [ "$(cat "$BATS_TEST_TMPDIR/$i")" = number-$i ]
    done
}

@test "it ends with the container" {
    local pid
    sampan run -d --name short --network none busybox sleep 1000
    sampan exec short sleep 2000 &
    pid=$!
    wait_until eval 'sampan top short | grep -q "sleep 2000"'
    sampan kill short
    wait_for_status 137 $pid
    sampan rm -f short
}

@test "a name is the container's that has it now" {
    sampan run -d --name web --network none busybox sleep 1000
    local id
    id=$(inspect web '{{.Id}}')
    run -0 sampan exec web hostname
    [ "$output" = "${id:0:12}" ]
    sampan rename web old
    assert_error 125 'no such container' sampan exec web true
    sampan create --name web --network none busybox sleep 1000
    assert_error 125 'not running' sampan exec web true
    for name in old "$id" "${id:0:12}" /old; do
        run -0 sampan exec "$name" hostname
        [ "$output" = "${id:0:12}" ]
    done
    sampan start web
    run -0 sampan exec web hostname
    [ "$output" != "${id:0:12}" ]
    sampan rm -f old web
}

@test "exec into a container that was only created, or is not there, says so" {
    sampan create --name idle --network none busybox true
    assert_error 125 'not running' sampan exec idle true
    sampan rm idle
    assert_error 125 'no such container' sampan exec nosuch true
}
