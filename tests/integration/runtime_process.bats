#!/usr/bin/env bats
# sampan-runtime: what a container's processes get. exec, terminals, fds, hooks, ids, seccomp, devices.
# shellcheck disable=SC2016 # $ is for the shell inside
# shellcheck disable=SC2154 # $stderr is set by run
load runtime_helpers

setup_file() { make_rootfs; }
setup() { enter_bundle; }
teardown() { leave_bundle; }

start_sleep() {
    payload sleep 1000
    runtime run -d "$ID"
}

# ---- exec

# bats test_tags=smoke
@test "exec runs in the container's namespaces and gives its status" {
    start_sleep
    run -0 runtime exec "$ID" sh -c 'hostname; cat /proc/1/comm'
    [ "$output" = $'sampan\nsleep' ]
    run -33 runtime exec "$ID" sh -c 'exit 33'
    assert_error 255 'executable file not found' runtime exec "$ID" no-such-program
    runtime delete --force "$ID"
    assert_error 255 'does not exist' runtime exec "$ID" true
}

@test "exec takes user, directory, environment and capabilities" {
    start_sleep
    run -0 runtime exec -u 5:6 -g 7 --cwd /tmp -e A=b -e B=c "$ID" sh -c 'id -u; id -g; id -G; pwd; echo $A$B'
    [ "$output" = $'5\n6\n6 7\n/tmp\nbc' ]
    cap=$(runtime exec "$ID" sed -n 's/^CapBnd:\t//p' /proc/self/status)
    with=$(runtime exec --cap SYS_TIME "$ID" sed -n 's/^CapBnd:\t//p' /proc/self/status)
    [ $((0x$with)) = $((0x$cap | 1 << 25)) ]
    assert_error 255 'NO_SUCH' runtime exec --cap NO_SUCH "$ID" true
    assert_error 255 'user' runtime exec -u root "$ID" true
    runtime delete --force "$ID"
}

@test "exec takes a process.json, and detached writes a pid" {
    start_sleep
    cat >process.json <<<'{"args": ["sleep", "77"], "cwd": "/", "user": {"uid": 3, "gid": 4}, "env": []}'
    runtime exec --process process.json --detach --pid-file pid "$ID"
    [ "$(tr '\0' ' ' <"/proc/$(<pid)/cmdline")" = "sleep 77 " ]
    grep -Eq '^Uid:.3\b' "/proc/$(<pid)/status"
    runtime delete --force "$ID"
}

@test "exec works in a created container and not in a stopped one" {
    payload true
    runtime create "$ID"
    [ "$(runtime exec "$ID" echo early)" = early ]
    runtime start "$ID"
    wait_until has_status stopped
    assert_error 255 'stopped' runtime exec "$ID" true
    runtime delete "$ID"
}

# ---- terminals and fds

@test "the console socket gets the terminal's master" {
    payload sh -c 'tty; read -r line; echo "got $line"'
    config "c['process']['terminal'] = True"
    receive_fd "$BATS_TEST_TMPDIR/console" '
assert os.isatty(fd) and name.startswith(b"/dev/"), name
os.write(fd, b"typed\n")
seen = b""
while b"got typed" not in seen: seen += os.read(fd, 100)
print(seen.decode())' >seen &
    wait_until test -S "$BATS_TEST_TMPDIR/console"
    runtime create --console-socket "$BATS_TEST_TMPDIR/console" "$ID"
    runtime start "$ID"
    wait $!
    grep -q '^/dev/pts/0' seen
    wait_until has_status stopped
    runtime delete "$ID"
}

@test "a terminal that nobody would hold is refused, and a socket without a terminal" {
    assert_error 1 'no terminal' runtime create --console-socket /no/such "$ID"
    config "c['process']['terminal'] = True"
    assert_error 1 'use --console-socket' runtime create "$ID"
    assert_error 1 'use --console-socket' runtime run -d "$ID"
    assert_error 1 'console-socket: connect to /no/such' runtime create --console-socket /no/such "$ID"
    [ -z "$(runtime list -q)" ]
}

@test "run with a terminal relays the caller's" {
    payload sh -c 'tty; stty -a | head -1; exit 4'
    config "c['process']['terminal'] = True"
    run -4 script -qec "stty rows 33 cols 99; '$SAMPAN_BUILD/sampan-runtime' --root '$STATE' run $ID" /dev/null </dev/null
    [[ $output == *"/dev/pts/0"* ]]
    [[ $output == *"rows 33"*"columns 99"* ]]
}

