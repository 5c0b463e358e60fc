#!/usr/bin/env bats
# After SIGKILL to sampan, the shim, or the container's init at any moment, nothing is left once the next command has run.

load helpers

setup_file() {
    start_engine
    sampan run --rm --network none busybox true
}

teardown_file() {
    stop_engine
}

# The pids that descend from a process, itself first.
descendants() {
    local pid=$1 child
    echo "$pid"
    for child in $(cat /proc/"$pid"/task/*/children 2>/dev/null); do
        descendants "$child"
    done
}

# kill_after MICROSECONDS WHO: starts a container and kills one of its processes after a while.
#   WHO: sampan, shim, init
kill_after() {
    local delay=$1 who=$2 pid victim
    sampan run --rm --network none -v "$SAMPAN_STATE:/host:ro" busybox sleep 0.3 >/dev/null 2>&1 &
    pid=$!
    sleep "$(printf '0.%06d' "$delay")"
    case $who in
        sampan) victim=$pid ;;
        shim) victim=$(descendants $pid | while read -r p; do
            [[ $(readlink "/proc/$p/exe" 2>/dev/null) == */sampan-shim ]] && echo "$p"
        done | head -n 1) ;;
        init) victim=$(descendants $pid | tail -n 1) ;;
    esac
    if [ -n "$victim" ]; then
        kill -KILL "$victim" 2>/dev/null || true
    fi
    wait $pid || true
}

many_points() {
    local who=$1 delay
    for delay in $(seq 0 400 12000); do
        kill_after "$delay" "$who"
        sampan ps >/dev/null
        assert_nothing_left || fail_with "after $who was killed at $delay microseconds"
    done
}

@test "sampan killed at many points" {
    many_points sampan
}

@test "the shim killed at many points" {
    many_points shim
}

@test "the container's init killed at many points" {
    many_points init
}

@test "a shim killed while the container runs: the container ends, and is known to have" {
    sampan run -d --name orphan --network none busybox sleep 1000
    local pid shim
    pid=$(pid_of orphan)
    shim=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
    kill -KILL "$shim"
    wait_until eval '[ ! -e /proc/$pid ] || grep -q "^State:.Z" /proc/$pid/status'
    run -0 sampan ps -a --filter name=orphan --format '{{.Status}}'
    [[ $output == "Exited (137)"* ]]
    [ -z "$(cgroups_of "$(inspect orphan '{{.Id}}')")" ]
    sampan start orphan
    [ "$(inspect orphan '{{.State.Status}}')" = running ]
    sampan rm -f orphan
}

@test "a shim killed with --pid host: processes outside a pid namespace are ended too" {
    sampan run -d --name wide --network none --pid host busybox sh -c 'sleep 3333 & sleep 3334 & wait'
    local pid shim id
    wait_until eval '[ "$(sampan top wide | grep -c " sleep 333[34]$")" = 2 ]'
    pid=$(pid_of wide) id=$(inspect wide '{{.Id}}')
    shim=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
    kill -KILL "$shim"
    wait_until eval 'sampan ps >/dev/null; [ -z "$(cgroups_of $id)" ]'
    run ! grep -lsE 'sleep.333[34]' /proc/[0-9]*/cmdline
    sampan rm wide
}

@test "sampan killed while attached: the container goes on" {
    sampan run --name steady --network none busybox sleep 1000 &
    local cli=$!
    wait_until eval '[ "$(inspect steady "{{.State.Status}}" 2>/dev/null)" = running ]'
    kill -KILL $cli
    wait $cli || true
    [ "$(inspect steady '{{.State.Status}}')" = running ]
    sampan rm -f steady
}

@test "start killed at many points: it runs, or it does not, and its name leads nowhere else" {
    local delay
    sampan create --name begun --network none busybox sleep 1000 >/dev/null
    for delay in $(seq 0 200 6000); do
        sampan start begun >/dev/null 2>&1 &
        sleep "$(printf '0.%06d' "$delay")"
        kill -KILL $! 2>/dev/null || true
        wait $! || true
        if sampan exec begun true 2>"$BATS_TEST_TMPDIR/said"; then
            sampan kill begun
        else
            grep -q 'not running' "$BATS_TEST_TMPDIR/said" || fail_with "at $delay: $(cat "$BATS_TEST_TMPDIR/said")"
        fi
        sampan wait begun >/dev/null
        sampan ps >/dev/null
        [ -z "$(ls "$SAMPAN_RUN_ROOT/names")" ] || fail_with "its name is left after $delay microseconds"
    done
    sampan rm begun
}

@test "rm killed at many points" {
    local delay
    for delay in $(seq 0 500 6000); do
        sampan create --name doomed --network none busybox true >/dev/null
        sampan rm -f doomed >/dev/null 2>&1 &
        sleep "$(printf '0.%06d' "$delay")"
        kill -KILL $! 2>/dev/null || true
        wait $! || true
        sampan rm -f doomed >/dev/null 2>&1 || true
        sampan ps >/dev/null
        assert_nothing_left || fail_with "after rm was killed at $delay microseconds"
    done
}

@test "the first load of the image killed at many points" {
    local delay root
    for delay in 1000 5000 10000 15000 20000 30000 40000 60000; do
        root=$SAMPAN_STATE/fresh
        rm -rf "$root" && mkdir "$root"
        sampan --root "$root/root" --run-root "$root/run" run --rm --network none busybox true >/dev/null 2>&1 &
        sleep "$(printf '0.%06d' "$delay")"
        kill -KILL $! 2>/dev/null || true
        wait $! || true
        run -0 sampan --root "$root/root" --run-root "$root/run" run --rm --network none busybox echo works
        [ "$output" = works ]
        [ -z "$(ls "$root/root/layers/.tmp")" ] || fail_with "a staging directory is left after $delay"
    done
    rm -rf "$root"
}
