#!/usr/bin/env bats
# Bad input: each mistake has a sentence that says what to do, a status as Docker's, and leaves nothing.

load helpers

setup_file() {
    start_engine
}

teardown_file() {
    stop_engine
}

teardown() {
    assert_nothing_left
}

@test "an unknown image: 125, and it says what there is to do" {
    assert_error 125 'no such image.*nosuch' sampan run --rm --network none nosuch true
}

@test "no such command: 127" {
    assert_error 127 '"nosuch".*not found' sampan run --rm --network none busybox nosuch
    assert_error 127 '/no/such.*(no such file|not found|No such file)' sampan run --rm --network none busybox /no/such
}

@test "not executable: 126" {
    assert_error 126 '/etc/passwd.*[Pp]ermission denied' sampan run --rm --network none busybox /etc/passwd
    assert_error 126 '/etc' sampan run --rm --network none busybox /etc
}

@test "the command's own status, and 128+n when a signal ended it" {
    run -42 sampan run --rm --network none busybox sh -c 'exit 42'
    run -137 sampan run --rm --network none busybox sh -c 'kill -KILL $$; kill -9 -1; sleep 5' || true
    run -143 sampan run --rm --network none --init busybox sh -c 'kill -TERM $$'
}

@test "an unknown flag names the nearest and --help" {
    assert_error 125 'unknown.*--memori.*--memory' sampan run --memori 1g busybox
    assert_error 125 'unknown flag: --nonsense.*see --help' sampan run --nonsense busybox
    assert_error 125 'unknown command "rum".*run' sampan rum busybox
}

@test "a bad memory value" {
    assert_error 125 '12x' sampan run --rm --network none --memory 12x busybox true
    assert_error 125 '(6m|6 ?MiB|6 ?MB|[Mm]inimum)' sampan run --rm --network none --memory 1m busybox true
    assert_error 125 'memory-swap' sampan run --rm --network none --memory 100m --memory-swap 50m busybox true
}

@test "other bad numbers" {
    assert_error 125 'cpus' sampan run --rm --network none --cpus x busybox true
    assert_error 125 'cpus' sampan run --rm --network none --cpus 4096 busybox true
    assert_error 125 'pids-limit' sampan run --rm --network none --pids-limit many busybox true
    assert_error 125 'ulimit' sampan run --rm --network none --ulimit nofile busybox true
    assert_error 125 'nosuch' sampan run --rm --network none --ulimit nosuch=1 busybox true
    assert_error 125 'NOSUCH' sampan run --rm --network none --cap-add NOSUCH busybox true
    assert_error 125 'sysctl|nonsense' sampan run --rm --network none --sysctl nonsense=1 busybox true
}

@test "a missing bind source" {
    assert_error 125 '/no/such/source' sampan run --rm --network none -v /no/such/source:/x busybox true
    assert_error 125 '/no/such/source' sampan run --rm --network none \
        --mount type=bind,source=/no/such/source,target=/x busybox true
}

@test "a mount whose kind does not fit" {
    touch "$SAMPAN_STATE/file"
    assert_error 125 '/etc' sampan run --rm --network none -v "$SAMPAN_STATE/file:/etc" busybox true
    assert_error 125 'absolute' sampan run --rm --network none -v "$SAMPAN_STATE/file:relative" busybox true
    assert_error 125 'two mounts|[Dd]uplicate' sampan run --rm --network none -v /tmp:/x -v /usr:/x busybox true
}

@test "a read-only root file system" {
    run -1 sampan run --rm --network none --read-only busybox touch /file
    [[ $output == *"Read-only file system"* ]]
    run -0 sampan run --rm --network none --read-only --tmpfs /tmp busybox sh -c 'touch /tmp/file && echo written'
    [ "$output" = written ]
}

@test "a container that does not exist" {
    local command
    for command in "start x" "stop x" "kill x" "rm x" "wait x" "logs x" "top x" "inspect x" "ns x" "rename x y"; do
        assert_error 1 '[Nn]o such (container|object).*x' sampan $command || fail_with "sampan $command"
    done || true
    assert_error 125 'no such container.*x' sampan exec x true
}

@test "a name that is taken, a name that can't be" {
    sampan create --name taken --network none busybox true
    assert_error 125 'taken' sampan run --rm --name taken --network none busybox true
    sampan rm taken
    assert_error 125 'name' sampan run --rm --name 'a/b' --network none busybox true
}

@test "exec: no such command 127, not executable 126, not running 125" {
    sampan run -d --name target --network none busybox sleep 100
    assert_error 127 'nosuch.*not found' sampan exec target nosuch
    assert_error 126 '[Pp]ermission denied' sampan exec target /etc/passwd
    sampan kill target
    sampan wait target
    assert_error 125 'not running' sampan exec target true
    sampan rm target
}

@test "too few and too many arguments show the usage" {
    assert_error 125 'image' sampan run
    assert_error 1 'Usage: sampan stop' sampan stop
    assert_error 1 'Usage: sampan rename' sampan rename one
}

@test "a network that is not there says so" {
    assert_error 125 'nosuch' sampan run --rm --network nosuch busybox true
    assert_error 125 'nosuch' sampan run --rm --network container:nosuch busybox true
}

@test "options that exclude each other" {
    assert_error 125 'attach' sampan run -d -a stdout --network none busybox true
    assert_error 125 'host' sampan run --rm --network host --sysctl net.ipv4.ip_forward=1 busybox true
    assert_error 125 'rm|restart|cidfile|exists' sampan run --rm --cidfile /etc/passwd --network none busybox true
}

@test "wrong detach keys and a missing terminal are known before anything starts" {
    assert_error 125 'detach|ctrl-' sampan run --name typed --detach-keys ctrl-nonsense --network none busybox true
    assert_error 1 'no such object' sampan inspect typed
    sampan create --name typed -it --network none busybox sleep 100
    assert_error 125 'terminal' sampan start -a -i typed </dev/null
    [ "$(inspect typed '{{.State.Status}}')" = created ]
    sampan rm typed
}

@test "-t with piped input says what to do" {
    run -125 sampan run --rm -it --network none busybox true </dev/null
    [[ $output == *"terminal"* ]]
}

@test "without privilege, and without ids of one's own: one sentence, nothing made" {
    local user_state
    user_state=$(mktemp -d)
    mkdir "$user_state/programs" "$user_state/state"
    chmod 755 "$user_state" "$user_state/programs"
    cp "$SAMPAN_BUILD/sampan" "$user_state/programs/" # the build may be where only root can go
    chown 65534 "$user_state/state"
    run -125 setpriv --reuid 65534 --regid 65534 --clear-groups \
        env SAMPAN_ROOT="$user_state/state/root" SAMPAN_RUN_ROOT="$user_state/state/run" \
        "$user_state/programs/sampan" run --rm --network none busybox true
    [[ $output == *"usermod --add-subuids"* || $output == *"install the package uidmap"* ]]
    [ -z "$(ls "$user_state/state")" ]
    rm -r "$user_state"
}

@test "without CAP_SYS_ADMIN: one sentence" {
    run -125 setpriv --bounding-set -sys_admin --inh-caps -sys_admin \
        sampan run --rm --network none busybox true
    [[ $output == *"CAP_SYS_ADMIN"* ]]
}

@test "a hard limit above the own one is refused, not ignored" {
    run -0 sh -c 'ulimit -Hn'
    local above=$((output + 1000))
    if setpriv --dump | grep -q sys_resource; then
        skip "this root may raise its limits"
    fi
    assert_error 125 'nofile' sampan run --rm --network none --ulimit nofile=$above:$above busybox true
}
