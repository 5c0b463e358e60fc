#!/usr/bin/env bats
# sampan-runtime's life cycle: OCI's create, start, state, kill, delete, and what runc's command line adds.
# shellcheck disable=SC2016 # $ is for the shell inside
# shellcheck disable=SC2154 # $stderr is set by run
load runtime_helpers

setup_file() { make_rootfs; }
setup() { enter_bundle; }
teardown() { leave_bundle; }

# bats test_tags=smoke
@test "run prints what the program prints and exits with its status" {
    payload sh -c 'echo out; echo err >&2; exit 42'
    run -42 --separate-stderr runtime run "$ID"
    [ "$output" = out ]
    [ "$stderr" = err ]
}

@test "a program ended by a signal gives 128 and its number" {
    payload sleep 1000
    runtime run --pid-file pid "$ID" &
    wait_until test -s pid
    wait_until has_status running
    runtime kill "$ID" KILL
    status=0
    wait $! || status=$?
    [ "$status" = 137 ]
    payload sleep 1000
    runtime run -d "$ID"
    run -143 runtime exec "$ID" sh -c 'kill -TERM $$'
    runtime delete --force "$ID"
}

@test "create leaves a container that has not run its program, start runs it" {
    payload sh -c 'echo ran >/tmp/ran; sleep 1000'
    config "c['mounts'].append({'destination': '/tmp', 'type': 'bind', 'source': '$BATS_TEST_TMPDIR', 'options': ['bind']})" \
        "c['annotations'] = {'org.example.key': 'value'}"
    runtime create --pid-file pid "$ID"
    pid=$(<pid)
    has_status created
    [ "$(state_of pid)" = "$pid" ]
    [ "$(state_of bundle)" = "$(pwd -P)" ]
    [ "$(state_of id)" = "$ID" ]
    [ "$(state_of annotations)" = "{'org.example.key': 'value'}" ]
    [ ! -e "$BATS_TEST_TMPDIR/ran" ]
    # Looking does not let it go.
    has_status created

    runtime start "$ID"
    wait_until test -e "$BATS_TEST_TMPDIR/ran"
    has_status running
    [ "$(state_of pid)" = "$pid" ]
    assert_error 1 "running, not created" runtime start "$ID"

    runtime kill "$ID" KILL
    wait_until has_status stopped
    [ "$(state_of pid)" = 0 ]
    assert_error 1 "stopped, not created" runtime start "$ID"
    assert_error 1 "container not running" runtime kill "$ID"
    runtime delete "$ID"
    assert_error 1 "does not exist" runtime state "$ID"
}

@test "the created init survives the end of who created it, in its own session" {
    payload sleep 1000
    setsid "$SAMPAN_BUILD/sampan-runtime" --root "$STATE" create --pid-file pid "$ID"
    sleep 0.2
    has_status created
    runtime start "$ID"
    has_status running
    runtime delete --force "$ID"
    wait_until is_gone "$(<pid)"
}

