# shellcheck shell=bash
# Volumes over what the set-up itself uses: CVE-2019-16884 (runc: over /proc, the label is lost), CVE-2015-3630 and 3631
# (docker: over /proc and /sys), CVE-2025-31133 (runc: a fake /dev/null masks nothing), CVE-2025-52565 (runc: a fake
# terminal over /dev/console).

load escape

setup_file() { start_engine; }
setup() { make_canary; }
teardown() { assert_canary; }
teardown_file() { stop_engine; }

@test "nothing is mounted inside /proc" {
    local place
    for place in /proc/sys /proc/sys/kernel /proc/self/attr /proc/1 /proc/fs; do
        assert_error 125 'inside /proc|No such file|Not a directory' busybox_with "$CANARY:$place:ro" true
    done
}

busybox_with() {
    sampan run --rm --network none -v "$1" busybox "${@:2}"
}

@test "a volume over /proc or /sys leaves the payload as declared" {
    local place
    for place in /proc /sys; do
        sampan run -d --name covered --network none -v "$CANARY:$place:ro" busybox sleep 1000 >/dev/null
        [ "$(status_of covered CapBnd)" = 00000000a80425fb ]
        [ "$(status_of covered Seccomp)" = 2 ]
        [ "$(ns_inode "$(pid_of covered)" user)" != "$(ns_inode self user)" ]
        sampan rm -f covered
    done
}

# With a stream of its own for stdin, so that only the masks need /dev/null.
run_with_dev() {
    sampan run --rm -i --network none -v "$PWD:/dev" busybox true </dev/null
}

@test "a /dev whose null is another device, a link or a file masks nothing, and is refused" {
    mkdir "$BATS_TEST_TMPDIR/dev"
    cd "$BATS_TEST_TMPDIR/dev"
    mknod null c 1 5
    assert_error 125 'not the null device' run_with_dev
    ln -sf /proc/sys/kernel/core_pattern null
    assert_error 125 'symbolic link' run_with_dev
    ln -sf "$CANARY/file" null
    assert_error 125 'symbolic link' run_with_dev
    rm null
    touch null
    assert_error 125 'not the null device' run_with_dev
}

@test "a /dev/pts that is no devpts gets no terminal" {
    local device
    mkdir "$BATS_TEST_TMPDIR/pts"
    cd "$BATS_TEST_TMPDIR/pts"
    ln -s "$CANARY/file" ptmx
    run ! run_with_pts
    [[ $output == *'set up the terminal'* ]]
    for device in 1:5 5:2; do
        rm ptmx
        mknod ptmx c "${device%:*}" "${device#*:}"
        run ! run_with_pts
        [[ $output == *'not a terminal multiplexer'* || $output == *'open /dev/pts/ptmx'* ]]
    done
}

run_with_pts() {
    script -qec "sampan run --rm -it --network none -v $PWD:/dev/pts busybox true" /dev/null
}

@test "/dev/console is a terminal of the container's devpts" {
    run -0 script -qec "sampan run --rm -it --network none busybox stat -c '%t %F' /dev/console" /dev/null
    [[ $output == *"88 character special file"* ]] # what script(1) echoes comes first
}
