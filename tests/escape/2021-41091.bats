# shellcheck shell=bash
# The engine's directories, seen by other users of the machine: CVE-2021-41091 (docker: programs that a container made
# setuid), CVE-2021-41103, CVE-2024-25621 (containerd).

load escape

setup_file() {
    start_engine
    chmod 755 "$SAMPAN_STATE"
    sampan run -d --name setuid --network none -v data:/data busybox sh -c \
        'cp /bin/busybox /escalate; cp /bin/busybox /data/escalate; chmod 4755 /escalate /data/escalate; sleep 1000' >/dev/null
}
teardown_file() { stop_engine; }

@test "nobody else reaches what containers write" {
    wait_until sampan exec setuid test -u /data/escalate
    # It is there, it belongs to root on the disk, and it is setuid …
    [ -n "$(find "$SAMPAN_ROOT" -name escalate -uid 0 -perm -4000)" ]
    # … so everything depends on who can get there.
    run setpriv --reuid 65534 --regid 65534 --clear-groups find "$SAMPAN_ROOT" "$SAMPAN_RUN_ROOT" -mindepth 1
    [[ $output != *"$SAMPAN_ROOT/"* ]]
    [[ $output != *"$SAMPAN_RUN_ROOT/"* ]]
}

@test "what a container left is removed without following its links" {
    mkdir "$BATS_TEST_TMPDIR/canary"
    touch "$BATS_TEST_TMPDIR/canary/file"
    sampan run --name litter --network none busybox sh -c \
        "ln -s $BATS_TEST_TMPDIR/canary /link; mkdir -p /a/b; ln -s $BATS_TEST_TMPDIR/canary /a/b/c; mkdir /closed; touch /closed/x; chmod 0 /closed"
    sampan rm litter
    [ -f "$BATS_TEST_TMPDIR/canary/file" ]
}

@test "a ledger that names the root cgroup ends nobody" {
    local id bystander target
    sleep 1000 3>&- &
    bystander=$!
    for target in / /.. '' . /sampan/../..; do
        id=$(sampan run -d --network none busybox sleep 1000)
        kill -KILL "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["shimPid"])' <"$SAMPAN_RUN_ROOT/containers/$id/state.json")"
        wait_until_dead "$id"
        cp -P "$SAMPAN_RUN_ROOT/containers/$id/cgroup" "$BATS_TEST_TMPDIR/cgroup.$id"
        ln -sfn "${target:-/}" "$SAMPAN_RUN_ROOT/containers/$id/cgroup"
        sampan ps >/dev/null 2>&1
        kill -0 "$bystander" || fail_with "recovery ended a process of the host's"
        ln -sfn "$(readlink "$BATS_TEST_TMPDIR/cgroup.$id")" "$SAMPAN_RUN_ROOT/containers/$id/cgroup"
        sampan rm -f "$id" >/dev/null
    done
    kill "$bystander"
}

wait_until_dead() {
    wait_until lock_is_free "$1"
}

lock_is_free() {
    flock -n "$SAMPAN_RUN_ROOT/locks/$1" true
}