is_gone() {
    [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"
}

@test "a created container can be deleted without force, a running one cannot" {
    payload sleep 1000
    runtime create "$ID"
    runtime delete "$ID"
    runtime run -d "$ID"
    assert_error 1 "not stopped: running.*--force" runtime delete "$ID"
    has_status running
    runtime delete --force "$ID"
}

@test "deleting what is not there fails, but not with force" {
    assert_error 1 "container \"$ID\" does not exist" runtime delete "$ID"
    runtime delete --force "$ID"
}

@test "an id is taken once" {
    payload sleep 1000
    runtime run -d "$ID"
    assert_error 1 "container with given ID already exists" runtime create "$ID"
    assert_error 1 "container with given ID already exists" runtime run "$ID"
    has_status running
    runtime delete --force "$ID"
}

@test "ids are names of files" {
    assert_error 1 'invalid container id "\.\."' runtime create ..
    assert_error 1 'invalid container id "a/b"' runtime create a/b
    assert_error 1 'does not exist' runtime state ../state
}

@test "a program that cannot be executed fails create, and leaves nothing" {
    payload no-such-program
    assert_error 1 'executable file not found in \$PATH' runtime create "$ID"
    assert_error 1 'executable file not found in \$PATH' runtime run "$ID"
    payload /no/such
    assert_error 1 '/no/such: no such file or directory' runtime create "$ID"
    payload /etc
    assert_error 1 'is a directory' runtime create "$ID"
    payload /etc/file
    assert_error 1 'permission denied' runtime create "$ID"
    [ -z "$(runtime list -q)" ]
}

@test "a program that vanishes between create and start fails start, and the container is stopped" {
    mkdir "$BATS_TEST_TMPDIR/dir"
    cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/dir/busybox"
    payload /tmp/busybox true
    config "c['mounts'].append({'destination': '/tmp', 'type': 'bind', 'source': '$BATS_TEST_TMPDIR/dir', 'options': ['bind']})"
    runtime create "$ID"
    rm "$BATS_TEST_TMPDIR/dir/busybox"
    assert_error 1 '/tmp/busybox: no such file or directory' runtime start "$ID"
    wait_until has_status stopped
    runtime delete "$ID"
}

@test "errors of the bundle name the member" {
    config "c['linux']['resources'] = {'memory': {'limit': 'much'}}"
    assert_error 1 'linux.resources.*limit' runtime create "$ID"
    rm config.json
    assert_error 1 'config.json' runtime create "$ID"
    assert_error 1 'enter the bundle /no/such: No such file' runtime create -b /no/such "$ID"
}

@test "kill sends the signal by number and by name, and to all processes" {
    payload sh -c 'trap "exit 5" USR1; echo ready; while :; do sleep 0.05; done'
    runtime run -d "$ID" >out
    wait_until grep -q ready out
    runtime kill "$ID" 0
    assert_error 1 'signal' runtime kill "$ID" NOSUCH
    runtime kill "$ID" USR1
    wait_until has_status stopped
    runtime delete "$ID"

    payload sleep 1000
    runtime run -d "$ID"
    runtime exec -d --pid-file pid "$ID" sleep 1000
    runtime kill --all "$ID" 9
    wait_until has_status stopped
    wait_until is_gone "$(<pid)"
    runtime delete "$ID"
}

@test "run passes signals on, and cleans up after them" {
    payload sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done'
    "$SAMPAN_BUILD/sampan-runtime" --root "$STATE" run "$ID" >out &
    wait_until grep -qs ready out
    kill -TERM $!
    status=0
    wait $! || status=$?
    [ "$status" = 7 ]
    assert_error 1 'does not exist' runtime state "$ID"
}

@test "run --keep leaves a stopped container" {
    payload true
    runtime run --keep "$ID"
    has_status stopped
    runtime delete "$ID"
}

@test "a container that a crash ended while it was created is no obstacle" {
    payload sleep 1000
    mkdir -p "$STATE/$ID"
    # What create writes before anything exists; nobody holds the lock.
    echo "{\"pid\": 0, \"cgroup\": \"/sampan/$ID\", \"bundle\": \"/\", \"rootfs\": \"/\", \"created\": \"\"}" >"$STATE/$ID/state.json"
    has_status stopped
    runtime create "$ID"
    has_status created
    runtime delete "$ID"
}

@test "killed at any moment, create leaves what create or delete undoes" {
    local i
    payload sleep 1000
    for i in 1 2 3 4 5 6 8 10 12 15 20 30; do
        "$SAMPAN_BUILD/sampan-runtime" --root "$STATE" create "$ID" &
        sleep "0.0$(printf %02d "$i")"
        kill -KILL $! 2>/dev/null || true
        wait $! 2>/dev/null || true
        # Either it is there, in a state that can be told, or it can be made.
        runtime state "$ID" >/dev/null 2>&1 || runtime create "$ID"
        runtime delete --force "$ID"
        [ -z "$(cgroups_of "$ID")" ] || fail_with "cgroups are left after $i ms"
    done
}

@test "pause and resume" {
    payload sh -c 'while :; do sleep 0.05; done'
    runtime run -d "$ID"
    runtime pause "$ID"
    has_status paused
    assert_error 1 "it is paused" runtime pause "$ID"
    assert_error 255 "paused" runtime exec "$ID" true
    runtime resume "$ID"
    has_status running
    assert_error 1 "it is running" runtime resume "$ID"
    runtime pause "$ID"
    runtime delete --force "$ID"
}

@test "update changes limits, from flags and from JSON" {
    local pids_max
    payload sleep 1000
    runtime run -d "$ID"
    pids_max=$(find /sys/fs/cgroup -path "*/$ID/pids.max" | head -1)
    [ -n "$pids_max" ] || skip "this machine has no pids controller"
    runtime update --pids-limit 77 "$ID"
    [ "$(<"$pids_max")" = 77 ]
    runtime update --resources - "$ID" <<<'{"pids": {"limit": 78}, "devices": [{"allow": false, "access": "rwm"}]}'
    [ "$(<"$pids_max")" = 78 ]
    # The devices stay as they were.
    runtime exec "$ID" sh -c 'echo x >/dev/null'
    assert_error 1 "memory" runtime update --memory much "$ID"
    runtime delete --force "$ID"
}

@test "list and ps" {
    payload sleep 1000
    [ "$(runtime list -f json)" = null ]
    runtime run -d --pid-file pid "$ID"
    [ "$(runtime list -q)" = "$ID" ]
    run -0 runtime list
    [[ ${lines[0]} =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER ]]
    [[ ${lines[1]} =~ ^$ID\ +$(<pid)\ +running\ +$(pwd -P)\ .*root$ ]]
    [ "$(runtime list -f json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["status"])')" = running ]
    [ "$(runtime ps -f json "$ID")" = "[$(<pid)]" ]
    run -0 runtime ps "$ID" -o pid,args
    [[ ${lines[0]} =~ PID ]]
    [[ ${lines[1]} =~ $(<pid)\ sleep\ 1000 ]]
    [ "${#lines[@]}" = 2 ]
    runtime delete --force "$ID"
}

@test "errors go to the log as engines read them" {
    assert_error 1 "does not exist" "$SAMPAN_BUILD/sampan-runtime" --root "$STATE" --log log.json --log-format json state "$ID"
    python3 -c 'import json; m = json.load(open("log.json")); assert m["level"] == "error" and "does not exist" in m["msg"], m'
    assert_error 1 "does not exist" "$SAMPAN_BUILD/sampan-runtime" --root "$STATE" --log log.txt state "$ID"
    grep -Eq '^time=".*Z" level=error msg="container \\".*\\" does not exist"$' log.txt
}

@test "what it cannot do it refuses" {
    assert_error 1 'cgroupfs' "$SAMPAN_BUILD/sampan-runtime" --systemd-cgroup --root "$STATE" create "$ID"
    assert_error 1 'no-pivot is not supported' runtime create --no-pivot "$ID"
    assert_error 1 'unknown command "crate", did you mean "create"' runtime crate "$ID"
    assert_error 1 'usage: sampan-runtime state CONTAINER' runtime state
}

@test "features and version are what engines parse" {
    runtime features | python3 -c '
import json, sys
f = json.load(sys.stdin)
assert f["ociVersionMax"] >= "1.2" and "rro" in f["mountOptions"] and "poststop" in f["hooks"], f
assert {"user", "time", "cgroup"} <= set(f["linux"]["namespaces"]) and "CAP_CHOWN" in f["linux"]["capabilities"], f'
    run -0 runtime --version
    [[ ${lines[0]} =~ ^sampan-runtime\ version\ [0-9] ]]
    [[ ${lines[1]} =~ ^spec:\ 1\. ]]
}

@test "spec does not write over a config.json" {
    assert_error 1 "config.json exists" runtime spec
}
