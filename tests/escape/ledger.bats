# shellcheck shell=bash
# Recovery, which ends processes and removes directories by what is written down: it ends who belongs to the container,
# whatever that did to survive, and nobody else, whatever is written there. No CVE, by good luck.

load escape

setup_file() { start_engine; }
teardown_file() { stop_engine; }

# start_orphaned COMMAND…: a container whose supervisor was killed; its id in $id.
start_orphaned() {
    id=$(sampan run -d --network none "$@")
    run_dir=$SAMPAN_RUN_ROOT/containers/$id
    kill -KILL "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["shimPid"])' <"$run_dir/state.json")"
    wait_until flock -n "$SAMPAN_RUN_ROOT/locks/$id" true
}

@test "a ledger that names the root cgroup ends nobody" {
    local bystander target real
    sleep 1000 3>&- &
    bystander=$!
    for target in / // . .. /.. /sampan/../..; do
        start_orphaned busybox sleep 1000
        real=$(readlink "$run_dir/cgroup")
        ln -sfn "$target" "$run_dir/cgroup"
        sampan ps >/dev/null 2>&1
        kill -0 "$bystander" || fail_with "recovery ended a process of the host's because of \"$target\""
        ln -sfn "$real" "$run_dir/cgroup"
        sampan rm -f "$id" >/dev/null
    done
    kill "$bystander"
}

@test "a process that forgets its parent-death signal is ended by the next command" {
    # A change of user takes the signal away, and in the host's pid namespace nothing else ties it to the supervisor.
    start_orphaned --pid host busybox su -s /bin/sh nobody -c "exec sleep 98765"
    sampan ps >/dev/null
    run ! pgrep -x -f 'sleep 98765'
    sampan rm -f "$id" >/dev/null
}

@test "garbled state does not keep a container from being removed" {
    local file
    for file in state.json exit.json config.json; do
        start_orphaned busybox sleep 1000
        printf '{"status": 1' >"$run_dir/$file"
        sampan rm -f "$id" >/dev/null
        [ ! -e "$run_dir" ]
        [ ! -e "$SAMPAN_RUN_ROOT/locks/$id" ]
    done
}

@test "what a container left is removed without following its links" {
    mkdir "$BATS_TEST_TMPDIR/canary"
    touch "$BATS_TEST_TMPDIR/canary/file"
    sampan run --name litter --network none busybox sh -c \
        "ln -s $BATS_TEST_TMPDIR/canary /link; mkdir -p /a/b; ln -s $BATS_TEST_TMPDIR/canary /a/b/c; mkdir /closed; touch /closed/x; chmod 0 /closed"
    sampan rm litter
    [ -f "$BATS_TEST_TMPDIR/canary/file" ]
}

@test "what an image puts into an error does not steer the terminal" {
    make_image
    printf '#!\033]0;title\007\033[31m\302\233evil\n' >"$IMAGE/bin/evil"
    chmod +x "$IMAGE/bin/evil"
    assert_error 127 'its interpreter "\?\]0;title\?\?\[31m' run_image /bin/evil
    [ -z "$(LC_ALL=C tr -dc '\001-\011\013-\037\177\233' <<<"$stderr")" ]
}