@test "the pidfd socket gets the process" {
    payload sleep 1000
    receive_fd "$BATS_TEST_TMPDIR/sock" '
print(*[line.split()[1] for line in open(f"/proc/self/fdinfo/{fd}") if line.startswith("Pid:")])' >seen &
    wait_until test -S "$BATS_TEST_TMPDIR/sock"
    runtime run -d --pidfd-socket "$BATS_TEST_TMPDIR/sock" --pid-file pid "$ID"
    wait $!
    [ "$(<seen)" = "$(<pid)" ]
    runtime delete --force "$ID"
}

@test "no fd of the caller's reaches the program but those that are asked for" {
    payload sh -c 'cat <&3; ls /proc/self/fd | wc -l'
    # stdio, fd 3, and the one that ls reads the directory with.
    run -0 runtime run --preserve-fds 1 "$ID" 3<<<three 4</etc/passwd 7</etc/passwd
    [ "$output" = $'three\n5' ]
    assert_error 1 'fd 3 is not open' runtime run --preserve-fds 1 "$ID" 3<&-
}

# ---- hooks

@test "hooks run at their points, with the state on their input" {
    local log=$BATS_TEST_TMPDIR/log
    cat >hook <<HOOK
#!/bin/sh
echo "\$1 \$(python3 -c 'import json, sys; s = json.load(sys.stdin); print(s["status"], s["id"], s["bundle"], s["pid"] > 0)')" >>$log
HOOK
    chmod +x hook
    config "
hook = lambda word: [{'path': '$PWD/hook', 'args': ['hook', word], 'env': ['PATH=/usr/bin:/bin']}]
c['hooks'] = {p: hook(p) for p in ('prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop')}"
    payload sleep 1000
    runtime create "$ID"
    here=$(pwd -P)
    diff - "$log" <<EXPECTED
prestart creating $ID $here True
createRuntime creating $ID $here True
createContainer creating $ID $here True
EXPECTED
    : >"$log"
    runtime start "$ID"
    diff - "$log" <<<"poststart running $ID $here True"
    : >"$log"
    runtime delete --force "$ID"
    [[ $(<"$log") =~ ^"poststop stopped $ID $here" ]]
}

@test "a hook that fails fails create" {
    config "c['hooks'] = {'createRuntime': [{'path': '/bin/false'}]}"
    assert_error 1 'hook /bin/false: exit status 1' runtime create "$ID"
    [ -z "$(runtime list -q)" ]
}

# ---- isolation that the bundle asks for

@test "the seccomp profile of the bundle holds for the program and for exec" {
    payload sleep 1000
    config "c['linux']['seccomp'] = {'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'],
        'syscalls': [{'names': ['mkdir', 'mkdirat'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 38}]}"
    runtime run -d --pid-file pid "$ID"
    grep -Eq '^Seccomp:.2' "/proc/$(<pid)/status"
    run ! runtime exec "$ID" mkdir /tmp/x
    [[ $output == *"not implemented"* ]]
    config "c['linux']['seccomp']['defaultAction'] = 'SCMP_ACT_NONSENSE'"
    runtime delete --force "$ID"
    assert_error 1 'linux.seccomp.*SCMP_ACT_NONSENSE' runtime create "$ID"
}

@test "with a user namespace the root's files keep their ids" {
    cp -a "$BATS_FILE_TMPDIR/rootfs" "$BATS_TEST_TMPDIR/rootfs"
    chown -R -h 700000:700000 "$BATS_TEST_TMPDIR/rootfs"
    chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR"
    config "c['root'] = {'path': '$BATS_TEST_TMPDIR/rootfs'}" \
        "c['linux']['namespaces'].append({'type': 'user'})" \
        "c['linux']['uidMappings'] = c['linux']['gidMappings'] = [{'containerID': 0, 'hostID': 700000, 'size': 65536}]"
    payload sh -c 'id -u; cat /proc/self/uid_map; touch /new; stat -c %u /new /bin'
    run -0 runtime run "$ID"
    [ "${lines[0]}" = 0 ]
    [[ ${lines[1]} =~ ^\ *0\ +700000\ +65536$ ]]
    [ "${lines[2]} ${lines[3]}" = "0 0" ]
    [ "$(stat -c %u "$BATS_TEST_TMPDIR/rootfs/new")" = 700000 ]
}

@test "the default devices work whatever the list says, and no other" {
    config "c['process']['capabilities'] = {s: ['CAP_MKNOD'] for s in ('bounding', 'effective', 'permitted')}" \
        "c['root']['readonly'] = False"
    payload sh -c 'echo x >/dev/null && head -c 2 /dev/zero | wc -c; mknod /dev/kmsg2 c 1 11 && cat /dev/kmsg2 | head -1'
    run runtime run "$ID"
    [ "${lines[0]}" = 2 ]
    [[ ${lines[1]} == *"Operation not permitted"* ]]
}

@test "a cgroup path that is the root is refused" {
    config "c['linux']['cgroupsPath'] = '/.'"
    assert_error 1 'below the root' runtime create "$ID"
}
